// The whole way: nothing is lost, nothing is early, and more of a thing is never worse than less of it where it is what binds.
import { AWS_COSTS } from '../../scripts/scale/costs';
import { deliver } from '../../scripts/scale/delivery';
import { ingest } from '../../scripts/scale/ingestion';
import { latenessOf } from '../../scripts/scale/lateness';
import { loadBounds, loadRowMs } from '../../scripts/scale/load-time';
import { DEFAULTS, processorShare, SchedulerSettings } from '../../scripts/scale/scheduler-settings';
import { turnsPerMessageOf } from '../../src/core/timing';
import { Random } from '../simulation/random';

const NOON = 720 * 60_000;
const WARM: SchedulerSettings = { ...DEFAULTS, tableWrites: 40_000 };

const atOnce = (count: number, settings: SchedulerSettings, seed = 1) => (
  deliver({ settings, costs: AWS_COSTS, dueAt: new Float64Array(count).fill(NOON), isGrown: false, seed })
);
const maxOf = (count: number, settings: SchedulerSettings) => latenessOf(atOnce(count, settings).lateMs).max;

test.each([
  ['on a new table', DEFAULTS],
  ['with few writes, so that claims are refused', { ...DEFAULTS, tableWrites: 500 }],
  ['with many pollers', { ...WARM, deliverPolling: { mode: 'provisioned', minimum: 100, maximum: 200 }, accountConcurrency: 150 }],
] as const)('every webhook is written, and none before its date: %s', (_, settings) => {
  const { lateMs, lost, written } = atOnce(20_000, settings);
  expect({ lost, written, counted: lateMs.length }).toEqual({ lost: 0, written: 20_000, counted: 20_000 });
  expect(lateMs[0]).toBeGreaterThanOrEqual(0);
});

test('claims that are refused come again', () => {
  const { comeAgain, lateMs } = atOnce(20_000, { ...DEFAULTS, tableWrites: 500 });
  expect(comeAgain).toBeGreaterThan(0);
  // A claim and an outcome each, of 500 a second.
  expect(latenessOf(lateMs).max).toBeGreaterThan(20_000 / 500 * 1000);
});

test('what the first wave holds is on time: a batch for each invocation that there is by then', () => {
  const deliverPolling = { mode: 'provisioned', minimum: 10, maximum: 10 } as const;
  // A hundred invocations of a hundred webhooks.
  expect(maxOf(10_000, { ...WARM, deliverPolling })).toBeLessThan(100);
  expect(maxOf(10_001, { ...WARM, deliverPolling })).toBeGreaterThan(200);
});

test('the same seed gives the same, another one another', () => {
  const [first, again, other] = [atOnce(5_000, DEFAULTS, 1), atOnce(5_000, DEFAULTS, 1), atOnce(5_000, DEFAULTS, 2)];
  expect(again).toEqual(first);
  expect(other.lateMs).not.toEqual(first.lateMs);
});

test('more at one instant is later', () => {
  const late = [1_000, 3_000, 10_000, 30_000, 100_000].map((count) => maxOf(count, WARM));
  expect(late).toEqual([...late].sort((a, b) => a - b));
});

test('more memory, pollers or writes is not later', () => {
  const notLater = (late: readonly number[]) => expect(late).toEqual([...late].sort((a, b) => b - a));
  notLater([256, 512, 1_024, 1_769].map((deliverMemoryMib) => maxOf(20_000, { ...WARM, deliverMemoryMib })));
  notLater([2, 5, 10, 20].map((minimum) => maxOf(20_000, { ...WARM, deliverPolling: { mode: 'provisioned', minimum, maximum: 200 } })));
  notLater([500, 1_000, 4_000, 40_000].map((tableWrites) => maxOf(20_000, { ...DEFAULTS, tableWrites })));
});

test('what becomes visible too late for its worker to get ready is late', () => {
  const lateWith = (leadMs: number) => latenessOf(deliver({
    settings: WARM, costs: AWS_COSTS, dueAt: new Float64Array(100).fill(NOON), isGrown: true, leadMs, seed: 1,
  }).lateMs).max;
  expect(lateWith(2_900)).toBeLessThan(100);
  expect(lateWith(100)).toBeGreaterThan(500);
});

test('where packs have piled up, an invocation takes no more than its worth, and the rest is for others', () => {
  // 80 a second, which is not dense, for a minute in which Lambda has one invocation: full packs lie in the queue, ten of which are handed out at once.
  const dueAt = Float64Array.from({ length: 4_800 }, (_, i) => NOON + i * 12.5);
  const { lost, written, usage, sends } = deliver({
    settings: { ...WARM, accountConcurrency: 1 }, costs: AWS_COSTS, dueAt, isGrown: true, seed: 1,
  });
  expect({ lost, written }).toEqual({ lost: 0, written: 4_800 });
  expect(usage.invocations).toBeGreaterThanOrEqual(48);
  expect(sends).toBe(10); // 48 packs, five of which are as much as a call may hold
});

test('only what is asked for is counted, and what was written is all', () => {
  const random = new Random(5);
  const dueAt = Float64Array.from({ length: 2_000 }, () => NOON + random.int(0, 60_000)).sort();
  const { lateMs, written } = deliver({ settings: WARM, costs: AWS_COSTS, dueAt, countFrom: NOON + 30_000, isGrown: true, seed: 1 });
  expect(written).toBe(2_000);
  expect(lateMs).toHaveLength(dueAt.filter((at) => at >= NOON + 30_000).length);
});

test('load takes for a row what is slowest: the partitions\' read units, or its processor', () => {
  // 1,000 of 4,096 bytes, of the 12,000 read units that go with 4,000 write units, or of 3,000.
  expect(loadBounds(DEFAULTS, AWS_COSTS).reading).toBeCloseTo(1000 / 4096 / 12_000 * 1000);
  expect(loadBounds({ ...DEFAULTS, partitions: 1 }, AWS_COSTS).reading).toBeCloseTo(1000 / 4096 / 3_000 * 1000);
  expect(loadRowMs(DEFAULTS, AWS_COSTS)).toBe(Math.max(...Object.values(loadBounds(DEFAULTS, AWS_COSTS))));
});

test('what load cannot send before its time is late by that', () => {
  // Five minutes ahead at most, and a row a second.
  const slow = { ...AWS_COSTS, loadRow: 1000 * processorShare(512) };
  const { lateMs, lost } = deliver({ settings: WARM, costs: slow, dueAt: new Float64Array(400).fill(NOON), isGrown: false, seed: 1 });
  expect(lost).toBe(0);
  expect(latenessOf(lateMs).max).toBeGreaterThan(100_000);
  expect(latenessOf(lateMs).max).toBeLessThan(103_000);
});

test('a processor\'s share and a pack\'s turns follow the memory, up to one and to fifty', () => {
  expect([256, 512, 1_769, 10_240].map(turnsPerMessageOf)).toEqual([5, 10, 34, 50]);
  expect([512, 1_769, 10_240].map(processorShare)).toEqual([512 / 1_769, 1, 1]);
});

describe('ingest', () => {
  const published = (count: number, settings: SchedulerSettings, dueTogether = false) => ingest({
    settings,
    costs: AWS_COSTS,
    publishedAt: Float64Array.from({ length: count }, (_, i) => NOON + i * 1000 / count),
    isGrown: true,
    dueTogether,
    seed: 1,
  });

  test('stores every message, also those that the table refuses at first', () => {
    const { acceptedMs, lost } = published(20_000, { ...DEFAULTS, tableWrites: 1_000 });
    expect(lost).toBe(0);
    expect(acceptedMs).toHaveLength(20_000);
    expect(latenessOf(acceptedMs).max).toBeGreaterThan(18_000);
  });

  test('takes what is due in one minute no faster than its partitions do', () => {
    const settings = { ...WARM, partitions: 2 };
    // Ten thousand of two thousand a second.
    expect(latenessOf(published(10_000, settings, true).acceptedMs).max).toBeGreaterThan(3_900);
    expect(latenessOf(published(10_000, settings, false).acceptedMs).max).toBeLessThan(1_000);
  });
});
