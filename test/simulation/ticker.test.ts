// Ticks that the simulator leaves out would have had no effect but the one that it gives them.
import { EventLoop } from './event-loop';
import { Item } from './expressions';
import { Faults, NO_FAULTS } from './faults';
import { Fleet } from './fleet';
import { Random } from './random';
import { environmentOf, HOUR, MINUTE, SECOND, Settings, TABLE_NAME } from './settings';
import { SimTable } from './table';
import { Ticker } from './ticker';
import { Trace } from './trace';
import { Worker } from './worker';
import { createLoadHandler } from '../../src/handlers/load-handler';
import { RecordingMetrics } from '../support/recording-metrics';

const START = Date.UTC(2027, 0, 1);
const DUE_AT = START + 3 * HOUR;
const SETTINGS: Settings = {
  partitions: 2,
  retentionMs: 20 * 24 * HOUR,
  maxHorizonMs: 366 * 24 * HOUR,
  requestTimeoutMs: SECOND,
  retry: { delaysMs: [], jitter: 0 },
  maxSkewMs: 0,
  pageSize: 10,
  turnsPerMessage: 10,
  turnsPerInvocation: 100,
  receivesCarryOver: true,
};
const NOBODY = {} as Worker;

/** A scheduler that waits for one webhook, hours ahead, and the real load function. */
class Idle {
  public readonly loop = new EventLoop(START);
  public readonly table: SimTable;
  public readonly ranAt: number[] = [];
  private readonly random = new Random(1);
  private readonly faults = new Faults(this.random, NO_FAULTS, [], true);

  public constructor() {
    this.table = new SimTable(TABLE_NAME, () => this.loop.now, this.random, this.faults, SETTINGS.pageSize, {
      wrote: () => undefined,
      expired: () => undefined,
    });
    const opening: Item = { pk: { S: 'load' }, sk: { S: `partitions#${SETTINGS.partitions}` }, since: { N: String(START) } };
    const message: Item = { pk: { S: `${DUE_AT / MINUTE}#1` }, sk: { S: `${DUE_AT}#id` }, m: { S: '[]' } };
    for (const item of [opening, message]) {
      const input = { TableName: TABLE_NAME, Item: item };
      this.table.execute('PutItemCommand', input, NOBODY);
    }
  }

  public get cursor(): Item {
    return this.table.peek('load', 'cursor') as Item;
  }

  public async load(): Promise<void> {
    this.ranAt.push(this.loop.now);
    const clock = { now: () => this.loop.now, sleepUntil: async () => undefined };
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const dynamodb = { send: async (command: { input: object }) => this.table.execute(command.constructor.name, command.input, NOBODY) };
    const nothing = { send: async () => ({}) };
    await createLoadHandler(environmentOf('load', SETTINGS), {
      clock, log, metrics: () => new RecordingMetrics(), dynamodb: dynamodb as never, sqs: nothing as never, sns: nothing as never, random: () => 0.5,
    })();
  }

  /** Lets the simulator's schedule tick until `end`. */
  public async tickUntil(end: number): Promise<void> {
    const fleet = { invoke: () => void this.load() } as unknown as Fleet;
    const trace = new Trace(() => this.loop.now, false);
    new Ticker(fleet, this.table, this.loop, this.random, this.faults, trace, () => true, () => undefined).start();
    while (this.loop.now < end) {
      this.loop.stir(); // load works in the same breath
      await this.loop.step();
    }
  }
}

test('ticks left out leave the cursor where ticks would have put it', async () => {
  const [ticking, skipping] = [new Idle(), new Idle()];
  await skipping.tickUntil(DUE_AT - 6 * MINUTE);
  for (const end = skipping.loop.now; ticking.loop.now <= end; ticking.loop.now += MINUTE) {
    await ticking.load();
  }
  const [expected, actual] = [ticking.cursor, skipping.cursor];
  expect(skipping.ranAt.length).toBeLessThan(ticking.ranAt.length / 10);
  expect(Object.keys(actual.loadedTo.M as object)).toEqual(Object.keys(expected.loadedTo.M as object));
  expect(Math.abs(Number(actual.version.N) - Number(expected.version.N))).toBeLessThanOrEqual(1);
  for (const partition of ['0', '1']) {
    const [left, right] = [actual, expected].map(({ loadedTo }) => Number(loadedTo.M?.[partition].N));
    expect(Math.abs(left - right)).toBeLessThanOrEqual(MINUTE + SECOND); // ticks do not come on the minute
  }
});

test('the ticks around a date are not left out', async () => {
  const idle = new Idle();
  await idle.tickUntil(DUE_AT);
  const before = idle.ranAt.filter((instant) => instant > DUE_AT - 7 * MINUTE);
  expect(before.length).toBeGreaterThanOrEqual(6);
  expect(Number(idle.cursor.loadedTo.M?.['1'].N)).toBeGreaterThanOrEqual(DUE_AT);
});
