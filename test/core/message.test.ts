import { fieldsOf, parseMessage, ParseOptions, partsOf } from '../../src/core/message';
import { messageText } from '../../src/core/webhook';
import { PUBLIC_INTERNET } from '../support/network';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const VALID = { date: '2030-01-02T00:00:00Z', url: 'https://example.com/hook', method: 'POST' };

const OPTIONS: ParseOptions = {
  defaultId: 'sns-1',
  now: NOW,
  maxHorizonMs: 366 * 86_400_000,
  partitions: 16,
  retry: { delaysMs: [5_000, 60_000], jitter: 0.2, maxAgeMs: 600_000 },
  network: PUBLIC_INTERNET,
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

test('a message is taken apart into the webhooks of its list, each with its text as it was written, and into itself where it is none', () => {
  const itself = (text: string) => [{ text, defaultId: 'sns-1', isListed: false }];
  expect(partsOf(' [{"payload": 1.0}\n, "a]", {}]', 'sns-1')).toEqual([
    { text: '{"payload": 1.0}', defaultId: 'sns-1-0', isListed: true },
    { text: '"a]"', defaultId: 'sns-1-1', isListed: true },
    { text: '{}', defaultId: 'sns-1-2', isListed: true },
  ]);
  for (const text of ['{"payload":[1,2]}', '', '[', '[]', '[1', '"[1]"', `[${'1,'.repeat(10)}1]`, '\ufeff[1]']) {
    expect(partsOf(text, 'sns-1')).toEqual(itself(text));
  }
  expect(partsOf(`[${'1,'.repeat(9)}1]`, 'sns-1')).toHaveLength(10);
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

test('a past date is valid: it may have waited in queues', () => {
  expect(webhookOf({ ...VALID, date: '2029-12-01T00:00:00Z' }).dueAt).toBeLessThan(NOW);
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
    { field: 'url', received: '"ftp://example.com"', expected: 'an https URL; this scheduler calls no other' },
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

test.each(['0001-01-01T00:00:00', '1970-01-01T00:00:00Z', '1969-12-31T23:59:59.999Z', '2028-12-30T23:59:59.999Z'])('date %p is a mistake', (date) => {
  expect(errorsOf({ ...VALID, date })).toEqual([{ field: 'date', received: JSON.stringify(date), expected: expect.stringContaining('from 2028-12-31T00:00:00.000Z on') }]);
  expect(errorsOf({ ...VALID, date: '2028-12-31T00:00:00Z' })).toEqual([]);
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
  `https://example.com/${'x'.repeat(8192)}`, `https://example.com/${'é'.repeat(2000)}`, 'https://exa mple.com', 7, 'https://exam\nple.com', '\thttps://example.com',
  'https://example.com/\r\nx-a: b', ' ht\ntps://example.com ', 'https://example.com/?\u0000', 'https://example.com/\u007f', 'https://example.com/\ud800',
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
  ['hop by hop', { 'Proxy-Authorization': 'Basic x' }, 'headers.Proxy-Authorization'],
  ['for a change of protocol', { 'HTTP2-Settings': 'x' }, 'headers.HTTP2-Settings'],
  ['what some servers take for it', { Content_Length: '5' }, 'headers.Content_Length'],
  ['what some servers take for the sender\'s own', { webhook_signature: 'v1,x' }, 'headers.webhook_signature'],
  ['what lighttpd takes for it', { 'webhook.id': 'x' }, 'headers.webhook.id'],
  ['the same by another character', { 'Webhook+Signature': 'v1,x' }, 'headers.Webhook+Signature'],
  ['what it takes for framing', { 'content.length': '1' }, 'headers.content.length'],
  ['half a surrogate pair', { 'x-a': '\ud800' }, 'headers.x-a'],
  ['sender\'s own', { 'Webhook-Id': 'mine' }, 'headers.Webhook-Id'],
  ['object', { 'x-a': {} }, 'headers.x-a'],
  ['array', { 'x-a': ['1'] }, 'headers.x-a'],
  ['null', { 'x-a': null }, 'headers.x-a'],
])('header refused: %s', (_, headers, field) => {
  expect(wrongFields({ ...VALID, headers })).toEqual([field]);
});

test('the same header twice in different case is refused', () => {
  expect(wrongFields({ ...VALID, headers: { 'X-A': '1', 'x-a': '2' } })).toEqual(['headers.x-a']);
  expect(wrongFields({ ...VALID, headers: { 'X-A': '1', 'X_A': '2' } })).toEqual(['headers.X_A']);
  expect(wrongFields({ ...VALID, headers: { 'X-A': '1', 'x.a': '2' } })).toEqual(['headers.x.a']);
});

test('cookies and a header of that name are one header, and bounded as one', () => {
  const cookies = { a: 'b'.repeat(3_996), b: 'b'.repeat(3_900) }; // 4,000 and 3,904 characters, with what is around them
  const header = (length: number) => ({ ...VALID, headers: { Cookie: 'a'.repeat(length) }, cookies });
  expect(webhookOf(header(96)).cookies).toEqual(cookies);
  expect(errorsOf(header(97))).toEqual([{
    field: 'cookies', received: expect.any(String), expected: 'at most 8000 characters as they are sent, the header of that name included, not 8001',
  }]);
  expect(wrongFields({ ...VALID, headers: { cookie: 'a'.repeat(8_001) } })).toEqual(['headers.cookie']); // nothing is wrong with cookies that are not there
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
});

const OVER_BOUNDS: [what: string, message: object, field: string, expected: string][] = [
  ['65 headers', { headers: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`x-${i}`, ''])) }, 'headers', 'at most 64 headers, not 65'],
  ['a header name of 129 characters', { headers: { ['x'.repeat(129)]: '' } }, `headers.${'x'.repeat(92)}…`, 'at most 128 characters'],
  ['a header of 8,001 characters', { headers: { a: 'x'.repeat(8001) } }, 'headers.a', 'at most 8000 characters'],
  ['headers of 12,289 characters', { headers: { a: 'x'.repeat(6000), b: 'x'.repeat(6279) } }, 'headers', 'at most 12288 characters as they are sent, not 12289'],
  ['51 cookies', { cookies: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`c${i}`, ''])) }, 'cookies', 'at most 50 cookies, not 51'],
  ['a cookie of 4,097 characters', { cookies: { abc: 'x'.repeat(4094) } }, 'cookies.abc', 'at most 4096 characters'],
  ['cookies of 8,001 characters', { cookies: { a: 'x'.repeat(4000), b: 'x'.repeat(3993) } }, 'cookies', 'at most 8000 characters as they are sent, not 8001'],
  ['a payload 51 deep', { payload: JSON.parse('['.repeat(51) + ']'.repeat(51)) as unknown }, 'payload', 'at most 50 arrays and objects'],
  ['a payload that UTF-8 cannot hold', { payload: 'x\ud800' }, 'payload', 'halves of surrogate pairs'],
  ['an id of 129 characters', { id: 'x'.repeat(129) }, 'id', '1 to 128'],
  ['more attempts than there are', { retry: { maxAttempts: 4 } }, 'retry.maxAttempts', '1 to 3'],
  ['a host of 1,025 characters', { url: `https://${'\u4e00'.repeat(1021)}.com/` }, 'url', 'a host of at most 1024 characters'],
  ['… however it is written', { url: ` HTTP:\\${'x'.repeat(1025)}?` }, 'url', 'a host of at most 1024 characters'],
  ['a method with letters beyond ASCII', { method: 'opt\u0131ons' }, 'method', 'one of GET'],
];
test.each(OVER_BOUNDS)('%s: refused, and says why', (_, message, field, expected) => {
  expect(errorsOf({ ...VALID, ...message })).toEqual([{ field, received: expect.any(String), expected: expect.stringContaining(expected) }]);
});

test('at its bounds a message is accepted', () => {
  const most = {
    url: `https://example.com/${'x'.repeat(8172)}`,
    payload: JSON.parse('['.repeat(50) + ']'.repeat(50)) as unknown,
    headers: { ...Object.fromEntries(Array.from({ length: 63 }, (_, i) => [`x-${i}`, ''])), ['y'.repeat(128)]: 'x'.repeat(8000) },
    cookies: { ...Object.fromEntries(Array.from({ length: 49 }, (_, i) => [`c${i}`, ''])), z: 'x'.repeat(4095) },
    id: 'x'.repeat(128),
  };
  expect(errorsOf({ ...VALID, ...most })).toEqual([]);
  const longestName = [63, 63, 63, 61].map((length) => '%78'.repeat(length)).join('.');
  expect(errorsOf({ ...VALID, url: `https://${longestName}/${'x'.repeat(1024)}` })).toEqual([]);
});

test('a message of more bytes than SNS takes is wrong as a whole', () => {
  const ofBytes = (bytes: number) => JSON.stringify({ ...VALID, payload: 'é'.repeat((bytes - JSON.stringify({ ...VALID, payload: '' }).length) / 2) });
  expect(parseText(`${ofBytes(262_143)} `)).toHaveProperty('webhook');
  expect(parseText(ofBytes(262_145))).toEqual({
    id: 'sns-1', errors: [{ field: 'message', received: expect.stringMatching(/^"\{.{98}…$/), expected: 'at most 262144 bytes, not 262145' }],
  });
});

test('text that UTF-8 cannot hold is no message, and is not passed on in what is said of it', () => {
  expect(parseText(JSON.stringify(VALID).replace('hook', 'hook\ud800'))).toMatchObject({ errors: [{ field: 'message', expected: expect.stringContaining('Unicode') }] });
  expect(errorsOf({ ...VALID, 'a\udc00': 1 })).toMatchObject([{ field: 'a\ufffd' }]);
});

test.each([
  ['a field', '"url":"https://example.com","url":"https://example.org"', 'url'],
  ['a field that was null at first', '"id":null,"id":"a"', 'id'],
  ['a header', '"headers":{"x-a":"1","x-a":"2"}', 'headers.x-a'],
  ['a header, escaped', '"headers":{"x-a":"1","x-\\u0061":"2"}', 'headers.x-a'],
  ['a cookie', '"cookies":{"a":"1","a":"1"}', 'cookies.a'],
  ['a member of retry', '"retry":{"maxAttempts":1,"maxAttempts":2}', 'retry.maxAttempts'],
  ['a name of a form', '"payload":{"a":1,"a":2},"headers":{"content-type":"application/x-www-form-urlencoded"}', 'payload.a'],
])('%s that comes twice is refused: two programs could read two messages', (_, members, field) => {
  const parsed = parseText(`{"date":"${VALID.date}",${members.startsWith('"url') ? '' : '"url":"https://example.com",'}"method":"POST",${members}}`);
  expect(parsed).toMatchObject({ errors: [{ field, expected: expect.stringMatching(/^each (name|header) once/) }] });
  expect(parseText(`{"date":"${VALID.date}","url":"https://example.com","method":"POST","payload":{"a":1,"a":2}}`)).toHaveProperty('webhook');
});

test('reading the most hostile texts of 256 KiB takes no time to speak of', () => {
  const full = (start: string, unit: string, end = '') => start + unit.repeat((262_144 - start.length - end.length) / unit.length) + end;
  const texts = [
    full('', '['), full('{"payload":', '['), full('{"a":', '{"a":'), full('"', '\\'), full('{"a":"', '\\"', '"}'), full('{', '"":1,', '"a":1}'),
    full('{"headers":{', '"":1,', '"a":1}}'), full('{"headers":{', '"a":[[]],', '"a":1}}'), full('{"url":"https://', '\u4e00', '"}'), full('{"method":"', 'ß', '"}'),
    full('{"date":"', '9', '"}'), full('{"id":"', 'a', '"}'), full('{"payload":{', '"a":[1],', '"a":1},"headers":{"content-type":"application/x-www-form-urlencoded"}}'),
    full('{"retry":{', '"maxAttempts":1,', '"a":1}}'), full('{"url":"', ' ', 'https://a"}'), full('{"cookies":{"a":"', ' ', '"}}'), full('{', ' ', '}'), full('', '\ufeff'),
    full('[1', ',1', ']'), full('[', '{},', '{}]'), full('["', ',', '"]'), full('[{"a":', '[', ''), full('[[', '],[', ']]'), full('[', ' ', ']'),
  ];
  const started = performance.now();
  for (const text of texts) {
    partsOf(text, 'sns-1').forEach((part) => expect(parseMessage(part.text, { ...OPTIONS, ...part })).toHaveProperty('errors'));
  }
  expect(performance.now() - started).toBeLessThan(texts.length * 500); // 10 ms each on an idle machine; quadratic would be a minute
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
