// The formula of what the hold costs, against a simulation with the real rules of packing and delaying.
import { holdOf } from '../../bench/bill/hold';
import { packsOf } from '../../src/core/packs';
import { LEAD_MS, queueDelaySeconds } from '../../src/core/timing';
import type { Turn } from '../../src/core/webhook';

const ANSWER_MS = 200;
const options = { memoryMb: 512, turnsPerMessage: 10, answerMs: ANSWER_MS };

/** Numbers from 0 to 1, the same each time. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = state * 48_271 % (2 ** 31 - 1);
    return state / (2 ** 31 - 1);
  };
}

interface Simulated {
  readonly turnsPerInvocation: number;
  readonly invocationMs: number;
}

/** Minutes of webhooks at random instants, each minute sent by load at once; what becomes visible at one instant is taken by tens. */
function simulate(ratePerMinute: number, turnsPerMessage: number, minutes: number): Simulated {
  const random = generator(ratePerMinute);
  const durations: number[] = [];
  let turns = 0;
  for (let minute = 0; minute < minutes; minute++) {
    const start = 1_764_072_000_000 + minute * 60_000;
    const sentAt = start - 240_000 + Math.floor(random() * 1000);
    const due: Turn[] = [];
    for (let at = start - Math.log(random()) * 60_000 / ratePerMinute; at < start + 60_000; at -= Math.log(random()) * 60_000 / ratePerMinute) {
      due.push({ id: `id${due.length}`, dueAt: Math.floor(at), partition: 0, turn: 0, at: Math.floor(at) });
    }
    const byInstant = new Map<number, number[]>();
    for (const pack of packsOf(due, turnsPerMessage, sentAt)) {
      const visibleAt = sentAt + 1000 * queueDelaySeconds(pack.turns[0].at, sentAt, pack.leadMs);
      byInstant.set(visibleAt, [...byInstant.get(visibleAt) ?? [], pack.turns[pack.turns.length - 1].at]);
    }
    turns += due.length;
    for (const [visibleAt, lastOfPacks] of byInstant) {
      for (let i = 0; i < lastOfPacks.length; i += 10) {
        durations.push(Math.max(...lastOfPacks.slice(i, i + 10)) + ANSWER_MS - visibleAt);
      }
    }
  }
  return { turnsPerInvocation: turns / durations.length, invocationMs: durations.reduce((sum, ms) => sum + ms, 0) / durations.length };
}

test.each([
  [10, 10, 500], [100, 10, 200], [300, 10, 100], [1_000, 10, 50], [10_000, 10, 10], [100_000, 10, 2], [1_000, 5, 50], [10_000, 20, 10],
])('%d a minute, %d turns a message: the formula is within a tenth of what the real rules make of it', (ratePerMinute, turnsPerMessage, minutes) => {
  const simulated = simulate(ratePerMinute, turnsPerMessage, minutes);
  const formula = holdOf({ ...options, turnsPerMessage, ratePerMinute });
  const near = (actual: number, expected: number) => expect(Math.abs(actual / expected - 1)).toBeLessThan(0.1);
  near(formula.turnsPerMessage * formula.messagesPerInvocation, simulated.turnsPerInvocation);
  near(formula.invocationMs, simulated.invocationMs);
});

test('a lone webhook pays for the whole hold: the lead, half a second on average, and the answer', () => {
  const hold = holdOf({ ...options, ratePerMinute: 0.001 });
  expect(hold.turnsPerMessage).toBeCloseTo(1, 3);
  expect(hold.messagesPerInvocation).toBe(1);
  expect(hold.invocationMs).toBeGreaterThan(LEAD_MS + 500 + ANSWER_MS);
  expect(hold.invocationMs).toBeLessThan(LEAD_MS + 500 + ANSWER_MS + 100);
  expect(hold.dollarsPerMillion).toBeCloseTo(hold.invocationMs / 1000 * 0.5 * 13.3334, 2);
});

test('memory is paid for in proportion', () => {
  const [small, large] = [256, 1024].map((memoryMb) => holdOf({ ...options, memoryMb, ratePerMinute: 100 }).dollarsPerMillion);
  expect(large / small).toBeCloseTo(4, 10);
});
