// Runs an event source mapping: reads a queue, gathers batches, invokes the function and deletes what it has handled.

import { setTimeout as delay } from 'node:timers/promises';
import type { FunctionRuntime, InvocationResult } from './function-runtime';
import { accessKeyId } from './iam/security-plan';
import type { EventSourcePlan, QueuePlan } from './plan';
import { AccessDeniedError, QueueConnection, type QueueMessage } from './queue-connection';

/** SQS hands out and deletes up to ten messages a call. */
const CALL_SIZE = 10;
/** The largest event that Lambda takes from a queue. */
const EVENT_LIMIT_BYTES = 6 * 1024 * 1024;
const LONG_POLL_SECONDS = 20;
/** While a window is open there is no hurry: looking now and then costs less than answering for each message. */
const WINDOW_POLL_MS = 40;
/** Calls at one time while a queue has more than one call brings. */
const PARALLEL_CALLS = 4;
const RETRY_MS = 200;
const DENIED_RETRY_MS = 5000;

/** A record of a Lambda event from SQS, as JSON, beside what deletes its message. */
interface BatchRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly json: string;
}

export class EventSource {
  private readonly connection: QueueConnection;
  private readonly invocations = new Set<Promise<void>>();
  private allowed: number;
  private grownAt = 0;
  private nextReceiveAt = 0;
  /** Read, but too large for the batch before. */
  private readonly held: BatchRecord[] = [];
  private running = true;
  private freed: (() => void) | undefined;
  private loop: Promise<void> | undefined;

  constructor(
    private readonly plan: EventSourcePlan,
    private readonly queue: QueuePlan,
    private readonly target: FunctionRuntime,
    private readonly onError: (error: unknown) => void,
  ) {
    this.connection = new QueueConnection(queue.url, queue.region, accessKeyId(target.plan.arn, 'lambda'));
    this.allowed = Math.min(this.plan.initialConcurrency, this.limit);
  }

  public start(): void {
    this.loop = this.run();
  }

  /**
   * Ends reading; to be called when the functions and the emulators are being stopped.
   * A poll is never aborted, since the emulator would lose what it hands out to an aborted one: the end of the emulator ends it.
   */
  public async stop(): Promise<void> {
    this.running = false;
    this.freed?.();
    await this.loop;
    await Promise.all(this.invocations);
    this.connection.close();
  }

  private get limit(): number {
    return Math.min(this.plan.maximumConcurrency ?? Infinity, this.target.concurrencyLimit);
  }

  private async run(): Promise<void> {
    while (this.running) {
      await this.slot();
      const batch = this.running ? await this.gather() : [];
      if (batch.length > 0 && this.running) this.dispatch(batch);
    }
  }

  /** Waits until one more batch may be read. */
  private async slot(): Promise<void> {
    while (this.running && this.invocations.size >= this.allowed) {
      const wait = this.allowed < this.limit ? Math.max(this.grownAt + 60_000 / this.plan.growthPerMinute - Date.now(), 0) : undefined;
      await new Promise<void>(resolve => {
        const timer = wait === undefined ? undefined : setTimeout(() => {
          this.allowed++;
          this.grownAt = Date.now();
          resolve();
        }, wait);
        this.freed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Reads one batch: what one call brings, or with a window all until it closes or the batch is full. */
  private async gather(): Promise<BatchRecord[]> {
    const batch = new Batch(this.plan.batchSize, EVENT_LIMIT_BYTES);
    const held = this.held.splice(0);
    const first = held.length > 0 ? held : await this.receive(Math.min(CALL_SIZE, batch.room), LONG_POLL_SECONDS);
    this.held.push(...batch.add(first));
    if (first.length === 0 || this.plan.windowSeconds === 0) return batch.records;

    const closes = Date.now() + this.plan.windowSeconds * 1000;
    let more = first.length === CALL_SIZE;
    while (this.running && !batch.full) {
      const calls = more ? Math.min(PARALLEL_CALLS, Math.ceil(batch.room / CALL_SIZE)) : 1;
      const sizes = Array.from({ length: calls }, (_, index) => Math.min(CALL_SIZE, batch.room - index * CALL_SIZE));
      const received = (await Promise.all(sizes.map(size => this.receive(size, 0)))).flat();
      this.held.push(...batch.add(received));
      more = received.length === sizes.reduce((sum, size) => sum + size, 0);
      const left = closes - Date.now();
      if (left <= 0) break;
      if (!more) await delay(Math.min(WINDOW_POLL_MS, left));
    }
    return batch.records;
  }

  private dispatch(batch: readonly BatchRecord[]): void {
    // After a pause it begins anew. Seen only now: the poll that brought the batch may have begun while the last ones were still running.
    if (this.invocations.size === 0) {
      this.allowed = Math.min(this.plan.initialConcurrency, this.limit);
      this.grownAt = Date.now();
    }
    const invocation = this.target.invoke(`{"Records":[${batch.map(record => record.json).join(',')}]}`, batch.length)
      .then(result => this.settle(batch, result))
      .finally(() => {
        this.invocations.delete(invocation);
        this.freed?.();
      });
    this.invocations.add(invocation);
  }

  /** Deletes what was handled; the rest comes back when its visibility timeout ends. */
  private async settle(batch: readonly BatchRecord[], result: InvocationResult): Promise<void> {
    const failed = this.failedIds(batch, result);
    if (failed === 'all') return;
    const handled = batch.filter(record => !failed.has(record.messageId));
    const calls: BatchRecord[][] = [];
    for (let index = 0; index < handled.length; index += CALL_SIZE) calls.push(handled.slice(index, index + CALL_SIZE));
    const worker = async (): Promise<void> => {
      for (let call = calls.shift(); call && this.running; call = calls.shift()) await this.delete(call);
    };
    await Promise.all(Array.from({ length: PARALLEL_CALLS }, worker));
  }

  /** The messages that stay in the queue: as on AWS, all of them where a partial response cannot be understood. */
  private failedIds(batch: readonly BatchRecord[], result: InvocationResult): ReadonlySet<string> | 'all' {
    if (!result.ok) return 'all';
    if (!this.plan.partialResponses) return new Set();
    const response = result.payload;
    if (response === undefined || response === null) return new Set();
    if (typeof response !== 'object') return 'all';
    const { batchItemFailures } = response as { batchItemFailures?: unknown };
    if (batchItemFailures === undefined || batchItemFailures === null) return new Set();
    if (!Array.isArray(batchItemFailures)) return 'all';
    const known = new Set(batch.map(record => record.messageId));
    const ids = batchItemFailures.map((item: unknown) => (item as { itemIdentifier?: unknown } | null)?.itemIdentifier);
    return ids.every((id): id is string => typeof id === 'string' && known.has(id)) ? new Set(ids) : 'all';
  }

  private async receive(size: number, waitSeconds: number): Promise<BatchRecord[]> {
    await this.turnToReceive();
    try {
      return (await this.connection.receive(size, waitSeconds)).map(message => this.record(message));
    } catch (error) {
      // The end of the engine ends its polls as well.
      if (!this.running) return [];
      // A denial is told where it is judged.
      const denied = error instanceof AccessDeniedError;
      if (!denied) this.onError(error);
      await delay(denied ? DENIED_RETRY_MS : RETRY_MS);
      return [];
    }
  }

  /** Waits until one more call may be made, where their number is bounded. */
  private async turnToReceive(): Promise<void> {
    const { receivesPerSecond } = this.plan;
    if (receivesPerSecond === undefined) return;
    const now = Date.now();
    const at = Math.max(this.nextReceiveAt, now);
    this.nextReceiveAt = at + 1000 / (receivesPerSecond * this.allowed);
    if (at > now) await delay(at - now);
  }

  private async delete(records: readonly BatchRecord[]): Promise<void> {
    try {
      await this.connection.delete(records.map(record => record.receiptHandle));
    } catch (error) {
      if (this.running && !(error instanceof AccessDeniedError)) this.onError(error);
    }
  }

  private record(message: QueueMessage): BatchRecord {
    const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, { DataType, StringValue, BinaryValue }]) => [name, {
      stringValue: StringValue, binaryValue: BinaryValue, stringListValues: [], binaryListValues: [], dataType: DataType,
    }]);
    return {
      messageId: message.MessageId,
      receiptHandle: message.ReceiptHandle,
      json: JSON.stringify({
        messageId: message.MessageId,
        receiptHandle: message.ReceiptHandle,
        body: message.Body,
        attributes: message.Attributes ?? {},
        messageAttributes: Object.fromEntries(attributes),
        md5OfMessageAttributes: message.MD5OfMessageAttributes,
        md5OfBody: message.MD5OfBody,
        eventSource: 'aws:sqs',
        eventSourceARN: this.queue.arn,
        awsRegion: this.queue.region,
      }),
    };
  }
}

/** Records up to a number and a size. */
class Batch {
  public readonly records: BatchRecord[] = [];
  private bytes = 0;
  private closed = false;

  constructor(private readonly size: number, private readonly limitBytes: number) {}

  public get room(): number {
    return this.size - this.records.length;
  }

  public get full(): boolean {
    return this.closed || this.room === 0;
  }

  /** Takes what fits and returns the rest. */
  public add(records: readonly BatchRecord[]): readonly BatchRecord[] {
    for (const [index, record] of records.entries()) {
      const bytes = Buffer.byteLength(record.json) + 1;
      if (this.room === 0 || (this.records.length > 0 && this.bytes + bytes > this.limitBytes)) {
        this.closed = true;
        return records.slice(index);
      }
      this.records.push(record);
      this.bytes += bytes;
    }
    return [];
  }
}
