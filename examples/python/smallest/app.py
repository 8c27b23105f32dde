# The smallest complete app: one scheduler, and its topic as an output.
from aws_cdk import App, CfnOutput, Stack
from cdk_webhook_scheduler import WebhookScheduler

app = App()
stack = Stack(app, "WebhookSchedulerExample")
scheduler = WebhookScheduler(stack, "Scheduler")

CfnOutput(stack, "InputTopicArn", value=scheduler.input_topic.topic_arn)

app.synth()
