// The smallest complete app: one scheduler, and its topic as an output.
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { WebhookScheduler } from 'cdk-webhook-scheduler';

const app = new App();
const stack = new Stack(app, 'WebhookSchedulerExample');
const scheduler = new WebhookScheduler(stack, 'Scheduler');

new CfnOutput(stack, 'InputTopicArn', { value: scheduler.inputTopic.topicArn });

app.synth();
