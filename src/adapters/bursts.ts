// Bursts: many requests that are due at the same moment at one origin. The first of them have a connection each. The others wait for one that
// has become free: to open thousands takes longer than to send the requests, on both sides. Where they would wait in vain, since the endpoint
// takes its time, they open their own after all, some at a time: many endpoints lose connections that come by the thousand.
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

/** Requests of a burst that have a connection each from the start, and that are given their own at one time later on. */
export const BURST_CONNECTIONS = 100;
/** Requests belong to one burst that are due within this many milliseconds: none of them has to be on its way before another is due. */
const BURST_MS = 20;
/** A burst stands still once this thread has had nothing to do for so long, and nothing of the burst was written or answered. */
const STALL_MS = 50;

/** All bursts of a worker, each for as long as it has members. */
export class Bursts {
  private readonly bursts = new Map<string, Burst>();

  /** @param dueAt when the request is to be written, in milliseconds since the epoch */
  public join(origin: string, dueAt: number): BurstMember {
    const key = `${origin} ${Math.floor(dueAt / BURST_MS)}`;
    const burst = this.bursts.get(key) ?? new Burst(() => this.bursts.delete(key));
    this.bursts.set(key, burst);
    return burst.join();
  }
}

/** A request of a burst. */
export interface BurstMember {
  /** Whether it is to wait for a connection that others have used. */
  readonly waits: boolean;
  /** Something has become of it: it was written, or answered, or it has failed. */
  moved(): void;
  /** Resolves once it is to wait no longer, since the burst stands still. */
  stalled(): Promise<void>;
  /** There will be nothing more. */
  leave(): void;
}

class Burst {
  private members = 0;
  /** Idle time of this thread when something has moved last. */
  private movedAt = idleMs();
  private waiting: (() => void)[] = [];

  public constructor(private readonly onEnd: () => void) {}

  public join(): BurstMember {
    const waits = this.members >= BURST_CONNECTIONS;
    this.members++;
    return { waits, moved: () => this.moved(), stalled: () => this.stalled(), leave: () => this.leave() };
  }

  private moved(): void {
    this.movedAt = idleMs();
  }

  private leave(): void {
    this.moved();
    this.members--;
    if (this.members === 0) {
      this.onEnd();
    }
  }

  private stalled(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (this.waiting.length === 1) {
        void this.watch();
      }
    });
  }

  /** For all that wait at once: a timer each would be the burst's undoing. */
  private async watch(): Promise<void> {
    while (this.waiting.length > 0) {
      this.moved(); // who begins to wait is owed the whole time
      for (let left = STALL_MS; left > 0; left = this.movedAt + STALL_MS - idleMs()) {
        await delay(Math.ceil(left), undefined, { ref: false });
        await nextTurn(); // for what has come in meanwhile
      }
      this.waiting.splice(0, BURST_CONNECTIONS).forEach((resolve) => resolve());
    }
  }
}

/** Milliseconds for which this thread has had nothing to do. A busy one hears of answers late: that is no fault of an endpoint. */
function idleMs(): number {
  return performance.eventLoopUtilization().idle;
}
