// Bursts: many requests that are due at the same moment at one origin. The first of them have a connection each, made ahead. The others wait in
// line for one that has become free: to open thousands takes longer than to send the requests, on both sides. Where the endpoint takes its time
// to answer, they open their own after all, some at a time: many endpoints lose connections that come by the thousand.
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { BATCH_SIZE, MAX_TURNS_PER_MESSAGE } from '../core/timing';

/**
 * Requests of a burst that are under way at one time, or have a connection for it, as long as the endpoint keeps up with them: as many as an
 * invocation of Lambda's may have, so that there nobody is in line.
 */
export const BURST_CONNECTIONS = BATCH_SIZE * MAX_TURNS_PER_MESSAGE;
/** Requests belong to one burst that are due within this many milliseconds: none of them has to be on its way before another is due. */
const BURST_MS = 20;
/** Whether the line moves is looked at so often. */
const WINDOW_MS = 25;
/** Of that, a thread that has been busy for this part at most has been waiting for endpoints; a busier one hears of answers late by its own fault. */
const MAX_BUSY = 0.5;
/** So many of those in line are then to wait no longer: where no answer came at all, and where answers keep coming. */
const RELEASED = { standing: 50, moving: 10 };
/** Nobody waits for longer, however busy the thread is. */
const MAX_WAIT_MS = 3_000;
/** So many use a connection that others have used, until it is known of one that it was answered: there are endpoints that close them unannounced. */
const TRIALS = 5;

/** All bursts of a worker, each for as long as it has requests. */
export class Bursts {
  private readonly bursts = new Map<string, Burst>();

  /** @param dueAt when the request is to be written, in milliseconds since the epoch */
  public join(origin: string, dueAt: number): BurstMember {
    const key = `${origin} ${Math.floor(dueAt / BURST_MS)}`;
    const burst = this.bursts.get(key) ?? new Burst((ended) => {
      if (this.bursts.get(key) === ended) {
        this.bursts.delete(key);
      }
    });
    this.bursts.set(key, burst);
    return new BurstMember(burst);
  }
}

/** A request of a burst. */
export class BurstMember {
  /** Whether it may open a connection. */
  public isIn: boolean;
  private readonly waits: boolean;
  private hasLeft = false;

  public constructor(private readonly burst: Burst) {
    this.isIn = burst.enter();
    this.waits = !this.isIn;
  }

  /** Whether it is to have a connection that nobody has used. */
  public get isFresh(): boolean {
    return this.waits && !this.burst.shares;
  }

  /** Waits in line until it may. */
  public async enter(): Promise<void> {
    await this.burst.wait();
    this.isIn = true;
  }

  /** What became of it; `wasCut`: a connection that others have used broke off without an answer. */
  public settle(wasCut: boolean): void {
    if (this.waits) {
      this.burst.learn(wasCut);
    }
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
  /** Whether those in line use connections that others have used: `undefined` until that has been seen to go well. */
  private sharing?: boolean;
  private trials = 0;
  private underWay = 0;
  /** What has those in line go on, in their order. */
  private readonly line: { readonly since: number; readonly goOn: () => void }[] = [];
  private isWatched = false;
  /** Requests that have left, so far. */
  private done = 0;

  public constructor(private readonly onEnd: (burst: Burst) => void) {}

  public get shares(): boolean {
    return this.sharing !== false;
  }

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
        this.fill();
        void this.watch();
      });
    }
  }

  public leave(): void {
    this.underWay--;
    this.done++;
    this.fill();
    if (this.underWay === 0) {
      this.onEnd(this);
    }
  }

  public learn(wasCut: boolean): void {
    this.sharing = !wasCut && this.shares;
    this.fill();
  }

  /** Lets those in line go on for whom there is room. */
  private fill(): void {
    const room = BURST_CONNECTIONS - this.underWay;
    if (this.sharing !== undefined) {
      this.release(room);
    } else if (this.trials < TRIALS) {
      this.trials += this.release(Math.min(room, TRIALS - this.trials));
    }
  }

  private release(count: number): number {
    const released = this.line.splice(0, Math.max(count, 0));
    this.underWay += released.length;
    released.forEach(({ goOn }) => goOn());
    return released.length;
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
