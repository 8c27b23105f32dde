// Virtual time: events in the order of their instants; between two of them, everything that code under test can do is done.
import { Heap } from '../../scripts/support/heap';

export interface ScheduledEvent {
  readonly at: number;
  readonly sequence: number;
  readonly action: () => void;
  cancelled: boolean;
}

// Runs once every microtask is done; a turn of the event loop, with its timers and sockets, would take longer.
const nextTurn = process.nextTick;

export class EventLoop {
  /** Events that have happened. */
  public steps = 0;
  private readonly heap = new Heap<ScheduledEvent>((a, b) => a.at < b.at || (a.at === b.at && a.sequence < b.sequence));
  private sequence = 0;
  /** Whether code under test has been given anything to go on with since it last came to rest. */
  private stirred = false;

  /** @param now true time, milliseconds since the epoch */
  public constructor(public now: number) {}

  public at(instant: number, action: () => void): ScheduledEvent {
    const event = { at: Math.max(instant, this.now), sequence: this.sequence++, action, cancelled: false };
    this.heap.push(event);
    return event;
  }

  public after(ms: number, action: () => void): ScheduledEvent {
    return this.at(this.now + ms, action);
  }

  /** To be called whenever something is handed to code under test: a call, an answer, the end of a sleep. */
  public stir(): void {
    this.stirred = true;
  }

  /** Instant of the next event, leaving out `except`. */
  public nextAt(except?: ScheduledEvent): number {
    let next = Infinity;
    for (const event of this.heap) {
      if (!event.cancelled && event !== except && event.at < next) {
        next = event.at;
      }
    }
    return next;
  }

  /** Lets the next event happen; `false` if there is none. */
  public async step(): Promise<boolean> {
    const event = this.heap.pop();
    if (!event) {
      return false;
    }
    if (!event.cancelled) {
      this.now = event.at;
      this.steps++;
      event.action();
      if (this.stirred) {
        this.stirred = false;
        await new Promise<void>((resolve) => nextTurn(resolve));
      }
    }
    return true;
  }
}
