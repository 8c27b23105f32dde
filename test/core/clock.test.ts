import { SystemClock } from '../../src/core/clock';

test('never wakes before the instant, not by one millisecond', async () => {
  const clock = new SystemClock();
  const start = clock.now();
  const wakes = await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    const instant = start + i;
    await clock.sleepUntil(instant);
    return clock.now() - instant;
  }));
  expect(Math.min(...wakes)).toBeGreaterThanOrEqual(0);
});

test('an instant that has passed is no sleep', async () => {
  await new SystemClock().sleepUntil(0);
});

test('looks at the clock again when a timer ends early, and takes an instant farther away than a timer can count', async () => {
  let now = 0;
  const sleeps: number[] = [];
  class SteppingClock extends SystemClock {
    public now(): number {
      return now;
    }
  }
  const timeout = jest.spyOn(global, 'setTimeout').mockImplementation(((wake: () => void, ms: number) => {
    sleeps.push(ms);
    now += sleeps.length === 1 ? ms - 1 : ms; // the first ends a millisecond early
    process.nextTick(wake);
  }) as typeof setTimeout);
  try {
    await new SteppingClock().sleepUntil(2 ** 31 + 10);
    expect(now).toBe(2 ** 31 + 10);
    expect(sleeps).toEqual([2 ** 31 - 1, 12]);
  } finally {
    timeout.mockRestore();
  }
});
