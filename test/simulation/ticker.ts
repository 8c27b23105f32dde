// The schedule: invokes load each minute, now and then not at all or twice.
//
// A scheduler that waits for a date months ahead ticks tens of thousands of times to no effect but one: the cursor moves on by a minute.
// Where nothing can happen in the next minutes, because no call, message or timer is under way and load has caught up and has no row
// within its reach, these ticks are left out, and the cursor is set to what they would have made it. Until load has caught up there,
// nothing goes wrong: with nothing at stake, it would only take time.
import { EventLoop, ScheduledEvent } from './event-loop';
import { Item } from './expressions';
import { Faults } from './faults';
import { Fleet } from './fleet';
import { Random } from './random';
import { LOAD_HORIZON_MS, MINUTE, TICK_MS } from './settings';
import { SimTable } from './table';
import { Trace } from './trace';
import { cursorItem } from '../../src/adapters/table-schema';

/** Ticks before something happens that are never left out. */
const TICKS_BEFORE = 3;
const MAX_LATE_MS = 1_000;

export class Ticker {
  /** Whether nothing will happen any more but ticks. */
  public isQuiet = false;
  private next?: ScheduledEvent;

  public constructor(
    private readonly fleet: Fleet,
    private readonly table: SimTable,
    private readonly loop: EventLoop,
    private readonly random: Random,
    private readonly faults: Faults,
    private readonly trace: Trace,
    private readonly isIdle: () => boolean,
    private readonly onSkip: (cursor: Item) => void,
  ) {}

  public start(): void {
    this.schedule(this.loop.now + this.random.int(0, TICK_MS));
  }

  private schedule(instant: number): void {
    const lateMs = this.random.int(0, MAX_LATE_MS);
    this.next = this.loop.at(instant + lateMs, () => {
      const skipped = this.skip();
      if (skipped === 0) {
        this.tick();
      }
      this.schedule(instant + Math.max(skipped, 1) * TICK_MS);
    });
  }

  private tick(): void {
    if (this.faults.isDown('ticks', this.loop.now) || this.faults.happens('missedTick')) {
      this.trace.add('schedule', () => 'no tick');
      return;
    }
    this.invoke();
    if (this.faults.happens('doubleTick')) {
      this.loop.after(this.random.spread(1, MINUTE), () => this.invoke());
    }
  }

  private invoke(): void {
    this.fleet.invoke([], () => undefined);
  }

  /** Leaves out as many ticks as can be, from this one on; returns how many. */
  private skip(): number {
    const { now } = this.loop;
    const ticksUntil = (instant: number) => Math.floor((instant - now) / TICK_MS) - TICKS_BEFORE;
    const ticksToEvent = ticksUntil(this.loop.nextAt(this.next));
    this.faults.rest(false);
    if (ticksToEvent <= TICKS_BEFORE || !this.isIdle()) {
      return 0;
    }
    const ticks = Math.min(ticksToEvent, ticksUntil(this.nextRow() - LOAD_HORIZON_MS));
    this.isQuiet = ticks === Infinity;
    if (ticks <= TICKS_BEFORE || this.isQuiet) {
      return 0;
    }
    const cursor = this.table.cursor();
    if (cursor) {
      const loadedTo = now + (ticks - 1) * TICK_MS + LOAD_HORIZON_MS;
      const partitions = [...cursor.loadedTo];
      if (partitions.some(([, to]) => to < now)) {
        this.faults.rest(true); // load has yet to catch up
        return 0;
      }
      const after = cursorItem({ version: cursor.version + ticks, loadedTo: new Map(partitions.map(([partition]) => [partition, loadedTo])) });
      this.table.replace('load', 'cursor', after);
      this.onSkip(after);
    }
    this.trace.add('schedule', () => `${ticks} ticks to no effect`);
    return ticks;
  }

  /** Instant of the first row that load has yet to find. */
  private nextRow(): number {
    const loadedTo = this.table.cursor()?.loadedTo;
    let next = Infinity;
    for (const [{ pk, sk }, item] of this.table.rows()) {
      const [minute, partition] = pk.split('#');
      const at = Number(sk.split('#')[0]);
      if (/^\d+$/.test(minute) && item.o === undefined && at >= (loadedTo?.get(Number(partition)) ?? 0)) {
        next = Math.min(next, at);
      }
    }
    return next;
  }
}
