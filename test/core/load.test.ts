// Load against the emulated table, with a clock that the test moves: days run in milliseconds.
import { DynamoDbStore } from '../../src/adapters/dynamodb-store';
import { Load } from '../../src/core/load';
import { MetricName } from '../../src/core/metric-names';
import { DelayQueue } from '../../src/core/ports';
import { Owner } from '../../src/core/timing';
import { Turn } from '../../src/core/webhook';
import { accepted } from '../support/accepted';
import { Cloud } from '../support/cloud';
import { FakeClock } from '../support/fake-clock';
import { RecordingLog } from '../support/recording-log';
import { RecordingMetrics } from '../support/recording-metrics';

const START = Date.parse('2030-01-01T00:00:30Z');
const HORIZON_MS = 300_000;
const MINUTE_MS = 60_000;

let cloud: Cloud;
let clock: FakeClock;
let store: DynamoDbStore;
let sent: { turn: Turn; sentAt: number }[];
let refuse: (turn: Turn) => boolean;
let metrics: RecordingMetrics;

const queue: DelayQueue = {
  send: async (turns) => {
    sent.push(...turns.filter((turn) => !refuse(turn)).map((turn) => ({ turn, sentAt: clock.now() })));
    return turns.filter(refuse);
  },
  sendApart: () => Promise.reject(new Error('load takes nothing apart')),
  sendOutcome: () => Promise.reject(new Error('load has no outcomes to send')),
};

beforeEach(async () => {
  cloud = await Cloud.start(); // a table of its own for each test: they share its one cursor otherwise
  clock = new FakeClock(START);
  store = new DynamoDbStore(cloud.dynamodb, { tableName: cloud.tableName, retentionMs: 86_400_000 }, clock, new RecordingLog());
  sent = [];
  refuse = () => false;
  metrics = new RecordingMetrics();
});
afterEach(() => cloud.stop());

const load = () => new Load(HORIZON_MS, clock, store, queue, new RecordingLog(), metrics);
const sentIds = () => sent.map(({ turn }) => turn.id).sort();

async function store1(id: string, dueAt: number, owner: Owner = 'load', partitions = 4): Promise<void> {
  await store.open(partitions, clock.now());
  await store.put(accepted(id, { date: new Date(dueAt).toISOString(), url: 'https://example.com', method: 'get' }, partitions), owner);
}

test('where nothing was ever stored there is nothing to do', async () => {
  await load().run();
  expect(sent).toEqual([]);
  expect(await cloud.rows()).toEqual([]);
});

test('each tick sends what came into the horizon, once, and leaves to ingest what ingest owns', async () => {
  for (let minute = 1; minute <= 20; minute++) {
    await store1(`load-${minute}`, START + minute * MINUTE_MS + 1);
    await store1(`ingest-${minute}`, START + minute * MINUTE_MS + 2, 'ingest');
  }
  for (let tick = 0; tick < 20; tick++) {
    await load().run();
    for (const { turn, sentAt } of sent) {
      expect(turn.at).toBeLessThan(sentAt + HORIZON_MS);
    }
    clock.advance(MINUTE_MS);
  }
  expect(sentIds()).toEqual(Array.from({ length: 20 }, (_, i) => `load-${i + 1}`).sort());
  // Each was sent while there still was time to delay it.
  expect(Math.min(...sent.map(({ turn, sentAt }) => turn.at - sentAt))).toBeGreaterThan(MINUTE_MS);
});

test('both ends of the horizon: what is due at its end waits for the next tick, and is not forgotten', async () => {
  await store1('last', START + HORIZON_MS - 1);
  await store1('first-after', START + HORIZON_MS);
  await load().run();
  expect(sentIds()).toEqual(['last']);
  clock.advance(1);
  await load().run();
  expect(sentIds()).toEqual(['first-after', 'last']);
});

test('what a run finds in two minutes of the clock goes together, whichever partitions have it', async () => {
  const dueAt = [-2_000, -1_000, 1_000, 2_000].map((ms) => START + 4 * MINUTE_MS + MINUTE_MS / 2 + ms);
  expect(new Date(dueAt[0]).getUTCMinutes()).toBe(new Date(dueAt[3]).getUTCMinutes() - 1);
  const send = jest.spyOn(queue, 'send');
  for (let i = 0; i < 40; i++) {
    await store1(`webhook-${i}`, dueAt[i % 4] + i, 'load', 16);
  }
  await load().run();
  const calls = send.mock.calls.filter(([turns]) => turns.length > 0).map(([turns]) => turns.length);
  send.mockRestore();
  expect(calls).toEqual([40]);
});

test('ticks that were missed cost lateness, never a webhook', async () => {
  await load().run();
  for (let minute = 11; minute < 180; minute += 7) {
    await store1(`missed-${minute}`, START + minute * MINUTE_MS);
  }
  clock.advance(180 * MINUTE_MS);
  await load().run();
  expect(sent).toHaveLength(Math.ceil((180 - 11) / 7));
});

test('a scheduler whose first tick comes late finds what was stored before it', async () => {
  await store1('first', START + 11 * MINUTE_MS);
  clock.advance(180 * MINUTE_MS);
  await load().run();
  expect(sentIds()).toEqual(['first']);
});

test('a partition that fails stays where it was, the others go on', async () => {
  const ids = Array.from({ length: 40 }, (_, i) => `webhook-${i}`);
  for (const id of ids) {
    await store1(id, START + MINUTE_MS);
  }
  refuse = ({ partition }) => partition === 2;
  await expect(load().run()).rejects.toThrow('1 of 4 partitions could not be loaded');
  expect(new Set(sent.map(({ turn }) => turn.partition))).toEqual(new Set([0, 1, 3]));

  refuse = () => false;
  clock.advance(30 * MINUTE_MS);
  await load().run();
  expect(sentIds()).toEqual(ids.sort());
});

test('two runs at once lose nothing and never move the cursor back', async () => {
  await store1('shared', START + MINUTE_MS);
  await Promise.all([load().run(), load().run()]);
  expect(new Set(sentIds())).toEqual(new Set(['shared']));
  const cursor = await store.readCursor();
  expect([...cursor?.loadedTo.values() ?? []]).toEqual(Array.from({ length: 4 }, () => START + HORIZON_MS));

  sent = [];
  await load().run();
  expect(sent).toEqual([]);
});

test('a run that is overtaken does not overwrite the cursor of the one that overtook it', async () => {
  await store1('any', START + MINUTE_MS);
  const before = await store.readCursor();
  clock.advance(10 * MINUTE_MS);
  await load().run();
  const after = await store.readCursor();
  expect(await store.saveCursor({ ...before!, version: before!.version + 1 })).toBe(false);
  expect(await store.readCursor()).toEqual(after);
});

test('progress is saved while catching up, so that a run cut short is not for nothing', async () => {
  for (let minute = 0; minute < 30; minute++) {
    await store1(`old-${minute}`, START + minute * MINUTE_MS, 'load', 1);
  }
  clock.advance(30 * MINUTE_MS);
  refuse = ({ dueAt }) => {
    clock.advance(2_000); // sending takes its time
    return dueAt >= START + 20 * MINUTE_MS;
  };
  await expect(load().run()).rejects.toThrow('could not be loaded');
  const saved = await store.readCursor();
  expect(saved?.version).toBeGreaterThan(2);
  expect(saved?.loadedTo.get(0)).toBeGreaterThanOrEqual(START + 19 * MINUTE_MS);
});

describe('where the number of partitions changes', () => {
  const MANY = Array.from({ length: 40 }, (_, i) => `wide-${i}`).sort();
  const storeMany = async (dueAt: number, partitions: number) => {
    for (const id of MANY) {
      await store1(id, dueAt, 'load', partitions);
    }
  };

  beforeEach(async () => {
    await store1('before', START + 60 * MINUTE_MS, 'load', 4);
    clock.advance(60 * MINUTE_MS);
    await load().run();
    sent = [];
  });

  test('those added are loaded from when anything was first stored in them', async () => {
    const query = jest.spyOn(store, 'dueBetween');
    await storeMany(clock.now() + 20 * MINUTE_MS, 32);
    clock.advance(3 * MINUTE_MS);
    await load().run();
    const [minutesOfOld, minutesOfNew] = [0, 31].map((partition) => query.mock.calls.filter(([one]) => one === partition).length);
    query.mockRestore();
    expect(minutesOfNew).toBe(minutesOfOld + 5); // of the old ones, the five that were ahead had been loaded
    clock.advance(17 * MINUTE_MS);
    await load().run();
    expect(sentIds()).toEqual(MANY);
  });

  test('those taken away still are', async () => {
    await storeMany(clock.now() + 20 * MINUTE_MS, 32);
    await load().run();
    await store1('narrow', clock.now() + 21 * MINUTE_MS, 'load', 1);
    clock.advance(20 * MINUTE_MS);
    await load().run();
    expect(sentIds()).toEqual([...MANY, 'narrow'].sort());
  });

  test('what was stored meanwhile is loaded where they were added and taken away before load ran, as a deployment that is rolled back does', async () => {
    await storeMany(clock.now() + 20 * MINUTE_MS, 32);
    await store1('narrow', clock.now() + 20 * MINUTE_MS, 'load', 4);
    for (let tick = 0; tick < 20; tick++) {
      clock.advance(MINUTE_MS);
      await load().run();
    }
    expect(sentIds()).toEqual(['narrow', ...MANY].sort());
  });

  test('a number that comes again opens nothing anew', async () => {
    await storeMany(clock.now() + 11 * MINUTE_MS, 32);
    await store1('narrow', clock.now() + 11 * MINUTE_MS, 'load', 4);
    clock.advance(60 * MINUTE_MS); // ticks are missed
    await store.open(32, clock.now());
    await load().run();
    expect(sentIds()).toEqual(['narrow', ...MANY].sort());
  });
});

describe('the lag that is written', () => {
  const lags = () => metrics.valuesOf(MetricName.LOAD_LAG);

  test('is none while nothing is to be loaded, and 0 where all of it was', async () => {
    await load().run();
    await store1('due', START + MINUTE_MS);
    await store1('far', START + 2 * HORIZON_MS);
    await load().run();
    expect(lags()).toEqual([0]);
    clock.advance(1_000);
    await load().run();
    expect(lags()).toEqual([0]); // nothing was due, and it is not behind
  });

  test('is what the partition that is farthest behind lacks, also where the run is rejected', async () => {
    await store1('sent', START + 10_000);
    await store1('refused', START + 2 * MINUTE_MS);
    refuse = ({ id }) => id === 'refused';
    await expect(load().run()).rejects.toThrow('could not be loaded');
    expect(lags()).toEqual([HORIZON_MS - 2 * MINUTE_MS]);
    clock.advance(10 * MINUTE_MS);
    await expect(load().run()).rejects.toThrow('could not be loaded');
    expect(lags().at(-1)).toBe(HORIZON_MS + 8 * MINUTE_MS);
    refuse = () => false;
    await load().run();
    expect(lags().at(-1)).toBe(0);
  });
});
