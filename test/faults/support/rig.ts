// A scheduler as it is deployed, run by the local engine, with something between it and the services that can hurt it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { PublishCommand, PublishCommandInput, SNSClient } from '@aws-sdk/client-sns';
import { DeleteMessageCommand, GetQueueAttributesCommand, Message, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { App, CfnResource, Duration, Stack } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import type { End } from './audit';
import { subscribeQueue } from '../../../scripts/support/failure-queue';
import { Behaviour, ReceivedRequest, Receiver } from '../../../scripts/support/receiver';
import { decodeState, Item } from '../../../src/adapters/table-schema';
import { LOG_SCHEDULED } from '../../../src/core/log-events';
import { State } from '../../../src/core/state';
import { publicId } from '../../../src/core/webhook';
import { LOCAL_CREDENTIALS } from '../../../src/local/emulators';
import { EngineEvent, LocalEngine, LocalScheduler } from '../../../src/local/engine';
import { Fate, FlakyProxy, Input } from '../../support/flaky-proxy';
import { LOOPBACK_POLICY } from '../../support/local-scheduler';
import { until } from '../../support/until';
import { RetryPolicy, WebhookScheduler, WebhookSchedulerProps } from 'cdk-webhook-scheduler';

/** Milliseconds from a failed attempt to the next. */
export const RETRY_DELAYS_MS: readonly number[] = [1_000, 2_000];

const TICK_SECONDS = 2;
/** The horizons that say who sends a webhook to the delay queue: seconds, where those of a deployed scheduler are as many minutes. */
export const INGEST_HORIZON_SECONDS = 10;
const LOAD_HORIZON_SECONDS = 5;

const REQUEST_TIMEOUT = Duration.seconds(3);

/** Workers of each function at most: a machine of two processors starts no more of them in reasonable time. */
const MAX_CONCURRENCY = { ingest: 2, deliver: 6 };

/**
 * In seconds, as short as the waits built into the handlers allow, so that what a crash leaves behind comes back within a test. As in the
 * construct's template, the delay queue holds a message back for longer than the claim lasts of a worker that died.
 */
const SCALED = { deliverTimeout: 13, deliverVisibility: 20, ingestTimeout: 8, ingestVisibility: 8 };
export const DELIVER_TIMEOUT_MS = 1_000 * SCALED.deliverTimeout;
const SCALED_UNREPORTED_VISIBILITY = 5;

/** How old a reading of the states may be. */
const STALE_MS = 100;

/** A webhook to be published. */
export interface GivenWebhook {
  /** Also its path on the receiver. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
  /** Other fields of the message, or other values. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** A failure notice, with the attribute by which a subscriber can filter it. */
export interface Notice {
  readonly reason: string;
  readonly id: string;
  readonly attempts?: State['attempts'];
  readonly message?: unknown;
  readonly refusal?: string;
  readonly queue?: string;
  readonly reasonAttribute?: string;
}

type FunctionName = keyof LocalScheduler['functions'];
type Fault = (operation: string, attempt: number, input: Input) => Fate | undefined;
type Answered = (operation: string, input: Input, answer: string) => void;

export interface RigOptions {
  /** Whether timeouts are seconds instead of minutes, for workers that are killed. @default - as in the construct's template */
  readonly shortTimeouts?: boolean;
  /** How often a message is received from its queue before it is put aside. @default - as in the construct's template */
  readonly maxReceiveCount?: number;
  /** What else the scheduler is given. @default - nothing */
  readonly props?: (stack: Stack) => WebhookSchedulerProps;
}

export class Rig {
  public static async start(options: RigOptions = {}): Promise<Rig> {
    const assembly = synthesize(options);
    const events: EngineEvent[] = [];
    const proxies: FlakyProxy[] = [];
    const proxied = async (target: string) => {
      proxies.push(await FlakyProxy.start(target));
      return proxies[proxies.length - 1].url;
    };
    const engine = await LocalEngine.start({
      assembly,
      tickSeconds: TICK_SECONDS,
      onEvent: (event) => events.push(event),
      environment: {
        INGEST_HORIZON_SECONDS: String(INGEST_HORIZON_SECONDS),
        LOAD_HORIZON_SECONDS: String(LOAD_HORIZON_SECONDS),
        ...(options.shortTimeouts ? { LEASE_BEYOND_SECONDS: '1' } : {}),
      },
      intercept: async (services) => {
        const messaging = await proxied(services.sns); // one emulator for both topics and queues
        return { ...services, sns: messaging, sqs: messaging, dynamodb: await proxied(services.dynamodb) };
      },
    });
    const behaviours: Record<string, Behaviour> = {};
    const onRequest: ((request: ReceivedRequest) => void)[] = [];
    const receiver = await Receiver.start({ behaviours, onRequest: (request) => [...onRequest].forEach((listener) => listener(request)) });
    const rig = new Rig(assembly, engine, events, proxies, receiver, behaviours, onRequest);
    try {
      rig.failureQueueUrl = await subscribeQueue(rig.sns, rig.sqs, rig.scheduler.failureTopicArn, 'failures');
      await rig.warmUp();
      return rig;
    } catch (error) {
      await rig.stop();
      throw error;
    }
  }

  /** What was published: each id with the instant before which no request may arrive. */
  public readonly published = new Map<string, number>();
  /** How those ended that were seen to end, by id. */
  public readonly ends = new Map<string, End>();
  /** What happens to calls to the table, and to those to queues and topics: the first that decides. */
  public readonly faults: Readonly<Record<'table' | 'messaging', Fault[]>> = { table: [], messaging: [] };
  private readonly answered: Answered[] = [];
  private readonly told: Notice[] = [];
  private reading = Promise.resolve();
  private readonly sns: SNSClient;
  private readonly sqs: SQSClient;
  private readonly dynamodb: DynamoDBClient;
  private failureQueueUrl = '';
  private statesReadAt = 0;
  private statesRead: Promise<ReadonlyMap<string, State>> = Promise.resolve(new Map());

  private constructor(
    private readonly assembly: string,
    public readonly engine: LocalEngine,
    private readonly events: readonly EngineEvent[],
    private readonly proxies: readonly FlakyProxy[],
    public readonly receiver: Receiver,
    /** How the receiver answers, by path. */
    public readonly behaviours: Record<string, Behaviour>,
    private readonly onRequest: ((request: ReceivedRequest) => void)[],
  ) {
    const client = (endpoint: string) => ({ endpoint, region: engine.region, credentials: LOCAL_CREDENTIALS });
    this.sns = new SNSClient(client(engine.endpoints.sns));
    // Queues are named by the URLs that the functions call; a test calls the service itself.
    this.sqs = new SQSClient({ ...client(engine.endpoints.sqs), useQueueUrlAsEndpoint: false });
    this.dynamodb = new DynamoDBClient(client(engine.endpoints.dynamodb));
    const [messaging, table] = proxies;
    messaging.fateOf = (...call) => firstOf(this.faults.messaging, call);
    messaging.isDuplicated = ({ QueueUrl }, messages) => this.isDuplicated(String(QueueUrl), messages);
    table.fateOf = (...call) => firstOf(this.faults.table, call);
    for (const proxy of proxies) {
      proxy.onAnswered = (...call) => [...this.answered].forEach((listener) => listener(...call));
    }
  }

  /** Decides over what is taken from a queue whether it is delivered once more. */
  public isDuplicated: (queueUrl: string, messages: string) => boolean = () => false;

  public get scheduler(): LocalScheduler {
    return this.engine.schedulers[0];
  }

  public async publish(...webhooks: readonly GivenWebhook[]): Promise<void> {
    await Promise.all(webhooks.map(async (webhook) => {
      this.published.set(webhook.id, webhook.dueAt);
      await this.publishMessage(this.messageOf(webhook));
    }));
  }

  public messageOf({ id, dueAt, fields }: GivenWebhook): object {
    return { id, date: new Date(dueAt).toISOString(), url: `${this.receiver.url}/${id}`, method: 'post', payload: { id }, ...fields };
  }

  /** Resolves once a webhook is stored. */
  public async whenAccepted(id: string): Promise<void> {
    await until(`${id} to be accepted`, () => this.events.some((event) => (
      event.type === 'log' && event.record?.message === LOG_SCHEDULED && event.record.webhookId === id
    )));
  }

  /** Publishes anything; a text as it is. Returns its MessageId. */
  public async publishMessage(message: object | string, more: Omit<PublishCommandInput, 'Message'> = {}): Promise<string> {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    const { MessageId = '' } = await this.sns.send(new PublishCommand({ TopicArn: this.scheduler.inputTopicArn, Message: text, ...more }));
    return MessageId;
  }

  /** What the receiver got of a webhook, in the order in which it arrived. */
  public requestsOf(id: string): readonly ReceivedRequest[] {
    return this.receiver.requests.filter((request) => webhookIdOf(request) === id).sort((a, b) => a.arrivedAt - b.arrivedAt);
  }

  /** The states of all webhooks that have one, by id. Read together, since there are many who ask. */
  public async states(): Promise<ReadonlyMap<string, State>> {
    if (Date.now() - this.statesReadAt > STALE_MS) {
      this.statesReadAt = Date.now();
      this.statesRead = this.readStates();
    }
    return this.statesRead;
  }

  public async stateOf(id: string): Promise<State | undefined> {
    return (await this.states()).get(id);
  }

  /** What the failure topic has carried so far. */
  public async notices(): Promise<readonly Notice[]> {
    // One after the other: what one has taken, and not yet read, another must not miss.
    this.reading = this.reading.then(async () => {
      for (const { Body = '', MessageAttributes } of await this.take(this.failureQueueUrl)) {
        this.told.push({ ...JSON.parse(Body) as Notice, reasonAttribute: MessageAttributes?.reason?.StringValue });
      }
    });
    await this.reading;
    return this.told;
  }

  public async noticesOf(id: string): Promise<readonly Notice[]> {
    return (await this.notices()).filter((notice) => notice.id === id);
  }

  /** Resolves when a service has done a request that is such, before its client hears of it. `text` is that of its parameters. */
  public async whenAnswered(
    such: (operation: string, input: Input, text: string, answer: string) => boolean, then: () => void = () => undefined,
  ): Promise<void> {
    await new Promise<void>((resolve) => {
      const listener: Answered = (operation, input, answer) => {
        if (such(operation, input, JSON.stringify(input), answer)) {
          this.answered.splice(this.answered.indexOf(listener), 1);
          then();
          resolve();
        }
      };
      this.answered.push(listener);
    });
  }

  /** The body of the next message off a queue that holds a text. */
  public async nextReceived(queueUrl: string, text: string): Promise<string> {
    return new Promise<string>((resolve) => {
      const listener: Answered = (operation, { QueueUrl }, answer) => {
        if (operation === 'ReceiveMessage' && QueueUrl === queueUrl && answer.includes(text)) {
          this.answered.splice(this.answered.indexOf(listener), 1);
          const { Messages } = JSON.parse(answer) as { Messages: Required<Message>[] };
          resolve(Messages.map(({ Body }) => Body).find((body) => body.includes(text)) ?? '');
        }
      };
      this.answered.push(listener);
    });
  }

  /** Resolves when a webhook has arrived at the receiver. */
  public async whenArrived(id: string, then: () => void = () => undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const listener = (request: ReceivedRequest) => {
        if (webhookIdOf(request) === id) {
          this.onRequest.splice(this.onRequest.indexOf(listener), 1);
          then();
          resolve();
        }
      };
      this.onRequest.push(listener);
    });
  }

  /** What happens to the calls of one operation, or of several, whose parameters hold all of these texts, until the function returned is called. */
  public inflict(service: keyof Rig['faults'], fate: Fate, operations: string | readonly string[], ...texts: readonly string[]): () => void {
    const fault: Fault = (called, _, input) => {
      const parameters = JSON.stringify(input);
      return [operations].flat().includes(called) && texts.every((text) => parameters.includes(text)) ? fate : undefined;
    };
    this.faults[service].push(fault);
    return () => { this.faults[service].splice(this.faults[service].indexOf(fault), 1); };
  }

  /** Errors of the invocations that failed so far. */
  public get invocationErrors(): readonly string[] {
    return this.events.flatMap((event) => (event.type === 'invocation' && event.error !== undefined ? [event.error] : []));
  }

  /** Everything that the functions have written so far, and all that the engine tells of them. */
  public get output(): readonly string[] {
    return this.events.map((event) => (event.type === 'log' ? event.line : JSON.stringify(event)));
  }

  /** Puts a row into the table, as somebody else might. */
  public async putRow(item: Item): Promise<void> {
    await this.dynamodb.send(new PutItemCommand({ TableName: this.scheduler.tableName, Item: item }));
  }

  /** Kills whoever handles a webhook; of load, which handles many, whoever runs. Returns the events that were being handled. */
  public kill(name: FunctionName, id = ''): string {
    const killed = this.engine.crash(this.scheduler.functions[name], id);
    if (killed.length === 0) {
      throw new Error(`no worker of ${name} was handling ${id}`);
    }
    return killed.join('\n');
  }

  public async send(queueUrl: string, body: string): Promise<void> {
    await this.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
  }

  /** Takes what is visible in a queue. */
  public async take(queueUrl: string): Promise<Message[]> {
    const { Messages = [] } = await this.sqs.send(new ReceiveMessageCommand({
      QueueUrl: queueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'],
    }));
    await Promise.all(Messages.map(({ ReceiptHandle }) => this.sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }))));
    return Messages.length === 0 ? [] : [...Messages, ...await this.take(queueUrl)];
  }

  /** Moves the dead letter that holds a text back to where it came from, as an operator does with `start-message-move-task`. */
  public async moveBack(text: string, deadLetterQueueUrl: string, queueUrl: string): Promise<void> {
    const { Body = '', ReceiptHandle } = await until(`the dead letter of ${text}`, async () => {
      const { Messages = [] } = await this.sqs.send(new ReceiveMessageCommand({
        QueueUrl: deadLetterQueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 1, // the others are left alone
      }));
      return Messages.find((message) => message.Body?.includes(text));
    });
    await this.send(queueUrl, Body);
    await this.sqs.send(new DeleteMessageCommand({ QueueUrl: deadLetterQueueUrl, ReceiptHandle }));
  }

  /** The queue into which SQS puts what a queue cannot get rid of, and the one behind that. */
  public async queuesBehind(queueUrl: string): Promise<{ readonly unreported: string; readonly deadLetters: string }> {
    const unreported = await this.redriveTarget(queueUrl);
    return { unreported, deadLetters: await this.redriveTarget(unreported) };
  }

  /** Messages of a queue: visible, taken and delayed ones. */
  public async countOf(queueUrl: string): Promise<number> {
    const { Attributes = {} } = await this.sqs.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }));
    const { ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible, ApproximateNumberOfMessagesDelayed } = Attributes;
    return Number(ApproximateNumberOfMessages) + Number(ApproximateNumberOfMessagesNotVisible) + Number(ApproximateNumberOfMessagesDelayed);
  }

  public async stop(): Promise<void> {
    await this.engine.stop();
    this.proxies.forEach((proxy) => proxy.close());
    [this.sns, this.sqs, this.dynamodb].forEach((client) => client.destroy());
    await this.receiver.close();
    rmSync(this.assembly, { recursive: true });
  }

  /** Has every function run once, which takes long on a busy machine: what is published from here on is handled soon. */
  private async warmUp(): Promise<void> {
    const arrived = this.whenArrived('warm-up');
    await this.publish({ id: 'warm-up', dueAt: Date.now() });
    await arrived;
    this.ends.set('warm-up', { id: 'warm-up', ends: 'delivered' });
  }

  private async readStates(): Promise<ReadonlyMap<string, State>> {
    const rows: Item[] = [];
    let startKey: Item | undefined;
    do {
      const page = await this.dynamodb.send(new ScanCommand({
        TableName: this.scheduler.tableName, ConsistentRead: true, ExclusiveStartKey: startKey,
      }));
      rows.push(...(page.Items ?? []));
      startKey = page.LastEvaluatedKey;
    } while (startKey);
    const states = rows.filter(({ sk }) => sk.S === 'state').map((item) => decodeState(item));
    return new Map(states.map((state) => [publicId(state.id), state]));
  }

  private async redriveTarget(queueUrl: string): Promise<string> {
    const { Attributes } = await this.sqs.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['RedrivePolicy'] }));
    const { deadLetterTargetArn } = JSON.parse(Attributes?.RedrivePolicy ?? '{}') as { deadLetterTargetArn: string };
    return new URL(deadLetterTargetArn.split(':')[5], queueUrl).href;
  }
}

export function webhookIdOf({ headers }: ReceivedRequest): string | undefined {
  return headers.find(([name]) => name === 'webhook-id')?.[1];
}

function firstOf(faults: readonly Fault[], call: Parameters<Fault>): Fate {
  for (const fault of faults) {
    const fate = fault(...call);
    if (fate !== undefined) {
      return fate;
    }
  }
  return 'pass';
}

/** The construct's own template, for a small machine and for tests that end. */
function synthesize({ shortTimeouts, maxReceiveCount, props }: RigOptions): string {
  const assembly = mkdtempSync(path.join(tmpdir(), 'faults-'));
  const app = new App({ outdir: assembly });
  const stack = new Stack(app, 'Stack');
  const scheduler = new WebhookScheduler(stack, 'Scheduler', {
    ...props?.(stack),
    requestTimeout: REQUEST_TIMEOUT,
    retryPolicy: RetryPolicy.fixed(RETRY_DELAYS_MS.map((ms) => Duration.millis(ms)), { jitter: 0 }),
    networkPolicy: LOOPBACK_POLICY,
  });
  const override = (construct: IConstruct, property: string, value: number) => (
    (construct.node.defaultChild as CfnResource).addPropertyOverride(property, value)
  );
  override(scheduler.node.findChild('IngestSource'), 'ScalingConfig.MaximumConcurrency', MAX_CONCURRENCY.ingest);
  override(scheduler.node.findChild('DeliverSource'), 'ScalingConfig.MaximumConcurrency', MAX_CONCURRENCY.deliver);
  if (shortTimeouts) {
    override(scheduler.deliverFunction, 'Timeout', SCALED.deliverTimeout);
    override(scheduler.ingestFunction, 'Timeout', SCALED.ingestTimeout);
    override(scheduler.delayQueue, 'VisibilityTimeout', SCALED.deliverVisibility);
    override(scheduler.ingestQueue, 'VisibilityTimeout', SCALED.ingestVisibility);
  }
  override(scheduler.ingestUnreportedQueue, 'VisibilityTimeout', SCALED_UNREPORTED_VISIBILITY);
  override(scheduler.delayUnreportedQueue, 'VisibilityTimeout', SCALED_UNREPORTED_VISIBILITY);
  if (maxReceiveCount !== undefined) {
    override(scheduler.ingestQueue, 'RedrivePolicy.maxReceiveCount', maxReceiveCount);
    override(scheduler.delayQueue, 'RedrivePolicy.maxReceiveCount', maxReceiveCount);
  }
  app.synth();
  return assembly;
}
