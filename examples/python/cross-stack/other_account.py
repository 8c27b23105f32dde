# A producer in another account, or in another app: all it knows of the scheduler is the ARN of its topic.
#
# Deploy   npx cdk deploy --app "python3 other_account.py" -c inputTopicArn=<InputTopicArn of the platform>, with credentials of this account
# Costs    what the function costs: next to nothing. Webhooks are on the bill of the account that owns the scheduler.
# Remove   npx cdk destroy --app "python3 other_account.py" -c inputTopicArn=…
from aws_cdk import App, Stack
from cdk_webhook_scheduler import WebhookScheduler
from constructs import Construct

from invoice_reminders import InvoiceReminders


class ShopStack(Stack):
    def __init__(self, scope: Construct, construct_id: str, *, input_topic_arn: str, **kwargs) -> None:
        super().__init__(scope, construct_id, **kwargs)
        # If the scheduler has an encryption key: from_webhook_scheduler_attributes, with `encryption_key_arn` as well.
        scheduler = WebhookScheduler.from_input_topic_arn(self, "Scheduler", input_topic_arn)
        InvoiceReminders(self, "InvoiceReminders", scheduler=scheduler)


app = App()
input_topic_arn = app.node.try_get_context("inputTopicArn")
if not input_topic_arn:
    raise SystemExit("name the scheduler: -c inputTopicArn=arn:aws:sns:…, the output InputTopicArn of the platform's stack")
ShopStack(app, "ShopExample", description="Schedules webhooks from another account", input_topic_arn=input_topic_arn)

app.synth()
