// The smallest complete app: one scheduler, and its topic as an output.
using Amazon.CDK;
using CdkWebhookScheduler;

var app = new App();
var stack = new Stack(app, "WebhookSchedulerExample");
var scheduler = new WebhookScheduler(stack, "Scheduler");

new CfnOutput(stack, "InputTopicArn", new CfnOutputProps { Value = scheduler.InputTopic.TopicArn });

app.Synth();
