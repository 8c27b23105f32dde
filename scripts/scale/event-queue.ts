// What happens when: simulated time jumps from one event to the next.

interface Event {
  readonly at: number;
  /** Of two events at one instant, the one that was planned first comes first. */
  readonly order: number;
  readonly happen: () => void;
}

/** A binary heap of events. Time is in milliseconds, from any origin. */
export class EventQueue {
  public now = -Infinity;
  private readonly heap: Event[] = [];
  private planned = 0;

  public at(at: number, happen: () => void): void {
    const event = { at: Math.max(at, this.now), order: this.planned++, happen };
    let i = this.heap.push(event) - 1;
    while (i > 0 && isBefore(event, this.heap[parentOf(i)])) {
      this.heap[i] = this.heap[parentOf(i)];
      i = parentOf(i);
    }
    this.heap[i] = event;
  }

  /** Runs until nothing is planned any more. */
  public run(): void {
    for (let event = this.take(); event; event = this.take()) {
      this.now = event.at;
      event.happen();
    }
  }

  private take(): Event | undefined {
    const [first] = this.heap;
    const last = this.heap.pop();
    if (last && this.heap.length > 0) {
      this.sink(last);
    }
    return first;
  }

  private sink(event: Event): void {
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child + 1 < this.heap.length && isBefore(this.heap[child + 1], this.heap[child])) {
        child++;
      }
      if (child >= this.heap.length || isBefore(event, this.heap[child])) {
        break;
      }
      this.heap[i] = this.heap[child];
      i = child;
    }
    this.heap[i] = event;
  }
}

function parentOf(i: number): number {
  return Math.floor((i - 1) / 2);
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
