// The bench: its figures, and its options. What it measures is no test: that depends on the machine.
import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { figuresOf } from '../../bench/measure';

function bench(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'bench/bench.ts', ...args], {
    cwd: path.join(__dirname, '..', '..'), encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

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

test('gives percentiles by nearest rank, of the receiver and of the worker', () => {
  const figures = figuresOf(Array.from({ length: 200 }, (_, i) => ({ dueAt: 0, arrivals: [200 - i], workerLateMs: i })));
  expect(figures.lateMs).toEqual({ p50: 100, p90: 180, p99: 198, max: 200 });
  expect(figures.workerLateMs).toEqual({ p50: 99, p90: 179, p99: 197, max: 199 });
});

test('gives no percentiles of nothing', () => {
  expect(figuresOf([{ dueAt: 0, arrivals: [] }])).toMatchObject({ lost: 1, lateMs: undefined, workerLateMs: undefined });
});

test('shows its works when asked for help', () => {
  expect(bench('--help')).toMatchObject({ status: 0, stdout: expect.stringMatching(/--work NAME[\s\S]*steady-300 +300 webhooks spread over 30 s/), stderr: '' });
});

test.each([
  [['--work', 'unheard-of'], 'There is no work unheard-of.'],
  [['--fast'], "Unknown option '--fast'"],
])('says what is wrong with %j', (args, mistake) => {
  expect(bench(...args)).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining(mistake) });
});
