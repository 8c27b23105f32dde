// The write units that a table gives in a second, and what becomes of who asks for more.

const SLICE_MS = 10;
/** What a table takes is said by the second: what was not asked for of it can be had until a second later. */
const KEPT_SLICES = 1000 / SLICE_MS;

/**
 * Write capacity in slices of time. Who finds it used up tries again, as the SDK's client does with backoff, and gets the next free slice;
 * that waste of a try or two is all that the model leaves out.
 */
export class TableCapacity {
  private readonly perSlice: number;
  /** What is left of each slice, and where to look once one is used up: after it, and before it. */
  private readonly left: number[] = [];
  private readonly next: number[] = [];
  private readonly previous: number[] = [];
  private owed = 0;

  /** @param unitsPerSecond write units that the table takes in a second */
  public constructor(unitsPerSecond: number, private readonly startsAt: number) {
    this.perSlice = unitsPerSecond * SLICE_MS / 1000;
  }

  /** When a write of one unit is taken that is first tried at `at`; `undefined` if not within `patienceMs`. */
  public write(at: number, patienceMs: number): number | undefined {
    const wanted = Math.max(0, Math.floor((at - this.startsAt) / SLICE_MS));
    this.grow(wanted);
    const kept = this.freeSliceBefore(wanted);
    if (kept >= 0 && kept > wanted - KEPT_SLICES) {
      this.left[kept]--;
      return at;
    }
    const slice = this.freeSliceAfter(wanted);
    const takenAt = this.startsAt + slice * SLICE_MS;
    if (takenAt - at > patienceMs) {
      return undefined;
    }
    this.left[slice]--;
    return takenAt;
  }

  /** The last slice up to `from` that has a unit left, or -1; shortens the way for who comes after. */
  private freeSliceBefore(from: number): number {
    let slice = from;
    while (slice >= 0 && this.left[slice] < 1) {
      slice = this.previous[slice];
    }
    for (let i = from; i > slice;) {
      const before = this.previous[i];
      this.previous[i] = slice;
      i = before;
    }
    return slice;
  }

  /** The first slice from `from` on that has a unit left; shortens the way for who comes after. */
  private freeSliceAfter(from: number): number {
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
      this.previous.push(this.left.length - 1);
      this.left.push(units);
      this.next.push(this.left.length);
    }
  }
}
