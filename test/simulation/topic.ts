// The input topic: hands each notification to the ingest queue, at least once.
import { EventLoop } from './event-loop';
import { Faults } from './faults';
import { SimQueue } from './queue';
import { Random } from './random';
import { INPUT_TOPIC_ARN } from './settings';

/** SNS tries for weeks; here a notification is late by up to this. */
const MAX_LATE_MS = 20 * 60_000;

export class InputTopic {
  public constructor(
    private readonly queue: SimQueue,
    private readonly deadLetterQueue: SimQueue,
    private readonly loop: EventLoop,
    private readonly random: Random,
    private readonly faults: Faults,
  ) {}

  public publish(messageId: string, text: string): void {
    const body = JSON.stringify({
      Type: 'Notification', MessageId: messageId, TopicArn: INPUT_TOPIC_ARN, Message: text, Timestamp: new Date(this.loop.now).toISOString(),
    });
    const queue = this.faults.happens('undeliverable') ? this.deadLetterQueue : this.queue;
    const late = this.faults.happens('late') ? this.random.spread(100, MAX_LATE_MS) : this.random.int(5, 40);
    this.loop.after(late, () => queue.send(body));
    if (this.faults.happens('duplicate')) {
      this.loop.after(this.random.spread(5, MAX_LATE_MS), () => this.queue.send(body));
    }
  }
}
