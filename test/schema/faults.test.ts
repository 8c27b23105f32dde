// One message for each kind of fault: those that the schema finds, naming the field that the parser names, and those that no schema finds.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import {
  MAX_COOKIE_LENGTH, MAX_COOKIES, MAX_HEADER_NAME_LENGTH, MAX_HEADER_VALUE_LENGTH, MAX_HEADERS, MAX_MESSAGE_BYTES, MAX_PAYLOAD_DEPTH, MAX_URL_LENGTH,
  MAX_WEBHOOKS_PER_MESSAGE,
} from '../../src/core/limits';
import { mostOf, RetryPlan } from '../../src/core/retry';
import { RetryPolicy } from '../../src/retry-policy';
import { NOW, OPTIONS } from '../support/faulty-messages';
import { parserFaults as faultsOf, SCHEMA, SCHEMA_FIELDS, schemaFaults } from '../support/message-schema';
import { PUBLIC_INTERNET } from '../support/network';

const VALID = { date: '2030-01-02T00:00:00Z', url: 'https://example.com/hook', method: 'POST' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const DEFAULT_RETRY = RetryPolicy.standardWebhooks()._toPlan();
const many = (count: number, value: unknown = '1') => Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, value]));

const parserFaults = (text: string, retry: RetryPlan = OPTIONS.retry) => faultsOf(text, { ...OPTIONS, retry, network: PUBLIC_INTERNET });

test.each<[fault: string, field: string, message: unknown]>([
  ['no object', 'message', 'a'],
  ['no date', 'date', { ...VALID, date: undefined }],
  ['a date that is null', 'date', { ...VALID, date: null }],
  ['no URL', 'url', { ...VALID, url: undefined }],
  ['no method', 'method', { ...VALID, method: undefined }],
  ['a field that there is not', 'header', { ...VALID, header: {} }],
  ['a date that is a number', 'date', { ...VALID, date: NOW }],
  ['a date without a time', 'date', { ...VALID, date: '2030-01-02' }],
  ['a month that there is not', 'date', { ...VALID, date: '2030-13-02T00:00Z' }],
  ['a day that there is not', 'date', { ...VALID, date: '2030-04-31T00:00Z' }],
  ['an hour that there is not', 'date', { ...VALID, date: '2030-01-02T24:00Z' }],
  ['a second that there is not', 'date', { ...VALID, date: '2030-01-02T00:00:60Z' }],
  ['an offset that there is not', 'date', { ...VALID, date: '2030-01-02T00:00+24:00' }],
  ['a fraction that is too fine', 'date', { ...VALID, date: '2030-01-02T00:00:00.0123456789Z' }],
  ['another scheme', 'url', { ...VALID, url: 'ftp://example.com' }],
  ['a relative URL', 'url', { ...VALID, url: '/hook' }],
  ['no host', 'url', { ...VALID, url: 'https://' }],
  ['a line break in a URL', 'url', { ...VALID, url: 'https://example.com/\n' }],
  ['a password in a URL', 'url', { ...VALID, url: 'https://user:secret@example.com' }],
  ['a user in a URL', 'url', { ...VALID, url: 'https://user@example.com' }],
  ['a URL that is too long', 'url', { ...VALID, url: `https://example.com/${'x'.repeat(MAX_URL_LENGTH)}` }],
  ['another method', 'method', { ...VALID, method: 'CONNECT' }],
  ['a method with a space', 'method', { ...VALID, method: 'GET ' }],
  ['an id that is too long', 'id', { ...VALID, id: 'x'.repeat(129) }],
  ['a full stop in an id', 'id', { ...VALID, id: 'a.b' }],
  ['an empty id', 'id', { ...VALID, id: '' }],
  ['headers that are an array', 'headers', { ...VALID, headers: [] }],
  ['too many headers', 'headers', { ...VALID, headers: many(MAX_HEADERS + 1) }],
  ['the name of a header that is none', 'headers.x a', { ...VALID, headers: { 'x a': '1' } }],
  ['the name of a header that is too long', `headers.${'x'.repeat(92)}…`, { ...VALID, headers: { ['x'.repeat(MAX_HEADER_NAME_LENGTH + 1)]: '1' } }],
  ['a header that is the sender\'s own', 'headers.Content_Length', { ...VALID, headers: { Content_Length: '5' } }],
  ['… by its prefix', 'headers.webhook.id', { ...VALID, headers: { 'webhook.id': 'x' } }],
  ['a header of another type', 'headers.x-a', { ...VALID, headers: { 'x-a': null } }],
  ['a line break in a header', 'headers.x-a', { ...VALID, headers: { 'x-a': 'a\r\nb: c' } }],
  ['a header beyond Latin-1', 'headers.x-a', { ...VALID, headers: { 'x-a': '✓' } }],
  ['a header that is too long', 'headers.x-a', { ...VALID, headers: { 'x-a': 'x'.repeat(MAX_HEADER_VALUE_LENGTH + 1) } }],
  ['cookies that are a string', 'cookies', { ...VALID, cookies: 'a=b' }],
  ['too many cookies', 'cookies', { ...VALID, cookies: many(MAX_COOKIES + 1) }],
  ['the name of a cookie that is none', 'cookies.a b', { ...VALID, cookies: { 'a b': '1' } }],
  ['a separator in a cookie', 'cookies.a', { ...VALID, cookies: { a: '1; b=2' } }],
  ['a cookie that is too long', 'cookies.a', { ...VALID, cookies: { a: 'x'.repeat(MAX_COOKIE_LENGTH + 1) } }],
  ['a retry that is a number', 'retry', { ...VALID, retry: 3 }],
  ['a limit that there is not', 'retry.attempts', { ...VALID, retry: { attempts: 3 } }],
  ['no attempt', 'retry.maxAttempts', { ...VALID, retry: { maxAttempts: 0 } }],
  ['more attempts than any policy grants', 'retry.maxAttempts', { ...VALID, retry: { maxAttempts: 31 } }],
  ['half a second', 'retry.maxAgeSeconds', { ...VALID, retry: { maxAgeSeconds: 0.5 } }],
  ['a number as a form', 'payload', { ...VALID, headers: FORM, payload: 5 }],
  ['a null in a form', 'payload.a', { ...VALID, headers: FORM, payload: { a: null } }],
  ['an object in a form', 'payload.a', { ...VALID, headers: { 'CONTENT-type': 'Application/X-WWW-form-urlencoded ; charset=utf-8' }, payload: { a: {} } }],
  ['another action', 'action', { action: 'delete', id: 'a' }],
  ['an action without an id', 'id', { action: 'cancel' }],
  ['an action whose id is null', 'id', { action: 'redrive', id: null }],
  ['a cancel with a date', 'date', { action: 'cancel', id: 'a', date: VALID.date }],
  ['a redrive with a payload', 'payload', { action: 'redrive', id: 'a', payload: {} }],
  ['a reschedule of nothing', 'action', { action: 'reschedule', id: 'a', date: null }],
  ['a reschedule to no date', 'date', { action: 'reschedule', id: 'a', date: 'tomorrow' }],
  ['a list of nothing', 'message', []],
  ['a list of too many', 'message', Array.from({ length: MAX_WEBHOOKS_PER_MESSAGE + 1 }, () => VALID)],
  ['a fault in a list', '1.date', [VALID, { ...VALID, date: 'tomorrow' }, VALID]],
  ['no object in a list', '0.message', ['a', VALID]],
  ['null in a list', '1.message', [VALID, null]],
  ['a list in a list', '0.message', [[VALID]]],
  ['an action in a list', '0.action', [{ action: 'cancel', id: 'a' }, VALID]],
  ['a reschedule of nothing in a list', '0.action', [{ action: 'reschedule', id: 'a' }]],
])('finds %s', (_, field, message) => {
  const text = JSON.stringify(message);
  expect(parserFaults(text)).toEqual([field]);
  expect(schemaFaults(text)).toEqual([field]);
});

/** What only the scheduler can say, and what the schema's description, or that of the field, says of it. */
test.each<[fault: string, field: string, text: string, said: string]>([
  ['a message of too many bytes', 'message', JSON.stringify({ ...VALID, payload: 'x'.repeat(MAX_MESSAGE_BYTES) }), `a message of at most ${MAX_MESSAGE_BYTES} bytes`],
  ['half of a surrogate pair', 'payload', `{"date":"${VALID.date}","url":"${VALID.url}","method":"GET","payload":"\\ud800"}`, 'Unicode without halves of surrogate pairs'],
  ['a name that comes twice', 'method', `{"date":"${VALID.date}","url":"${VALID.url}","method":"GET","method":"PUT"}`, 'each name once in an object'],
  ['29 February of another year', 'date', JSON.stringify({ ...VALID, date: '2030-02-29T00:00Z' }), '29 February in leap years only'],
  ['a date beyond the horizon', 'date', JSON.stringify({ ...VALID, date: '2032-01-02T00:00Z' }), 'how far ahead the date lies'],
  ['a date that is long past', 'date', JSON.stringify({ ...VALID, date: '1970-01-01T00:00Z' }), 'At most 366 days ago'],
  ['a host that is none', 'url', JSON.stringify({ ...VALID, url: 'https://exa mple.com' }), 'that the URL parses'],
  ['a URL that the network policy refuses', 'url', JSON.stringify({ ...VALID, url: 'https://10.0.0.1/' }), 'where its network policy lets the URL lead'],
  ['a URL that is too long once it is encoded', 'url', JSON.stringify({ ...VALID, url: `https://example.com/${'é'.repeat(2000)}` }), 'characters as it is sent'],
  ['a payload that is too deep', 'payload', JSON.stringify({ ...VALID, payload: JSON.parse(`${'['.repeat(51)}${']'.repeat(51)}`) as unknown }), `a payload of at most ${MAX_PAYLOAD_DEPTH} levels`],
  ['a header in two ways of writing', 'headers.x_a', JSON.stringify({ ...VALID, headers: { 'X-A': '1', 'x_a': '2' } }), 'names of headers that differ in more than case and punctuation'],
  ['headers that are too long together', 'headers', JSON.stringify({ ...VALID, headers: { 'x-a': 'x'.repeat(7000), 'x-b': 'x'.repeat(7000) } }), 'how long all headers, or all cookies, are together'],
  ['cookies that are too long together', 'cookies', JSON.stringify({ ...VALID, cookies: { a: 'x'.repeat(4000), b: 'x'.repeat(4000) } }), 'how long all headers, or all cookies, are together'],
  ['the name and value of a cookie that are too long together', 'cookies.abc', JSON.stringify({ ...VALID, cookies: { abc: 'x'.repeat(4095) } }), 'name and value together'],
  ['more attempts than this scheduler grants', 'retry.maxAttempts', JSON.stringify({ ...VALID, retry: { maxAttempts: 5 } }), 'how much its retry policy grants'],
])('cannot find %s, and says so', (_, field, text, said) => {
  expect(parserFaults(text)).toEqual([field]);
  expect(schemaFaults(text)).toEqual([]);
  expect(`${String(SCHEMA.description)} ${SCHEMA_FIELDS[field.split('.')[0]]?.description}`).toContain(said);
});

test('its bounds of retries are those of the most generous policy', () => {
  const { retry } = SCHEMA_FIELDS;
  const source = readFileSync(path.join(__dirname, '..', '..', 'src', 'retry-policy.ts'), 'utf8');
  expect(retry.properties.maxAttempts.maximum).toBe(Number(/MAX_ATTEMPTS = (\d+)/.exec(source)?.[1]));
  expect(retry.properties.maxAgeSeconds.maximum).toBe(mostOf({ delaysMs: [], jitter: 0 }).maxAgeSeconds);
});

test('says how many webhooks a list may hold', () => {
  expect(String(SCHEMA.description)).toContain(`a list of 1 to ${MAX_WEBHOOKS_PER_MESSAGE} webhooks`);
  const most = JSON.stringify(Array.from({ length: MAX_WEBHOOKS_PER_MESSAGE }, () => VALID));
  expect([parserFaults(most), schemaFaults(most)]).toEqual([[], []]);
});

test('describes every field, with examples that are valid', () => {
  const properties = Object.entries(SCHEMA_FIELDS);
  expect(properties.map(([name]) => name)).toEqual(['action', 'id', 'date', 'url', 'method', 'payload', 'headers', 'cookies', 'retry']);
  for (const [name, { description, examples }] of properties.slice(1)) {
    expect(description.length).toBeGreaterThan(40);
    for (const example of examples) {
      const text = JSON.stringify({ ...VALID, [name]: example });
      expect([...parserFaults(text, DEFAULT_RETRY), ...schemaFaults(text)]).toEqual([]);
    }
  }
  for (const message of SCHEMA.examples as unknown[]) {
    expect([...parserFaults(JSON.stringify(message), DEFAULT_RETRY), ...schemaFaults(JSON.stringify(message))]).toEqual([]);
  }
});
