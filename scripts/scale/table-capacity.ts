// The write units that a table gives in a second, and what becomes of who asks for more.

const SLICE_MS = 10;

/**
 * Write capacity in slices of time. Who finds its slice used up tries again, as the SDK's client does with backoff, and gets the next free
 * one; that waste of a try or two is all that the model leaves out.
 */
export class TableCapacity {
  private readonly perSlice: number;
  /** What is left of each slice, and where to look next once one is used up. */
  private readonly left: number[] = [];
  private readonly next: number[] = [];
  private owed = 0;

  /** @param unitsPerSecond write units that the table takes in a second */
  public constructor(unitsPerSecond: number, private readonly startsAt: number) {
    this.perSlice = unitsPerSecond * SLICE_MS / 1000;
  }

  /** When a write of one unit is taken that is first tried at `at`; `undefined` if not within `patienceMs`. */
  public write(at: number, patienceMs: number): number | undefined {
    const wanted = Math.max(0, Math.floor((at - this.startsAt) / SLICE_MS));
    const slice = this.freeSlice(wanted);
    const takenAt = slice === wanted ? at : this.startsAt + slice * SLICE_MS;
    if (takenAt - at > patienceMs) {
      return undefined;
    }
    this.left[slice]--;
    return takenAt;
  }

  /** The first slice from `from` on that has a unit left; shortens the way for who comes after. */
  private freeSlice(from: number): number {
    this.grow(from);
    let slice = from;
    while (this.left[slice] < 1) {
      slice = this.next[slice];
      this.grow(slice);
    }
    for (let i = from; i < slice;) {
      const after = this.next[i];
      this.next[i] = slice;
      i = after;
    }
    return slice;
  }

  private grow(slice: number): void {
    while (this.left.length <= slice) {
      // Whole units only: what is left of one is carried over to the next slice.
      this.owed += this.perSlice;
      const units = Math.floor(this.owed + 1e-9);
      this.owed -= units;
      this.left.push(units);
      this.next.push(this.left.length);
    }
  }
}
