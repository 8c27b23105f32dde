// Bursts: many requests that are due at the same moment at one origin. The first of them have a connection each, made ahead. The others wait in
// line for one that has become free: to open thousands takes longer than to send the requests, on both sides. Where the endpoint takes its time
// to answer, they open their own after all, some at a time: many endpoints lose connections that come by the thousand.
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

/** Requests of a burst that are under way at one time, or have a connection for it, as long as the endpoint keeps up with them. */
export const BURST_CONNECTIONS = 100;
/** Requests belong to one burst that are due within this many milliseconds: none of them has to be on its way before another is due. */
const BURST_MS = 20;
/** Whether the line moves is looked at so often. */
const WINDOW_MS = 25;
/** Of that, a thread that has been busy for this part at most has been waiting for endpoints; a busier one hears of answers late by its own fault. */
const MAX_BUSY = 0.2;
/** So many of those in line are then to wait no longer: where no answer came at all, and where answers keep coming. */
const RELEASED = { standing: 50, moving: 10 };
/** Nobody waits for longer, however busy the thread is. */
const MAX_WAIT_MS = 3_000;

/** All bursts of a worker, each for as long as it has requests. */
export class Bursts {
  private readonly bursts = new Map<string, Burst>();

  /** @param dueAt when the request is to be written, in milliseconds since the epoch */
  public join(origin: string, dueAt: number): BurstMember {
    const key = `${origin} ${Math.floor(dueAt / BURST_MS)}`;
    const burst = this.bursts.get(key) ?? new Burst(() => this.bursts.delete(key));
    this.bursts.set(key, burst);
    return new BurstMember(burst);
  }
}

/** A request of a burst. */
export class BurstMember {
  /** Whether it may open a connection. */
  public isIn: boolean;
  private hasLeft = false;

  public constructor(private readonly burst: Burst) {
    this.isIn = burst.enter();
  }

  /** Waits in line until it may. */
  public async enter(): Promise<void> {
    await this.burst.wait();
    this.isIn = true;
  }

  /** Its connection is free for another request, or is none any more. */
  public leave(): void {
    if (this.isIn && !this.hasLeft) {
      this.hasLeft = true;
      this.burst.leave();
    }
  }
}

class Burst {
  private underWay = 0;
  /** What has those in line go on, in their order. */
  private readonly line: { readonly since: number; readonly goOn: () => void }[] = [];
  private isWatched = false;
  /** Requests that have left, so far. */
  private done = 0;

  public constructor(private readonly onEnd: () => void) {}

  /** `false` if there is no room. */
  public enter(): boolean {
    const hasRoom = this.underWay < BURST_CONNECTIONS;
    this.underWay += hasRoom ? 1 : 0;
    return hasRoom;
  }

  public async wait(): Promise<void> {
    if (this.line.length > 0 || !this.enter()) {
      await new Promise<void>((resolve) => {
        this.line.push({ since: performance.now(), goOn: resolve });
        void this.watch();
      });
    }
  }

  public leave(): void {
    this.underWay--;
    this.done++;
    if (this.underWay < BURST_CONNECTIONS) {
      this.release(1);
    }
    if (this.underWay === 0) {
      this.onEnd();
    }
  }

  private release(count: number): void {
    const released = this.line.splice(0, count);
    this.underWay += released.length;
    released.forEach(({ goOn }) => goOn());
  }

  /** For all in line at once: a timer each would be the burst's undoing. */
  private async watch(): Promise<void> {
    if (this.isWatched) {
      return;
    }
    this.isWatched = true;
    while (this.line.length > 0) {
      const [before, done] = [performance.eventLoopUtilization(), this.done];
      await delay(WINDOW_MS, undefined, { ref: false });
      await nextTurn(); // for what has come in meanwhile
      const isOverdue = this.line.length > 0 && performance.now() - this.line[0].since > MAX_WAIT_MS;
      if (isOverdue || performance.eventLoopUtilization(before).utilization <= MAX_BUSY) {
        this.release(this.done > done && !isOverdue ? RELEASED.moving : RELEASED.standing);
      }
    }
    this.isWatched = false;
  }
}
