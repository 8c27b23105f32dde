// One owner for each webhook: the real decision and the real load over a table and a queue in memory, and over time that the test makes up.
import * as fc from 'fast-check';
import { Load } from '../../src/core/load';
import { Cursor, DelayQueue, LoadStore } from '../../src/core/ports';
import { MAX_CLOCK_SKEW_MS, minuteOf, Owner, ownerOf } from '../../src/core/timing';
import { firstTurn, Turn } from '../../src/core/webhook';
import { RecordingLog } from '../support/recording-log';
import { RecordingMetrics } from '../support/recording-metrics';

const START = Date.parse('2030-01-01T00:00:17.123Z');
const MINUTE_MS = 60_000;
/** Of the construct. */
const LOAD_HORIZON_MS = 5 * MINUTE_MS;
const INGEST_HORIZON_MS = 10 * MINUTE_MS;
/** From ingest's decision until its row is certain to be there, or not: it is cut off after this. */
const INGEST_TIMEOUT_MS = 30_000;
/** The horizons have to be this far apart. */
const BOUND_MS = INGEST_TIMEOUT_MS + MAX_CLOCK_SKEW_MS;

/** One time that ingest takes a message: a notification, or a copy of it. */
interface Take {
  /** True time of the decision. */
  readonly at: number;
  /** What the worker's clock is ahead of true time. */
  readonly skewMs: number;
  /** From the decision to the durable write. */
  readonly writeMs: number;
}

interface Published {
  readonly dueAt: number;
  readonly partition: number;
  readonly takes: readonly Take[];
}

/** One time that load runs. */
interface Tick {
  readonly at: number;
  readonly skewMs: number;
  /** Of the turns it sends, the queue refuses the one at this place. */
  readonly refused?: number;
}

interface World {
  readonly loadHorizonMs: number;
  readonly ingestHorizonMs: number;
  readonly published: readonly Published[];
  readonly ticks: readonly Tick[];
}

/** A row as it is once it has been written: the first write stands, and every take goes by it. */
interface Row {
  readonly turn: Turn;
  readonly owner: Owner;
  readonly writtenAt: number;
}

/** What ingest does: decides by its own clock, then writes; if the row is there already, whoever owned it still does. */
function rowOf({ dueAt, partition, takes }: Published, index: number, ingestHorizonMs: number): Row {
  const [first] = takes.map((take) => ({ ...take, writtenAt: take.at + take.writeMs })).sort((a, b) => a.writtenAt - b.writtenAt);
  return {
    turn: firstTurn({ id: `webhook-${index}`, dueAt, partition }),
    owner: ownerOf(dueAt, first.at + first.skewMs, ingestHorizonMs),
    writtenAt: first.writtenAt,
  };
}

/** The table as load sees it at `now`: rows of ingest's own are none of its business. */
class Table implements LoadStore {
  public now = START;
  private cursor: Cursor = { version: 0, loadedTo: new Map([[0, START], [1, START]]) };

  public constructor(private readonly rows: readonly Row[]) {}

  public async readCursor(): Promise<Cursor> {
    return this.cursor;
  }

  public async saveCursor(cursor: Cursor): Promise<boolean> {
    if (cursor.version !== this.cursor.version + 1) {
      return false;
    }
    this.cursor = cursor;
    return true;
  }

  public async* dueBetween(partition: number, from: number, to: number): AsyncIterable<readonly Turn[]> {
    if (minuteOf(to - 1) !== minuteOf(from)) {
      throw new Error('asked for more than one minute: the table could not answer');
    }
    const turns = this.rows
      .filter(({ owner, writtenAt }) => owner === 'load' && writtenAt <= this.now)
      .map(({ turn }) => turn)
      .filter((turn) => turn.partition === partition && turn.at >= from && turn.at < to)
      .sort((a, b) => a.at - b.at);
    for (let i = 0; i < turns.length; i += 2) {
      yield turns.slice(i, i + 2);
    }
  }
}

interface Sent {
  readonly turn: Turn;
  readonly at: number;
}

/** All that load sends. */
async function run({ loadHorizonMs, ticks }: World, rows: readonly Row[]): Promise<Sent[]> {
  const table = new Table(rows);
  const sent: Sent[] = [];
  for (const { at, skewMs, refused } of ticks) {
    table.now = at;
    let place = 0;
    const queue: Pick<DelayQueue, 'send'> = {
      send: async (turns) => turns.filter((turn) => {
        if (place++ === refused) {
          return true;
        }
        sent.push({ turn, at });
        return false;
      }),
    };
    const clock = { now: () => at + skewMs, sleepUntil: async () => undefined };
    const load = new Load(loadHorizonMs, clock, table, queue as DelayQueue, new RecordingLog(), new RecordingMetrics());
    await load.run().catch((error: unknown) => expect((error as Error).message).toMatch('could not be loaded'));
  }
  return sent;
}

/** Two clocks differ by no more than the bound if both are within it of true time. */
const skewMs = fc.oneof(fc.integer({ min: 0, max: MAX_CLOCK_SKEW_MS }), fc.constantFrom(0, MAX_CLOCK_SKEW_MS));
const writeMs = fc.oneof(fc.integer({ min: 0, max: INGEST_TIMEOUT_MS }), fc.constantFrom(0, INGEST_TIMEOUT_MS));
const span = (minutes: number) => fc.integer({ min: 0, max: minutes * MINUTE_MS });

const published = (ingestHorizonMs: number): fc.Arbitrary<Published> => fc.record({
  first: fc.record({ at: span(40).map((ms) => START + ms), skewMs, writeMs }),
  copies: fc.array(fc.record({ afterMs: fc.oneof(fc.nat(1_000), span(20)), skewMs, writeMs }), { maxLength: 2 }),
  // Around the horizon, where the decision is made, and anywhere.
  aheadMs: fc.oneof(
    fc.oneof(fc.integer({ min: -MINUTE_MS, max: MINUTE_MS }), fc.constantFrom(0, 1)).map((ms) => ingestHorizonMs + ms), span(40),
  ),
  partition: fc.nat(1),
}).map(({ first, copies, aheadMs, partition }) => ({
  dueAt: first.at + first.skewMs + aheadMs,
  partition,
  takes: [first, ...copies.map(({ afterMs, ...copy }) => ({ ...copy, at: first.at + afterMs }))],
}));

const MINUTES = 90;
/** Every minute, each up to a few seconds late; some not at all, for half an hour even; and in the end one that comes after all. */
const ticks = (refusals: fc.Arbitrary<number | undefined>): fc.Arbitrary<Tick[]> => fc.tuple(
  fc.array(fc.record({ lateMs: fc.nat(5_000), skewMs, refused: refusals, comes: fc.boolean() }), { minLength: MINUTES, maxLength: MINUTES }),
  fc.constantFrom('all', 'some', 'few'), fc.nat(60),
).map(([all, which, gapFrom]) => all
  .map((tick, minute) => ({ ...tick, minute, at: START + minute * MINUTE_MS + tick.lateMs }))
  .filter(({ minute, comes }) => minute === 0 || which === 'all' || (comes && (which === 'some' || minute < gapFrom || minute > gapFrom + 30)))
  .concat({ ...all[0], refused: undefined, minute: MINUTES, at: START + (MINUTES + 1) * MINUTE_MS }));

/** Due to the millisecond where a tick stops and the next one goes on, or beside it, and published a bit before ingest would own it. */
const atTheSeam = (loadHorizonMs: number, ingestHorizonMs: number, all: readonly Tick[]): fc.Arbitrary<Published> => fc.record({
  tick: fc.constantFrom(...all.slice(0, -1)),
  besideMs: fc.integer({ min: -1, max: 1 }),
  partition: fc.nat(1),
  beforeMs: fc.integer({ min: 1, max: MINUTE_MS }),
}).map(({ tick, besideMs, partition, beforeMs }) => {
  const dueAt = tick.at + tick.skewMs + loadHorizonMs + besideMs;
  return { dueAt, partition, takes: [{ at: Math.max(START, dueAt - ingestHorizonMs - beforeMs), skewMs: 0, writeMs: 0 }] };
});

const worldOf = (horizons: fc.Arbitrary<{ loadHorizonMs: number; ingestHorizonMs: number }>, refusals = fc.constant<number | undefined>(undefined)) =>
  fc.tuple(horizons, ticks(refusals)).chain(([h, all]): fc.Arbitrary<World> => fc.record({
    loadHorizonMs: fc.constant(h.loadHorizonMs),
    ingestHorizonMs: fc.constant(h.ingestHorizonMs),
    published: fc.array(fc.oneof(published(h.ingestHorizonMs), atTheSeam(h.loadHorizonMs, h.ingestHorizonMs, all)), { minLength: 1, maxLength: 12 }),
    ticks: fc.constant(all),
  }));

const theConstructs = fc.constant({ loadHorizonMs: LOAD_HORIZON_MS, ingestHorizonMs: INGEST_HORIZON_MS });
/** As near to one another as they may be. */
const barelyApart = fc.integer({ min: 2 * MINUTE_MS, max: 20 * MINUTE_MS })
  .map((loadHorizonMs) => ({ loadHorizonMs, ingestHorizonMs: loadHorizonMs + BOUND_MS }));
const tooNear = theConstructs.map(({ loadHorizonMs }) => ({ loadHorizonMs, ingestHorizonMs: loadHorizonMs + BOUND_MS / 2 }));

/** By webhook: how often load has sent it. */
function timesSent(rows: readonly Row[], sent: readonly Sent[]): number[] {
  return rows.map(({ turn }) => sent.filter((one) => one.turn.id === turn.id).length);
}
const timesOwned = (rows: readonly Row[]) => rows.map(({ owner }) => Number(owner === 'load'));
const rowsOf = (world: World) => world.published.map((one, index) => rowOf(one, index, world.ingestHorizonMs));

const exactlyOneOwner = (worlds: fc.Arbitrary<World>) => fc.asyncProperty(worlds, async (world) => {
  const rows = rowsOf(world);
  expect(timesSent(rows, await run(world, rows))).toEqual(timesOwned(rows));
});

test('load sends each webhook that is its own, once, and none of ingest\'s, whatever the clocks, the delays and the ticks that are missed', async () => {
  await fc.assert(exactlyOneOwner(worldOf(theConstructs)), { numRuns: 300 });
});

test('the horizons may be as near to one another as ingest\'s timeout and the skew of two clocks', async () => {
  await fc.assert(exactlyOneOwner(worldOf(barelyApart)), { numRuns: 300 });
});

test('and no nearer: then a webhook is lost, which shows that the properties above can fail', async () => {
  expect((await fc.check(exactlyOneOwner(worldOf(tooNear)), { numRuns: 3_000, endOnFailure: true })).failed).toBe(true);
});

test('where the queue takes only some, nothing is left out, and nothing of ingest\'s is touched', async () => {
  const refusals = fc.option(fc.nat(3), { nil: undefined, freq: 2 });
  await fc.assert(fc.asyncProperty(worldOf(fc.oneof(theConstructs, barelyApart), refusals), async (world) => {
    const rows = rowsOf(world);
    const times = timesSent(rows, await run(world, rows));
    expect(times.map((n) => Math.min(n, 1))).toEqual(timesOwned(rows));
  }), { numRuns: 100 });
});

test('with every tick on time, load sends each while its whole delay is still ahead, and never so early that the queue cannot hold it', async () => {
  const everyTick = worldOf(theConstructs).map((world): World => ({
    ...world,
    ticks: Array.from({ length: MINUTES + 1 }, (_, minute) => ({ ...world.ticks[minute % world.ticks.length], at: START + minute * MINUTE_MS })),
  }));
  await fc.assert(fc.asyncProperty(everyTick, async (world) => {
    for (const { turn, at } of await run(world, rowsOf(world))) {
      expect(turn.at - at).toBeGreaterThanOrEqual(LOAD_HORIZON_MS - MINUTE_MS - MAX_CLOCK_SKEW_MS);
      expect(turn.at - at).toBeLessThan(LOAD_HORIZON_MS + MAX_CLOCK_SKEW_MS);
    }
  }), { numRuns: 50 });
});
