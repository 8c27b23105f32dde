# Webhooks to endpoints inside a VPC, and to nothing else: no NAT gateway, no way to the internet, no host but those of one zone.
#
# Deploy   npx cdk deploy --app "python3 app.py", in this directory
# Costs    $29.20 a month for two interface endpoints in two zones, at $0.01 an hour each in us-east-1, half of it with `max_azs=1`; the
#          gateway endpoint is free (https://aws.amazon.com/privatelink/pricing/). Besides that under a dollar for an idle scheduler;
#          docs/cost.md has what webhooks cost.
# Remove   npx cdk destroy --app "python3 app.py"; examples/README.md says what stays.
from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_ec2 as ec2
from cdk_webhook_scheduler import NetworkPolicy, WebhookScheduler

ADDRESSES = "10.20.0.0/16"
# Where the certificates of your internal services are for.
HOSTS = "*.internal.example.com"

app = App()
stack = Stack(app, "VpcExample", description="Sends webhooks to private endpoints")

vpc = ec2.Vpc(
    stack,
    "Vpc",
    ip_addresses=ec2.IpAddresses.cidr(ADDRESSES),
    max_azs=2,
    nat_gateways=0,
    subnet_configuration=[ec2.SubnetConfiguration(name="Private", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)],
)
# What the function that sends webhooks needs of AWS. With secrets (signing, secret_headers) it needs SECRETS_MANAGER as well.
vpc.add_gateway_endpoint("DynamoDb", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB)
vpc.add_interface_endpoint("Sqs", service=ec2.InterfaceVpcEndpointAwsService.SQS)
vpc.add_interface_endpoint("Sns", service=ec2.InterfaceVpcEndpointAwsService.SNS)

scheduler = WebhookScheduler(
    stack,
    "Scheduler",
    vpc=vpc,
    vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
    # Private addresses are refused unless they are named; so are, from here on, all hosts that are not.
    network_policy=NetworkPolicy.allowed_hosts([HOSTS], allowed_cidrs=[ADDRESSES]),
)

CfnOutput(stack, "InputTopicArn", value=scheduler.input_topic.topic_arn)

app.synth()
