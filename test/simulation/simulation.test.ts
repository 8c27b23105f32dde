// The scheduler in five hundred simulated worlds, each with its own faults, clocks, crashes and producers: every invariant holds in all.
// `npm run simulate` runs as many as are asked for, a thousand by default. The second half is in `more-worlds.test.ts`.
import { simulate } from './world';
import { testWorlds } from './worlds';

const outcomes = testWorlds(0, 250);

test('a seed is the same world each time', async () => {
  for (const seed of [3, 9, 2_024]) {
    const [first, second] = [await simulate(seed, true), await simulate(seed, true)];
    expect(first.trace.length).toBeGreaterThan(100);
    expect(second.trace.join('\n') === first.trace.join('\n')).toBe(true); // Jest would take long to find no difference
    expect({ ...second, trace: [] }).toEqual({ ...first, trace: [] });
  }
});

test('a trace changes nothing', async () => {
  const { steps, requests, webhooks } = await simulate(5);
  expect(await simulate(5, true)).toMatchObject({ steps, requests, webhooks });
});

test('worlds differ', async () => {
  const worlds = [await simulate(1), await simulate(2), await simulate(3)];
  expect(new Set(worlds.map(({ steps }) => steps)).size).toBe(3);
});

test('among the worlds are crashes, repeats, outages, months that pass, and batches that a window has gathered', () => {
  const faults = new Set(outcomes.flatMap((outcome) => [...outcome.faults.keys()]));
  expect([...faults]).toEqual(expect.arrayContaining([
    'refused', 'answerLost', 'lateEffect', 'repeated', 'slow', 'partial', 'crash', 'crashWaiting', 'stall', 'duplicate', 'late', 'responseLost', 'pollLost',
    'missedTick', 'doubleTick', 'dynamodb down', 'sqs down', 'sns down',
  ]));
  expect(outcomes.some(({ repeats }) => repeats > 0)).toBe(true);
  expect(outcomes.some(({ gathered }) => gathered > 0)).toBe(true);
  expect(Math.max(...outcomes.map(({ simulatedMs }) => simulatedMs))).toBeGreaterThan(60 * 86_400_000);
});
