// A worker: one execution environment of a function, with a clock of its own, that may die at any await.
import { EventLoop } from './event-loop';
import { QueueMessage } from './queue';
import { FunctionName } from './settings';
import { Clock } from '../../src/core/clock';

/** One run of a worker's handler. */
export interface Invocation {
  readonly id: string;
  readonly worker: Worker;
  readonly startedAt: number;
  /** When it is cut off; true time. */
  readonly deadline: number;
  /** The queue messages it was given. */
  readonly batch: readonly QueueMessage[];
  /** Whether anything has gone wrong for it, so that it may behave otherwise than it should. */
  disturbed: boolean;
  ended: boolean;
}

/** What a worker needs of the world. */
export interface WorkerWorld {
  readonly loop: EventLoop;
  /** How late a timer fires, in milliseconds. */
  timerLateness(): number;
  /** A worker begins to wait for so many milliseconds; it may die meanwhile. */
  waits(worker: Worker, ms: number): void;
  /** How long a worker is kept from going on, in milliseconds. */
  stallOf(worker: Worker): number;
}

export class Worker {
  public isAlive = true;
  public invocation?: Invocation;
  public readonly clock: Clock;

  /** @param skewMs by how much its clock is ahead of true time */
  public constructor(public readonly name: string, public readonly functionName: FunctionName, skewMs: number, private readonly world: WorkerWorld) {
    const { loop } = world;
    this.clock = {
      now: () => loop.now + skewMs,
      sleepUntil: (instant) => {
        const ms = instant - skewMs - loop.now;
        return ms <= 0 ? Promise.resolve() : this.after(ms + world.timerLateness(), () => undefined);
      },
    };
  }

  /** Waits, and takes what there is then; for ever, if it has died meanwhile. */
  public after<T>(ms: number, take: () => T): Promise<T> {
    this.world.waits(this, ms);
    return new Promise((resolve) => {
      this.world.loop.after(ms, () => this.goOn(() => resolve(take())));
    });
  }

  /** Lets code of this worker go on; one that has died does nothing ever again. */
  public goOn(resume: () => void): void {
    const stall = this.isAlive ? this.world.stallOf(this) : 0;
    if (stall > 0) {
      this.world.loop.after(stall, () => this.resume(resume));
    } else {
      this.resume(resume);
    }
  }

  private resume(resume: () => void): void {
    if (this.isAlive) {
      this.world.loop.stir();
      resume();
    }
  }
}
