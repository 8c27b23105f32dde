// One scheduler for a whole company: a platform stack owns it, and producers are stacks of their own.
//
// Here are the platform and a producer in the same app, which gets the scheduler itself. For a producer in another account, name that
// account, and see other-account.ts.
//
// Deploy   npx cdk deploy --all --app "npx tsx --tsconfig tsconfig.dev.json examples/typescript/cross-stack/app.ts" \
//            -c producerAccount=444455556666
// Costs    under a dollar a month while idle, however many producers there are; docs/cost.md has what webhooks cost.
// Remove   npx cdk destroy --all --app "…"; examples/README.md says what stays.
import { App, CfnOutput, Stack, StackProps } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { InvoiceReminders } from './invoice-reminders';
import { IWebhookScheduler, WebhookScheduler } from 'cdk-webhook-scheduler';

interface PlatformStackProps extends StackProps {
  /** Another account whose administrators may let principals of theirs publish. */
  readonly producerAccount?: string;
}

class PlatformStack extends Stack {
  public readonly scheduler: IWebhookScheduler;

  constructor(scope: Construct, id: string, props: PlatformStackProps) {
    super(scope, id, props);
    const scheduler = new WebhookScheduler(this, 'Scheduler');
    if (props.producerAccount) {
      // On our side, by the policy of the topic; the other account has to grant it, too.
      scheduler.grantPublish(new iam.AccountPrincipal(props.producerAccount));
    }
    // What the other account needs to know.
    new CfnOutput(this, 'InputTopicArn', { value: scheduler.inputTopic.topicArn });
    this.scheduler = scheduler;
  }
}

interface BillingStackProps extends StackProps {
  readonly scheduler: IWebhookScheduler;
}

class BillingStack extends Stack {
  constructor(scope: Construct, id: string, props: BillingStackProps) {
    super(scope, id, props);
    new InvoiceReminders(this, 'InvoiceReminders', { scheduler: props.scheduler });
  }
}

const app = new App();
const platform = new PlatformStack(app, 'PlatformExample', {
  description: 'Owns the webhook scheduler', producerAccount: app.node.tryGetContext('producerAccount') as string | undefined,
});
new BillingStack(app, 'BillingExample', { description: 'Schedules webhooks from another stack', scheduler: platform.scheduler });

app.synth();
