// An event source mapping: takes batches off a queue, invokes a function with them, and deletes what it has handled.
import type { SQSBatchResponse } from 'aws-lambda';
import { EventLoop, ScheduledEvent } from './event-loop';
import { Faults } from './faults';
import { Fleet } from './fleet';
import { QueueMessage, SimQueue } from './queue';
import { Random } from './random';
import { BATCH_SIZE } from './settings';

/** From a message that becomes visible to the poller that takes it. */
const POLL_MS = [5, 30] as const;

export class EventSource {
  private poll?: ScheduledEvent;

  public constructor(
    private readonly queue: SimQueue,
    private readonly fleet: Fleet,
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
    if (this.fleet.busy < this.maxConcurrency) {
      const batch = this.queue.receive(this.random.chance(0.7) ? BATCH_SIZE : this.random.int(1, BATCH_SIZE)).map((message) => ({ ...message }));
      if (batch.length > 0 && !this.faults.happens('pollLost')) {
        this.fleet.invoke(batch, (response) => this.ended(batch, response));
      }
      this.pollAgain();
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
