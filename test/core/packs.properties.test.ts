// How turns are packed into queue messages.
import * as fc from 'fast-check';
import { packsOf } from '../../src/core/packs';
import { delayMessageText } from '../../src/core/queue-message';
import { BATCH_SIZE, DENSE_LEAD_MS, LEAD_MS, MAX_HOLD_MS, MAX_TURNS_PER_MESSAGE, PACK_SPAN_MS } from '../../src/core/timing';
import { isTurn, Turn } from '../../src/core/webhook';

const START = Date.parse('2030-01-01T00:00:00.250Z');
/** Limit of all messages of a SendMessageBatch together. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
const MAX_BATCH_BYTES = 1_048_576;

const turnAt = (at: number, id = 'a'): Turn => ({ id, dueAt: at, partition: 0, turn: 0, at });
/** Turns of some seconds, crowded at times. */
const crowd = fc.array(fc.tuple(fc.constantFrom(1, 50, 5_000), fc.nat()).map(([spread, n]) => START + n % spread), { maxLength: 300 })
  .map((instants) => instants.map((at, i) => turnAt(at, `id-${i}`)));
const most = fc.integer({ min: 1, max: MAX_TURNS_PER_MESSAGE });

test('each turn is in one pack, with others due within a second of the first, as many as may be and as fit', () => {
  fc.assert(fc.property(crowd, most, (turns, turnsPerMessage) => {
    const packs = packsOf(turns, turnsPerMessage).map((pack) => pack.turns);
    expect(packs.flat().map(({ id }) => id).sort()).toEqual(turns.map(({ id }) => id).sort());
    const instants = packs.flat().map(({ at }) => at);
    expect(instants).toEqual([...instants].sort((a, b) => a - b));
    packs.forEach((pack, i) => {
      expect(pack.length).toBeLessThanOrEqual(turnsPerMessage);
      expect(pack[pack.length - 1].at - pack[0].at).toBeLessThan(PACK_SPAN_MS);
      const next = packs[i + 1]?.[0];
      expect(next === undefined || pack.length === turnsPerMessage || next.at - pack[0].at >= PACK_SPAN_MS).toBe(true);
    });
  }), { numRuns: 300 });
});

test('what is due in a second that fills an invocation comes earlier, and never so early that it is sent back', () => {
  expect(DENSE_LEAD_MS + 1_000 + PACK_SPAN_MS).toBeLessThan(MAX_HOLD_MS); // whole-second delays add up to one
  fc.assert(fc.property(crowd, most, (turns, turnsPerMessage) => {
    for (const { turns: [first], leadMs } of packsOf(turns, turnsPerMessage)) {
      const others = turns.filter(({ at }) => Math.floor(at / 1_000) === Math.floor(first.at / 1_000));
      expect(leadMs).toBe(others.length >= BATCH_SIZE * turnsPerMessage ? DENSE_LEAD_MS : LEAD_MS);
    }
  }), { numRuns: 300 });
});

test('a turn that no worker can read goes alone, and takes no other along', () => {
  fc.assert(fc.property(crowd, most, fc.integer({ min: 0, max: 299 }), (turns, turnsPerMessage, place) => {
    const foreign = { ...turnAt(turns[place]?.at ?? START), id: '' };
    expect(isTurn(foreign)).toBe(false);
    const packs = packsOf([...turns.slice(0, place), foreign, ...turns.slice(place)], turnsPerMessage);
    expect(packs.filter((pack) => pack.turns.includes(foreign)).map((pack) => pack.turns)).toEqual([[foreign]]);
  }), { numRuns: 300 });
});

test('ten messages of the longest turns fit into one batch', () => {
  const least = -8.64e15;
  const longest: Turn = {
    id: `.${'i'.repeat(128)}`, dueAt: least, partition: Number.MIN_SAFE_INTEGER, version: 'v'.repeat(128), turn: Number.MAX_SAFE_INTEGER, at: least,
  };
  const packs = packsOf(Array.from({ length: 10 * MAX_TURNS_PER_MESSAGE }, () => longest), MAX_TURNS_PER_MESSAGE);
  expect(packs).toHaveLength(10);
  expect(packs.reduce((bytes, { turns }) => bytes + delayMessageText({ turns }).length, 0)).toBeLessThan(MAX_BATCH_BYTES / 4);
});
