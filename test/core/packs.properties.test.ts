// How turns are packed into queue messages.
import * as fc from 'fast-check';
import { packsOf } from '../../src/core/packs';
import { delayMessageText } from '../../src/core/queue-message';
import { BATCH_SIZE, DENSE_LEAD_MS, LEAD_MS, MAX_HOLD_MS, MAX_TURNS_PER_MESSAGE, packSpanMs } from '../../src/core/timing';
import { isTurn, Turn } from '../../src/core/webhook';

const START = Date.parse('2030-01-01T00:00:00.250Z');
/** SQS takes so much in a message, and in a batch of them, in all regions. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
const MAX_BYTES = 262_144;

const turnAt = (at: number, id = 'a'): Turn => ({ id, dueAt: at, partition: 0, turn: 0, at });
/** Turns of some seconds, crowded at times. */
const crowd = fc.array(fc.tuple(fc.constantFrom(1, 50, 5_000), fc.nat()).map(([spread, n]) => START + n % spread), { maxLength: 300 })
  .map((instants) => instants.map((at, i) => turnAt(at, `id-${i}`)));
const most = fc.integer({ min: 1, max: MAX_TURNS_PER_MESSAGE });
/** Before all of it is due, and when some of it or all is. */
const now = fc.constantFrom(START - 60_000, START + 1_000, START + 60_000);
const dueAt = ({ at }: Turn, sentAt: number) => Math.max(at, sentAt + LEAD_MS);

test('each turn is in one pack, with others that are due soon after the first, as many as may be and as fit', () => {
  fc.assert(fc.property(crowd, most, now, (turns, turnsPerMessage, sentAt) => {
    const packs = packsOf(turns, turnsPerMessage, sentAt);
    const sent = packs.flatMap((pack) => pack.turns);
    expect(sent.map(({ id }) => id).sort()).toEqual(turns.map(({ id }) => id).sort());
    expect(sent.map(({ at }) => at)).toEqual(turns.map(({ at }) => at).sort((a, b) => a - b));
    packs.forEach(({ turns: pack, leadMs }, i) => {
      const spanOf = (last: Turn) => dueAt(last, sentAt) - dueAt(pack[0], sentAt);
      const mostOfPack = leadMs === LEAD_MS ? Math.min(BATCH_SIZE * turnsPerMessage, 200) : turnsPerMessage;
      expect(pack.length).toBeLessThanOrEqual(mostOfPack);
      expect(spanOf(pack[pack.length - 1])).toBeLessThan(packSpanMs(leadMs));
      const next = packs[i + 1];
      expect(next === undefined || next.leadMs !== leadMs || pack.length === mostOfPack || spanOf(next.turns[0]) >= packSpanMs(leadMs)).toBe(true);
    });
  }), { numRuns: 300 });
});

test('what is due in a second that fills an invocation, or all at once, comes earlier, in smaller packs, and never so early that it is sent back', () => {
  for (const leadMs of [LEAD_MS, DENSE_LEAD_MS]) {
    expect(leadMs + 1_000 + packSpanMs(leadMs)).toBeLessThan(MAX_HOLD_MS); // whole-second delays add up to one
  }
  fc.assert(fc.property(crowd, most, now, (turns, turnsPerMessage, sentAt) => {
    const secondOf = (turn: Turn) => Math.floor(dueAt(turn, sentAt) / 1_000);
    for (const { turns: pack, leadMs } of packsOf(turns, turnsPerMessage, sentAt)) {
      for (const turn of pack) {
        const others = turns.filter((other) => secondOf(other) === secondOf(turn));
        expect(leadMs).toBe(others.length >= BATCH_SIZE * turnsPerMessage ? DENSE_LEAD_MS : LEAD_MS);
      }
    }
  }), { numRuns: 300 });
});

test('a turn that no worker can read goes alone, and takes no other along', () => {
  fc.assert(fc.property(crowd, most, fc.integer({ min: 0, max: 299 }), (turns, turnsPerMessage, place) => {
    const foreign = { ...turnAt(turns[place]?.at ?? START), id: '' };
    expect(isTurn(foreign)).toBe(false);
    const packs = packsOf([...turns.slice(0, place), foreign, ...turns.slice(place)], turnsPerMessage, START);
    expect(packs.filter((pack) => pack.turns.includes(foreign)).map((pack) => pack.turns)).toEqual([[foreign]]);
  }), { numRuns: 300 });
});

test('as many of the longest turns as a message may hold, or ten of a dense second, fit into a message, and into a batch', () => {
  const least = -8.64e15;
  const longest: Turn = {
    id: `.${'i'.repeat(128)}`, dueAt: least, partition: Number.MIN_SAFE_INTEGER, version: 'v'.repeat(128), turn: Number.MAX_SAFE_INTEGER, at: least,
  };
  const whole = Array.from({ length: BATCH_SIZE * MAX_TURNS_PER_MESSAGE }, () => longest);
  expect(delayMessageText({ turns: whole }).length).toBeLessThan(MAX_BYTES);
  const packs = packsOf(whole, MAX_TURNS_PER_MESSAGE, START);
  expect(packs).toHaveLength(10);
  expect(packs.reduce((bytes, { turns }) => bytes + delayMessageText({ turns }).length, 0)).toBeLessThan(MAX_BYTES);
});
