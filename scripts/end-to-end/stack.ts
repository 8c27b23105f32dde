// What the end-to-end test needs in an account: a scheduler, a receiver behind a function URL, and a queue of failure notices.
import * as path from 'node:path';
import { CfnOutput, Duration, RemovalPolicy, Stack, StackProps } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { PARTITION_KEY, SORT_KEY } from './arrivals';
import { OUTPUTS } from './deployment';
import { NetworkPolicy, WebhookScheduler, WebhookSigning } from 'cdk-webhook-scheduler';

export interface EndToEndStackProps extends StackProps {
  /** Where the receiver is, other than at a public address. @default - that of a scheduler */
  readonly networkPolicy?: NetworkPolicy;
}

/** Deleting it leaves nothing behind. */
export class EndToEndStack extends Stack {
  /** Values of its outputs, by their names. */
  public readonly outputs: Readonly<Record<typeof OUTPUTS[number], string>>;
  public readonly scheduler: WebhookScheduler;
  public readonly arrivals: dynamodb.Table;
  public readonly failures: sqs.Queue;

  constructor(scope: Construct, id: string, props: EndToEndStackProps = {}) {
    super(scope, id, props);
    this.scheduler = new WebhookScheduler(this, 'Scheduler', {
      signing: WebhookSigning.generated(), networkPolicy: props.networkPolicy, removalPolicy: RemovalPolicy.DESTROY,
    });

    this.failures = new sqs.Queue(this, 'Failures', { enforceSSL: true });
    this.scheduler.failureTopic.addSubscription(new subscriptions.SqsSubscription(this.failures, { rawMessageDelivery: true }));

    this.arrivals = new dynamodb.Table(this, 'Arrivals', {
      partitionKey: { name: PARTITION_KEY, type: dynamodb.AttributeType.STRING },
      sortKey: { name: SORT_KEY, type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const receiver = this.addFunction('Receiver', 'receiver.ts', { ARRIVALS_TABLE: this.arrivals.tableName });
    this.arrivals.grant(receiver, 'dynamodb:PutItem', 'dynamodb:Query');
    // Anyone may call it: what is judged is what has come under the ids of this test, and its signature.
    const { url } = receiver.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });

    this.outputs = {
      InputTopicArn: this.scheduler.inputTopic.topicArn,
      FailureQueueUrl: this.failures.queueUrl,
      ReceiverUrl: url,
      ArrivalsTable: this.arrivals.tableName,
      SigningSecretArn: this.scheduler.signingSecret!.secretArn,
    };
    OUTPUTS.forEach((name) => new CfnOutput(this, name, { value: this.outputs[name] }));
  }

  /** A function of this directory. */
  public addFunction(id: string, file: string, environment: Record<string, string>): lambda.Function {
    return new NodejsFunction(this, id, {
      entry: path.join(__dirname, file),
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      memorySize: 512,
      timeout: Duration.seconds(30),
      environment,
      logGroup: new logs.LogGroup(this, `${id}LogGroup`, { retention: logs.RetentionDays.ONE_WEEK, removalPolicy: RemovalPolicy.DESTROY }),
    });
  }
}
