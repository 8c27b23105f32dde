// Load against any number of partitions, pages and failures: whatever is not sent is still ahead of the cursor, and what fails stops no other.
import * as fc from 'fast-check';
import { Clock } from '../../src/core/clock';
import { Load } from '../../src/core/load';
import { Cursor, DelayQueue, LoadStore } from '../../src/core/ports';
import { Turn } from '../../src/core/webhook';
import { RecordingLog } from '../support/recording-log';
import { RecordingMetrics } from '../support/recording-metrics';

const START = Date.parse('2030-01-01T00:00:30Z');
const HORIZON_MS = 180_000;

/** One partition of a world, and what is wrong with it. */
interface Plan {
  /** Of its turns, in milliseconds after the start. */
  readonly dueMs: readonly number[];
  readonly pageSize: number;
  /** The page that cannot be read. */
  readonly brokenPage?: number;
  /** How many turns of the event loop each of its pages takes. */
  readonly slowness: number;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  dueMs: fc.array(fc.integer({ min: 0, max: HORIZON_MS + 5_000 }), { maxLength: 60 }),
  pageSize: fc.integer({ min: 1, max: 20 }),
  brokenPage: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined, freq: 4 }),
  slowness: fc.constantFrom(0, 0, 1, 7),
});
const world = fc.record({
  plans: fc.array(plan, { minLength: 1, maxLength: 6 }),
  /** Of every 31 turns, the one that the queue refuses. */
  refused: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
});

const turnsOfLoop = async (count: number) => {
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
};

class World implements LoadStore {
  public cursor: Cursor;
  public readonly sent: Turn[][] = [];
  /** Turns that have been read and not been sent, at most, by partition. */
  public readonly mostTurns: number[];
  public isBroken = true;
  private readonly pages: number[];
  private readonly unsentTurns: number[];
  private readonly queue: DelayQueue = {
    send: async (turns) => {
      await turnsOfLoop(1);
      const unsent = turns.filter((_, i) => this.isBroken && this.refused !== undefined && (i + this.sent.length) % 31 === this.refused);
      this.sent.push(turns.filter((turn) => !unsent.includes(turn)));
      turns.forEach(({ partition }) => this.unsentTurns[partition]--);
      return unsent;
    },
    sendApart: () => Promise.reject(new Error('load takes nothing apart')),
    sendOutcome: () => Promise.reject(new Error('load has no outcomes to send')),
  };

  public constructor(private readonly plans: readonly Plan[], private readonly refused: number | undefined) {
    this.cursor = { version: 0, loadedTo: new Map(plans.map((_, partition) => [partition, START])) };
    [this.mostTurns, this.pages, this.unsentTurns] = [plans.map(() => 0), plans.map(() => 0), plans.map(() => 0)];
  }

  public async run(): Promise<boolean> {
    this.pages.fill(0);
    this.unsentTurns.fill(0);
    const clock: Clock = { now: () => START, sleepUntil: async () => undefined };
    const load = new Load(HORIZON_MS, clock, this, this.queue, new RecordingLog(), new RecordingMetrics());
    return load.run().then(() => true, () => false);
  }

  public turnsOf(partition: number): Turn[] {
    const ats = [...this.plans[partition].dueMs].sort((a, b) => a - b).map((ms) => START + ms);
    return ats.map((at, i) => ({ id: `${partition}-${i}`, dueAt: at, partition, turn: 0, at }));
  }

  public async readCursor(): Promise<Cursor> {
    return this.cursor;
  }

  public async saveCursor(cursor: Cursor): Promise<boolean> {
    this.cursor = cursor;
    return true;
  }

  public async* dueBetween(partition: number, from: number, to: number): AsyncGenerator<readonly Turn[]> {
    const { pageSize, brokenPage, slowness } = this.plans[partition];
    const due = this.turnsOf(partition).filter(({ at }) => at >= from && at < to);
    for (let i = 0; i < due.length; i += pageSize) {
      await turnsOfLoop(slowness);
      if (this.isBroken && this.pages[partition]++ === brokenPage) {
        throw new Error('cannot be read');
      }
      const page = due.slice(i, i + pageSize);
      this.unsentTurns[partition] += page.length;
      this.mostTurns[partition] = Math.max(this.mostTurns[partition], this.unsentTurns[partition]);
      yield page;
    }
  }

  public idsSent(): string[] {
    return this.sent.flat().map(({ id }) => id);
  }
}

test('whatever fails, what was not sent is ahead of the cursor; the others come to the end; and the next run makes up for it', async () => {
  await fc.assert(fc.asyncProperty(world, async ({ plans, refused }) => {
    const all = new World(plans, refused);
    const ahead = plans.map((_, partition) => all.turnsOf(partition).filter(({ at }) => at < START + HORIZON_MS));
    const hasWorked = await all.run();
    const sent = new Set(all.idsSent());
    plans.forEach((_, partition) => {
      const loadedTo = all.cursor.loadedTo.get(partition) ?? NaN;
      const left = ahead[partition].filter(({ id }) => !sent.has(id));
      expect(left.filter(({ at }) => at < loadedTo)).toEqual([]);
      expect(loadedTo).toBeLessThanOrEqual(START + HORIZON_MS);
    });
    const isRead = plans.every(({ brokenPage }) => brokenPage === undefined);
    const isLoaded = [...all.cursor.loadedTo.values()].every((to) => to === START + HORIZON_MS);
    expect(hasWorked).toBe(isLoaded && ahead.flat().every(({ id }) => sent.has(id)));
    if (isRead && refused === undefined) {
      expect(hasWorked).toBe(true);
    }
    if (refused === undefined) {
      // A partition that can be read is sent to its end, whatever is wrong with the others.
      plans.forEach(({ brokenPage }, partition) => expect(brokenPage !== undefined || ahead[partition].every(({ id }) => sent.has(id))).toBe(true));
    }

    all.isBroken = false;
    expect(await all.run()).toBe(true);
    expect(new Set(all.idsSent())).toEqual(new Set(ahead.flat().map(({ id }) => id)));
    expect([...all.cursor.loadedTo.values()]).toEqual(plans.map(() => START + HORIZON_MS));
  }), { numRuns: 300 });
});

test('where nothing fails each turn is sent once, and those of a partition in their order', async () => {
  const whole = fc.array(plan.map((one) => ({ ...one, brokenPage: undefined })), { minLength: 1, maxLength: 6 });
  await fc.assert(fc.asyncProperty(whole, async (plans) => {
    const all = new World(plans, undefined);
    expect(await all.run()).toBe(true);
    plans.forEach((_, partition) => {
      const sent = all.sent.flat().filter((turn) => turn.partition === partition);
      expect(sent.map(({ id }) => id)).toEqual(all.turnsOf(partition).filter(({ at }) => at < START + HORIZON_MS).map(({ id }) => id));
    });
  }), { numRuns: 200 });
});

test('what is read at the same time is sent together, whichever partition it lies in', async () => {
  const plans = Array.from({ length: 6 }, (_, i) => ({ dueMs: [1_000 + i, 2_000 + i], pageSize: 20, slowness: i }));
  const all = new World(plans, undefined);
  await all.run();
  expect(all.sent.map((turns) => turns.length)).toEqual([12]);
});

test('a partition that hangs keeps the others waiting only for a page, not for all that it has to catch up with', async () => {
  const late = { dueMs: Array.from({ length: 60 }, (_, i) => i * 3_000), pageSize: 1, slowness: 3 };
  const plans = [late, { dueMs: [100, 200], pageSize: 1, slowness: 0 }];
  const all = new World(plans, undefined);
  await all.run();
  const place = (id: string) => all.sent.findIndex((turns) => turns.some((turn) => turn.id === id));
  expect(place('1-1')).toBeLessThanOrEqual(place('0-2'));
});

test.each([20, 250, 400])('in pages of %d, those that are sent and those that are read meanwhile are in memory, and no more', async (pageSize) => {
  const dueMs = Array.from({ length: 4_000 }, (_, i) => Math.floor(i * HORIZON_MS / 4_000));
  const plans = [0, 7].map((slowness) => ({ dueMs, pageSize, slowness }));
  const all = new World(plans, undefined);
  expect(await all.run()).toBe(true);
  expect(all.idsSent()).toHaveLength(8_000);
  expect(Math.max(...all.mostTurns)).toBeLessThanOrEqual(2 * (250 + pageSize));
});
