// Signed webhooks, and a receiver that believes no others: a function URL that is open to the world, behind which only our own get through.
//
// Deploy   npx cdk deploy --app "npx tsx --tsconfig tsconfig.dev.json examples/typescript/signed/app.ts"
// Try      aws sns publish --topic-arn <InputTopicArn> \
//            --message '{"date": "2030-01-31T09:30:00Z", "url": "<ReceiverUrl>", "method": "post", "payload": {"order": 4711}}'
//          aws dynamodb scan --table-name <InboxTable>
// Costs    $0.40 a month for the secret, and under a dollar for an idle scheduler; docs/cost.md has what webhooks cost.
// Remove   npx cdk destroy --app "…"; examples/README.md says what stays.
import * as path from 'node:path';
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { WebhookScheduler, WebhookSigning } from 'cdk-webhook-scheduler';

const app = new App();
const stack = new Stack(app, 'SignedExample', { description: 'Signs webhooks, and verifies them where they arrive' });
const scheduler = new WebhookScheduler(stack, 'Scheduler', { signing: WebhookSigning.generated() });

// What has arrived, once each: by its id, which is the same on every attempt, the receiver knows a webhook that it has had.
const inbox = new dynamodb.Table(stack, 'Inbox', {
  partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING },
  timeToLiveAttribute: 'expiresAt',
  billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
  removalPolicy: RemovalPolicy.DESTROY,
});

const receiver = new NodejsFunction(stack, 'Receiver', {
  description: 'Takes webhooks that our scheduler has signed',
  entry: path.join(__dirname, 'receiver.ts'),
  runtime: lambda.Runtime.NODEJS_24_X,
  architecture: lambda.Architecture.ARM_64,
  memorySize: 256,
  timeout: Duration.seconds(10),
  environment: { SIGNING_SECRET_ARN: scheduler.signingSecret!.secretArn, INBOX_TABLE: inbox.tableName },
});
scheduler.grantReadSigningSecret(receiver);
inbox.grant(receiver, 'dynamodb:PutItem');
// Anyone may call it: the signature is what lets a request in.
const url = receiver.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });

new CfnOutput(stack, 'InputTopicArn', { value: scheduler.inputTopic.topicArn });
new CfnOutput(stack, 'ReceiverUrl', { value: url.url });
new CfnOutput(stack, 'InboxTable', { value: inbox.tableName });

app.synth();
