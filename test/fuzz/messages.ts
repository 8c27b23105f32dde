// What producers, and who has got hold of a queue, may send: valid messages, valid ones gone wrong, and what no client would write.
import { deflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { START } from './scheduler';
import { Item } from '../../src/adapters/table-schema';
import { elementTexts } from '../../src/core/json-text';
import { MAX_PAST_MS } from '../../src/core/limits';
import { anyJson, numberJson, objectTextOf, ownId, scalarJson, stringJson, textJson, token, validFields } from '../support/arbitrary';
import { notification } from '../support/sqs-events';

/**
 * What has to become of it:
 *
 * - `fired`: it is valid; it fires, once, and nothing is said of it
 * - `refused`: it is not; that is told once, and nothing else happens
 * - `either`: one of these, whichever it is
 * - `aside`: no function can read it; it is told of as a dead letter, and kept
 */
export type Fate = 'fired' | 'refused' | 'either' | 'aside';

export interface FuzzCase {
  /** Of a list, that of each of its webhooks. */
  readonly fate: Fate | readonly Fate[];
  /** What was published; with `aside`, the body of the queue message. */
  readonly text: string;
}

const DAY_MS = 86_400_000;
/** So many webhooks a message takes. */
const MAX_LISTED = 10;
const FIELDS = ['action', 'id', 'date', 'url', 'method', 'payload', 'headers', 'cookies', 'retry'];

const json = (value: unknown) => JSON.stringify(value);
const validMessage = fc.tuple(validFields(START - MAX_PAST_MS + DAY_MS, START + 365 * DAY_MS, { maxAttempts: 4, maxAgeSeconds: 86_400 }), fc.uuid())
  .map(([fields, id]) => {
    // Those that stay: an id of its own, and no life that has ended before it began.
    const kept = new Map([...fields].filter(([name]) => name !== 'retry'));
    return kept.has('id') ? kept.set('id', json(id)) : kept;
  });
const good: fc.Arbitrary<FuzzCase> = validMessage.chain(objectTextOf).map((text) => ({ fate: 'fired', text }));

/** Fragments that have broken parsers of some language or other. */
const hostileText = fc.constantFrom(
  '', '\u0000', '\r\n', '\ufeff', '\u2028', '\ud800', '\udc00\ud800', '\uffff', '%00', '../../etc/passwd', '${jndi:ldap://a/b}', '{{7*7}}', '<script>', '\' OR 1=1--',
  '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'x'.repeat(129), 'x'.repeat(8_193), 'é'.repeat(4_000), '😀'.repeat(60),
);
const hostileJson = fc.oneof(
  anyJson, hostileText.map(json), numberJson,
  fc.constantFrom(
    'null', 'true', '[]', '{}', '-0', '1e400', '-1e400', '9007199254740993', '""', '"\\u0000"', '"\\ud83d"', '{"__proto__":{"a":1}}', '{"constructor":{"prototype":{}}}',
    '{"toString":1}', '{"a":1,"a":2}', '[[[[[[[[[[]]]]]]]]]]', '{"":""}', '{"then":1}',
  ),
  fc.integer({ min: 1, max: 2_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
  fc.integer({ min: 1, max: 300 }).map((count) => `{${Array.from({ length: count }, (_, i) => `"x-${i}":"${i}"`).join(',')}}`),
);
const hostileUrl = fc.oneof(
  fc.constantFrom(
    'https://user:pass@example.com', 'https://example.com\n.evil.example', '\thttps://example.com', 'https:\\\\example.com', 'https:example.com', '//example.com', 'http://0x7f.1',
    'http://2130706433', 'http://[::ffff:169.254.169.254]/', 'http://169.254.169.254/latest', 'http://127.0.0.1:9001/', 'gopher://a', 'https://a@b@c', 'https://a:0', 'https://a:99999',
    'https://[', 'https://%00', 'https://example.com/\r\nHost: a', 'HTTPS://EXAMPLE.COM.', 'https://xn--', 'https://xn--a', 'https://ⓔⓧ.example', 'https://a..b', 'https://.', `https://${'a'.repeat(64)}.b`,
    `https://${'a.'.repeat(130)}b`, 'https://example.com#\ud800', 'javascript:alert(1)', 'data:,', 'blob:https://a/b', 'https://１２７.0.0.1', 'https://exa­mple.com',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => `https://${text}`),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => `https://example.com/${text}`),
);
const hostileDate = fc.oneof(
  fc.constantFrom(
    '0001-01-01T00:00:00', '1970-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2030-02-30T00:00:00Z', '2030-01-01', '2030-01-01T24:00:00Z', '+275760-09-13T00:00:00Z', '2030-01-01T00:00:60Z',
    '2030-01-01T00:00:00+25:00', '２０３０-01-01T00:00:00Z', '2030-01-01T00:00:00.9999999999Z', 'now', '1893456000', 'Tue, 01 Jan 2030 00:00:00 GMT', ' 2030-01-01T00:00:00Z',
  ),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
);
const hostileName = fc.oneof(hostileText, token, fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom(
  'Host', 'content-length', 'Transfer-Encoding', 'connection', 'Webhook-Id', 'webhook_signature', 'x-a', 'X_A', 'cookie', 'content-type', 'upgrade', 'te',
));
const hostileMembers = fc.array(fc.tuple(hostileName, fc.oneof(hostileJson, scalarJson)), { maxLength: 6 })
  .map((members) => `{${members.map(([name, value]) => `${json(name)}:${value}`).join(',')}}`);
const hostileField = (name: string): fc.Arbitrary<string> => {
  switch (name) {
    case 'url': return fc.oneof({ weight: 3, arbitrary: hostileUrl.map(json) }, hostileJson);
    case 'date': return fc.oneof({ weight: 3, arbitrary: hostileDate.map(json) }, hostileJson);
    case 'headers': case 'cookies': case 'retry': return fc.oneof({ weight: 3, arbitrary: hostileMembers }, hostileJson);
    default: return hostileJson;
  }
};

/** A valid message, some of whose fields are replaced. */
const replaced: fc.Arbitrary<FuzzCase> = fc.tuple(validMessage, fc.subarray(FIELDS, { minLength: 1, maxLength: 3 }))
  .chain(([fields, names]) => fc.tuple(...names.map(hostileField)).map((values) => (
    new Map([...fields, ...names.map((name, i) => [name, values[i]] as const)])
  )))
  .chain(objectTextOf).map((text) => ({ fate: 'either', text }));

/** Members in any number and order, names repeated. */
const members: fc.Arbitrary<FuzzCase> = fc.array(fc.constantFrom(...FIELDS).chain((name) => hostileField(name).map((value) => `${json(name)}:${value}`)), { maxLength: 12 })
  .map((list) => ({ fate: 'either', text: `{${list.join(',')}}` }));

const action: fc.Arbitrary<FuzzCase> = fc.tuple(
  fc.constantFrom('cancel', 'reschedule', 'redrive', 'create'), fc.oneof(ownId, fc.uuid(), hostileText), validMessage, fc.boolean(),
).map(([kind, id, fields, hasFields]) => new Map([...(hasFields ? fields : []), ['action', json(kind)], ['id', json(id)]]))
  .chain(objectTextOf).map((text) => ({ fate: 'either', text }));

/** A fault that certainly makes a valid message invalid. */
const fault = fc.oneof(
  fc.tuple(fc.constantFrom('date', 'url', 'method'), fc.constantFrom('null', '1', '[]', '{}', '""', '"\\u0000"', 'true', '"✓"')),
  fc.tuple(fc.constant('headers'), fc.constantFrom(
    '[]', '"a: b"', '{"a b":"c"}', '{"a":"b\\r\\nc: d"}', '{"a":"\\u0000"}', '{"a":{}}', '{"host":"a"}', '{"Content_Length":"1"}', '{"webhook-id":"a"}', '{"a":"1","A":"2"}', '{"":""}',
    `{"a":"${'x'.repeat(8_001)}"}`, `{${Array.from({ length: 65 }, (_, i) => `"x${i}":""`).join(',')}}`,
  )),
  fc.tuple(fc.constant('cookies'), fc.constantFrom('[]', '{"a":"b; c"}', '{"a b":""}', '{"a":"é"}', `{"a":"${'x'.repeat(4_096)}"}`)),
  fc.tuple(fc.constant('retry'), fc.constantFrom('1', '[]', '{"maxAttempts":0}', '{"maxAttempts":5}', '{"a":1}', '{"maxAttempts":1,"maxAttempts":1}')),
  fc.tuple(fc.constant('payload'), fc.constantFrom('"\\ud800"', '['.repeat(51) + ']'.repeat(51), '{"a":'.repeat(60) + '1' + '}'.repeat(60))),
  fc.tuple(fc.constant('id'), fc.constantFrom('""', '1', '"a.b"', '"a#b"', '"é"', `"${'x'.repeat(129)}"`)),
  fc.tuple(fc.string({ unit: 'grapheme', maxLength: 6 }).filter((name) => !FIELDS.includes(name)), anyJson.filter((text) => text !== 'null')),
);
const bad: fc.Arbitrary<FuzzCase> = fc.tuple(validMessage, fc.array(fault, { minLength: 1, maxLength: 4 }))
  .chain(([fields, faults]) => objectTextOf(new Map([...fields, ...faults]))).map((text) => ({ fate: 'refused', text }));

/** Good webhooks and bad ones in one message, actions among them, which are for messages of their own, and what is no webhook at all. */
const list: fc.Arbitrary<FuzzCase> = fc.tuple(fc.array(fc.oneof(
  { weight: 6, arbitrary: good }, { weight: 3, arbitrary: bad }, { weight: 3, arbitrary: replaced }, { weight: 2, arbitrary: members },
  fc.oneof(action.map(({ text }) => text), anyJson.filter((text) => !text.startsWith('{'))).map((text): FuzzCase => ({ fate: 'refused', text })),
), { minLength: 1, maxLength: MAX_LISTED + 2 }), fc.constantFrom('', ' ', '\n', '\r\n\t ')).map(([cases, space]) => ({
  fate: cases.length > MAX_LISTED ? 'refused' : cases.flatMap(({ fate }) => fate),
  text: `${space}[${cases.map(({ text }) => `${space}${text}${space}`).join(',')}]${space}`,
}));

/** Texts of valid messages, with a few characters gone, doubled, replaced or put in. */
const mutated: fc.Arbitrary<FuzzCase> = fc.tuple(
  fc.oneof(good, bad, action, list).map(({ text }) => text),
  fc.array(fc.record({ at: fc.nat(), length: fc.nat(12), insert: fc.oneof(fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '\u0000', 'null', '1e999'), hostileText, fc.string({ unit: 'binary', maxLength: 4 })) }), { minLength: 1, maxLength: 4 }),
).map(([text, edits]) => ({
  fate: 'either',
  text: edits.reduce((all, { at, length, insert }) => {
    const position = at % (all.length + 1);
    return all.slice(0, position) + insert + all.slice(position + length);
  }, text),
}));

const utf8 = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const notJson: fc.Arbitrary<FuzzCase> = fc.oneof(
  fc.string({ unit: 'binary' }), fc.string(), fc.uint8Array({ maxLength: 200 }).map(utf8), stringJson, scalarJson, anyJson.map((text) => `[${text}]`),
  validMessage.chain(objectTextOf).map((text) => `\ufeff${text}`), validMessage.chain(objectTextOf).map((text) => json(text)), textJson,
).filter((text) => !/^\s*\{/.test(text)).map((text) => ({ fate: 'refused', text }));

/** As large as SNS takes, or a little larger. */
const huge: fc.Arbitrary<FuzzCase> = fc.tuple(
  fc.constantFrom('', '{"payload":', '{"', '{"a":"', '{"headers":{', '"', '{"date":"2030-01-01T00:00:00Z","url":"https://example.com","method":"get","payload":"'),
  fc.constantFrom('[', '{"a":', '"":1,', '\\', '\\"', 'x', 'é', '😀', '\u0000', ' ', '"a":[],', '\\u4e00', ','), fc.integer({ min: 10_000, max: 264_000 }),
  fc.constantFrom('', '"}', '"a":1}', '"a":1}}', ']'),
).map(([start, unit, bytes, end]) => ({ fate: 'either', text: start + unit.repeat(Math.max(bytes / Buffer.byteLength(unit) - start.length, 1)) + end }));

/** Queue messages that SNS has not written. */
const noNotification = fc.oneof(
  fc.string(), fc.uint8Array({ maxLength: 100 }).map(utf8), anyJson, fc.constantFrom('null', '[]', '{}', '""', '{"Message":1}', '['.repeat(100_000), '{"a":'.repeat(30_000)),
  fc.tuple(fc.constantFrom('MessageId', 'Message', 'Timestamp'), fc.oneof(anyJson.filter((text) => !text.startsWith('"')), fc.constant('""'))).filter(([name, value]) => name !== 'Message' || value !== '""')
    .map(([name, value]) => `{"MessageId":"a","Message":"{}","Timestamp":"2030-01-01T00:00:00.000Z","${name}":${value}}`),
  fc.constantFrom('a#b', 'x'.repeat(129), 'x'.repeat(200_000), '\u0000', 'a.b').map((id) => notification('{}', id)),
).map((text) => text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')).filter((text) => text !== '');
const poison: fc.Arbitrary<FuzzCase> = noNotification.map((text) => ({ fate: 'aside', text }));

/** Small and certain to be valid: now, soon, long ago and far ahead. */
const SENTINELS: readonly FuzzCase[] = [0, 30_000, -20 * DAY_MS, 3_600_000, 100 * DAY_MS].map((ms) => ({
  fate: 'fired', text: json({ date: new Date(START + ms).toISOString(), url: 'https://example.com/sentinel', method: 'post', payload: { ms } }),
}));

const anyCase = fc.oneof(
  { weight: 6, arbitrary: good }, { weight: 6, arbitrary: bad }, { weight: 6, arbitrary: replaced }, { weight: 4, arbitrary: members },
  { weight: 6, arbitrary: mutated }, { weight: 3, arbitrary: list },
  { weight: 3, arbitrary: notJson }, { weight: 3, arbitrary: action }, { weight: 2, arbitrary: poison }, { weight: 1, arbitrary: huge },
);

const MAX_BATCH = 10;

/** Ten messages of a batch, in any order; good ones are among them. */
export const batch: fc.Arbitrary<FuzzCase[]> = fc.tuple(
  // Smaller ones are found by leaving messages out.
  fc.tuple(...Array.from({ length: MAX_BATCH - 1 }, () => fc.option(anyCase, { nil: undefined, freq: 50 }))), fc.nat(MAX_BATCH),
).map(([cases, first]) => {
  const given = cases.flatMap((one) => one ?? []);
  const sentinels = Array.from({ length: MAX_BATCH - given.length }, (_, i) => SENTINELS[(first + i) % SENTINELS.length]);
  return [...given.slice(first), ...sentinels, ...given.slice(0, first)];
});

/** A message, or a webhook of a list. */
export interface Published {
  readonly fate: Fate;
  readonly text: string;
  /** The id that it has without one of its own. */
  readonly defaultId: string;
  readonly isListed: boolean;
}

/** What a message holds, as anybody would read it: the webhooks of its list, or itself. */
export function webhooksOf({ fate, text }: FuzzCase, messageId: string): Published[] {
  const texts = listed(text);
  const fates = [fate].flat();
  return texts.length === 0 || texts.length > MAX_LISTED
    ? [{ fate: fates[0], text, defaultId: messageId, isListed: false }]
    : texts.map((one, place) => ({ fate: fates[place] ?? fates[0], text: one, defaultId: `${messageId}-${place}`, isListed: true }));
}

function listed(text: string): string[] {
  try {
    return Array.isArray(JSON.parse(text)) ? elementTexts(text) : [];
  } catch {
    return [];
  }
}

const hostileNumber = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(null, '0', -1, 1e300, 8.64e15, 9e15, START, START - 1));
const hostileTurn = fc.record({
  id: fc.oneof(hostileText, ownId, fc.uuid(), fc.jsonValue()),
  dueAt: hostileNumber,
  partition: hostileNumber,
  version: fc.oneof(hostileText, fc.uuid(), fc.jsonValue()),
  turn: hostileNumber,
  at: hostileNumber,
  status: fc.oneof(fc.constantFrom('failed', 'retrying', 'delivered', 'scheduled', 'delivering'), fc.jsonValue()),
  attempts: fc.oneof(fc.constant([]), fc.constant([{ at: '2030-01-01T00:00:00.000Z', lateMs: 0, durationMs: 1, status: 500 }]), fc.jsonValue()),
  claimant: fc.oneof(fc.string(), fc.jsonValue()),
  reason: fc.jsonValue(),
  unreported: fc.jsonValue(),
  keepUntil: hostileNumber,
}, { requiredKeys: [], noNullPrototype: true });

/** A batch of queue messages for deliver that nobody of this product has written. */
export const turnBodies: fc.Arbitrary<string[]> = fc.array(fc.oneof(
  hostileTurn.map(json), fc.tuple(hostileTurn, hostileNumber).map(([next, turn]) => json({ outcome: { turn, next } })), noNotification,
  fc.jsonValue().map((outcome) => json({ outcome })),
).map((text) => text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')).filter((text) => text !== ''), { minLength: 1, maxLength: 10 });

/** What a head of a message row may have become. */
const hostileHead = fc.oneof(
  anyJson, fc.string(), hostileText,
  fc.tuple(hostileText, fc.oneof(hostileUrl, fc.constant('https://example.com')), fc.oneof(hostileText, fc.constant('POST')), fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), fc.jsonValue()).map(json),
  fc.tuple(
    fc.dictionary(hostileName, fc.oneof(hostileText, fc.jsonValue())), fc.constantFrom({ 'content-type': 'application/x-www-form-urlencoded' }, {}), fc.jsonValue(),
  ).map(([headers, type, retry]) => json(['2030-01-01T00:00:00Z', 'https://example.com', 'POST', { ...type, ...headers }, 0, 0, retry])),
).map((text) => text.replace(/\p{Surrogate}/gu, ''));
const hostilePayload = fc.oneof(anyJson, fc.string(), hostileText, anyJson.map((text) => text.slice(0, -1)), anyJson.map((text) => `{"a":${text}`)).map((text) => text.replace(/\p{Surrogate}/gu, ''));

/** Message rows as somebody else may have written them. */
export const rows: fc.Arbitrary<Item[]> = fc.array(fc.oneof(
  fc.record({ m: hostileHead.map((S) => ({ S })), p: hostilePayload.map((S) => ({ S })) }, { requiredKeys: ['m'], noNullPrototype: true }),
  fc.uint8Array({ maxLength: 60 }).map((B) => ({ z: { B } })),
  fc.tuple(hostileHead, hostilePayload).map((parts) => ({ z: { B: deflateRawSync(parts.join('\n')) } })),
  fc.constantFrom<Item>({}, { m: { N: '1' } }, { z: { S: 'a' } }, { z: { B: deflateRawSync(Buffer.alloc(20_000_000)) } }, { m: { S: '["a","https://b","GET",0,0,0]' }, p: { N: '1' } }),
), { minLength: 1, maxLength: 10 });

/** What follows the instant in the sort keys of rows that are neither messages nor pointers. */
export const sortKeys: fc.Arbitrary<string[]> = fc.uniqueArray(
  fc.oneof(fc.constantFrom('', '#', '##', '#.', '#é', '#a b'), fc.stringMatching(/^[^0-9#][a-z]{0,8}$/)).filter((text) => !/\p{Surrogate}/u.test(text)), { minLength: 1, maxLength: 5 },
);
