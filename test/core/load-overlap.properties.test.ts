// Several runs of load at once, as there are while it catches up for longer than a minute, any of which may die: nothing is skipped, little is repeated.
import * as fc from 'fast-check';
import { Load } from '../../src/core/load';
import { Cursor, DelayQueue, LoadStore } from '../../src/core/ports';
import { Turn } from '../../src/core/webhook';
import { FakeClock } from '../support/fake-clock';
import { RecordingLog } from '../support/recording-log';
import { RecordingMetrics } from '../support/recording-metrics';

const START = Date.parse('2030-01-01T00:00:00Z');
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const HORIZON_MS = 5 * MINUTE_MS;

/** A run, and what is wrong with it. */
interface Plan {
  /** How many turns of the event loop a page takes to be read. */
  readonly slowness: number;
  /** After so many calls none is answered any more. */
  readonly lifetime?: number;
  /** The answer to this save is lost, and the client tries again. */
  readonly lostSave?: number;
  /** Have been opened when it reads the cursor. */
  readonly partitions: number;
}

/** A table with a webhook every so often in each partition, and all that was sent and saved. */
class World {
  public cursor: Cursor = { version: 0, loadedTo: new Map() };
  public readonly sends = new Map<string, number>();
  public readonly saves: Cursor[] = [];

  /** @param turnEveryMs by partition; none where it is 0 */
  public constructor(
    public readonly clock: FakeClock, private readonly turnEveryMs: readonly number[], private readonly pageSize: number,
    /** How long each call takes. */
    private readonly callMs: number,
  ) {}

  public async run({ slowness, lifetime = Infinity, lostSave, partitions }: Plan): Promise<void> {
    let [calls, saves] = [0, 0];
    const call = async (turns: number) => {
      for (let i = 0; i < turns; i++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      this.clock.advance(this.callMs);
      if (++calls > lifetime) {
        await new Promise(() => undefined);
      }
    };
    const turnsOf = this.turnsBetween.bind(this);
    const pageSize = this.pageSize;
    const store: LoadStore = {
      readCursor: async () => {
        await call(1);
        const opened = Array.from({ length: partitions }, (_, partition): [number, number] => [partition, START]);
        return { ...this.cursor, loadedTo: new Map([...opened, ...this.cursor.loadedTo]) };
      },
      saveCursor: async (cursor) => {
        await call(1);
        const isSaved = this.save(cursor);
        return saves++ === lostSave ? this.save(cursor) : isSaved;
      },
      async* dueBetween(partition, from, to) {
        const due = turnsOf(partition, from, to);
        for (let i = 0; i === 0 || i < due.length; i += pageSize) {
          await call(slowness);
          if (due.length > 0) {
            yield due.slice(i, i + pageSize);
          }
        }
      },
    };
    const queue: DelayQueue = {
      send: async (turns) => {
        await call(1);
        turns.forEach(({ id }) => this.sends.set(id, (this.sends.get(id) ?? 0) + 1));
        return [];
      },
      sendApart: () => Promise.reject(new Error('load takes nothing apart')),
      sendOutcome: () => Promise.reject(new Error('load has no outcomes to send')),
    };
    await new Load(HORIZON_MS, this.clock, store, queue, new RecordingLog(), new RecordingMetrics()).run();
  }

  public turnsBetween(partition: number, from: number, to: number): Turn[] {
    const every = this.turnEveryMs[partition];
    const turns: Turn[] = [];
    for (let at = START + Math.ceil(Math.max(0, from - START) / every) * every; at < to; at += every) {
      turns.push({ id: `${partition}-${at}`, dueAt: at, partition, turn: 0, at });
    }
    return turns;
  }

  public unsentBefore(cursor: Cursor): Turn[] {
    return [...cursor.loadedTo].flatMap(([partition, to]) => this.turnsBetween(partition, START, to)).filter(({ id }) => !this.sends.has(id));
  }

  /** How often a webhook was sent, on average. */
  public factor(): number {
    return [...this.sends.values()].reduce((sum, count) => sum + count, 0) / this.sends.size;
  }

  private save(cursor: Cursor): boolean {
    if (cursor.version !== this.cursor.version + 1) {
      return false;
    }
    // What was saved holds, and nothing that was saved once is lost from it.
    expect(this.unsentBefore(cursor)).toEqual([]);
    for (const [partition, to] of this.cursor.loadedTo) {
      expect(cursor.loadedTo.get(partition)).toBeGreaterThanOrEqual(to);
    }
    this.cursor = cursor;
    this.saves.push(cursor);
    return true;
  }
}

const turnsOfLoop = async (count: number) => {
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** Until nothing has happened for a while: runs that died never end. */
async function settled(world: World): Promise<void> {
  for (let last = NaN; last !== world.clock.now();) {
    last = world.clock.now();
    await turnsOfLoop(200);
  }
}

const plans = fc.array(fc.record({
  startsAfter: fc.integer({ min: 0, max: 150 }),
  slowness: fc.constantFrom(1, 1, 2, 5),
  lifetime: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
  lostSave: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined, freq: 3 }),
  partitions: fc.constantFrom(1, 2, 3),
}), { minLength: 1, maxLength: 5 });

test('whoever overtakes whom and dies, what is before a saved cursor has been sent, it never moves back, and the next run does the rest', async () => {
  const everyMs = fc.array(fc.constantFrom(400, 3_000, 25_000, 1e12), { minLength: 3, maxLength: 3 });
  const callMillis = fc.constantFrom(20, 300, 2_000);
  await fc.assert(fc.asyncProperty(plans, everyMs, fc.integer({ min: 1, max: 300 }), callMillis, async (runs, every, page, callMs) => {
    const world = new World(new FakeClock(START + 15 * MINUTE_MS), every, page, callMs);
    const all = runs.map(async ({ startsAfter, ...plan }) => {
      await turnsOfLoop(startsAfter);
      await world.run(plan);
    });
    await Promise.race([Promise.all(all), settled(world)]);
    const target = world.clock.now() + HORIZON_MS;
    await world.run({ slowness: 1, partitions: 3, lostSave: 0 });
    expect([...world.cursor.loadedTo.keys()]).toEqual([0, 1, 2]);
    expect(Math.min(...world.cursor.loadedTo.values())).toBeGreaterThanOrEqual(target);
    expect(world.unsentBefore(world.cursor)).toEqual([]);
  }), { numRuns: 300 });
}, 120_000);

test('a run that finds another one ahead leaves the partition to it, instead of sending all of it once more', async () => {
  const clock = new FakeClock(START + 240 * MINUTE_MS);
  const world = new World(clock, [600, 600, 600, 600], 100, 250);
  let running = 0;
  const run = async () => {
    running++;
    await world.run({ slowness: 1, partitions: 4 });
    running--;
  };
  const runs = [run()];
  for (let tick = 1; tick <= 4; tick++) {
    while (clock.now() < START + (240 + tick) * MINUTE_MS) {
      await turnsOfLoop(1);
      if (running === 0) {
        throw new Error('nobody has anything to catch up with any more: the test looks at nothing');
      }
    }
    runs.push(run());
  }
  await Promise.all(runs);
  expect(world.unsentBefore(world.cursor)).toEqual([]);
  expect(world.factor()).toBeLessThan(1.5);
});

test('while a run is at it that has a day of one partition to catch up with, the next one loads the minute since of the others, and its place is kept', async () => {
  const clock = new FakeClock(START - HORIZON_MS);
  const world = new World(clock, [1_000, 1e12], 100, 100);
  world.cursor = { version: 7, loadedTo: new Map([[0, START], [1, START - DAY_MS]]) };
  const ended: string[] = [];
  const first = world.run({ slowness: 1, partitions: 2 }).then(() => ended.push('first'));
  while (clock.now() < START - HORIZON_MS + MINUTE_MS) {
    await turnsOfLoop(1);
  }
  const second = world.run({ slowness: 1, partitions: 2 }).then(() => ended.push('second'));
  await Promise.all([first, second]);
  expect(ended).toEqual(['second', 'first']);
  expect(world.cursor.loadedTo.get(0)).toBeGreaterThanOrEqual(START + MINUTE_MS);
  expect(world.cursor.loadedTo.get(1)).toBeGreaterThanOrEqual(START);
  expect(world.factor()).toBe(1);
});
