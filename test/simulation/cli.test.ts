// The command `npm run simulate`: its arguments, and what it prints.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseOptions, UsageError } from './cli/options';
import { failures, finding, focused, summary } from './cli/report';
import { count, noTotals } from './cli/totals';
import { Outcome, simulate } from './world';
import { SqsDelayQueue } from '../../src/adapters/sqs-delay-queue';

const ROOT = join(__dirname, '../..');

afterEach(() => {
  jest.restoreAllMocks();
});

/** The first world that the scheduler fails in, once its delay queue loses what it could not be sent. */
async function failing(): Promise<Outcome> {
  const { send } = SqsDelayQueue.prototype;
  jest.spyOn(SqsDelayQueue.prototype, 'send').mockImplementation(async function (this: SqsDelayQueue, turns) {
    await send.call(this, turns);
    return [];
  });
  for (let seed = 0; ; seed++) {
    const outcome = await simulate(seed, true);
    if (outcome.violation) {
      return outcome;
    }
  }
}

test('options', () => {
  expect(parseOptions(['--workers', '3'])).toEqual({ first: 0, count: 1_000, trace: false, workers: 3 });
  expect(parseOptions(['--seeds', '50', '--workers', '1'])).toMatchObject({ first: 0, count: 50 });
  expect(parseOptions(['--seed', '7', '--trace'])).toMatchObject({ first: 7, count: 1, trace: true });
  expect(parseOptions(['--seed', '7', '--seeds', '3'])).toMatchObject({ first: 7, count: 3 });
});

test.each([
  [['--seeds', '0'], '--seeds is "0", expected a whole number from 1'],
  [['--seeds', 'many'], '--seeds is "many"'],
  [['--seed=-1'], '--seed is "-1", expected a whole number from 0'],
  [['--seed', '1.5'], '--seed is "1.5"'],
  [['--workers', '0'], '--workers is "0"'],
  [['--trace'], '--trace is for a single seed'],
  [['--sed', '1'], '--sed'],
  [['--seed', '2147483647', '--seeds', '2'], '--seeds 2'],
  [['7'], '7'],
])('%j is refused by the name of the argument', (args, message) => {
  expect(() => parseOptions(args)).toThrow(UsageError);
  expect(() => parseOptions(args)).toThrow(message);
});

test('what is found is shown with what happened before it, and how to see it again', async () => {
  const outcome = await failing();
  const { violation, names, seed } = outcome;
  const text = finding(outcome);
  expect(text).toContain(`seed ${seed}: ${violation?.invariant} does not hold`);
  expect(text).toContain(`npm run simulate -- --seed ${seed}`);
  const lines = focused(outcome.trace, names);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThan(outcome.trace.length);
  expect(lines.some((line) => line.includes(names[0]))).toBe(true);

  const totals = noTotals();
  count(totals, outcome);
  expect(failures(totals)).toContain(`seed ${seed}: ${violation?.invariant}`);
  expect(summary(totals, 2)).toMatch(/seeds +1, of which 1 failed/);
});

test('runs seeds in several processes', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/simulate.ts', '--seeds', '4', '--workers', '2'], {
    cwd: ROOT, encoding: 'utf8', timeout: 50_000,
  });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/seeds +4, of which 0 failed/);
  expect(status).toBe(0);
});

test('wrong usage ends with its own exit code', () => {
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/simulate.ts', '--seeds', 'x'], { cwd: ROOT, encoding: 'utf8' });
  expect(stderr).toContain('--seeds is "x"');
  expect(status).toBe(2);
});
