import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import {
  decodeMessage, decodeState, encodeMessage, encodeState, idPartition, Item, messageKey, minutePartition, nameKey, pointerItem, sizeOf, stateKey,
  turnOfRow,
} from '../../src/adapters/table-schema';
import { Attempt } from '../../src/core/attempt';
import { State } from '../../src/core/state';
import { minuteOf, startOfMinute } from '../../src/core/timing';
import { firstTurn, Turn, Webhook } from '../../src/core/webhook';
import { anyJson, instant, keyId, numberJson, objectJsonOf, turn, url } from '../support/arbitrary';

/** Text with all that a message can bring: line breaks, which end a compressed head, quotes, and what takes more than one byte. */
const anyText = fc.string({ unit: fc.oneof(fc.constantFrom('\n', '"', '\\', '\u0000', 'é', '😀'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 })) });
const texts = fc.uniqueArray(fc.tuple(fc.oneof(anyText, fc.constant('__proto__')), anyText), { selector: ([name]) => name, maxLength: 4 })
  .map((entries): Record<string, string> => Object.fromEntries(entries));
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const long = fc.tuple(anyJson, fc.nat(3_000)).map(([json, times]) => `[${`${json},\n`.repeat(times % (3_000 / json.length + 2))}""]`);
const noise = fc.uint8Array({ minLength: 800, maxLength: 2_000 }).map((bytes) => `"${Buffer.from(bytes).toString('base64')}"`);

const webhook: fc.Arbitrary<Webhook> = fc.record({
  id: keyId,
  dueAt: fc.oneof(instant, fc.integer()),
  partition: fc.nat(63),
  version: optional(fc.uuid()),
  date: anyText,
  url,
  method: anyText,
  payload: optional(fc.oneof(anyJson, long, noise)),
  headers: optional(texts),
  cookies: optional(texts),
  ownId: fc.boolean(),
  retry: optional(fc.record({ maxAttempts: fc.nat(), maxAgeSeconds: fc.nat() }, { requiredKeys: [], noNullPrototype: true })),
}, { noNullPrototype: true });

const attempt: fc.Arbitrary<Attempt> = fc.record({
  at: instant.map((at) => new Date(at).toISOString()),
  lateMs: fc.integer(),
  durationMs: fc.nat(),
  status: fc.integer({ min: 100, max: 599 }),
  error: fc.string(),
}, { requiredKeys: ['at', 'lateMs', 'durationMs'], noNullPrototype: true });
const state: fc.Arbitrary<State> = fc.record({
  key: turn,
  status: fc.constantFrom('scheduled', 'delivering', 'retrying', 'delivered', 'failed', 'cancelled'),
  attempts: fc.array(attempt, { maxLength: 12 }),
  claimant: optional(fc.string({ minLength: 1 })),
  leaseUntil: optional(instant),
  endedAt: optional(instant),
  reason: optional(fc.constantFrom('permanent', 'exhausted', 'expired', 'missing', 'dead-letter')),
  unreported: optional(fc.constant(true)),
  actions: optional(fc.array(fc.uuid(), { maxLength: 10 })),
  actionAt: optional(instant),
  redrivenAt: optional(instant),
  keepUntil: instant,
}).map(({ key, ...rest }) => ({ ...key, ...rest }));

const keyOf = (item: Item) => `${item.pk.S}|${item.sk.S}`;

describe('message rows', () => {
  test('a message comes back as it was, compressed or not, payload to the byte', () => {
    fc.assert(fc.property(webhook, fc.nat(300), (w, otherBytes) => {
      const { id, dueAt, partition, version } = w;
      expect(decodeMessage({ id, dueAt, partition, version }, encodeMessage(w, otherBytes))).toStrictEqual(w);
    }), { numRuns: 500 });
  });

  test('it is compressed exactly where that saves a write unit', () => {
    const units = (bytes: number) => Math.ceil(bytes / 1_024);
    fc.assert(fc.property(webhook, fc.integer({ min: 60, max: 300 }), (w, otherBytes) => {
      const { z, m, p } = encodeMessage(w, otherBytes);
      const text = z?.B ? inflateRawSync(z.B).toString() : [m?.S, ...(p ? [p.S] : [])].join('\n');
      const compressed = units(otherBytes + deflateRawSync(text).length + 1);
      const plain = units(otherBytes + Buffer.byteLength(text) + 1);
      expect(z !== undefined).toBe(compressed < plain);
      expect(text.endsWith(w.payload ?? '')).toBe(true);
    }), { numRuns: 500 });
  });

  test('what is no message of ours is none, and does not throw', () => {
    const garbled = anyText.map((t): Item => ({ m: { S: `[${t}` } }));
    const notCompressed = fc.uint8Array().map((B): Item => ({ z: { B } }));
    const headless = fc.dictionary(fc.constantFrom('p', 'o', 'ttl'), anyText.map((S) => ({ S }))) as fc.Arbitrary<Item>;
    const otherJson = fc.oneof(numberJson, objectJsonOf(anyJson), fc.constantFrom('null', 'true', '""', '[]', '[1,2,3]', '["a","https://b",null,0,0,0]', '["a","b","c",0,0,0]',
      '["a","https://b","c",["d"],0,0]', '["a","https://b","c",{"d":1},0,0]', '["a","https://b","c",0,"d",0]', '["a","https://b","c",0,0,0,1]'))
      .map((S): Item => ({ m: { S } }));
    const head = { S: '["a","https://b","c",{"content-type":"application/x-www-form-urlencoded"},0,0]' };
    const otherPayload = fc.oneof(fc.constantFrom('', '"', '{"a', '{"a":', '[', 'a'), anyText.map((t) => `{${t}`)).map((S): Item => ({ m: head, p: { S } }));
    fc.assert(fc.property(fc.oneof(garbled, notCompressed, headless, otherJson, otherPayload), (item) => {
      expect(decodeMessage({ id: 'a', dueAt: 0, partition: 0 }, item)).toBeUndefined();
    }), { numRuns: 500 });
  });

  test('it stands for the first turn; rewritten by an action, for the turn that this one began', () => {
    fc.assert(fc.property(webhook, fc.integer({ min: 1, max: 1_000 }), (w, nth) => {
      const { id, dueAt, partition, version } = w;
      const row = { ...messageKey(w), ...(version === undefined ? {} : { t: { N: String(nth) } }) };
      expect(turnOfRow(row, partition)).toStrictEqual(
        version === undefined ? firstTurn({ id, dueAt, partition }) : { id, dueAt, partition, version, turn: nth, at: dueAt },
      );
    }));
  });
});

describe('pointer rows', () => {
  test('a turn comes back from its row', () => {
    fc.assert(fc.property(turn, (t) => {
      expect(turnOfRow(pointerItem(t), t.partition)).toStrictEqual(t);
    }), { numRuns: 500 });
  });
});

describe('the rows of a minute', () => {
  /** A message or a pointer, by its turn. */
  const row = fc.tuple(turn, fc.boolean()).map(([t, isPointer]) =>
    (isPointer ? { at: t.at, partition: t.partition, item: pointerItem(t) } : { at: t.dueAt, partition: t.partition, item: messageKey(t) }));

  test('each lies in the minute of its instant, in its partition', () => {
    fc.assert(fc.property(row, ({ at, partition, item }) => {
      expect(item.pk.S).toBe(minutePartition(minuteOf(at), partition));
    }));
  });

  test('messages and pointers sort by their instants, and those of a range of instants are those between its ends as text', () => {
    const minute = fc.integer({ min: minuteOf(1_000_000_060_000), max: minuteOf(9_999_999_900_000) });
    const inMinute = fc.tuple(turn, fc.nat(59_999), fc.boolean());
    fc.assert(fc.property(minute, fc.array(inMinute, { maxLength: 8 }), fc.nat(59_999), fc.nat(60_000), (m, turns, fromMs, toMs) => {
      const start = startOfMinute(m);
      const rows = turns.map(([t, ms, isPointer]) => {
        const at = start + ms;
        return { at, key: (isPointer ? pointerItem({ ...t, at }) : messageKey({ ...t, dueAt: at })).sk.S as string };
      });
      const byKey = [...rows].sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ at }) => at);
      expect(byKey).toEqual(rows.map(({ at }) => at).sort((a, b) => a - b));
      const [from, to] = [start + fromMs, start + toMs];
      expect(rows.filter(({ key }) => key >= String(from) && key <= String(to)).map(({ at }) => at))
        .toEqual(rows.map(({ at }) => at).filter((at) => at >= from && at < to));
    }), { numRuns: 500 });
  });

  test('no two rows have one key, unless they are one message or one turn', () => {
    const few = <T>(arbitrary: fc.Arbitrary<T>, ...often: T[]) =>
      fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...often) }, { weight: 1, arbitrary });
    const alike: fc.Arbitrary<Turn> = fc.record({
      id: few(keyId, '.1', '.2', '.12'),
      dueAt: few(instant, 1_893_456_000_000, 1_893_456_000_001),
      partition: few(fc.nat(63), 1, 2, 12),
      version: optional(few(fc.uuid(), '11111111-1111-4111-8111-111111111111')),
      turn: few(fc.nat(1_000), 1, 2, 11),
      at: few(instant, 1_893_456_000_000),
    });
    const kinds: Record<string, { key: (t: Turn) => Item; identity: (t: Turn) => unknown[] }> = {
      message: { key: messageKey, identity: ({ id, dueAt, partition, version }) => [id, dueAt, partition, version] },
      pointer: { key: pointerItem, identity: ({ id, at, partition, turn: nth }) => [id, at, partition, nth] },
      state: { key: ({ id }) => stateKey(id), identity: ({ id }) => [id] },
      name: { key: ({ id }) => nameKey(id), identity: ({ id }) => [id] },
    };
    const kind = fc.constantFrom(...Object.keys(kinds));
    fc.assert(fc.property(kind, kind, alike, alike, (a, b, one, other) => {
      const isSame = JSON.stringify([a, kinds[a].identity(one)]) === JSON.stringify([b, kinds[b].identity(other)]);
      expect(keyOf(kinds[a].key(one)) === keyOf(kinds[b].key(other))).toBe(isSame);
    }), { numRuns: 1_500 });
  });
});

describe('state rows', () => {
  test('a state comes back as it was; how long it has to stay, to the second and never shorter', () => {
    fc.assert(fc.property(state, (s) => {
      const back = decodeState({ pk: { S: idPartition(s.id) }, sk: { S: 'state' }, ...encodeState(s) });
      expect(back).toEqual({ ...s, keepUntil: Math.ceil(s.keepUntil / 1_000) * 1_000 });
      expect(decodeState({ ...stateKey(s.id), ...encodeState(back) })).toEqual(back);
    }), { numRuns: 500 });
  });

  test('no attribute is written that is not there: DynamoDB takes no undefined', () => {
    const values = (value: unknown): unknown[] => (typeof value === 'object' && value !== null ? Object.values(value).flatMap(values) : [value]);
    fc.assert(fc.property(state, (s) => {
      expect(values(encodeState(s))).not.toContain(undefined);
    }));
  });
});

test('the size of a row counts names and values in bytes', () => {
  const item = fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.oneof(anyText.map((S) => ({ S })), fc.nat().map((n) => ({ N: String(n) }))));
  fc.assert(fc.property(item, (row) => {
    const bytes = Object.entries(row).map(([name, value]) => Buffer.from(name + Object.values(value)[0]).length);
    expect(sizeOf(row)).toBe(bytes.reduce((sum, n) => sum + n, 0));
  }));
});
