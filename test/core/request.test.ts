import { parseMessage } from '../../src/core/message';
import { encodeForm, toRequest } from '../../src/core/request';
import { PUBLIC_INTERNET } from '../support/network';

function requestOf(message: object, attemptAt = 1_893_456_000_999) {
  const text = JSON.stringify({ date: '2030-01-01T00:00:00Z', url: 'https://example.com/hook?a=1', method: 'post', ...message });
  return requestOfText(text, attemptAt);
}

function requestOfText(text: string, attemptAt: number) {
  const parsed = parseMessage(text, {
    defaultId: 'sns-1', now: 0, maxHorizonMs: Infinity, partitions: 16, retry: { delaysMs: [], jitter: 0 }, network: PUBLIC_INTERNET,
  });
  if (!('webhook' in parsed)) {
    throw new Error(JSON.stringify(parsed));
  }
  return toRequest(parsed.webhook, attemptAt);
}

test('an object or array is sent as JSON', () => {
  expect(requestOf({ payload: { a: [1] } })).toMatchObject({ body: '{"a":[1]}', headers: { 'content-type': 'application/json' } });
  expect(requestOf({ payload: [1, 2] })).toMatchObject({ body: '[1,2]', headers: { 'content-type': 'application/json' } });
});

test('numbers and booleans are JSON too', () => {
  expect(requestOf({ payload: 5 })).toMatchObject({ body: '5', headers: { 'content-type': 'application/json' } });
  expect(requestOf({ payload: false })).toMatchObject({ body: 'false', headers: { 'content-type': 'application/json' } });
});

test('a content type of the message\'s own stays, in its own spelling', () => {
  const { headers } = requestOf({ payload: {}, headers: { 'Content-Type': 'application/vnd.api+json' } });
  expect(headers['Content-Type']).toBe('application/vnd.api+json');
  expect(headers).not.toHaveProperty('content-type');
});

test('a string is sent as it is, without a content type of ours', () => {
  const { body, headers } = requestOf({ payload: ' line\n"é" \u0000' });
  expect(body).toBe(' line\n"é" \u0000');
  expect(headers).not.toHaveProperty('content-type');
});

test('an empty string is a body, no payload is none', () => {
  expect(requestOf({ payload: '' }).body).toBe('');
  expect(requestOf({}).body).toBeUndefined();
  expect(requestOf({}).headers).not.toHaveProperty('content-type');
});

test('an object is sent as a form where the message asks for one', () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  expect(requestOf({ headers, payload: { 'a': 'x y', 'b': ['1', 2], 'c': true, 'd&': 'é=' } }).body).toBe('a=x+y&b=1&b=2&c=true&d%26=%C3%A9%3D');
  expect(requestOf({ headers, payload: 'a=already' }).body).toBe('a=already');
});

test('numbers are in a form as they were written, digit for digit', () => {
  const text = '{"date":"2030-01-01T00:00:00Z","url":"https://example.com","method":"post",'
    + '"headers":{"content-type":"application/x-www-form-urlencoded"},"payload":{"price":1.10,"id":12345678901234567890,"2":[1e3,-0.0],"1":0.30000000000000001}}';
  expect(requestOfText(text, 0).body).toBe('price=1.10&id=12345678901234567890&2=1e3&2=-0.0&1=0.30000000000000001');
});

test('halves of a surrogate pair are in no form, neither as two elements of an array nor as a name and its value', () => {
  expect(encodeForm('{"a":["\\ud83d","\\ude00"],"b\\ud83d":"\\ude00","c":"\\ud83d\\ude00"}')).toEqual({
    body: 'c=%F0%9F%98%80', unencodable: ['a', 'b\ud83d'],
  });
});

test('cookies become one cookie header, behind the message\'s own', () => {
  expect(requestOf({ cookies: { a: '1', b: 'x y' } }).headers).toMatchObject({ cookie: 'a=1; b=x y' });
  expect(requestOf({ headers: { Cookie: 'own=1' }, cookies: { a: '2' } }).headers).toMatchObject({ Cookie: 'own=1; a=2' });
});

test('the sender names the webhook, the time of the attempt, and itself', () => {
  expect(requestOf({}).headers).toEqual({
    'webhook-id': 'sns-1', 'webhook-timestamp': '1893456000', 'user-agent': 'cdk-webhook-scheduler',
  });
  expect(requestOf({ headers: { 'User-Agent': 'mine' } }).headers).toMatchObject({ 'User-Agent': 'mine' });
});
