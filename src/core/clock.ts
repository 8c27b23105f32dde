// Time as a dependency, so that a test or a simulation can own it.

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves at `instant` (milliseconds since the epoch) or later, never before it; at once if it has passed. */
  sleepUntil(instant: number): Promise<void>;
}

/** `setTimeout` takes a signed 32-bit number of milliseconds and fires at once above it. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export class SystemClock implements Clock {
  public now(): number {
    return Date.now();
  }

  public async sleepUntil(instant: number): Promise<void> {
    // A timer counts on a monotonic clock in whole milliseconds and can end before the wall clock says so: look again.
    for (let left = instant - this.now(); left > 0; left = instant - this.now()) {
      const ms = Math.min(left, MAX_TIMEOUT_MS);
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }
}
