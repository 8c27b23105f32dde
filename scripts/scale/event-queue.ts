// What happens when: simulated time jumps from one event to the next.
import { Heap } from '../support/heap';

interface Event {
  readonly at: number;
  /** Of two events at one instant, the one that was planned first comes first. */
  readonly order: number;
  readonly happen: () => void;
}

/** Events by their time, in milliseconds from any origin. */
export class EventQueue {
  public now = -Infinity;
  private readonly events = new Heap<Event>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  private planned = 0;

  public at(at: number, happen: () => void): void {
    this.events.push({ at: Math.max(at, this.now), order: this.planned++, happen });
  }

  /** Runs until nothing is planned any more. */
  public run(): void {
    for (let event = this.events.pop(); event; event = this.events.pop()) {
      this.now = event.at;
      event.happen();
    }
  }
}
