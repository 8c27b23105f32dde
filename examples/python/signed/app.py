# Signed webhooks, and a receiver that believes no others: a function URL that is open to the world, behind which only our own get through.
#
# Deploy   npx cdk deploy --app "python3 app.py", in this directory
# Try      aws sns publish --topic-arn <InputTopicArn> \
#            --message '{"date": "2030-01-31T09:30:00Z", "url": "<ReceiverUrl>", "method": "post", "payload": {"order": 4711}}'
#          aws dynamodb scan --table-name <InboxTable>
# Costs    $0.40 a month for the secret, and under a dollar for an idle scheduler; docs/cost.md has what webhooks cost.
# Remove   npx cdk destroy --app "python3 app.py"; examples/README.md says what stays.
from pathlib import Path

from aws_cdk import App, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from cdk_webhook_scheduler import WebhookScheduler, WebhookSigning

app = App()
stack = Stack(app, "SignedExample", description="Signs webhooks, and verifies them where they arrive")
scheduler = WebhookScheduler(stack, "Scheduler", signing=WebhookSigning.generated())

# What has arrived, once each: by its id, which is the same on every attempt, the receiver knows a webhook that it has had.
inbox = dynamodb.Table(
    stack,
    "Inbox",
    partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
    time_to_live_attribute="expiresAt",
    billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
    removal_policy=RemovalPolicy.DESTROY,
)

receiver = lambda_.Function(
    stack,
    "Receiver",
    description="Takes webhooks that our scheduler has signed",
    code=lambda_.Code.from_asset(str(Path(__file__).parent / "function"), exclude=["__pycache__"]),
    handler="receiver.handler",
    runtime=lambda_.Runtime.PYTHON_3_13,
    architecture=lambda_.Architecture.ARM_64,
    memory_size=256,
    timeout=Duration.seconds(10),
    environment={"SIGNING_SECRET_ARN": scheduler.signing_secret.secret_arn, "INBOX_TABLE": inbox.table_name},
)
scheduler.grant_read_signing_secret(receiver)
inbox.grant(receiver, "dynamodb:PutItem")
# Anyone may call it: the signature is what lets a request in.
url = receiver.add_function_url(auth_type=lambda_.FunctionUrlAuthType.NONE)

CfnOutput(stack, "InputTopicArn", value=scheduler.input_topic.topic_arn)
CfnOutput(stack, "ReceiverUrl", value=url.url)
CfnOutput(stack, "InboxTable", value=inbox.table_name)

app.synth()
