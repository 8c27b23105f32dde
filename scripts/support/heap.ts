// A binary heap: what comes first is taken first.

export class Heap<T> implements Iterable<T> {
  private readonly items: T[] = [];

  /** @param isBefore whether one comes before another; of two, exactly one does */
  public constructor(private readonly isBefore: (one: T, other: T) => boolean) {}

  /** All of them, in no order. */
  public [Symbol.iterator](): Iterator<T> {
    return this.items[Symbol.iterator]();
  }

  public push(item: T): void {
    const { items } = this;
    let i = items.push(item) - 1;
    for (let parent = parentOf(i); i > 0 && this.isBefore(item, items[parent]); parent = parentOf(i)) {
      items[i] = items[parent];
      i = parent;
    }
    items[i] = item;
  }

  /** Takes the first; `undefined` if there is none. */
  public pop(): T | undefined {
    const first: T | undefined = this.items[0];
    const last = this.items.pop();
    if (last !== undefined && this.items.length > 0) {
      this.sink(last);
    }
    return first;
  }

  private sink(item: T): void {
    const { items } = this;
    let i = 0;
    for (let child = this.firstChildOf(i); child < items.length && this.isBefore(items[child], item); child = this.firstChildOf(i)) {
      items[i] = items[child];
      i = child;
    }
    items[i] = item;
  }

  /** Of the two below, the one that comes first. */
  private firstChildOf(i: number): number {
    const left = 2 * i + 1;
    const { items } = this;
    return left + 1 < items.length && this.isBefore(items[left + 1], items[left]) ? left + 1 : left;
  }
}

function parentOf(i: number): number {
  return Math.floor((i - 1) / 2);
}
