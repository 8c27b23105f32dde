import { fieldsOf, parseMessage, ParseOptions } from '../../src/core/message';
import { messageText } from '../../src/core/webhook';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const VALID = { date: '2030-01-02T00:00:00Z', url: 'https://example.com/hook', method: 'POST' };

const OPTIONS: ParseOptions = {
  defaultId: 'sns-1', now: NOW, maxHorizonMs: 366 * 86_400_000, partitions: 16, retry: { delaysMs: [5_000, 60_000], jitter: 0.2, maxAgeMs: 600_000 },
};

const parseText = (text: string) => parseMessage(text, OPTIONS);
const parse = (message: object) => parseText(JSON.stringify(message));
const webhookOf = (message: object) => {
  const parsed = parse(message);
  if (!('webhook' in parsed)) {
    throw new Error(JSON.stringify(parsed));
  }
  return parsed.webhook;
};
const errorsOf = (message: object) => {
  const parsed = parse(message);
  return 'errors' in parsed ? parsed.errors : [];
};
const wrongFields = (message: object) => errorsOf(message).map(({ field }) => field);

test('the smallest message', () => {
  expect(webhookOf(VALID)).toEqual({
    id: 'sns-1', ownId: false, dueAt: NOW + 86_400_000, date: VALID.date, url: VALID.url, method: 'POST', partition: expect.any(Number),
  });
});

test('a message may bring an id', () => {
  expect(webhookOf({ ...VALID, id: 'order-42:reminder/1' })).toMatchObject({ id: '.order-42:reminder/1', ownId: true });
});

test('the case of the method does not matter', () => {
  expect(webhookOf({ ...VALID, method: 'post' }).method).toBe('POST');
  expect(webhookOf({ ...VALID, method: 'Delete' }).method).toBe('DELETE');
});

test('null means absent, as many languages write it', () => {
  const webhook = webhookOf({ ...VALID, id: null, payload: null, headers: null, cookies: null });
  expect(webhook).toMatchObject({ id: 'sns-1', payload: undefined, headers: undefined, cookies: undefined });
});

test('a past date is valid', () => {
  expect(webhookOf({ ...VALID, date: '1969-07-20T20:17:40Z' }).dueAt).toBeLessThan(0);
});

test('a payload is kept as it was written', () => {
  const parsed = parseText('{"date":"2030-01-02T00:00:00Z","url":"https://example.com","method":"post","payload":{"id": 12345678901234567890, "x":1.0}}');
  expect('webhook' in parsed && parsed.webhook.payload).toBe('{"id": 12345678901234567890, "x":1.0}');
});

test('numbers and booleans among headers and cookies count as their text', () => {
  expect(webhookOf({ ...VALID, headers: { 'x-count': 3 }, cookies: { seen: true } }))
    .toMatchObject({ headers: { 'x-count': '3' }, cookies: { seen: 'true' } });
});

test('every wrong field is named at once, with what came and what was expected', () => {
  expect(errorsOf({ date: 'soon', url: 'ftp://example.com', method: 'FETCH', headers: 'none', cookies: { 'a b': 'x' }, id: '', extra: 1 })).toEqual([
    { field: 'extra', received: '1', expected: expect.stringContaining('no such field') },
    { field: 'id', received: '""', expected: expect.stringContaining('1 to 128') },
    { field: 'date', received: '"soon"', expected: expect.stringContaining('ISO 8601') },
    { field: 'url', received: '"ftp://example.com"', expected: expect.stringContaining('http or https') },
    { field: 'method', received: '"FETCH"', expected: expect.stringContaining('GET, HEAD, POST') },
    { field: 'headers', received: '"none"', expected: expect.stringContaining('object') },
    { field: 'cookies.a b', received: '"x"', expected: expect.stringContaining('cookie name') },
  ]);
});

test('a missing field is named as missing', () => {
  expect(errorsOf({})).toEqual(['date', 'url', 'method'].map((field) => ({ field, received: 'nothing', expected: expect.any(String) })));
});

test.each(['', 'date=now', '[]', '"text"', 'null', '{"date":', '{"date":"2030-01-02T00:00:00Z",}'])('%p is no message', (text) => {
  const parsed = parseText(text);
  expect(parsed).toMatchObject({ id: 'sns-1', errors: [{ field: 'message' }] });
});

test('a date beyond the horizon is refused, with the latest that is not', () => {
  expect(errorsOf({ ...VALID, date: '2031-01-02T00:00:00.001Z' })).toEqual([
    { field: 'date', received: '"2031-01-02T00:00:00.001Z"', expected: expect.stringContaining('2031-01-02T00:00:00.000Z') },
  ]);
  expect(errorsOf({ ...VALID, date: '2031-01-02T00:00:00Z' })).toEqual([]);
});

test('a URL may hold letters beyond ASCII, however many were read before', () => {
  // URL.canParse of Node.js 20 and 22 refuses them once it has been optimized, after some thousand calls.
  for (let i = 0; i < 10_000; i++) {
    expect(parse({ ...VALID, url: 'https://ü.example/é' })).toHaveProperty('webhook');
  }
});

test.each([
  'example.com', '/hook', 'https://', 'javascript:alert(1)', 'file:///etc/passwd', 'https://user:secret@example.com/', 'https://user@example.com/',
  `https://example.com/${'x'.repeat(8192)}`, 'https://exa mple.com', 7,
])('url %p is refused', (url) => {
  expect(wrongFields({ ...VALID, url })).toEqual(['url']);
});

test.each([
  ['line break', { 'x-a': 'one\r\nx-b: two' }, 'headers.x-a'],
  ['control character', { 'x-a': '\u0000' }, 'headers.x-a'],
  ['beyond Latin-1', { 'x-a': '✓' }, 'headers.x-a'],
  ['name that is no token', { 'x a': '1' }, 'headers.x a'],
  ['empty name', { '': '1' }, 'headers.'],
  ['host', { Host: 'internal' }, 'headers.Host'],
  ['content-length', { 'Content-Length': '5' }, 'headers.Content-Length'],
  ['transfer-encoding', { 'transfer-encoding': 'chunked' }, 'headers.transfer-encoding'],
  ['connection', { connection: 'close' }, 'headers.connection'],
  ['sender\'s own', { 'Webhook-Id': 'mine' }, 'headers.Webhook-Id'],
  ['object', { 'x-a': {} }, 'headers.x-a'],
  ['array', { 'x-a': ['1'] }, 'headers.x-a'],
  ['null', { 'x-a': null }, 'headers.x-a'],
])('header refused: %s', (_, headers, field) => {
  expect(wrongFields({ ...VALID, headers })).toEqual([field]);
});

test('the same header twice in different case is refused', () => {
  expect(wrongFields({ ...VALID, headers: { 'X-A': '1', 'x-a': '2' } })).toEqual(['headers.x-a']);
});

test('cookie values may not hold a separator', () => {
  expect(wrongFields({ ...VALID, cookies: { a: '1; admin=true' } })).toEqual(['cookies.a']);
});

test('a form takes only what a form can hold', () => {
  const headers = { 'Content-Type': 'Application/X-WWW-Form-Urlencoded; charset=utf-8' };
  expect(wrongFields({ ...VALID, headers, payload: { a: 1, b: ['x', true], c: 'é' } })).toEqual([]);
  expect(wrongFields({ ...VALID, headers, payload: { a: { b: 1 }, c: [[]], d: null, e: [1, null] } }))
    .toEqual(['payload.a', 'payload.c', 'payload.d', 'payload.e']);
  expect(wrongFields({ ...VALID, headers, payload: [1] })).toEqual(['payload']);
  expect(wrongFields({ ...VALID, headers, payload: 'a=1&b=2' })).toEqual([]);
});

test('nothing makes it throw or answer without bound', () => {
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  const hostile = [
    `{"date":${deep},"url":${deep},"method":${deep},"headers":${deep},"cookies":{"a":${deep}},"id":${deep}}`,
    `{"payload":${deep},"date":"2030-01-02T00:00:00Z","url":"https://example.com","method":"post"}`,
    '{"__proto__":{"date":"2030-01-02T00:00:00Z"},"constructor":1}',
    JSON.stringify({ ...VALID, headers: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`bad name ${i}`, 'x'.repeat(1000)])) }),
    JSON.stringify({ ['x'.repeat(100_000)]: 1 }),
  ];
  for (const text of hostile) {
    const parsed = parseText(text);
    expect(JSON.stringify('errors' in parsed ? parsed.errors : []).length).toBeLessThan(20_000);
  }
  expect(parseText(hostile[1])).toHaveProperty('webhook');
});

test('a __proto__ among the headers is a header like any other', () => {
  const parsed = parseText('{"date":"2030-01-02T00:00:00Z","url":"https://example.com","method":"get","headers":{"__proto__":"x"}}');
  expect('webhook' in parsed && Object.entries(parsed.webhook.headers ?? {})).toEqual([['__proto__', 'x']]);
});

test('the fields named for the log are ours, never a producer\'s text', () => {
  expect(fieldsOf(errorsOf({ ...VALID, 'date': 1, 'headers': { 'secret name': '1', 'other name': '2' }, 'secret field': 1 }))).toEqual(['other', 'date', 'headers']);
});

test('a webhook can be written back as the message it came from', () => {
  const message = { id: 'a', date: VALID.date, url: VALID.url, method: 'PUT', payload: { n: [1, 'é'] }, headers: { a: 'b' }, cookies: { c: 'd' } };
  expect(JSON.parse(messageText(webhookOf(message)))).toEqual(message);
  expect(JSON.parse(messageText(webhookOf(VALID)))).toEqual(VALID);
});
