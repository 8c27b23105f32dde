// A producer in another account, or in another app: all it knows of the scheduler is the ARN of its topic.
//
// Deploy   npx cdk deploy --app "npx tsx --tsconfig tsconfig.dev.json examples/typescript/cross-stack/other-account.ts" \
//            -c inputTopicArn=<InputTopicArn of the platform>, with credentials of this account
// Costs    what the function costs: next to nothing. Webhooks are on the bill of the account that owns the scheduler.
// Remove   npx cdk destroy --app "…" -c inputTopicArn=…
import { App, Stack, StackProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { InvoiceReminders } from './invoice-reminders';
import { WebhookScheduler } from 'cdk-webhook-scheduler';

interface ShopStackProps extends StackProps {
  readonly inputTopicArn: string;
}

class ShopStack extends Stack {
  constructor(scope: Construct, id: string, props: ShopStackProps) {
    super(scope, id, props);
    // If the scheduler has an encryption key: fromWebhookSchedulerAttributes, with `encryptionKeyArn` as well.
    const scheduler = WebhookScheduler.fromInputTopicArn(this, 'Scheduler', props.inputTopicArn);
    new InvoiceReminders(this, 'InvoiceReminders', { scheduler });
  }
}

const app = new App();
const inputTopicArn = app.node.tryGetContext('inputTopicArn') as string | undefined;
if (!inputTopicArn) {
  throw new Error('name the scheduler: -c inputTopicArn=arn:aws:sns:…, the output InputTopicArn of the platform\'s stack');
}
new ShopStack(app, 'ShopExample', { description: 'Schedules webhooks from another account', inputTopicArn });

app.synth();
