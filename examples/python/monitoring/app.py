# A scheduler that somebody is on call for: a dashboard, alarms, and an e-mail for what did not end as it should.
#
# Deploy   npx cdk deploy --app "python3 app.py" --parameters Email=you@example.com, in this directory
# Costs    docs/cost.md has what the dashboard, the alarms and the metrics cost, and an idle scheduler without them: under a dollar a month.
# Remove   npx cdk destroy --app "python3 app.py"; examples/README.md says what stays.
from aws_cdk import App, CfnOutput, CfnParameter, Stack
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from cdk_webhook_scheduler import WebhookScheduler

app = App()
stack = Stack(app, "MonitoringExample", description="Watches a webhook scheduler")
email = CfnParameter(stack, "Email", description="Who hears of alarms and of webhooks that have failed")
scheduler = WebhookScheduler(stack, "Scheduler")

scheduler.add_dashboard()

# What needs a human: webhooks come late, or too many fail, or something lies in a dead-letter queue.
on_call = sns.Topic(stack, "OnCall", enforce_ssl=True)
on_call.add_subscription(subscriptions.EmailSubscription(email.value_as_string))
scheduler.add_alarms(alarm_topic=on_call)

# Each webhook that has failed, with its message: headers and payload too, so only who may see them should hear of it. What is left out
# here is a cancel that came too late, and the like.
scheduler.failure_topic.add_subscription(
    subscriptions.EmailSubscription(
        email.value_as_string,
        filter_policy={"reason": sns.SubscriptionFilter.string_filter(denylist=["refused"])},
    )
)

CfnOutput(stack, "InputTopicArn", value=scheduler.input_topic.topic_arn)

app.synth()
