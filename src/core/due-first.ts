// Has work that can wait stay behind requests that are due in a moment: a worker has one thread for both, and of one processor only a part.
import { Clock } from './clock';
import { QUIET_MS } from './timing';

export class DueFirst {
  /** Instants of the requests that are held. */
  private readonly held = new Map<symbol, number>();

  public constructor(private readonly clock: Clock) {}

  /** From now on a request is held until its instant; returns what to call once it is written, or will not be. */
  public hold(instant: number): () => void {
    const key = Symbol('request');
    this.held.set(key, instant);
    return () => this.held.delete(key);
  }

  /** Resolves when no request is due in a moment, or at `until`, in milliseconds since the epoch, whatever is due then. */
  public async quiet(until: number): Promise<void> {
    for (let now = this.clock.now(); now < until; now = this.clock.now()) {
      const next = Math.min(...this.held.values());
      if (next - now > QUIET_MS) {
        return;
      }
      await this.clock.sleepUntil(Math.min(Math.max(next, now + 1), until));
    }
  }
}
