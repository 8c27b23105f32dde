// The construct. From top to bottom it follows a webhook: topic, queue, table, delay queue, endpoint.
import { Duration, RemovalPolicy, Size, SizeRoundingBehavior, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ID_PREFIX, PARTITION_KEY, SORT_KEY, TTL_ATTRIBUTE } from './adapters/table-keys';
import { LOAD_HORIZON } from './alarm-thresholds';
import { MANIFEST_KEY, SchedulerManifest } from './core/manifest';
import { maxLifeMs } from './core/retry';
import {
  BATCH_SIZE, MAX_DAYS, MAX_HOLD_MS, MAX_RECEIVES, NOTICE_MS, RECORD_MS, turnsPerInvocationOf, turnsPerMessageOf, UNREPORTED_MAX_RECEIVES,
} from './core/timing';
import { allowServices, allowUse, EncryptedService, grantUse, requireUsable } from './encryption';
import { allow, arnFor, grantOn, isKnownToBeOfAnotherAccount } from './grants';
import { DeliverFunction } from './handlers/deliver-function';
import { Variable } from './handlers/environment';
import { IngestFunction } from './handlers/ingest-function';
import { LoadFunction } from './handlers/load-function';
import { explain } from './nag';
import { allowNetworkInterfaces, keepNetwork, networkOf } from './network';
import { NetworkPolicy } from './network-policy';
import { RetryPolicy } from './retry-policy';
import { allowReading, secretHeaderPlans } from './secret-access';
import { requireBetween, requireKnown, requireRegion, requireTopicArn, requireTopicName, requireWholeNumber } from './validation';
import { WebhookSchedulerAlarms, WebhookSchedulerAlarmsOptions } from './webhook-scheduler-alarms';
import { IWebhookScheduler, WebhookSchedulerBase } from './webhook-scheduler-base';
import { WebhookSchedulerDashboard, WebhookSchedulerDashboardOptions } from './webhook-scheduler-dashboard';
import { WebhookSchedulerProps } from './webhook-scheduler-props';

/** What a scheduler is imported by. */
export interface WebhookSchedulerAttributes {
  /** ARN of its input topic. */
  readonly inputTopicArn: string;

  /**
   * ARN of its `encryptionKey`, which producers have to be allowed to use.
   *
   * @default - it has none
   */
  readonly encryptionKeyArn?: string;
}

/** One takes 1,000 writes a second, so a single minute can receive 16,000 webhooks a second. */
const DEFAULT_PARTITIONS = 16;
/**
 * The most messages of an invocation with a batching window. Ingest writes them all at once, and a client of AWS lets a hundred requests out at a time; at 512 MiB it takes 0.3 to 0.8 s
 * of its 30 for so many, as processors differ. More would save a thousandth of what a message costs, and a crash would bring back more of them, minutes later.
 */
const WINDOW_BATCH_SIZE = 100;
/**
 * With a window, and little traffic, Lambda may wait this long in spite of a shorter one: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html.
 * So all windows up to here make a lone webhook late by the same, and a longer one would by more.
 */
const MAX_BATCHING_WINDOW = Duration.seconds(20);
/**
 * A tenth of what an account may have by default, and as much as Lambda comes to in 20 s of a burst. That there is a bound also keeps five
 * readers at a quiet queue, where two might be left: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
const DEFAULT_MAX_CONCURRENCY = 100;
/** Each has up to ten invocations at a time: the same bound, in place of it. */
const DEFAULT_MAX_POLLERS = DEFAULT_MAX_CONCURRENCY / 10;
/**
 * Lambda allows 1,024 threads, those of Node.js and of extensions included, and Node.js aborts if it can't have all that it is to have:
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const MAX_LOOKUP_THREADS = 768;
/** Less leaves a function hardly any processor time, a seventh of a processor at 256 MiB; more Lambda does not have. */
const [MIN_MIB, MAX_MIB] = [256, 10_240];
const DEFAULT_MEMORY = Size.mebibytes(512);
const TICK = Duration.minutes(1);
/**
 * A webhook left to load must be in the table before load looks at its minute. Ingest decides, then writes, up to its timeout later and
 * by a clock that may differ: the distance to the load horizon is longer than that. SQS delays by 15 minutes at most.
 */
const INGEST_HORIZON = Duration.minutes(10);
const INGEST_TIMEOUT = Duration.seconds(30);
/** Catching up after an outage takes longer than an ordinary minute, and resumes where it was cut off. */
const LOAD_TIMEOUT = Duration.minutes(5);
/** Of the deliver function's time, for what comes before the wait for the date: a cold start, reading the webhook, the claim. */
const DELIVER_START = Duration.seconds(4);
/** Lambda's 15 minutes have to hold the start, the wait for the date and the record of the outcome too. */
const MAX_REQUEST_TIMEOUT = Duration.minutes(14);
/**
 * An outcome that the table did not take comes back after 2, 4, 8 … s, some six times within this, and has to find its claim. It costs next
 * to nothing where a worker died: its messages come back only when their visibility timeout ends, by default a little later than this.
 */
const LEASE_BEYOND = Duration.minutes(2);
/** Longest that SQS keeps a message: what could not be handled is kept for as long as possible. */
const MAX_QUEUE_RETENTION = Duration.days(14);
/** No shorter than load's timeout, so that no tick takes what another one is still reporting. */
const UNREPORTED_VISIBILITY_TIMEOUT = LOAD_TIMEOUT;
/**
 * How long a row has to stay after the last retry: that one may become a dead letter, and be moved back 14 days later. A day more is for
 * what the retry policy does not count: what the attempts themselves take, and the way into the dead-letter queue.
 */
const RETENTION_AFTER_RETRIES = MAX_QUEUE_RETENTION.plus(Duration.days(1));
/** A message may wait in a queue and then as a dead letter; until it can come no more, a row has to tell that it has been accepted. */
const MIN_RETENTION = MAX_QUEUE_RETENTION.plus(MAX_QUEUE_RETENTION).plus(Duration.days(1));
const MAX_RETENTION = Duration.days(MAX_DAYS);

/**
 * Schedules webhooks: publish `{date, url, method, payload, headers, cookies}`, or an array of up to ten of these, to the input topic, and each
 * request is sent at its instant, to the millisecond, and again as the retry policy says if it fails. What does not end as it should is told on
 * the failure topic.
 *
 * Everything it is made of is exposed, so that it can be monitored, subscribed to and extended.
 *
 * @example
 *
 * declare const producer: lambda.Function;
 *
 * const scheduler = new WebhookScheduler(this, 'Scheduler');
 * scheduler.connect(producer); // grants it to publish, and sets WEBHOOK_SCHEDULER_TOPIC_ARN
 */
export class WebhookScheduler extends WebhookSchedulerBase {
  /**
   * Uses a scheduler that another stack, or another account, owns.
   *
   * @param inputTopicArn ARN of its input topic
   * @throws Error if it is known, and not the ARN of a standard topic
   */
  public static fromInputTopicArn(scope: Construct, id: string, inputTopicArn: string): IWebhookScheduler {
    return WebhookScheduler.fromWebhookSchedulerAttributes(scope, id, { inputTopicArn });
  }

  /**
   * Uses a scheduler that another stack, or another account, owns, and that may be encrypted with a key of its owner's.
   *
   * @throws Error if the ARN of its input topic is known, and not the ARN of a standard topic
   */
  public static fromWebhookSchedulerAttributes(scope: Construct, id: string, attributes: WebhookSchedulerAttributes): IWebhookScheduler {
    const { inputTopicArn, encryptionKeyArn } = attributes;
    requireTopicArn('inputTopicArn', inputTopicArn);
    class Import extends WebhookSchedulerBase {
      public readonly inputTopic = sns.Topic.fromTopicAttributes(this, 'InputTopic', { topicArn: inputTopicArn, keyArn: encryptionKeyArn });
    }
    return new Import(scope, id, { environmentFromArn: inputTopicArn });
  }

  public readonly inputTopic: sns.ITopic;

  /** Receives a notice of everything that did not end as it should, with the reason. Subscribe to it. The one passed in, if one was. */
  public readonly failureTopic: sns.ITopic;

  /** Holds the webhooks, their states and outcomes. To read outcomes, see `grantRead`. */
  public readonly table: dynamodb.ITable;

  /** Takes messages from the input topic to the ingest function. */
  public readonly ingestQueue: sqs.IQueue;

  /**
   * Messages that the ingest function, or the input topic, could not get rid of, until the next tick has told the failure topic of them
   * and moved them on to the ingest dead-letter queue.
   */
  public readonly ingestUnreportedQueue: sqs.IQueue;

  /**
   * Messages that the ingest function, or the input topic, could not get rid of: reported, and kept for 14 days. `addAlarms` has an alarm on
   * what lies here.
   *
   * Once the cause is gone, they are ingested anew by:
   *
   *     aws sqs start-message-move-task --source-arn <ARN of ingestDeadLetterQueue> --destination-arn <ARN of ingestQueue>
   *
   * The destination has to be named: SQS does not know it, since the messages were moved here one by one. Who may run the command:
   * `grantRedrive`.
   */
  public readonly ingestDeadLetterQueue: sqs.IQueue;

  /** Holds webhooks until seconds before they are due. */
  public readonly delayQueue: sqs.IQueue;

  /**
   * What the deliver function could not get rid of, until the next tick has told the failure topic of it and moved it on to the delay
   * dead-letter queue.
   */
  public readonly delayUnreportedQueue: sqs.IQueue;

  /**
   * What the deliver function could not get rid of: keys of webhooks that have failed with the reason `dead-letter`, and outcomes that
   * the table did not take. Reported, and kept for 14 days. `addAlarms` has an alarm on what lies here.
   *
   * Once the cause is gone, the webhooks are fired, and the outcomes written, by:
   *
   *     aws sqs start-message-move-task --source-arn <ARN of delayDeadLetterQueue> --destination-arn <ARN of delayQueue>
   *
   * The destination has to be named: SQS does not know it, since the messages were moved here one by one. Who may run the command:
   * `grantRedrive`.
   */
  public readonly delayDeadLetterQueue: sqs.IQueue;

  /** Validates and stores messages, and sends on what is due soon. */
  public readonly ingestFunction: lambda.IFunction;

  /** Each minute, sends on what is due next, and reports what the other functions could not handle. */
  public readonly loadFunction: lambda.IFunction;

  /** Fires webhooks. In a VPC, its `connections` are those of its security groups. */
  public readonly deliverFunction: lambda.IFunction;

  /** What the ingest function writes of messages: one line for each, without anything that is secret. */
  public readonly ingestLogGroup: logs.ILogGroup;

  /** What the load function writes of its runs, and of dead letters. */
  public readonly loadLogGroup: logs.ILogGroup;

  /** What the deliver function writes of webhooks: one line for each attempt, without anything that is secret. */
  public readonly deliverLogGroup: logs.ILogGroup;

  /** Holds the keys that requests are signed with; `undefined` where they are not signed. Who may read it: `grantReadSigningSecret`. */
  public readonly signingSecret?: secretsmanager.ISecret;

  /** Encrypts all that is kept; `undefined` where the services' own keys do. */
  public readonly encryptionKey?: kms.IKey;

  private alarms?: WebhookSchedulerAlarms;
  private dashboard?: WebhookSchedulerDashboard;

  constructor(scope: Construct, id: string, props: WebhookSchedulerProps = {}) {
    super(scope, id);

    const maxHorizon = props.maxHorizon ?? Duration.days(366);
    const retention = props.retention ?? Duration.days(30);
    const requestTimeout = props.requestTimeout ?? Duration.seconds(15);
    const ingestMib = mebibytesOf('ingestMemory', props.ingestMemory);
    const loadMib = mebibytesOf('loadMemory', props.loadMemory);
    const deliverMib = mebibytesOf('deliverMemory', props.deliverMemory);
    const turnsPerMessage = turnsPerMessageOf(deliverMib);
    const turnsPerInvocation = turnsPerInvocationOf(turnsPerMessage);
    const logRetention = props.logRetention ?? logs.RetentionDays.ONE_MONTH;
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    const retryPlan = (props.retryPolicy ?? RetryPolicy.standardWebhooks())._toPlan();
    const networkRules = (props.networkPolicy ?? NetworkPolicy.publicInternet())._toRules();
    requireBetween('maxHorizon', maxHorizon, Duration.minutes(1), Duration.days(MAX_DAYS));
    requireBetween('retention', retention, MIN_RETENTION, MAX_RETENTION);
    requireRetentionBeyond(maxLifeMs(retryPlan), retention);
    requireBetween('requestTimeout', requestTimeout, Duration.seconds(1), MAX_REQUEST_TIMEOUT);
    requireWholeNumber('partitions', props.partitions, 1, 256);
    requireTopicName('inputTopicName', props.inputTopicName);
    const window = props.ingestBatchingWindow;
    if (window) {
      requireBetween('ingestBatchingWindow', window, Duration.seconds(1), MAX_BATCHING_WINDOW);
    }
    // What ingest and deliver know of it: from when on a webhook is late.
    const notice: Record<string, string> = window ? { [Variable.NOTICE_SECONDS]: seconds(Duration.millis(NOTICE_MS).plus(MAX_BATCHING_WINDOW)) } : {};
    requireWholeNumber('maxConcurrency', props.maxConcurrency, 2, 1000);
    if (props.maxConcurrency !== undefined && props.ingestPollers && props.deliverPollers) {
      throw new Error('maxConcurrency is given together with ingestPollers and deliverPollers, expected one of these at most: '
        + 'the maximum of the pollers bounds the concurrency of their function');
    }
    const ingestPolling = pollingOf('ingestPollers', props);
    const deliverPolling = pollingOf('deliverPollers', props);
    if (props.failureTopic) {
      requirePublishable(props.failureTopic, this.stack.region);
    }
    const deliverTimeout = DELIVER_START.plus(Duration.millis(MAX_HOLD_MS)).plus(requestTimeout).plus(Duration.millis(RECORD_MS));

    this.encryptionKey = props.encryptionKey;
    if (this.encryptionKey) {
      requireUsable('encryptionKey', this.encryptionKey, this.stack);
      allowServices(this.encryptionKey, this);
    }

    // Producers publish here. SNS encrypts at rest by itself; the managed key `alias/aws/sns` on top would shut out other accounts.
    this.inputTopic = new sns.Topic(this, 'InputTopic', {
      // Not a name that the CDK makes up once a stack of another account or region refers to the topic: on a scheduler that is in use, that would
      // replace the topic, and lose what is published to the old one meanwhile. The CDK's error asks for a name instead.
      topicName: props.inputTopicName,
      enforceSSL: true,
      masterKey: this.encryptionKey,
      // Without it, a trace is passed on all the same, but has no segment of the topic.
      tracingConfig: props.tracing === lambda.Tracing.ACTIVE ? sns.TracingConfig.ACTIVE : undefined,
    });
    this.failureTopic = props.failureTopic ?? new sns.Topic(this, 'FailureTopic', { enforceSSL: true, masterKey: this.encryptionKey });

    // The queue keeps what is published until its row is in the table.
    this.ingestDeadLetterQueue = this.createQueue('IngestDeadLetterQueue');
    this.ingestUnreportedQueue = this.createUnreportedQueue('IngestUnreportedQueue', this.ingestDeadLetterQueue);
    this.ingestQueue = this.createQueue('IngestQueue', {
      visibilityTimeout: visibilityTimeoutFor(INGEST_TIMEOUT, window),
      deadLetterQueue: { queue: this.ingestUnreportedQueue, maxReceiveCount: MAX_RECEIVES },
    });
    this.subscribe(this.ingestQueue, this.ingestUnreportedQueue);

    // The first generation of the table construct on purpose: a global table settles conflicts by the last write, and a claim has to have
    // one winner. DynamoDB encrypts every table at rest, by default with a key of its own.
    this.table = new dynamodb.Table(this, 'Table', {
      partitionKey: { name: PARTITION_KEY, type: dynamodb.AttributeType.STRING },
      sortKey: { name: SORT_KEY, type: dynamodb.AttributeType.STRING },
      timeToLiveAttribute: TTL_ATTRIBUTE,
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: props.pointInTimeRecovery ?? true },
      deletionProtection: props.deletionProtection ?? removalPolicy !== RemovalPolicy.DESTROY,
      encryptionKey: this.encryptionKey,
      removalPolicy,
    });

    // What is due soon waits here.
    this.delayDeadLetterQueue = this.createQueue('DelayDeadLetterQueue');
    this.delayUnreportedQueue = this.createUnreportedQueue('DelayUnreportedQueue', this.delayDeadLetterQueue);
    this.delayQueue = this.createQueue('DelayQueue', {
      visibilityTimeout: visibilityTimeoutFor(deliverTimeout),
      deadLetterQueue: { queue: this.delayUnreportedQueue, maxReceiveCount: MAX_RECEIVES },
    });

    // What all functions have to know: `commonParts` reads it.
    const common: Record<string, string> = {
      [Variable.TABLE_NAME]: this.table.tableName,
      [Variable.DELAY_QUEUE_URL]: this.delayQueue.queueUrl,
      [Variable.FAILURE_TOPIC_ARN]: this.failureTopic.topicArn,
      [Variable.INPUT_TOPIC_NAME]: this.inputTopic.topicName,
      [Variable.INGEST_HORIZON_SECONDS]: seconds(INGEST_HORIZON),
      [Variable.RETENTION_SECONDS]: seconds(retention),
      [Variable.TURNS_PER_MESSAGE]: String(turnsPerMessage),
    };

    // Ingest: topic to table, and to the delay queue what is due soon.
    this.ingestLogGroup = this.createLogGroup('Ingest', logRetention, removalPolicy);
    this.ingestFunction = new IngestFunction(this, 'Ingest', {
      ...this.handlerDefaults('Ingest', this.ingestLogGroup, props.tracing),
      description: 'Webhook scheduler: validates and stores messages, sends on what is due soon',
      timeout: INGEST_TIMEOUT,
      memorySize: ingestMib,
      environment: {
        ...common,
        [Variable.INGEST_QUEUE_URL]: this.ingestQueue.queueUrl,
        [Variable.PARTITIONS]: String(props.partitions ?? DEFAULT_PARTITIONS),
        ...notice,
        [Variable.MAX_HORIZON_SECONDS]: seconds(maxHorizon),
        [Variable.RETRY_POLICY]: JSON.stringify(retryPlan),
        [Variable.NETWORK_POLICY]: JSON.stringify(networkRules),
      },
    });
    allow(this.ingestFunction, this.table.tableArn,
      'dynamodb:PutItem', 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:BatchGetItem', 'dynamodb:UpdateItem');
    allow(this.ingestFunction, this.ingestQueue.queueArn, 'sqs:ChangeMessageVisibility');
    allow(this.ingestFunction, this.delayQueue.queueArn, 'sqs:SendMessage');
    this.allowCommon(this.ingestFunction);
    this.consume('IngestSource', this.ingestQueue, this.ingestFunction, {
      batchSize: window ? WINDOW_BATCH_SIZE : BATCH_SIZE,
      // None, unless it is asked for: a webhook that is due in a moment should not wait for company. It is said, so that one that was asked for, and
      // no more is, is gone, whatever an update makes of a property that is missing.
      maxBatchingWindow: window ?? Duration.seconds(0),
      ...ingestPolling,
    });

    // Load: each minute, table to delay queue, and what nobody could handle to failure topic and dead-letter queues.
    this.loadLogGroup = this.createLogGroup('Load', logRetention, removalPolicy);
    this.loadFunction = new LoadFunction(this, 'Load', {
      ...this.handlerDefaults('Load', this.loadLogGroup, props.tracing),
      description: 'Webhook scheduler: each minute, sends on what comes due, and reports what could not be handled',
      timeout: LOAD_TIMEOUT,
      memorySize: loadMib,
      environment: {
        ...common,
        [Variable.INGEST_UNREPORTED_QUEUE_URL]: this.ingestUnreportedQueue.queueUrl,
        [Variable.DELAY_UNREPORTED_QUEUE_URL]: this.delayUnreportedQueue.queueUrl,
        [Variable.INGEST_DEAD_LETTER_QUEUE_URL]: this.ingestDeadLetterQueue.queueUrl,
        [Variable.DELAY_DEAD_LETTER_QUEUE_URL]: this.delayDeadLetterQueue.queueUrl,
        [Variable.LOAD_HORIZON_SECONDS]: seconds(LOAD_HORIZON),
      },
      // The next tick takes up where this one failed; so there is nothing to keep of one that did.
      retryAttempts: 0,
      maxEventAge: TICK,
    });
    allow(this.loadFunction, this.table.tableArn,
      'dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem');
    for (const queue of [this.delayQueue, this.ingestDeadLetterQueue, this.delayDeadLetterQueue]) {
      allow(this.loadFunction, queue.queueArn, 'sqs:SendMessage');
    }
    for (const queue of [this.ingestUnreportedQueue, this.delayUnreportedQueue]) {
      allow(this.loadFunction, queue.queueArn, 'sqs:ReceiveMessage', 'sqs:DeleteMessage');
    }
    this.allowCommon(this.loadFunction);
    new events.Rule(this, 'Tick', {
      description: `Loads the webhooks of ${this.node.path} that come due`,
      schedule: events.Schedule.rate(TICK),
      targets: [new targets.LambdaFunction(this.loadFunction, { maxEventAge: TICK, retryAttempts: 1 })],
    });

    // Deliver: delay queue to endpoint.
    const signing = props.signing?._bind(this, removalPolicy, this.encryptionKey);
    this.signingSecret = signing?.secret;
    const secretHeaders = props.secretHeaders ?? [];
    const network = networkOf(this, props, networkRules);
    this.deliverLogGroup = this.createLogGroup('Deliver', logRetention, removalPolicy);
    this.deliverFunction = new DeliverFunction(this, 'Deliver', {
      ...this.handlerDefaults('Deliver', this.deliverLogGroup, props.tracing),
      ...network,
      description: 'Webhook scheduler: fires webhooks',
      timeout: deliverTimeout,
      memorySize: deliverMib,
      environment: {
        ...common,
        [Variable.REQUEST_TIMEOUT_SECONDS]: seconds(requestTimeout),
        [Variable.LEASE_BEYOND_SECONDS]: seconds(LEASE_BEYOND),
        // Node.js looks names up on this pool, of four threads by default: two name servers that hang would stop everyone else. So each webhook of an
        // invocation may have one, and some are left for those that still hang from the one before.
        UV_THREADPOOL_SIZE: String(Math.min(2 * turnsPerInvocation, MAX_LOOKUP_THREADS)),
        ...notice,
        [Variable.TURNS_PER_INVOCATION]: String(turnsPerInvocation),
        [Variable.RETRY_POLICY]: JSON.stringify(retryPlan),
        [Variable.NETWORK_POLICY]: JSON.stringify(networkRules),
        ...(signing ? { [Variable.SIGNING]: JSON.stringify(signing.plan) } : {}),
        ...(secretHeaders.length > 0 ? { [Variable.SECRET_HEADERS]: JSON.stringify(secretHeaderPlans(secretHeaders, networkRules)) } : {}),
      },
      // It sends retries to the queue that invokes it, as often as the retry policy says; Lambda would end such a chain after 16 times.
      // The other functions invoke nothing that invokes them. https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
      recursiveLoop: lambda.RecursiveLoop.ALLOW,
    });
    allow(this.deliverFunction, this.table.tableArn,
      'dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:PartiQLInsert', 'dynamodb:UpdateItem', 'dynamodb:PutItem');
    allow(this.deliverFunction, this.delayQueue.queueArn, 'sqs:SendMessage', 'sqs:ChangeMessageVisibility');
    this.allowCommon(this.deliverFunction);
    for (const secret of new Set([...(signing ? [signing.secret] : []), ...secretHeaders.map((header) => header.secret)])) {
      requireRegion(`the secret ${secret.node.path}`, secret, this.stack.region);
      allowReading(secret, this.deliverFunction);
    }
    if (network.vpc) {
      allowNetworkInterfaces(this, this.deliverFunction, network);
      keepNetwork(this, this.deliverFunction);
    }
    // Never with a batching window here: where there is little traffic, Lambda may wait 20 s in spite of a shorter window, far beyond a
    // webhook's date. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    this.consume('DeliverSource', this.delayQueue, this.deliverFunction, { batchSize: BATCH_SIZE, ...deliverPolling });

    this.addManifest();
  }

  /**
   * Allows a principal to read what became of webhooks, by their ids: `dynamodb:GetItem`, `dynamodb:BatchGetItem` and `dynamodb:Query`
   * on the table, for the rows whose partition key begins with `id#`.
   *
   * These hold states, attempts and errors. The messages, with their headers and payloads, lie in other rows and stay out of reach. Where there
   * is an `encryptionKey`, it may be used for that, by way of DynamoDB.
   *
   * A principal of another account is let in by the policies of the table and its key too, as `grantPublish` does it.
   *
   * @see https://github.com/cdk-webhook-scheduler/cdk-webhook-scheduler/blob/main/docs/outcomes.md
   */
  public grantRead(grantee: iam.IGrantable): iam.Grant {
    // The interface of tables has no resource policy, since imported ones have none that could be changed; this one is the scheduler's own.
    const grant = grantOn(this.table as dynamodb.Table, grantee, {
      actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
      resourceArns: [arnFor(this.table, this.table.tableArn, grantee, { service: 'dynamodb', resource: 'table' })],
      // A table whose policy named its own ARN would have to be created before itself.
      resourceSelfArns: ['*'],
      conditions: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${ID_PREFIX}*`] },
        // Without it, `ForAllValues` would also hold for a request that names no key.
        'Null': { 'dynamodb:LeadingKeys': 'false' },
      },
    });
    return this.encryptionKey ? grant.combine(grantUse(this.encryptionKey, grantee, this.stack.region, 'dynamodb', 'kms:Decrypt')) : grant;
  }

  /**
   * Allows a principal to read the secret that requests are signed with, in order to verify them: `secretsmanager:GetSecretValue`, and to
   * decrypt it where it has a key of its own. Whoever can read an HMAC key can also sign with it.
   *
   * A principal of another account is let in by the policies of the secret and its key too, as `grantPublish` does it.
   *
   * @throws Error if requests are not signed, and for a principal of another account if the secret has no key that it could use
   */
  public grantReadSigningSecret(grantee: iam.IGrantable): iam.Grant {
    if (!this.signingSecret) {
      throw new Error('requests are not signed, so there is no secret to read; pass signing to the scheduler');
    }
    return allowReading(this.signingSecret, grantee);
  }

  /**
   * Allows a principal to move what lies in the dead-letter queues back to where it failed, to watch that and to stop it:
   * `sqs:StartMessageMoveTask`, `sqs:ListMessageMoveTasks` and `sqs:CancelMessageMoveTask`, and what SQS requires along with them.
   *
   * The commands are at `ingestDeadLetterQueue` and `delayDeadLetterQueue`. What lies there can be read by this grant, too:
   * messages, with their headers and payloads.
   *
   * @throws Error if the principal is not of this account, or has no policy that can be changed from here
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
   */
  public grantRedrive(grantee: iam.IGrantable): iam.Grant {
    const grant = iam.Grant.addToPrincipal({
      grantee,
      actions: [
        'sqs:StartMessageMoveTask', 'sqs:ListMessageMoveTasks', 'sqs:CancelMessageMoveTask',
        'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes',
      ],
      resourceArns: [this.ingestDeadLetterQueue.queueArn, this.delayDeadLetterQueue.queueArn],
    });
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-limitations-of-custom-policies.html
    if (!grant.success || isKnownToBeOfAnotherAccount(this, grantee)) {
      throw new Error(`${grantee.grantPrincipal} cannot be granted to redrive: SQS lets the roles and users of its own account move messages, and no one `
        + 'else; grant it to a role of that account, which others may assume');
    }
    this.allowKey(grantee, 'sqs', 'kms:Decrypt', 'kms:GenerateDataKey');
    return grant.combine(iam.Grant.addToPrincipal({
      grantee, actions: ['sqs:SendMessage'], resourceArns: [this.ingestQueue.queueArn, this.delayQueue.queueArn],
    }));
  }

  /**
   * Adds alarms on what a person on call has to look at, and shows their states on the dashboard, if there is one.
   *
   * @throws Error if they have been added before; for a second set, with other thresholds, there is `WebhookSchedulerAlarms`
   */
  public addAlarms(options: WebhookSchedulerAlarmsOptions = {}): WebhookSchedulerAlarms {
    if (this.alarms) {
      throw new Error(`${this.node.path} has its alarms already: add them once, or make a WebhookSchedulerAlarms for others`);
    }
    this.alarms = new WebhookSchedulerAlarms(this, 'Alarms', { scheduler: this, ...options });
    return this.alarms;
  }

  /**
   * Adds a dashboard: whether something is wrong now, what comes in and goes out, how late, and what each part does.
   *
   * @throws Error if it has been added before; for another one there is `WebhookSchedulerDashboard`
   */
  public addDashboard(options: WebhookSchedulerDashboardOptions = {}): WebhookSchedulerDashboard {
    if (this.dashboard) {
      throw new Error(`${this.node.path} has its dashboard already: add it once, or make a WebhookSchedulerDashboard for another one`);
    }
    this.dashboard = new WebhookSchedulerDashboard(this, 'Dashboard', { scheduler: this, ...options });
    return this.dashboard;
  }

  /**
   * Those that `addAlarms` has made.
   *
   * @internal
   */
  public get _alarms(): WebhookSchedulerAlarms | undefined {
    return this.alarms;
  }

  /**
   * Between a queue and its dead-letter queue: load looks here each minute, and moves on what it has reported. What it cannot report in
   * all its tries, SQS moves on without a notice. That also makes the next queue one whose messages SQS can move back.
   */
  private createUnreportedQueue(id: string, deadLetterQueue: sqs.IQueue): sqs.Queue {
    return this.createQueue(id, {
      visibilityTimeout: UNREPORTED_VISIBILITY_TIMEOUT,
      deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: UNREPORTED_MAX_RECEIVES },
    });
  }

  private createQueue(id: string, options: Pick<sqs.QueueProps, 'visibilityTimeout' | 'deadLetterQueue'> = {}): sqs.Queue {
    return new sqs.Queue(this, id, {
      encryption: this.encryptionKey ? sqs.QueueEncryption.KMS : sqs.QueueEncryption.SQS_MANAGED,
      encryptionMasterKey: this.encryptionKey,
      enforceSSL: true,
      retentionPeriod: MAX_QUEUE_RETENTION,
      ...options,
    });
  }

  /**
   * Takes what is published to a queue. Not by `SqsSubscription`: for an encrypted queue that may name the topic in the key's policy, and the
   * topic, encrypted with the same key, could then not be created before the key, nor the key before the topic.
   */
  private subscribe(queue: sqs.IQueue, deadLetterQueue: sqs.IQueue): void {
    const { policyDependable } = queue.addToResourcePolicy(new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal('sns.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnEquals: { 'aws:SourceArn': this.inputTopic.topicArn } },
    }));
    const subscription = new sns.Subscription(this, 'IngestSubscription', {
      topic: this.inputTopic, protocol: sns.SubscriptionProtocol.SQS, endpoint: queue.queueArn, deadLetterQueue,
    });
    // What is published before SNS may write to the queue would go to the other one.
    subscription.node.addDependency(policyDependable!);
  }

  private createLogGroup(id: string, retention: logs.RetentionDays, removalPolicy: RemovalPolicy): logs.LogGroup {
    return new logs.LogGroup(this, `${id}LogGroup`, { retention, removalPolicy, encryptionKey: this.encryptionKey });
  }

  /** A role and a log group of its own for each function: nothing but its own lines to write, and what is granted one by one. */
  private handlerDefaults(id: string, logGroup: logs.ILogGroup, tracing = lambda.Tracing.DISABLED): lambda.FunctionOptions {
    const role = new iam.Role(this, `${id}Role`, {
      description: `${id} function of the webhook scheduler ${this.node.path}`,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });
    logGroup.grantWrite(role);
    if (tracing !== lambda.Tracing.DISABLED) {
      // The construct of a function allows it by itself. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
      explain(role.node.findChild('DefaultPolicy'), 'AwsSolutions-IAM5',
        'Lambda sends traces to X-Ray by this role. X-Ray takes them for the whole account: it has no resource that could be named.', '/^Resource::\\*$/');
    }
    return { architecture: lambda.Architecture.ARM_64, loggingFormat: lambda.LoggingFormat.JSON, logGroup, role, tracing };
  }

  /** What all functions do: tell the failure topic, and read and write what the key protects. */
  private allowCommon(grantee: iam.IGrantable): void {
    // By the function's own policy, never the topic's: the topic may belong to someone else.
    allow(grantee, this.failureTopic.topicArn, 'sns:Publish');
    if (this.failureTopic.masterKey) {
      allowUse(this.failureTopic.masterKey, grantee, this.stack.region, 'sns', 'kms:Decrypt', 'kms:GenerateDataKey');
    }
    this.allowKey(grantee, 'sqs', 'kms:Decrypt', 'kms:GenerateDataKey');
    // Of who uses a table, DynamoDB needs the table's own key decrypted, and no more:
    // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
    this.allowKey(grantee, 'dynamodb', 'kms:Decrypt');
  }

  private allowKey(grantee: iam.IGrantable, service: EncryptedService, ...actions: string[]): void {
    if (this.encryptionKey) {
      allowUse(this.encryptionKey, grantee, this.stack.region, service, ...actions);
    }
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
    const ownsFailureTopic = Stack.of(this.failureTopic) === Stack.of(this) && this.failureTopic.node.defaultChild instanceof sns.CfnTopic;
    const manifest: SchedulerManifest = {
      inputTopic: logicalId(this.inputTopic),
      // What is no resource of this template has no logical id in it.
      ...(ownsFailureTopic ? { failureTopic: logicalId(this.failureTopic) } : {}),
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

/**
 * Six times the function's timeout and the batching window, as Lambda recommends:
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
function visibilityTimeoutFor(functionTimeout: Duration, window = Duration.seconds(0)): Duration {
  return Duration.seconds(functionTimeout.toSeconds() * 6 + window.toSeconds());
}

/** A queue is polled by provisioned pollers, whose number bounds the concurrency as well, or up to a bound of concurrency; Lambda takes one of them. */
function pollingOf(name: 'ingestPollers' | 'deliverPollers', props: WebhookSchedulerProps): lambda.EventSourceMappingOptions {
  const pollers = props[name];
  if (!pollers) {
    return { maxConcurrency: props.maxConcurrency ?? DEFAULT_MAX_CONCURRENCY };
  }
  const { minimum: minimumPollers = 2 } = pollers;
  const { maximum: maximumPollers = Math.max(minimumPollers, DEFAULT_MAX_POLLERS) } = pollers;
  requireWholeNumber(`${name}.minimum`, minimumPollers, 2, 200);
  requireWholeNumber(`${name}.maximum`, maximumPollers, minimumPollers, 2000);
  return { provisionedPollerConfig: { minimumPollers, maximumPollers } };
}

function seconds(duration: Duration): string {
  return String(duration.toSeconds());
}

/** Memory of a function. Not rounded. */
function mebibytesOf(name: string, size: Size = DEFAULT_MEMORY): number {
  requireKnown(name, size.isUnresolved(), 'Size');
  const mebibytes = size.toMebibytes({ rounding: SizeRoundingBehavior.NONE });
  requireWholeNumber(`${name} in MiB`, mebibytes, MIN_MIB, MAX_MIB);
  return mebibytes;
}

/** A row that expires while there are attempts to come would be lost, and the webhook with it. */
function requireRetentionBeyond(lifeMs: number, retention: Duration): void {
  const least = lifeMs + RETENTION_AFTER_RETRIES.toMilliseconds();
  if (retention.toMilliseconds() < least) {
    throw new Error(`retention is ${retention.toHumanString()}, expected at least ${wholeHours(least)}: with this retryPolicy the attempts of `
      + `a webhook may take ${wholeHours(lifeMs)}, and a dead letter may be moved back ${MAX_QUEUE_RETENTION.toHumanString()} after that`);
  }
}

function wholeHours(ms: number): string {
  return Duration.hours(Math.ceil(ms / 3_600_000)).toHumanString();
}

function requirePublishable(failureTopic: sns.ITopic, region: string): void {
  if (failureTopic.fifo) {
    throw new Error('failureTopic is a FIFO topic, expected a standard topic');
  }
  requireRegion('failureTopic', failureTopic, region);
}
