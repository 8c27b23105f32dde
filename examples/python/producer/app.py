# A producer: a function that schedules a reminder for each trial, and takes it back when the customer has subscribed.
#
# Deploy   npx cdk deploy --app "python3 app.py", in this directory
# Try      aws lambda invoke --function-name <TrialsFunction> --cli-binary-format raw-in-base64-out \
#            --payload '{"started": [{"customer": "c-1", "endsAt": "2030-01-31T09:30:00Z"}]}' /dev/stdout
# Costs    under a dollar a month while idle; docs/cost.md has what webhooks cost. The function itself costs next to nothing.
# Remove   npx cdk destroy --app "python3 app.py"; examples/README.md says what stays.
from pathlib import Path

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from cdk_webhook_scheduler import WebhookScheduler

app = App()
stack = Stack(app, "ProducerExample", description="Schedules webhooks from a function")
scheduler = WebhookScheduler(stack, "Scheduler")

trials = lambda_.Function(
    stack,
    "Trials",
    description="Schedules reminders of trials that end",
    code=lambda_.Code.from_asset(str(Path(__file__).parent / "function"), exclude=["__pycache__"]),
    handler="trials.handler",
    runtime=lambda_.Runtime.PYTHON_3_13,
    architecture=lambda_.Architecture.ARM_64,
    memory_size=256,
    timeout=Duration.seconds(30),
    environment={
        # What is called when the time has come: an endpoint of yours, at a public address, over https.
        "REMINDER_URL": "https://api.example.com/trial-reminders",
    },
)
# May publish, and finds the topic in WEBHOOK_SCHEDULER_TOPIC_ARN.
scheduler.connect(trials)

CfnOutput(stack, "TrialsFunction", value=trials.function_name)

app.synth()
