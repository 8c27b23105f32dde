// The execution environments of one function: made when needed, used again, frozen in between, and lost.
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { EventLoop } from './event-loop';
import { Faults } from './faults';
import { QueueMessage } from './queue';
import { Random } from './random';
import { FunctionName, mappingOf, Settings, timeoutOf } from './settings';
import { short, Trace } from './trace';
import { Invocation, Worker, WorkerWorld } from './worker';
import type { InvocationContext } from '../../src/handlers/deliver-handler';

export type Handler = (event: SQSEvent, context: InvocationContext) => Promise<SQSBatchResponse | void>;

/** How an invocation ended: with an answer, with an error, or not at all, since its worker died or its time was up. */
export type Ending = 'answered' | 'failed' | 'died' | 'timed out';

export interface FleetObserver {
  invoked(invocation: Invocation): void;
  ended(invocation: Invocation, how: Ending): void;
}

/** From and to, in milliseconds. */
type Range = readonly [number, number];

const COLD_START_MS: Range = [100, 600];
const WARM_START_MS: Range = [1, 5];
const MAX_STALL_MS = 20_000;

export class Fleet implements WorkerWorld {
  private readonly idle: Worker[] = [];
  private readonly ends = new Map<Worker, (how: Ending, response?: SQSBatchResponse) => void>();
  private readonly handlers = new Map<Worker, Handler>();
  private made = 0;

  public constructor(
    public readonly name: FunctionName,
    private readonly settings: Settings,
    public readonly loop: EventLoop,
    private readonly random: Random,
    private readonly faults: Faults,
    private readonly trace: Trace,
    private readonly createHandler: (worker: Worker) => Handler,
    private readonly observer: FleetObserver,
  ) {}

  /** Invocations under way. */
  public get busy(): number {
    return this.ends.size;
  }

  /** Invokes the function; `onEnd` gets its answer, or `undefined` where there is none. */
  public invoke(batch: readonly QueueMessage[], onEnd: (response: SQSBatchResponse | undefined) => void): void {
    if (batch.length > mappingOf(this.name, this.settings).batchSize) {
      throw new Error(`a batch of ${batch.length}`);
    }
    const warm = this.idle.pop();
    const worker = warm ?? this.create();
    const startedAt = this.loop.now + this.random.int(...(warm ? WARM_START_MS : COLD_START_MS));
    const deadline = startedAt + timeoutOf(this.name, this.settings);
    const invocation: Invocation = { id: this.random.uuid(), worker, startedAt, deadline, batch, disturbed: false, ended: false };
    worker.invocation = invocation;
    const event = eventOf(batch);
    const cutOff = this.loop.at(deadline, () => this.die(worker, 'timed out'));
    this.ends.set(worker, (how, response) => {
      cutOff.cancelled = true;
      invocation.ended = true;
      this.ends.delete(worker);
      this.trace.add(worker.name, () => `invocation ${how}${response ? ` ${short(response)}` : ''}`);
      this.observer.ended(invocation, how);
      onEnd(response);
    });
    this.loop.at(startedAt, () => worker.goOn(() => this.run(invocation, event)));
  }

  /** Has a worker die, whatever it is doing. */
  public crash(worker: Worker): void {
    this.die(worker, 'died');
  }

  public timerLateness(): number {
    return this.random.int(0, 2);
  }

  public waits(worker: Worker, ms: number): void {
    if (this.faults.happens('crashWaiting', worker)) {
      this.loop.after(this.random.int(0, ms), () => this.crash(worker));
    }
  }

  public stallOf(worker: Worker): number {
    return this.faults.happens('stall', worker) ? this.random.spread(1, MAX_STALL_MS) : 0;
  }

  private run(invocation: Invocation, event: SQSEvent): void {
    const { worker, id, deadline } = invocation;
    this.trace.add(worker.name, () => `invoked with ${short(invocation.batch.map(({ body }) => body), 2_000)}`);
    this.observer.invoked(invocation);
    const handler = this.handlers.get(worker) as Handler;
    handler(event, { awsRequestId: id, getRemainingTimeInMillis: () => deadline - this.loop.now }).then(
      (response) => this.end(worker, 'answered', response ?? { batchItemFailures: [] }),
      (error: Error) => {
        this.trace.add(worker.name, () => `throws ${error.message}`);
        this.end(worker, 'failed');
      },
    );
  }

  private create(): Worker {
    const worker = new Worker(`${this.name}-${++this.made}`, this.name, this.random.int(-this.settings.maxSkewMs, this.settings.maxSkewMs), this);
    this.handlers.set(worker, this.createHandler(worker));
    return worker;
  }

  private end(worker: Worker, how: Ending, response?: SQSBatchResponse): void {
    if (!worker.isAlive) {
      return;
    }
    this.ends.get(worker)?.(how, response);
    if (this.random.chance(0.9)) {
      this.idle.push(worker);
    } else {
      this.discard(worker);
    }
  }

  private die(worker: Worker, how: Ending): void {
    if (worker.isAlive) {
      this.discard(worker);
      this.trace.add(worker.name, () => how);
      this.ends.get(worker)?.(how);
    }
  }

  private discard(worker: Worker): void {
    worker.isAlive = false;
    this.handlers.delete(worker);
    const index = this.idle.indexOf(worker);
    if (index >= 0) {
      this.idle.splice(index, 1);
    }
  }
}

function eventOf(batch: readonly QueueMessage[]): SQSEvent {
  return {
    Records: batch.map(({ id, body, receiptHandle = '', receives, sentAt, firstReceivedAt }) => ({
      messageId: id,
      receiptHandle,
      body,
      attributes: {
        ApproximateReceiveCount: String(receives),
        SentTimestamp: String(sentAt),
        SenderId: 'sender',
        ApproximateFirstReceiveTimestamp: String(firstReceivedAt),
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: '',
      awsRegion: 'eu-central-1',
    })),
  };
}
