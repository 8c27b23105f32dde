// A scheduler that somebody is on call for: a dashboard, alarms, and an e-mail for what did not end as it should.
//
// Deploy   npx cdk deploy --app "npx tsx --tsconfig tsconfig.dev.json examples/typescript/monitoring/app.ts" --parameters Email=you@example.com
// Costs    docs/cost.md has what the dashboard, the alarms and the metrics cost, and an idle scheduler without them: under a dollar a month.
// Remove   npx cdk destroy --app "…"; examples/README.md says what stays.
import { App, CfnOutput, CfnParameter, Stack } from 'aws-cdk-lib';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import { WebhookScheduler } from 'cdk-webhook-scheduler';

const app = new App();
const stack = new Stack(app, 'MonitoringExample', { description: 'Watches a webhook scheduler' });
const email = new CfnParameter(stack, 'Email', { description: 'Who hears of alarms and of webhooks that have failed' });
const scheduler = new WebhookScheduler(stack, 'Scheduler');

scheduler.addDashboard();

// What needs a human: webhooks come late, or too many fail, or something lies in a dead-letter queue.
const onCall = new sns.Topic(stack, 'OnCall', { enforceSSL: true });
onCall.addSubscription(new subscriptions.EmailSubscription(email.valueAsString));
scheduler.addAlarms({ alarmTopic: onCall });

// Each webhook that has failed, with its message: headers and payload too, so only who may see them should hear of it. What is left out
// here is a cancel that came too late, and the like.
scheduler.failureTopic.addSubscription(new subscriptions.EmailSubscription(email.valueAsString, {
  filterPolicy: { reason: sns.SubscriptionFilter.stringFilter({ denylist: ['refused'] }) },
}));

new CfnOutput(stack, 'InputTopicArn', { value: scheduler.inputTopic.topicArn });

app.synth();
