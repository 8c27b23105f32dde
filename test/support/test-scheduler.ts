// The three handlers on emulated services, with a clock that the test moves: days run in milliseconds.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Message, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Cloud } from './cloud';
import { FakeClock } from './fake-clock';
import { RecordingLog } from './recording-log';
import { notification, sqsEventReceived, sqsEventReceivedAt } from './sqs-events';
import { EmfMetrics } from '../../src/adapters/metrics';
import { NodeHttpClient } from '../../src/adapters/node-http-client';
import { SecretsManagerSource } from '../../src/adapters/secrets-manager-source';
import { SecretSource } from '../../src/core/ports';
import { parseDelayMessage } from '../../src/core/queue-message';
import { LEAD_MS } from '../../src/core/timing';
import { createDeliverHandler } from '../../src/handlers/deliver-handler';
import { createIngestHandler } from '../../src/handlers/ingest-handler';
import { createLoadHandler } from '../../src/handlers/load-handler';
import { Services } from '../../src/handlers/services';

export class TestScheduler {
  public readonly clock = new FakeClock(Date.parse('2030-01-01T00:00:00Z'));
  public readonly log = new RecordingLog();
  /** Where it reads secrets. */
  public secretSource: SecretSource;
  private readonly clients: NodeHttpClient[] = [];
  private readonly ingestHandler: ReturnType<typeof createIngestHandler>;
  private readonly loadHandler: ReturnType<typeof createLoadHandler>;
  private readonly deliverHandler: ReturnType<typeof createDeliverHandler>;
  private invocations = 0;

  public constructor(public readonly cloud: Cloud, variables: Parameters<Cloud['setEnvironment']>[0] = {}) {
    cloud.setEnvironment(variables);
    const { sns } = cloud;
    this.secretSource = new SecretsManagerSource(cloud.secrets);
    const services: Services = {
      clock: this.clock,
      sns,
      dynamodb: this.faulty(cloud.dynamodb),
      sqs: this.withoutDelays(cloud.sqs),
      log: this.log,
      metrics: (inputTopicName) => new EmfMetrics(inputTopicName),
      random: () => 0,
    };
    this.ingestHandler = createIngestHandler(process.env, services);
    this.loadHandler = createLoadHandler(process.env, services);
    this.deliverHandler = createDeliverHandler(process.env, services, (rules) => {
      const client = new NodeHttpClient(this.clock, rules);
      this.clients.push(client);
      return client;
    }, async () => ({ read: (...which) => this.secretSource.read(...which) }));
  }

  /** Rejects a call to the table instead of making it, where it returns an error; what it promises, the call waits for. */
  public tableFault: (command: string, input: object) => Error | undefined | Promise<undefined> = () => undefined;

  /** Rejects a call to a queue instead of making it, where it returns an error. */
  public queueFault: (command: string) => Error | undefined = () => undefined;

  /** An instant from now, as a message has it. */
  public at(msFromNow: number): string {
    return new Date(this.clock.now() + msFromNow).toISOString();
  }

  /**
   * Hands a published message to ingest; returns whether it is done with it.
   *
   * @param publishedAt when it was published, and first received, in milliseconds since the epoch
   */
  public async publish(message: unknown, messageId?: string, publishedAt = this.clock.now()): Promise<boolean> {
    return this.ingest(notification(message, messageId, publishedAt), publishedAt);
  }

  /** Hands a message of the ingest queue to ingest; returns whether it is done with it. */
  public async ingest(body: string, receivedAt = this.clock.now()): Promise<boolean> {
    return (await this.ingestBatch([body], receivedAt)).length === 0;
  }

  /** Hands messages of the ingest queue to ingest, together; returns the bodies of those that come again. */
  public async ingestBatch(bodies: readonly string[], receivedAt = this.clock.now()): Promise<readonly string[]> {
    const event = sqsEventReceivedAt(receivedAt, ...bodies);
    const failed = (await this.ingestHandler(event)).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    return event.Records.filter(({ messageId }) => failed.includes(messageId)).map(({ body }) => body);
  }

  public async tick(): Promise<void> {
    await this.loadHandler();
  }

  /** Takes what lies in the delay queue, and hands each to deliver when its time has come; returns the bodies of those that come again. */
  public async deliver(bodies?: readonly string[]): Promise<string[]> {
    const taken = bodies ?? (await this.cloud.delayed()).map(({ Body = '' }: Message) => Body);
    const comeAgain: string[] = [];
    for (const body of taken) {
      this.clock.advance(Math.max(visibleAt(body) - this.clock.now(), 0));
      if (!(await this.deliverAsItIs(body))) {
        comeAgain.push(body);
      }
    }
    return comeAgain;
  }

  /** Hands a message of the delay queue to deliver now, as one that was received so often; returns whether it is done with it. */
  public async deliverAsItIs(body: string, receives = 1): Promise<boolean> {
    return this.deliverBatch([body], receives);
  }

  /** The same of several, in one invocation. */
  public async deliverBatch(bodies: readonly string[], receives = 1, timeoutMs = 35_000): Promise<boolean> {
    const { batchItemFailures } = await this.deliverHandler(sqsEventReceived(receives, ...bodies), {
      awsRequestId: `invocation-${++this.invocations}`, getRemainingTimeInMillis: () => timeoutMs,
    });
    return batchItemFailures.length === 0;
  }

  /** The state row of a webhook, by its stored id. */
  public async stateOf(keyId: string): Promise<Record<string, unknown> | undefined> {
    return (await this.cloud.rows()).find(({ pk, sk }) => pk === `id#${keyId}` && sk === 'state');
  }

  public close(): void {
    this.clients.forEach((client) => client.close());
  }

  private faulty(client: DynamoDBClient): Services['dynamodb'] {
    return {
      send: (async (command: Parameters<DynamoDBClient['send']>[0], ...rest: []) => {
        const error = await this.tableFault(command.constructor.name, command.input);
        return error ? Promise.reject(error) : client.send(command, ...rest);
      }) as DynamoDBClient['send'],
    };
  }

  /** The emulated queue delays in real time; here the test's clock says when a message would become visible. */
  private withoutDelays(client: SQSClient): Services['sqs'] {
    return {
      send: (async (command: Parameters<SQSClient['send']>[0], ...rest: []) => {
        if (command instanceof SendMessageBatchCommand) {
          command.input.Entries?.forEach((entry) => { entry.DelaySeconds = 0; });
        }
        const error = this.queueFault(command.constructor.name);
        return error ? Promise.reject(error) : client.send(command, ...rest);
      }) as SQSClient['send'],
    };
  }
}

function visibleAt(body: string): number {
  try {
    const message = parseDelayMessage(body);
    return 'turns' in message ? message.turns[0].at - LEAD_MS : -Infinity;
  } catch {
    return -Infinity; // poison
  }
}
