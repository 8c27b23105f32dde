# A function that schedules webhooks, wherever the scheduler is: in this stack, in another one, or in another account.
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from cdk_webhook_scheduler import IWebhookScheduler
from constructs import Construct


class InvoiceReminders(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, scheduler: IWebhookScheduler) -> None:
        super().__init__(scope, construct_id)
        remind = lambda_.Function(
            self,
            "Remind",
            description="Schedules reminders of invoices",
            code=lambda_.Code.from_asset(str(Path(__file__).parent / "function"), exclude=["__pycache__"]),
            handler="remind.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=256,
            timeout=Duration.seconds(10),
            environment={"REMINDER_URL": "https://api.example.com/invoice-reminders"},
        )
        scheduler.connect(remind)
