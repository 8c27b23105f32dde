// The construct. From top to bottom it follows a webhook: topic, queue, table, delay queue, endpoint.
import { Duration, IResource, RemovalPolicy, Resource, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { PARTITION_KEY, SORT_KEY, TTL_ATTRIBUTE } from './adapters/table-schema';
import { MANIFEST_KEY, SchedulerManifest } from './core/manifest';
import { MAX_HOLD_MS } from './core/timing';
import { DeliverFunction } from './handlers/deliver-function';
import { Variable } from './handlers/environment';
import { IngestFunction } from './handlers/ingest-function';
import { LoadFunction } from './handlers/load-function';

/** A scheduler of webhooks, owned or imported. */
export interface IWebhookScheduler extends IResource {
  /**
   * The topic that producers publish webhooks to.
   *
   * @attribute
   */
  readonly inputTopic: sns.ITopic;

  /**
   * Allows a principal to schedule webhooks: `sns:Publish` on the input topic.
   *
   * A principal of another account needs this grant on its own side too.
   */
  grantPublish(grantee: iam.IGrantable): iam.Grant;
}

/** Properties of a {@link WebhookScheduler}. All are optional. */
export interface WebhookSchedulerProps {
  /**
   * How far ahead the date of a webhook may lie. A message with a later date is a validation failure.
   *
   * @default Duration.days(366)
   */
  readonly maxHorizon?: Duration;

  /**
   * How long an endpoint may take to answer, connecting included: whole seconds from 1 to 840.
   *
   * The default is the lower end of what Standard Webhooks recommends (15 to 30 seconds). The timeout of the deliver function and the
   * visibility timeout of the delay queue follow it.
   *
   * @default Duration.seconds(15)
   */
  readonly requestTimeout?: Duration;

  /**
   * How long the table keeps a webhook and its outcome after its date: at least 15 days, since a queue may bring a message again for 14.
   *
   * DynamoDB deletes expired rows at no cost, within a few days.
   *
   * @default Duration.days(30)
   */
  readonly retention?: Duration;

  /**
   * How long the log groups of the functions keep their lines.
   *
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * What becomes of the table and the log groups when they leave the stack.
   *
   * @default RemovalPolicy.RETAIN - scheduled webhooks are not deleted with the stack
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** Partitions of a minute. One takes 1,000 writes a second, so a single minute can receive 16,000 webhooks a second. */
const PARTITIONS = 16;
const TICK = Duration.minutes(1);
/** Well above the tick, so that ticks which come late or not at all cost nothing at first. */
const LOAD_HORIZON = Duration.minutes(5);
/**
 * A webhook left to load must be in the table before load looks at its minute. Ingest decides, then writes, up to its timeout later and
 * by a clock that may differ: the distance to the load horizon is longer than that. SQS delays by 15 minutes at most.
 */
const INGEST_HORIZON = Duration.minutes(10);
const INGEST_TIMEOUT = Duration.seconds(30);
/** Catching up after an outage takes longer than an ordinary minute, and resumes where it was cut off. */
const LOAD_TIMEOUT = Duration.minutes(5);
/** Of the deliver function's time, for what comes before and after the request: a cold start, the claim, the outcome. */
const DELIVER_OVERHEAD = Duration.seconds(5);
/** Longest that SQS keeps a message: what could not be handled is kept for as long as possible. */
const MAX_QUEUE_RETENTION = Duration.days(14);
/** With a visibility timeout of minutes, this rides out half an hour of a failing dependency before a message is put aside. */
const MAX_RECEIVE_COUNT = 10;

abstract class WebhookSchedulerBase extends Resource implements IWebhookScheduler {
  public abstract readonly inputTopic: sns.ITopic;

  public grantPublish(grantee: iam.IGrantable): iam.Grant {
    return this.inputTopic.grantPublish(grantee);
  }
}

/**
 * Schedules webhooks: publish `{date, url, method, payload, headers, cookies}` to the input topic, and the request is sent at that
 * instant, to the millisecond.
 *
 * Everything it is made of is exposed, so that it can be monitored, subscribed to and extended.
 *
 * @example
 *
 * declare const producer: lambda.Function;
 *
 * const scheduler = new WebhookScheduler(this, 'Scheduler');
 * scheduler.grantPublish(producer);
 * producer.addEnvironment('SCHEDULER_TOPIC_ARN', scheduler.inputTopic.topicArn);
 */
export class WebhookScheduler extends WebhookSchedulerBase {
  /**
   * Uses a scheduler that another stack, or another account, owns.
   *
   * @param inputTopicArn ARN of its input topic
   */
  public static fromInputTopicArn(scope: Construct, id: string, inputTopicArn: string): IWebhookScheduler {
    class Import extends WebhookSchedulerBase {
      public readonly inputTopic = sns.Topic.fromTopicArn(this, 'InputTopic', inputTopicArn);
    }
    return new Import(scope, id, { environmentFromArn: inputTopicArn });
  }

  public readonly inputTopic: sns.ITopic;

  /** Receives a notice of every message that was not valid and every webhook that could not be delivered. Subscribe to it. */
  public readonly failureTopic: sns.ITopic;

  /** Holds the webhooks, their claims and outcomes. */
  public readonly table: dynamodb.ITable;

  /** Takes messages from the input topic to the ingest function. */
  public readonly ingestQueue: sqs.IQueue;

  /** Messages that the ingest function, or the input topic, could not get rid of. */
  public readonly ingestDeadLetterQueue: sqs.IQueue;

  /** Holds webhooks until seconds before they are due. */
  public readonly delayQueue: sqs.IQueue;

  /** Webhooks whose outcome the deliver function could not write down. */
  public readonly delayDeadLetterQueue: sqs.IQueue;

  /** Ticks that failed. Each later tick does their work, so they need no redrive. */
  public readonly loadDeadLetterQueue: sqs.IQueue;

  /** Validates and stores messages, and sends on what is due soon. */
  public readonly ingestFunction: lambda.IFunction;

  /** Each minute, sends on what is due next. */
  public readonly loadFunction: lambda.IFunction;

  /** Fires webhooks. */
  public readonly deliverFunction: lambda.IFunction;

  constructor(scope: Construct, id: string, props: WebhookSchedulerProps = {}) {
    super(scope, id);

    const maxHorizon = props.maxHorizon ?? Duration.days(366);
    const retention = props.retention ?? Duration.days(30);
    const requestTimeout = props.requestTimeout ?? Duration.seconds(15);
    const logRetention = props.logRetention ?? logs.RetentionDays.ONE_MONTH;
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    requireBetween('maxHorizon', maxHorizon, Duration.minutes(1), Duration.days(3660));
    requireBetween('retention', retention, MAX_QUEUE_RETENTION.plus(Duration.days(1)), Duration.days(3660));
    requireBetween('requestTimeout', requestTimeout, Duration.seconds(1), Duration.minutes(14));
    const deliverTimeout = requestTimeout.plus(Duration.millis(MAX_HOLD_MS)).plus(DELIVER_OVERHEAD);

    // Producers publish here. SNS encrypts at rest by itself; the managed key `alias/aws/sns` on top would shut out other accounts.
    this.inputTopic = new sns.Topic(this, 'InputTopic', { enforceSSL: true });
    this.failureTopic = new sns.Topic(this, 'FailureTopic', { enforceSSL: true });

    // The queue keeps what is published until its row is in the table.
    this.ingestDeadLetterQueue = this.createQueue('IngestDeadLetterQueue');
    this.ingestQueue = this.createQueue('IngestQueue', {
      visibilityTimeout: visibilityTimeoutFor(INGEST_TIMEOUT),
      deadLetterQueue: { queue: this.ingestDeadLetterQueue, maxReceiveCount: MAX_RECEIVE_COUNT },
    });
    this.inputTopic.addSubscription(new subscriptions.SqsSubscription(this.ingestQueue, { deadLetterQueue: this.ingestDeadLetterQueue }));

    // The first generation of the table construct on purpose: a global table settles conflicts by the last write, and a claim has to have
    // one winner. DynamoDB encrypts every table at rest, by default with a key of its own.
    this.table = new dynamodb.Table(this, 'Table', {
      partitionKey: { name: PARTITION_KEY, type: dynamodb.AttributeType.STRING },
      sortKey: { name: SORT_KEY, type: dynamodb.AttributeType.STRING },
      timeToLiveAttribute: TTL_ATTRIBUTE,
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy,
    });

    // What is due soon waits here.
    this.delayDeadLetterQueue = this.createQueue('DelayDeadLetterQueue');
    this.delayQueue = this.createQueue('DelayQueue', {
      visibilityTimeout: visibilityTimeoutFor(deliverTimeout),
      deadLetterQueue: { queue: this.delayDeadLetterQueue, maxReceiveCount: MAX_RECEIVE_COUNT },
    });

    // Ingest: topic to table, and to the delay queue what is due soon.
    this.ingestFunction = new IngestFunction(this, 'Ingest', {
      ...this.handlerDefaults('Ingest', logRetention, removalPolicy),
      description: 'Webhook scheduler: validates and stores messages, sends on what is due soon',
      timeout: INGEST_TIMEOUT,
      memorySize: 512,
      environment: {
        [Variable.TABLE_NAME]: this.table.tableName,
        [Variable.DELAY_QUEUE_URL]: this.delayQueue.queueUrl,
        [Variable.FAILURE_TOPIC_ARN]: this.failureTopic.topicArn,
        [Variable.PARTITIONS]: String(PARTITIONS),
        [Variable.INGEST_HORIZON_SECONDS]: seconds(INGEST_HORIZON),
        [Variable.MAX_HORIZON_SECONDS]: seconds(maxHorizon),
        [Variable.RETENTION_SECONDS]: seconds(retention),
      },
    });
    allow(this.ingestFunction, this.table.tableArn, 'dynamodb:PutItem', 'dynamodb:GetItem');
    allow(this.ingestFunction, this.delayQueue.queueArn, 'sqs:SendMessage');
    allow(this.ingestFunction, this.failureTopic.topicArn, 'sns:Publish');
    // Without a batching window: a webhook that is due in a moment should not wait for company.
    this.consume('IngestSource', this.ingestQueue, this.ingestFunction, { batchSize: 10 });

    // Load: each minute, table to delay queue.
    this.loadDeadLetterQueue = this.createQueue('LoadDeadLetterQueue');
    this.loadFunction = new LoadFunction(this, 'Load', {
      ...this.handlerDefaults('Load', logRetention, removalPolicy),
      description: 'Webhook scheduler: each minute, sends on what comes due',
      timeout: LOAD_TIMEOUT,
      memorySize: 512,
      environment: {
        [Variable.TABLE_NAME]: this.table.tableName,
        [Variable.DELAY_QUEUE_URL]: this.delayQueue.queueUrl,
        [Variable.PARTITIONS]: String(PARTITIONS),
        [Variable.LOAD_HORIZON_SECONDS]: seconds(LOAD_HORIZON),
        [Variable.RETENTION_SECONDS]: seconds(retention),
      },
      deadLetterQueue: this.loadDeadLetterQueue,
      // The next tick takes up where this one failed.
      retryAttempts: 0,
      maxEventAge: TICK,
    });
    allow(this.loadFunction, this.table.tableArn, 'dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:PutItem');
    allow(this.loadFunction, this.delayQueue.queueArn, 'sqs:SendMessage');
    new events.Rule(this, 'Tick', {
      description: `Loads the webhooks of ${this.node.path} that come due`,
      schedule: events.Schedule.rate(TICK),
      targets: [new targets.LambdaFunction(this.loadFunction, { deadLetterQueue: this.loadDeadLetterQueue, maxEventAge: TICK, retryAttempts: 1 })],
    });

    // Deliver: delay queue to endpoint.
    this.deliverFunction = new DeliverFunction(this, 'Deliver', {
      ...this.handlerDefaults('Deliver', logRetention, removalPolicy),
      description: 'Webhook scheduler: fires webhooks',
      timeout: deliverTimeout,
      memorySize: 1024,
      environment: {
        [Variable.TABLE_NAME]: this.table.tableName,
        [Variable.DELAY_QUEUE_URL]: this.delayQueue.queueUrl,
        [Variable.FAILURE_TOPIC_ARN]: this.failureTopic.topicArn,
        [Variable.REQUEST_TIMEOUT_SECONDS]: seconds(requestTimeout),
        // Node.js looks names up on this pool, of four threads by default: two name servers that hang would stop everyone else.
        UV_THREADPOOL_SIZE: '64',
        [Variable.RETENTION_SECONDS]: seconds(retention),
      },
    });
    allow(this.deliverFunction, this.table.tableArn, 'dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:UpdateItem');
    allow(this.deliverFunction, this.delayQueue.queueArn, 'sqs:SendMessage');
    allow(this.deliverFunction, this.failureTopic.topicArn, 'sns:Publish');
    // Without a batching window here too: where there is little traffic, Lambda may wait 20 s in spite of a shorter window, far beyond a
    // webhook's date. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    this.consume('DeliverSource', this.delayQueue, this.deliverFunction, { batchSize: 10 });

    this.addManifest();
  }

  private createQueue(id: string, options: Pick<sqs.QueueProps, 'visibilityTimeout' | 'deadLetterQueue'> = {}): sqs.Queue {
    return new sqs.Queue(this, id, {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: MAX_QUEUE_RETENTION,
      ...options,
    });
  }

  /** A role and a log group of its own for each function: nothing but its own lines to write, and what is granted one by one. */
  private handlerDefaults(id: string, retention: logs.RetentionDays, removalPolicy: RemovalPolicy): lambda.FunctionOptions {
    const logGroup = new logs.LogGroup(this, `${id}LogGroup`, { retention, removalPolicy });
    const role = new iam.Role(this, `${id}Role`, {
      description: `${id} function of the webhook scheduler ${this.node.path}`,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });
    logGroup.grantWrite(role);
    return { architecture: lambda.Architecture.ARM_64, loggingFormat: lambda.LoggingFormat.JSON, logGroup, role };
  }

  private consume(id: string, queue: sqs.IQueue, target: lambda.IFunction, options: lambda.EventSourceMappingOptions): void {
    // What Lambda's poller calls, and no more: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    const grant = allow(target, queue.queueArn, 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes');
    const mapping = new lambda.EventSourceMapping(this, id, {
      target, eventSourceArn: queue.queueArn, reportBatchItemFailures: true, ...options,
    });
    // The mapping is refused while the role may not receive.
    grant.applyBefore(mapping);
  }

  /** Names the parts in the template, for tools that read it. */
  private addManifest(): void {
    const logicalId = (construct: Construct) => Stack.of(this).getLogicalId(construct.node.defaultChild as sns.CfnTopic);
    const manifest: SchedulerManifest = {
      inputTopic: logicalId(this.inputTopic),
      failureTopic: logicalId(this.failureTopic),
      table: logicalId(this.table),
      ingestQueue: logicalId(this.ingestQueue),
      delayQueue: logicalId(this.delayQueue),
      ingestFunction: logicalId(this.ingestFunction),
      loadFunction: logicalId(this.loadFunction),
      deliverFunction: logicalId(this.deliverFunction),
    };
    (this.inputTopic.node.defaultChild as sns.CfnTopic).addMetadata(MANIFEST_KEY, manifest);
  }
}

/** Six times the function's timeout, as Lambda recommends: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
function visibilityTimeoutFor(functionTimeout: Duration): Duration {
  return Duration.seconds(functionTimeout.toSeconds() * 6);
}

/** Just these actions; the resources' own grants allow more than the handlers do. */
function allow(grantee: iam.IGrantable, resourceArn: string, ...actions: string[]): iam.Grant {
  return iam.Grant.addToPrincipal({ grantee, actions, resourceArns: [resourceArn] });
}

function seconds(duration: Duration): string {
  return String(duration.toSeconds());
}

function requireBetween(prop: string, value: Duration, least: Duration, most: Duration): void {
  if (value.isUnresolved()) {
    throw new Error(`${prop} has to be known at synthesis, and is a token; pass a literal Duration`);
  }
  if (value.toMilliseconds() % 1000 !== 0) {
    throw new Error(`${prop} is ${value.toHumanString()}, expected whole seconds`);
  }
  if (value.toMilliseconds() < least.toMilliseconds() || value.toMilliseconds() > most.toMilliseconds()) {
    throw new Error(`${prop} is ${value.toHumanString()}, expected ${least.toHumanString()} to ${most.toHumanString()}`);
  }
}
