// What the demo and the local engine run: the smallest app, whose webhooks are signed, and may go to plain HTTP endpoints on this machine.
import { App, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { NetworkPolicy, WebhookScheduler, WebhookSigning } from 'cdk-webhook-scheduler';

const app = new App();
const stack = new Stack(app, 'WebhookSchedulerExample');
const scheduler = new WebhookScheduler(stack, 'Scheduler', {
  networkPolicy: NetworkPolicy.publicInternet({ allowHttp: true, allowedCidrs: ['127.0.0.0/8', '::1/128'], allowedPorts: ['1-65535'] }),
  signing: WebhookSigning.generated(),
  removalPolicy: RemovalPolicy.DESTROY,
});

new CfnOutput(stack, 'InputTopicArn', { value: scheduler.inputTopic.topicArn });

app.synth();
