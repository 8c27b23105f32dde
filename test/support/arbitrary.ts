// Inputs for property tests: JSON as any serializer or hand might write it, messages, webhooks.
import * as fc from 'fast-check';
import { RetryLimits, RetryPlan } from '../../src/core/retry';
import { Turn } from '../../src/core/webhook';

const space = fc.constantFrom('', '', '', ' ', '\n', '\r\n', '\t', '  ');

/** Numbers that JSON.parse would not give back as they were written, more often than others. */
export const numberJson: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('0', '-0', '1.10', '-1.0E+5', '1e400', '12345678901234567890', '0.30000000000000001'),
  fc.stringMatching(/^-?(0|[1-9]\d{0,20})(\.\d{1,20})?([eE][+-]?\d{1,3})?$/),
);

/** Strings with what could be taken for structure, escaped in any way. */
export const stringJson: fc.Arbitrary<string> = fc.array(fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 3 }).map((text) => JSON.stringify(text).slice(1, -1)),
  fc.constantFrom('\\"', '\\\\', '\\/', '\\n', '\\u0061', '\\ud83d\\ude00', '\\ud800', '{', '}', '[', ']', ',', ':', '\u2028', '\u007f', '\u00ff'),
), { maxLength: 6 }).map((parts) => `"${parts.join('')}"`);

/** Those that UTF-8 can hold, and numbers. */
export const textJson = fc.oneof(numberJson, stringJson.filter((json) => !/\p{Surrogate}/u.test(JSON.parse(json) as string)));

export const scalarJson: fc.Arbitrary<string> = fc.oneof(numberJson, stringJson, fc.constantFrom('true', 'false'));

/** Members and elements as they stand in the text, each with space around it. */
const spaced = (text: fc.Arbitrary<string>) => fc.tuple(space, text, space).map((parts) => parts.join(''));
export const arrayJsonOf = (element: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(space, fc.array(spaced(element), { maxLength: 5 })).map(([inside, elements]) => `[${elements.join(',') || inside}]`);
export const objectJsonOf = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(space, fc.array(fc.tuple(spaced(stringJson), spaced(value)), { maxLength: 5 }))
    .map(([inside, members]) => `{${members.map(([name, text]) => `${name}:${text}`).join(',') || inside}}`);

/** The text of any JSON value, without space around it. */
export const anyJson: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalarJson, fc.constant('null'), arrayJsonOf(tie('value')), objectJsonOf(tie('value'))),
})).value;

/** The text of an object with these members, in any order and with any space inside. */
export const objectTextOf = (members: ReadonlyMap<string, string>): fc.Arbitrary<string> => fc.tuple(
  fc.shuffledSubarray([...members], { minLength: members.size }), fc.array(space, { minLength: 7, maxLength: 7 }),
).map(([entries, spaces]) => {
  let used = 0;
  const next = () => spaces[used++ % spaces.length];
  const inside = entries.map(([name, json]) => `${next()}${JSON.stringify(name)}${next()}:${next()}${json}${next()}`).join(',');
  return `{${inside || next()}}`;
});

/** The text of an object that can be sent as a form. */
const formJson: fc.Arbitrary<string> = fc.uniqueArray(
  fc.tuple(fc.string({ unit: 'grapheme', maxLength: 6 }), fc.oneof(textJson, arrayJsonOf(textJson))), { selector: ([name]) => name, maxLength: 5 },
).chain((members) => objectTextOf(new Map(members)));

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const retryPlan: fc.Arbitrary<RetryPlan> = fc.record({
  delaysMs: fc.array(fc.oneof(fc.integer({ min: 0, max: 7 * DAY_MS }), fc.integer({ min: 0, max: HOUR_MS })), { maxLength: 30 }),
  jitter: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.2, 1)),
  maxAgeMs: fc.option(fc.integer({ min: 1_000, max: 30 * DAY_MS }), { nil: undefined }),
});

export const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
/** As servers may read a header's name. */
const hyphened = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '-');
/** The names of headers that a message may set. */
export const headerName = fc.oneof(token, fc.constantFrom('Authorization', 'X-Tenant', '__proto__', 'constructor', 'Cookie', '1'))
  .filter((name) => !/^(connection|content-.*|expect|host|http2-settings|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|webhook-.*)$/.test(hyphened(name)));
/** Latin-1 without control characters. */
const headerValue = fc.string({
  unit: fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff }), fc.constant(9)).map((code) => String.fromCharCode(code)),
});
const cookieValue = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })
  .map((text) => text.replaceAll(';', ''));
const asText = (value: fc.Arbitrary<string>) => fc.oneof(value.map((text) => JSON.stringify(text)), numberJson, fc.constantFrom('true', 'false'));
const FORM_TYPES = ['application/x-www-form-urlencoded', 'Application/X-WWW-Form-Urlencoded; charset=utf-8'];

/** Not URL.canParse, which is wrong about letters beyond ASCII in some versions of Node.js. */
function isUrl(text: string): boolean {
  try {
    return Boolean(new URL(text));
  } catch {
    return false;
  }
}
export const url = fc.oneof(
  fc.webUrl({ validSchemes: ['http', 'https'], withQueryParameters: true, withFragments: true }),
  fc.constantFrom('HTTPS://EXAMPLE.COM', 'http://[::1]:8080/a?b=c#d', 'https://ü.example/ü é', 'https://example.com:443'),
).filter(isUrl);
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'get', 'Post', 'pAtCh');
export const ownId = fc.stringMatching(/^[A-Za-z0-9_:/+=@-]{1,128}$/);

/** The fields of a message, by name, as JSON texts. */
export type Fields = ReadonlyMap<string, string>;

const headers = (contentType: fc.Arbitrary<string | undefined>): fc.Arbitrary<string> => fc.tuple(
  fc.uniqueArray(fc.tuple(headerName, asText(headerValue)), { selector: ([name]) => hyphened(name), maxLength: 4 }), contentType,
).chain(([entries, type]) => objectTextOf(new Map([...entries, ...(type === undefined ? [] : [['Content-Type', JSON.stringify(type)] as const])])));
const cookies = fc.uniqueArray(fc.tuple(token, asText(cookieValue)), { selector: ([name]) => name, maxLength: 4 })
  .chain((entries) => objectTextOf(new Map(entries)));
const retryJson = (most: Required<RetryLimits>): fc.Arbitrary<string> => fc.subarray(Object.entries(most)).chain((limits) =>
  fc.tuple(...limits.map(([, max]) => fc.oneof(fc.integer({ min: 1, max }), fc.constantFrom(1, max))))
    .chain((values) => objectTextOf(new Map(limits.map(([name], i) => [name, String(values[i])])))));

/**
 * The fields of any valid message.
 *
 * @param earliest the first valid instant, in milliseconds since the epoch
 * @param latest the last one
 * @param mostRetry the greatest values that `retry` may hold
 */
export const validFields = (earliest: number, latest: number, mostRetry: Required<RetryLimits>): fc.Arbitrary<Fields> => {
  const date = fc.date({ min: new Date(earliest), max: new Date(latest), noInvalidDate: true }).map((instant) => JSON.stringify(instant));
  const common = { date, url: url.map((text) => JSON.stringify(text)), method: method.map((text) => JSON.stringify(text)) };
  const optional = { id: ownId.map((text) => JSON.stringify(text)), cookies, retry: retryJson(mostRetry) };
  const json = anyJson.filter((text) => text !== 'null' && !text.startsWith('"'));
  const plain = { payload: fc.oneof(json, textJson), headers: headers(fc.constantFrom(undefined, 'text/plain')) };
  const form = { payload: fc.oneof(textJson.filter((text) => text.startsWith('"')), formJson), headers: headers(fc.constantFrom(...FORM_TYPES)) };
  return fc.oneof(
    fc.record({ ...common, ...optional, ...plain }, { requiredKeys: ['date', 'url', 'method'] }),
    fc.record({ ...common, ...optional, ...form }, { requiredKeys: ['date', 'url', 'method', 'headers'] }),
  ).map((fields) => new Map(Object.entries(fields) as [string, string][]));
};

/** What a webhook is stored under: a MessageId, or an id of the producer's own. */
export const keyId: fc.Arbitrary<string> = fc.oneof(fc.uuid(), ownId.map((id) => `.${id}`));

/** From 2001 to 2286: the years whose instants have 13 digits, and sort as text as they do as numbers. */
export const instant: fc.Arbitrary<number> = fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 });

export const turn: fc.Arbitrary<Turn> = fc.record({
  id: keyId, dueAt: instant, partition: fc.nat(63), version: fc.uuid(), turn: fc.integer({ min: 1, max: 1_000 }), at: instant,
}, { requiredKeys: ['id', 'dueAt', 'partition', 'turn', 'at'], noNullPrototype: true });
