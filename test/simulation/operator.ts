// Whoever looks after the scheduler: comes sometime after a message has become a dead letter, and moves what lies there back.
import { EventLoop, ScheduledEvent } from './event-loop';
import { POISON } from './publication';
import { SimQueue } from './queue';
import { Random } from './random';
import { DAY, MINUTE } from './settings';
import { Trace } from './trace';

export class Operator {
  private visit?: ScheduledEvent;

  public constructor(
    /** Each dead-letter queue with the queue it belongs to. */
    private readonly queues: readonly (readonly [dead: SimQueue, source: SimQueue])[],
    private readonly loop: EventLoop,
    private readonly random: Random,
    private readonly trace: Trace,
  ) {
    for (const [dead] of queues) {
      dead.onVisible = () => this.comeSoon();
    }
  }

  /** Well within the retention of a queue. */
  private comeSoon(): void {
    this.visit ??= this.loop.after(this.random.spread(MINUTE, 13 * DAY), () => {
      this.visit = undefined;
      for (const [dead, source] of this.queues) {
        this.trace.add('operator', () => `moves ${dead.messages.size} messages from ${dead.name} to ${source.name}`);
        dead.moveTo(source, (body) => !body.startsWith(POISON));
      }
    });
  }
}
