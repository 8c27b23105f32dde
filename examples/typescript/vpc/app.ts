// Webhooks to endpoints inside a VPC, and to nothing else: no NAT gateway, no way to the internet, no host but those of one zone.
//
// Deploy   npx cdk deploy --app "npx tsx --tsconfig tsconfig.dev.json examples/typescript/vpc/app.ts"
// Costs    $29.20 a month for two interface endpoints in two zones, at $0.01 an hour each in us-east-1, half of it with `maxAzs: 1`; the
//          gateway endpoint is free (https://aws.amazon.com/privatelink/pricing/). Besides that under a dollar for an idle scheduler;
//          docs/cost.md has what webhooks cost.
// Remove   npx cdk destroy --app "…"; examples/README.md says what stays.
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { NetworkPolicy, WebhookScheduler } from 'cdk-webhook-scheduler';

const ADDRESSES = '10.20.0.0/16';
/** Where the certificates of your internal services are for. */
const HOSTS = '*.internal.example.com';

const app = new App();
const stack = new Stack(app, 'VpcExample', { description: 'Sends webhooks to private endpoints' });

const vpc = new ec2.Vpc(stack, 'Vpc', {
  ipAddresses: ec2.IpAddresses.cidr(ADDRESSES),
  maxAzs: 2,
  natGateways: 0,
  subnetConfiguration: [{ name: 'Private', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }],
});
// What the function that sends webhooks needs of AWS. With secrets (signing, secretHeaders) it needs SECRETS_MANAGER as well.
vpc.addGatewayEndpoint('DynamoDb', { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB });
vpc.addInterfaceEndpoint('Sqs', { service: ec2.InterfaceVpcEndpointAwsService.SQS });
vpc.addInterfaceEndpoint('Sns', { service: ec2.InterfaceVpcEndpointAwsService.SNS });

const scheduler = new WebhookScheduler(stack, 'Scheduler', {
  vpc,
  vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
  // Private addresses are refused unless they are named; so are, from here on, all hosts that are not.
  networkPolicy: NetworkPolicy.allowedHosts([HOSTS], { allowedCidrs: [ADDRESSES] }),
});

new CfnOutput(stack, 'InputTopicArn', { value: scheduler.inputTopic.topicArn });

app.synth();
