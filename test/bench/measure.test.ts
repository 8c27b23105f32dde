import { verdictOn } from '../../bench/goal';
import { Figures, figuresOf, median, medianOf } from '../../bench/measure';
import { coresBetween, limitReached, processorTimeOf } from '../../bench/processor-time';

test('counts what is lost, early and twice, each webhook once', () => {
  const figures = figuresOf([
    { dueAt: 1000, arrivals: [1003] },
    { dueAt: 1000, arrivals: [1004, 999] },
    { dueAt: 1000, arrivals: [] },
    { dueAt: 1000, arrivals: [1002, 1002, 1002] },
  ]);
  expect(figures).toMatchObject({ count: 4, arrived: 3, early: 1, twice: 2, lost: 1 });
});

test('counts no webhook as early that arrives in its very millisecond', () => {
  expect(figuresOf([{ dueAt: 1000, arrivals: [1000] }])).toMatchObject({ early: 0, lateMs: { max: 0 } });
});

test('gives percentiles by nearest rank, of arrival, answer and worker', () => {
  const figures = figuresOf(Array.from({ length: 200 }, (_, i) => ({ dueAt: 0, arrivals: [200 - i], answeredAt: 400 - i, workerLateMs: i })));
  expect(figures.lateMs).toEqual({ p50: 100, p90: 180, p99: 198, max: 200 });
  expect(figures.answeredMs).toEqual({ p50: 300, p90: 380, p99: 398, max: 400 });
  expect(figures.workerLateMs).toEqual({ p50: 99, p90: 179, p99: 197, max: 199 });
});

test('gives no percentiles of nothing', () => {
  expect(figuresOf([{ dueAt: 0, arrivals: [] }])).toMatchObject({ lost: 1, lateMs: undefined, answeredMs: undefined, workerLateMs: undefined });
});

test('takes the middle of an odd number of values, and the mean of the middle two of an even one', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 6])).toBe(5.5);
});

test('takes medians of repetitions percentile by percentile, and counts all of them', () => {
  const late = (p50: number, p99: number): Figures => ({ ...COUNTS, lateMs: { p50, p90: p50, p99, max: p99 } });
  expect(medianOf([late(1, 30), late(3, 10), late(2, 20)])).toEqual({
    count: 30, arrived: 27, early: 3, twice: 6, lost: 3, lateMs: { p50: 2, p90: 2, p99: 20, max: 20 }, answeredMs: undefined, workerLateMs: undefined,
  });
});

const COUNTS = { count: 10, arrived: 9, early: 1, twice: 2, lost: 1 };
const figures = (p99: number): Figures => ({ ...COUNTS, lateMs: { p50: 1, p90: 1, p99, max: p99 } });

test.each([
  ['ms', { engine: figures(25) }, { value: 25, met: true }],
  ['ms', { engine: figures(26) }, { value: 26, met: false }],
  ['floor', { engine: figures(250), floor: figures(10) }, { value: 25, met: true }],
  ['floor', { engine: figures(251), floor: figures(10) }, { value: 25.1, met: false }],
  ['floor', { engine: figures(24), floor: figures(0) }, { value: 24, met: true }],
  ['beside', { 'engine': figures(26), 'engine beside': figures(1), 'deliver beside': figures(100) }, { value: 26, met: false }],
] as const)('judges a goal in %s', (of, measured, verdict) => {
  expect(verdictOn({ sender: 'engine', figure: 'lateMs', percentile: 'p99', atMost: 25, of }, measured)).toMatchObject(verdict);
});

test.each([
  ['its own figures', { floor: figures(10) }],
  ['what it is compared with', { engine: figures(10) }],
])('gives no verdict without %s', (_, measured) => {
  const verdict = verdictOn({ sender: 'engine', figure: 'lateMs', percentile: 'p99', atMost: 2, of: 'floor' }, measured);
  expect(verdict).toEqual({ goal: 'p99 ≤ 2 × the bare HTTP client' });
});

test('finds the limit that was reached', () => {
  const cores = coresBetween({ functions: 100, receiver: 50 }, { functions: 1_900, receiver: 150 }, 1_000);
  expect(cores).toEqual({ functions: 1.8, receiver: 0.1 });
  expect(limitReached(cores, 2)).toBe("the machine's 2 cores, most of them taken by: functions");
  expect(limitReached({ emulators: 0.95, functions: 0.3 }, 2)).toBe('one core, taken by: emulators');
  expect(limitReached({ emulators: 0.5, functions: 0.3 }, 2)).toBe('none of the processors');
});

test('tells the processor time of processes where there is /proc', () => {
  const time = processorTimeOf({ me: [process.pid], gone: [2 ** 30] });
  expect(time).toEqual(process.platform === 'linux' ? { me: expect.any(Number), gone: 0 } : undefined);
  expect(time?.me ?? 1).toBeGreaterThan(0);
});
