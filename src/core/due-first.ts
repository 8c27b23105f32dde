// Has work that can wait stay behind requests that are due in a moment: a worker has one thread for both, and of one processor only a part.
import { Clock } from './clock';
import { QUIET_MS } from './timing';

/** What is overdue is still being claimed, or connected: there is no telling for how long, so that it is looked at so often. */
const OVERDUE_LOOK_MS = 10;

interface Waiting {
  readonly until: number;
  readonly resolve: () => void;
}

export class DueFirst {
  /** Instants of the requests that are held. */
  private readonly held = new Map<symbol, number>();
  private waiting: Waiting[] = [];

  public constructor(private readonly clock: Clock) {}

  /** From now on a request is held until its instant; returns what to call once it is written, or will not be. */
  public hold(instant: number): () => void {
    const key = Symbol('request');
    this.held.set(key, instant);
    return () => this.held.delete(key);
  }

  /** Resolves when no request is due in a moment, or at `until`, in milliseconds since the epoch, whatever is due then. */
  public quiet(until: number): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push({ until, resolve });
      if (this.waiting.length === 1) {
        void this.watch();
      }
    });
  }

  /** Looks for all that wait at once: each for itself, hundreds would take the time that they are to leave to others. */
  private async watch(): Promise<void> {
    while (this.waiting.length > 0) {
      const now = this.clock.now();
      const next = Math.min(...this.held.values());
      const isOver = ({ until }: Waiting) => next - now > QUIET_MS || until <= now;
      const over = this.waiting.filter(isOver);
      this.waiting = this.waiting.filter((waiting) => !isOver(waiting));
      over.forEach(({ resolve }) => resolve());
      if (this.waiting.length > 0) {
        await this.clock.sleepUntil(Math.min(next > now ? next : now + OVERDUE_LOOK_MS, ...this.waiting.map(({ until }) => until)));
      }
    }
  }
}
