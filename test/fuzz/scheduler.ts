// The three handlers, as they are deployed, on services in memory; runs what they are given to its end.
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { FuzzServices } from './services';
import { cursorItem } from '../../src/adapters/table-schema';
import { ACTION_PATIENCE_MS } from '../../src/core/actions';
import { Clock } from '../../src/core/clock';
import { HttpClient } from '../../src/core/ports';
import { parseDelayMessage } from '../../src/core/queue-message';
import { HttpRequest } from '../../src/core/request';
import { LEAD_MS } from '../../src/core/timing';
import { createDeliverHandler } from '../../src/handlers/deliver-handler';
import { Variable } from '../../src/handlers/environment';
import { createIngestHandler } from '../../src/handlers/ingest-handler';
import { createLoadHandler } from '../../src/handlers/load-handler';
import { Services } from '../../src/handlers/services';
import { DAY, environmentOf, MINUTE, QueueName, SECOND, Settings, TABLE_NAME } from '../simulation/settings';
import { LOOPBACK_TOO } from '../support/network';
import { RecordingLog } from '../support/recording-log';
import { RecordingMetrics } from '../support/recording-metrics';
import { sqsEventReceivedAt } from '../support/sqs-events';

export const START = Date.parse('2030-01-01T00:00:00Z');
export const SETTINGS: Settings = {
  partitions: 2,
  retentionMs: 400 * DAY,
  maxHorizonMs: 366 * DAY,
  requestTimeoutMs: 15 * SECOND,
  retry: { delaysMs: [5 * SECOND, 60 * SECOND, 600 * SECOND], jitter: 0 },
  maxSkewMs: 0,
  pageSize: 1_000,
  turnsPerMessage: 10,
  turnsPerInvocation: 100,
  receivesCarryOver: true,
};

/** More than after which load reports without a look at the table. */
const LAST_RECEIVE = 65;

/** A row of the log that says that something went wrong which nothing should make go wrong. */
const EXPECTED_ERRORS = ['queue message cannot be read', 'webhook missing'];

export class FuzzScheduler {
  public readonly services = new FuzzServices(SETTINGS, START);
  public readonly log = new RecordingLog();
  public readonly metrics = new RecordingMetrics();
  public readonly requests: HttpRequest[] = [];
  /** Those that Node.js refuses to write. */
  public readonly unwritable: HttpRequest[] = [];
  private readonly ingestHandler: ReturnType<typeof createIngestHandler>;
  private readonly loadHandler: ReturnType<typeof createLoadHandler>;
  private readonly deliverHandler: ReturnType<typeof createDeliverHandler>;

  public constructor() {
    const clock: Clock = {
      now: () => this.services.now,
      sleepUntil: async (instant) => { this.services.now = Math.max(this.services.now, instant); },
    };
    const http: HttpClient = {
      prepare: (_, requestAt) => ({
        send: async () => {
          const request = requestAt(clock.now());
          const error = refusalOf(request);
          (error === undefined ? this.requests : this.unwritable).push(request);
          return { sentAt: clock.now(), isWritten: error === undefined, durationMs: 1, ...(error === undefined ? { status: 200 } : { error }) };
        },
      }),
    };
    const client = <T>() => this.services.client as unknown as T;
    const services: Services = {
      clock, dynamodb: client(), sqs: client(), sns: client(), log: this.log, metrics: () => this.metrics, random: () => 0,
    };
    const environment = (name: 'ingest' | 'load' | 'deliver') => ({ ...environmentOf(name, SETTINGS), [Variable.NETWORK_POLICY]: JSON.stringify(LOOPBACK_TOO) });
    this.ingestHandler = createIngestHandler(environment('ingest'), services);
    this.loadHandler = createLoadHandler(environment('load'), services);
    this.deliverHandler = createDeliverHandler(environment('deliver'), services, () => http, () => Promise.reject(new Error('no secrets')));
  }

  /** Errors that are logged although nothing has gone wrong: something was thrown that nobody has thought of. */
  public get unexpected(): readonly string[] {
    return this.log.lines
      .filter(({ level, message }) => level === 'error' && !EXPECTED_ERRORS.includes(message))
      .map(({ message, fields: { error } }) => `${message}: ${error instanceof Error ? error.stack : JSON.stringify(error)}`);
  }

  /** Hands a batch to ingest, and again to it what comes again, until it comes no more; returns the bodies that come again for ever. */
  public async ingest(bodies: readonly string[]): Promise<readonly string[]> {
    const again = await this.ingestOnce(bodies);
    this.services.now += ACTION_PATIENCE_MS;
    return again.length === 0 ? again : this.ingestOnce(again);
  }

  /** Puts aside what could not be read, as SQS does in the end, and has load tell of it. */
  public async putAside(queue: 'ingest' | 'delay', bodies: readonly string[]): Promise<void> {
    bodies.forEach((body) => this.services.moveTo(`${queue}Unreported`, body, LAST_RECEIVE));
    // Ten at a time, and a message that a worker may still be firing is left for minutes.
    for (let i = 0; i < 3 && this.services.messagesOf(`${queue}Unreported`).length > 0; i++) {
      await this.loadHandler();
      this.services.now += 10 * MINUTE;
    }
  }

  /** Fires all that is stored, one after the other, however far ahead it is due; returns the queue messages that come again. */
  public async fireAll(): Promise<readonly string[]> {
    const again = [...await this.deliverAll()];
    const far = [...this.services.table.rows()].filter(([{ pk, sk }, item]) => /^-?\d+#\d+$/.test(pk) && !item.o && Number.parseInt(sk, 10) > this.services.now);
    for (const due of [...new Set(far.map(([{ sk }]) => Number.parseInt(sk, 10)))].sort((a, b) => a - b)) {
      await this.skipTo(due - 2 * MINUTE);
      await this.loadHandler();
      again.push(...await this.deliverAll());
    }
    return again;
  }

  /** Hands messages to deliver, one batch, now; returns the bodies that come again. */
  public async deliver(bodies: readonly string[]): Promise<readonly string[]> {
    const event = sqsEventReceivedAt(this.services.now, ...bodies);
    const { batchItemFailures } = await this.deliverHandler(event, { awsRequestId: `invocation-${this.services.now}`, getRemainingTimeInMillis: () => 30_000 });
    return this.bodiesOf(event, batchItemFailures);
  }

  public bodiesIn(queue: QueueName): readonly string[] {
    return this.services.messagesOf(queue).map(({ body }) => body);
  }

  private async ingestOnce(bodies: readonly string[]): Promise<readonly string[]> {
    const event = sqsEventReceivedAt(START, ...bodies);
    return this.bodiesOf(event, (await this.ingestHandler(event)).batchItemFailures);
  }

  private bodiesOf({ Records }: ReturnType<typeof sqsEventReceivedAt>, failures: readonly { itemIdentifier: string }[]): readonly string[] {
    return failures.map(({ itemIdentifier }) => {
      const record = Records.find(({ messageId }) => messageId === itemIdentifier);
      if (!record) {
        throw new Error(`the answer names ${itemIdentifier}, which was not in the batch`);
      }
      return record.body;
    });
  }

  private async deliverAll(): Promise<readonly string[]> {
    const again: string[] = [];
    for (let bodies = this.services.drain('delay'); bodies.length > 0; bodies = this.services.drain('delay')) {
      for (const body of [...bodies].sort((a, b) => at(a) - at(b))) {
        this.services.now = Math.max(this.services.now, at(body) - LEAD_MS);
        again.push(...await this.deliver([body]));
      }
    }
    return again;
  }

  /** As if load had run each minute until then, and had found nothing. */
  private async skipTo(instant: number): Promise<void> {
    const cursor = this.services.table.cursor();
    if (instant > this.services.now && cursor) {
      const loadedTo = new Map([...cursor.loadedTo.keys()].map((partition) => [partition, instant]));
      await this.services.client.send(new PutItemCommand({ TableName: TABLE_NAME, Item: cursorItem({ version: cursor.version + 1, loadedTo }) }));
      this.services.now = instant;
    }
  }
}

/** When a turn is due; 0 for what is none. */
function at(body: string): number {
  try {
    const message = parseDelayMessage(body);
    return 'turns' in message ? message.turns[0].at : 0;
  } catch {
    return 0;
  }
}

/** The code of the error by which Node.js's HTTP client refuses to write a request. */
function refusalOf({ url, method, headers }: HttpRequest): string | undefined {
  try {
    new URL(url);
    validateHeaderName(method); // a token too
    for (const [name, value] of Object.entries(headers)) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}
