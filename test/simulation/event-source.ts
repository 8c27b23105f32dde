// An event source mapping: takes batches off a queue, within a window where it has one, invokes a function with them, and deletes what it has handled.
import type { SQSBatchResponse } from 'aws-lambda';
import { EventLoop, ScheduledEvent } from './event-loop';
import { Faults } from './faults';
import { Fleet } from './fleet';
import { QueueMessage, SimQueue } from './queue';
import { Random } from './random';
import { BATCH_SIZE, mappingOf, MAX_WINDOW_MS, Settings } from './settings';

/** From a message that becomes visible to the poller that takes it. */
const POLL_MS = [5, 30] as const;
/** SQS hands out so many messages a call, at most. */
const CALL_SIZE = BATCH_SIZE;
/** Pollers that gather batches of their own within a window: Lambda begins with so many. */
const POLLERS = 5;

export class EventSource {
  /** Batches of more messages than come without a window. */
  public gathered = 0;
  private poll?: ScheduledEvent;
  /** Batches whose window has not closed. */
  private readonly open = new Set<QueueMessage[]>();

  public constructor(
    private readonly queue: SimQueue,
    private readonly fleet: Fleet,
    private readonly settings: Settings,
    private readonly maxConcurrency: number,
    private readonly loop: EventLoop,
    private readonly random: Random,
    private readonly faults: Faults,
  ) {
    queue.onVisible = (at) => this.pollAt(at);
  }

  private pollAt(visibleAt: number): void {
    const at = Math.max(visibleAt, this.loop.now) + this.random.int(...POLL_MS);
    if (this.poll && !this.poll.cancelled && this.poll.at <= at) {
      return;
    }
    if (this.poll) {
      this.poll.cancelled = true;
    }
    this.poll = this.loop.at(at, () => {
      this.poll = undefined;
      this.take();
    });
  }

  private take(): void {
    const batch = this.batchToFill();
    if (batch) {
      const { batchSize, windowMs } = mappingOf(this.fleet.name, this.settings);
      const most = Math.min(batchSize - batch.length, CALL_SIZE);
      batch.push(...this.queue.receive(this.random.chance(0.7) ? most : this.random.int(1, most)).map((message) => ({ ...message })));
      if (batch.length > 0) {
        this.grown(batch, batch.length === batchSize, windowMs);
      }
      this.pollAgain();
    }
  }

  /** A new one, or one that is being gathered: every batch is to have an invocation when it is complete. */
  private batchToFill(): QueueMessage[] | undefined {
    const mayBegin = this.fleet.busy + this.open.size < this.maxConcurrency;
    const isToBegin = this.open.size === 0 || (mayBegin && this.open.size < POLLERS && this.random.chance(0.2));
    return isToBegin ? (mayBegin ? [] : undefined) : this.random.pick([...this.open]);
  }

  /** A window is open for as long as it says; or up to the longest there is, as Lambda may have it where there is little traffic. */
  private grown(batch: QueueMessage[], isFull: boolean, windowMs: number | undefined): void {
    if (isFull || windowMs === undefined) {
      this.handOver(batch);
    } else if (!this.open.has(batch)) {
      this.open.add(batch);
      this.loop.after(this.random.chance(0.7) ? windowMs : this.random.int(windowMs, MAX_WINDOW_MS), () => {
        if (this.open.has(batch)) {
          this.handOver(batch);
          this.pollAgain();
        }
      });
    }
  }

  private handOver(batch: QueueMessage[]): void {
    this.open.delete(batch);
    this.gathered += batch.length > BATCH_SIZE ? 1 : 0;
    if (!this.faults.happens('pollLost')) {
      this.fleet.invoke(batch, (response) => this.ended(batch, response));
    }
  }

  private ended(batch: readonly QueueMessage[], response: SQSBatchResponse | undefined): void {
    if (response && !this.faults.happens('responseLost')) {
      const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const { id, receiptHandle = '' } of batch) {
        if (!failed.has(id)) {
          this.queue.delete(receiptHandle);
        }
      }
    }
    this.pollAgain();
  }

  private pollAgain(): void {
    const next = this.queue.nextVisibleAt();
    if (next < Infinity) {
      this.pollAt(next);
    }
  }
}
