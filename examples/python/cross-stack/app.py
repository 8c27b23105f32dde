# One scheduler for a whole company: a platform stack owns it, and producers are stacks of their own.
#
# Here are the platform and a producer in the same app, which gets the scheduler itself. For a producer in another account, name that
# account, and see other_account.py.
#
# Deploy   npx cdk deploy --all --app "python3 app.py" -c producerAccount=444455556666, in this directory
# Costs    under a dollar a month while idle, however many producers there are; docs/cost.md has what webhooks cost.
# Remove   npx cdk destroy --all --app "python3 app.py"; examples/README.md says what stays.
from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_iam as iam
from cdk_webhook_scheduler import IWebhookScheduler, WebhookScheduler
from constructs import Construct

from invoice_reminders import InvoiceReminders


class PlatformStack(Stack):
    def __init__(self, scope: Construct, construct_id: str, *, producer_account: str | None, **kwargs) -> None:
        """:param producer_account: another account whose administrators may let principals of theirs publish"""
        super().__init__(scope, construct_id, **kwargs)
        self.scheduler = WebhookScheduler(self, "Scheduler")
        if producer_account:
            # On our side, by the policy of the topic; the other account has to grant it, too.
            self.scheduler.grant_publish(iam.AccountPrincipal(producer_account))
        # What the other account needs to know.
        CfnOutput(self, "InputTopicArn", value=self.scheduler.input_topic.topic_arn)


class BillingStack(Stack):
    def __init__(self, scope: Construct, construct_id: str, *, scheduler: IWebhookScheduler, **kwargs) -> None:
        super().__init__(scope, construct_id, **kwargs)
        InvoiceReminders(self, "InvoiceReminders", scheduler=scheduler)


app = App()
platform = PlatformStack(
    app,
    "PlatformExample",
    description="Owns the webhook scheduler",
    producer_account=app.node.try_get_context("producerAccount"),
)
BillingStack(app, "BillingExample", description="Schedules webhooks from another stack", scheduler=platform.scheduler)

app.synth()
