// The schema says of any message what the parser says, as far as a schema can.
import * as fc from 'fast-check';
import { parseMessage } from '../../src/core/message';
import { anyJson, objectTextOf, token, validFields } from '../support/arbitrary';
import { changes, draft, faulty, fields, FIELDS, listOf, NOW, OPTIONS } from '../support/faulty-messages';
import { parserFaults, schemaFaults } from '../support/message-schema';

const DAY_MS = 86_400_000;
/** The most that any scheduler grants. */
const GENEROUS = {
  ...OPTIONS,
  maxHorizonMs: 3660 * DAY_MS,
  retry: { delaysMs: Array.from({ length: 29 }, () => 1_000), jitter: 0 },
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What the schema has something against, and the parser has nothing: neither the field nor the one it lies in. */
function unfounded(text: string): string[] {
  const faults = parserFaults(text, OPTIONS);
  return schemaFaults(text).filter((field) => !faults.some((fault) => field === fault || field.startsWith(`${fault}.`)));
}

const generous = validFields(NOW - 366 * DAY_MS, NOW + GENEROUS.maxHorizonMs, { maxAttempts: 30, maxAgeSeconds: 3660 * 86_400 });
const withNulls = generous.chain((f) => fc.subarray(FIELDS.filter((name) => !f.has(name)))
  .map((nulls) => new Map([...f, ...nulls.map((name) => [name, 'null'] as const)])));
/** The text of a webhook that it accepts. */
const valid = fc.oneof(generous, withNulls).chain(objectTextOf);
/** The text of an action, right or wrong. */
const action = draft.chain((d) => objectTextOf(new Map([
  ['action', d.kind], ...(d.id === undefined ? [] : [['id', d.id] as const]), ...d.changes, ...d.wrong,
])));

test.each([
  ['a message', valid],
  ['a list', listOf(valid, { minLength: 1, maxLength: 10 })],
])('%s that the most generous scheduler accepts is valid', (_, texts) => {
  fc.assert(fc.property(texts, (text) => {
    expect(parserFaults(text, GENEROUS)).toEqual([]);
    expect(schemaFaults(text)).toEqual([]);
  }), { numRuns: 500 });
});

test('an action is valid that the parser accepts, and what the schema says is wrong with one, the parser says too', () => {
  const seen = { valid: 0, invalid: 0 };
  fc.assert(fc.property(action, (text) => {
    expect(unfounded(text)).toEqual([]);
    seen[schemaFaults(text).length === 0 ? 'valid' : 'invalid']++;
  }), { numRuns: 500 });
  expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(10);
});

test('a valid reschedule of any fields is valid', () => {
  fc.assert(fc.property(changes.filter(({ size }) => size > 0).chain((c) => objectTextOf(new Map([['action', '"reschedule"'], ['id', '"a"'], ...c]))), (text) => {
    expect(parseMessage(text, OPTIONS)).toHaveProperty('action');
    expect(schemaFaults(text)).toEqual([]);
  }), { numRuns: 200 });
});

test('what the schema says is wrong with a message, the parser says too, and of most messages it says something', () => {
  let silent = 0;
  fc.assert(fc.property(faulty, ([text]) => {
    expect(unfounded(text)).toEqual([]);
    silent += schemaFaults(text).length === 0 ? 1 : 0;
  }), { numRuns: 700 });
  // Two dates of those that are generated, and bounds of this scheduler's own policy.
  expect(silent).toBeLessThan(100);
});

test('what the schema says is wrong with a list, the parser says too, webhook by webhook, and of an action or anything else in it both do', () => {
  const plain = fields.chain(objectTextOf);
  const seen = { valid: 0, invalid: 0 };
  fc.assert(fc.property(listOf(fc.oneof({ weight: 5, arbitrary: plain }, faulty.map(([text]) => text), action, anyJson)), (text) => {
    expect(unfounded(text)).toEqual([]);
    const [list, faults] = [JSON.parse(text) as unknown[], schemaFaults(text)];
    const whole = list.length === 0 || list.length > 10;
    expect(faults.includes('message')).toBe(whole);
    if (!whole) {
      const noWebhooks = list.flatMap((one, place) => (isObject(one) && (one.action ?? null) === null ? [] : [String(place)]));
      for (const faultsFound of [faults, parserFaults(text, OPTIONS)]) {
        expect(faultsFound.map((fault) => fault.split('.')[0])).toEqual(expect.arrayContaining(noWebhooks));
      }
    }
    seen[faults.length === 0 ? 'valid' : 'invalid']++;
  }), { numRuns: 300 });
  expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(10);
});

test('of any JSON, what the schema says is wrong, the parser says too', () => {
  const someFields = fc.tuple(fields, fc.array(fc.tuple(fc.oneof(fc.constantFrom(...FIELDS), token), anyJson), { maxLength: 5 }))
    .chain(([f, others]) => objectTextOf(new Map([...f, ...others].slice(-7))));
  fc.assert(fc.property(fc.oneof(anyJson, someFields), (text) => {
    expect(unfounded(text)).toEqual([]);
  }), { numRuns: 700 });
});
