// The emulated AWS services of one test file, with the resources that the handlers expect.
import { CreateTableCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, DeleteMessageBatchCommand, GetQueueAttributesCommand, Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { LOOPBACK_TOO } from './network';
import { PARTITION_KEY, SORT_KEY } from '../../src/adapters/table-keys';
import { Variable } from '../../src/handlers/environment';
import { ChildScripts } from '../../src/local/child-scripts';
import { Emulators, LOCAL_CREDENTIALS } from '../../src/local/emulators';

const REGION = 'us-east-1';
const ACCOUNT = '000000000000';
const QUEUES = ['Ingest', 'Delay', 'IngestUnreported', 'DelayUnreported', 'IngestDeadLetters', 'DelayDeadLetters', 'FailureNotices'] as const;

/** What the handlers' metrics are told apart by. */
export const INPUT_TOPIC_NAME = 'Input';

/** Two retries: soon, and far enough away to go through the table. */
export const RETRY_PLAN = { delaysMs: [1_000, 7_200_000], jitter: 0 };

export class Cloud {
  public static async start(): Promise<Cloud> {
    const scripts = new ChildScripts();
    const emulators = await Emulators.start(scripts.emulators, undefined, REGION);
    const cloud = new Cloud(scripts, emulators);
    await cloud.createResources();
    return cloud;
  }

  public readonly dynamodb: DynamoDBClient;
  public readonly secrets: SecretsManagerClient;
  public readonly sns: SNSClient;
  public readonly sqs: SQSClient;
  public readonly tableName = 'Webhooks';
  public readonly failureTopicArn = `arn:aws:sns:${REGION}:${ACCOUNT}:Failures`;
  public readonly delayQueueUrl: string;
  public readonly ingestQueueUrl: string;
  private readonly failureQueueUrl: string;

  private constructor(private readonly scripts: ChildScripts, private readonly emulators: Emulators) {
    const { endpoints } = emulators;
    this.delayQueueUrl = this.queueUrl('Delay');
    this.ingestQueueUrl = this.queueUrl('Ingest');
    this.failureQueueUrl = this.queueUrl('FailureNotices');
    this.dynamodb = new DynamoDBClient({ endpoint: endpoints.dynamodb, region: REGION, credentials: LOCAL_CREDENTIALS });
    this.secrets = new SecretsManagerClient({ endpoint: endpoints.secretsmanager, region: REGION, credentials: LOCAL_CREDENTIALS });
    this.sns = new SNSClient({ endpoint: endpoints.sns, region: REGION, credentials: LOCAL_CREDENTIALS });
    this.sqs = new SQSClient({ endpoint: endpoints.sqs, region: REGION, credentials: LOCAL_CREDENTIALS });
  }

  /** Points the handlers of this process at the emulators. Handlers read it once, when they are imported. */
  public setEnvironment(variables: Partial<Record<Variable, string>> = {}): void {
    // Another scheduler of this process may have had them.
    delete process.env[Variable.NOTICE_SECONDS];
    delete process.env[Variable.SIGNING];
    delete process.env[Variable.SECRET_HEADERS];
    Object.assign(process.env, {
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_DYNAMODB: this.emulators.endpoints.dynamodb,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: this.emulators.endpoints.secretsmanager,
      AWS_ENDPOINT_URL_SNS: this.emulators.endpoints.sns,
      AWS_ENDPOINT_URL_SQS: this.emulators.endpoints.sqs,
      [Variable.TABLE_NAME]: this.tableName,
      [Variable.INGEST_QUEUE_URL]: this.ingestQueueUrl,
      [Variable.DELAY_QUEUE_URL]: this.delayQueueUrl,
      [Variable.INGEST_UNREPORTED_QUEUE_URL]: this.queueUrl('IngestUnreported'),
      [Variable.DELAY_UNREPORTED_QUEUE_URL]: this.queueUrl('DelayUnreported'),
      [Variable.INGEST_DEAD_LETTER_QUEUE_URL]: this.queueUrl('IngestDeadLetters'),
      [Variable.DELAY_DEAD_LETTER_QUEUE_URL]: this.queueUrl('DelayDeadLetters'),
      [Variable.FAILURE_TOPIC_ARN]: this.failureTopicArn,
      [Variable.INPUT_TOPIC_NAME]: INPUT_TOPIC_NAME,
      [Variable.PARTITIONS]: '16',
      [Variable.TURNS_PER_MESSAGE]: '10',
      [Variable.TURNS_PER_INVOCATION]: '100',
      [Variable.INGEST_HORIZON_SECONDS]: '600',
      [Variable.LOAD_HORIZON_SECONDS]: '300',
      [Variable.MAX_HORIZON_SECONDS]: String(366 * 86_400),
      [Variable.RETENTION_SECONDS]: String(30 * 86_400),
      [Variable.REQUEST_TIMEOUT_SECONDS]: '20',
      [Variable.LEASE_BEYOND_SECONDS]: '120',
      [Variable.RETRY_POLICY]: JSON.stringify(RETRY_PLAN),
      [Variable.NETWORK_POLICY]: JSON.stringify(LOOPBACK_TOO),
      ...variables,
    });
  }

  public get dynamodbUrl(): string {
    return this.emulators.endpoints.dynamodb;
  }

  /** Every row of the table. */
  public async rows(): Promise<Record<string, unknown>[]> {
    const { Items = [] } = await this.dynamodb.send(new ScanCommand({ TableName: this.tableName, ConsistentRead: true }));
    return Items.map((item) => Object.fromEntries(Object.entries(item).map(([name, value]) => [name, Object.values(value)[0] as unknown])));
  }

  public queueUrl(name: typeof QUEUES[number]): string {
    return `${this.emulators.endpoints.sqs}/${ACCOUNT}/${name}`;
  }

  /** Takes what is visible in the delay queue. */
  public delayed(): Promise<Message[]> {
    return this.drain(this.delayQueueUrl);
  }

  /** Takes what is visible in a queue, and returns the bodies. */
  public async bodiesIn(queue: typeof QUEUES[number]): Promise<string[]> {
    return (await this.drain(this.queueUrl(queue))).map(({ Body = '' }) => Body);
  }

  /** How many messages of the delay queue are visible, and how many are not yet. */
  public async delayQueueCounts(): Promise<{ visible: number; delayed: number }> {
    // The emulator counts anew only when it is asked for messages; none is visible long enough to be taken here.
    await this.sqs.send(new ReceiveMessageCommand({ QueueUrl: this.delayQueueUrl, VisibilityTimeout: 0 }));
    const { Attributes } = await this.sqs.send(new GetQueueAttributesCommand({ QueueUrl: this.delayQueueUrl, AttributeNames: ['All'] }));
    return {
      visible: Number(Attributes?.ApproximateNumberOfMessages), delayed: Number(Attributes?.ApproximateNumberOfMessagesDelayed),
    };
  }

  /** Takes the notices that the failure topic has carried. */
  public async notices(): Promise<{ notice: Record<string, unknown>; attributes: unknown }[]> {
    const messages = await this.drain(this.failureQueueUrl);
    return messages.map(({ Body }) => {
      const envelope = JSON.parse(Body ?? '') as { Message: string; MessageAttributes: unknown };
      return { notice: JSON.parse(envelope.Message) as Record<string, unknown>, attributes: envelope.MessageAttributes };
    });
  }

  /** Takes what is visible in a queue. */
  public async drain(queueUrl: string): Promise<Message[]> {
    const all: Message[] = [];
    for (;;) {
      const { Messages = [] } = await this.sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) {
        return all;
      }
      all.push(...Messages);
      await this.sqs.send(new DeleteMessageBatchCommand({
        QueueUrl: queueUrl, Entries: Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle })),
      }));
    }
  }

  public async stop(): Promise<void> {
    [this.dynamodb, this.secrets, this.sns, this.sqs].forEach((client) => client.destroy());
    await this.emulators.stop();
    this.scripts.remove();
  }

  private async createResources(): Promise<void> {
    await this.dynamodb.send(new CreateTableCommand({
      TableName: this.tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [PARTITION_KEY, SORT_KEY].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [{ AttributeName: PARTITION_KEY, KeyType: 'HASH' }, { AttributeName: SORT_KEY, KeyType: 'RANGE' }],
    }));
    await Promise.all(QUEUES.map((QueueName) => this.sqs.send(new CreateQueueCommand({ QueueName }))));
    await this.sns.send(new CreateTopicCommand({ Name: 'Failures' }));
    await this.sns.send(new SubscribeCommand({
      TopicArn: this.failureTopicArn, Protocol: 'sqs', Endpoint: `arn:aws:sqs:${REGION}:${ACCOUNT}:FailureNotices`,
    }));
  }
}
