// A mapping grows exactly as Lambda's documentation says.
import { Account, Consumer } from '../../scripts/scale/consumer';
import { EventQueue } from '../../scripts/scale/event-queue';
import { Polling, rulesOf } from '../../scripts/scale/polling';
import { Random } from '../simulation/random';

const MINUTE = 60_000;
const standard: Polling = { mode: 'standard' };
const bounded: Polling = { mode: 'standard', maxConcurrency: 50 };
const provisioned: Polling = { mode: 'provisioned', minimum: 10, maximum: 200 };

test('standard mode: two to begin with, or five where there is a bound; 300 more a minute; at most 1,250, or the bound', () => {
  expect(rulesOf(standard)).toMatchObject({ initial: 2, step: 1, stepMs: 200, most: 1_250 });
  expect(rulesOf(bounded)).toMatchObject({ initial: 5, step: 1, stepMs: 200, most: 50 });
  expect(rulesOf({ mode: 'standard', maxConcurrency: 2 })).toMatchObject({ initial: 2, most: 2 });
});

test('provisioned mode: ten for each poller; 1,000 more a minute; at most ten for each of the maximum, and 20,000', () => {
  expect(rulesOf(provisioned)).toMatchObject({ initial: 100, step: 10, stepMs: 600, most: 2_000 });
  expect(rulesOf({ mode: 'provisioned', minimum: 2, maximum: 2_000 }).most).toBe(20_000);
});

/** When each of the first invocations begins, where more waits than there will be, and none ends. */
function beginnings(polling: Polling, count: number): number[] {
  const events = new EventQueue();
  const begun: number[] = [];
  const consumer = new Consumer<number>(events, {
    polling,
    account: new Account(100_000),
    handover: { p50: 0, p90: 0, p99: 0 },
    coldStartMs: 0,
    random: new Random(1),
    isGrown: false,
    invoke: (_, startsAt) => {
      begun.push(startsAt);
      return { endsAt: 10 * MINUTE, sent: [] };
    },
  });
  consumer.arrive(0, Array.from({ length: count * 10 }, (_, i) => i));
  events.run();
  return begun.filter((at) => at < 10 * MINUTE);
}

test('a saturated mapping of standard mode begins an invocation each 200 ms after the first', () => {
  expect(beginnings(bounded, 20)).toEqual([0, 0, 0, 0, 0, ...Array.from({ length: 15 }, (_, i) => (i + 1) * 200)]);
});

test('each provisioned poller makes one call at a time, and ten in a second', () => {
  const begun = beginnings(provisioned, 130);
  expect(begun.filter((at) => at === 0)).toHaveLength(10);
  expect(begun.filter((at) => at < 100)).toHaveLength(19); // one each ten milliseconds, by ten pollers
  expect(begun[59]).toBe(500);
  expect(begun).toHaveLength(130);
});
