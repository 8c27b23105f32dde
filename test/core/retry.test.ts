import { Attempt } from '../../src/core/attempt';
import { isExpired, maxLifeMs, parseRetryAfter, parseRetryPlan, Retried, RetryPlan, verdictOf } from '../../src/core/retry';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const PLAN: RetryPlan = { delaysMs: [5_000, 300_000], jitter: 0.2 };
const WEBHOOK: Retried = { dueAt: NOW - 1_000 };

const attempt = (answer: Pick<Attempt, 'status' | 'error'>): Attempt => ({ at: new Date(NOW).toISOString(), lateMs: 0, durationMs: 5, ...answer });
const verdict = (answer: Pick<Attempt, 'status' | 'error'>, { made = 1, retryAfter, webhook = WEBHOOK, plan = PLAN, random = 0 }: {
  made?: number; retryAfter?: string; webhook?: Retried; plan?: RetryPlan; random?: number;
} = {}) => verdictOf(attempt(answer), made, retryAfter, webhook, plan, NOW, () => random);

test.each([200, 201, 202, 204, 226, 299])('%d is a success', (status) => {
  expect(verdict({ status })).toEqual({ kind: 'delivered' });
});

test.each([408, 425, 429, 500, 501, 502, 503, 504, 511, 599])('%d is tried again', (status) => {
  expect(verdict({ status })).toEqual({ kind: 'retry', at: NOW + 5_000 });
});

test.each([300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 409, 410, 413, 418, 422, 451, 499])('%d ends a webhook at once', (status) => {
  expect(verdict({ status })).toEqual({ kind: 'failed', reason: 'permanent' });
});

test.each([
  'timeout', 'ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'EHOSTUNREACH', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID', 'HPE_INVALID_CONSTANT',
])('%s is tried again', (error) => {
  expect(verdict({ error })).toEqual({ kind: 'retry', at: NOW + 5_000 });
});

test.each(['ERR_INVALID_CHAR', 'ERR_INVALID_HTTP_TOKEN', 'ERR_UNESCAPED_CHARACTERS', 'ERR_INVALID_URL'])(
  'a request that Node.js refuses to write, %s, is not written again', (error) => {
    expect(verdict({ error })).toEqual({ kind: 'failed', reason: 'permanent' });
  });

test('each attempt is followed by the delay that stands at its place, and the last one by none', () => {
  expect(verdict({ status: 500 }, { made: 1 })).toEqual({ kind: 'retry', at: NOW + 5_000 });
  expect(verdict({ status: 500 }, { made: 2 })).toEqual({ kind: 'retry', at: NOW + 300_000 });
  expect(verdict({ status: 500 }, { made: 3 })).toEqual({ kind: 'failed', reason: 'exhausted' });
  expect(verdict({ status: 500 }, { plan: { delaysMs: [], jitter: 0 } })).toEqual({ kind: 'failed', reason: 'exhausted' });
  // Retries that a longer plan once granted.
  expect(verdict({ status: 500 }, { made: 9 })).toEqual({ kind: 'failed', reason: 'exhausted' });
});

test('jitter only ever adds', () => {
  expect(verdict({ status: 500 }, { random: 0.5 })).toEqual({ kind: 'retry', at: NOW + 5_500 });
  expect(verdict({ status: 500 }, { random: 1 })).toEqual({ kind: 'retry', at: NOW + 6_000 });
});

test('a message may ask for fewer attempts', () => {
  const webhook = { ...WEBHOOK, retry: { maxAttempts: 2 } };
  expect(verdict({ status: 500 }, { made: 1, webhook })).toMatchObject({ kind: 'retry' });
  expect(verdict({ status: 500 }, { made: 2, webhook })).toEqual({ kind: 'failed', reason: 'exhausted' });
});

test('a message may ask for a shorter life, counted from its date, the end included', () => {
  const until = (maxAgeSeconds: number) => verdict({ status: 500 }, { webhook: { ...WEBHOOK, retry: { maxAgeSeconds } } });
  expect(until(6)).toEqual({ kind: 'retry', at: NOW + 5_000 });
  expect(until(5)).toEqual({ kind: 'failed', reason: 'expired' });
});

test('the shorter of the two lives counts', () => {
  const plan = { ...PLAN, maxAgeMs: 10_000 };
  const expired = (maxAgeSeconds: number, ageMs: number) => isExpired({ ...WEBHOOK, retry: { maxAgeSeconds } }, plan, WEBHOOK.dueAt + ageMs);
  expect([expired(20, 10_000), expired(20, 10_001), expired(5, 5_000), expired(5, 5_001)]).toEqual([false, true, false, true]);
  expect(isExpired(WEBHOOK, PLAN, Number.MAX_SAFE_INTEGER)).toBe(false);
});

test('Retry-After puts an attempt off, up to an hour, and never brings it forward', () => {
  const at = (retryAfter: string, made = 1) => verdict({ status: 503 }, { retryAfter, made });
  expect(at('120')).toEqual({ kind: 'retry', at: NOW + 120_000 });
  expect(at('Tue, 01 Jan 2030 00:02:00 GMT')).toEqual({ kind: 'retry', at: NOW + 120_000 });
  expect(at('86400')).toEqual({ kind: 'retry', at: NOW + 3_600_000 });
  expect(at('Tue, 01 Jan 2031 00:00:00 GMT')).toEqual({ kind: 'retry', at: NOW + 3_600_000 });
  expect(at('1')).toEqual({ kind: 'retry', at: NOW + 5_000 });
  expect(at('10', 2)).toEqual({ kind: 'retry', at: NOW + 300_000 });
  expect(at('soon')).toEqual({ kind: 'retry', at: NOW + 5_000 });
  expect(at('120', 3)).toEqual({ kind: 'failed', reason: 'exhausted' });
});

test('Retry-After beyond the life of a webhook ends it', () => {
  expect(verdict({ status: 503 }, { retryAfter: '120', plan: { ...PLAN, maxAgeMs: 60_000 } })).toEqual({ kind: 'failed', reason: 'expired' });
});

test.each([
  ['0', 0],
  ['120', 120_000],
  ['Tue, 01 Jan 2030 00:02:00 GMT', 120_000],
  ['Tue, 01 Jan 2030 00:00:00 GMT', 0],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
  ['Tuesday, 01-Jan-30 00:02:00 GMT', 120_000],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
  ['Tue Jan  1 00:02:00 2030', 120_000],
  ['Sat Feb 12 00:00:00 2033', 98_323_200_000],
])('Retry-After %s is %d ms', (text, ms) => {
  expect(parseRetryAfter(text, NOW)).toBe(ms);
});

test('two digits of a year are no more than 50 years ahead', () => {
  const HALF_A_CENTURY_MS = Date.parse('2080-01-01T00:00:00Z') - NOW;
  expect(parseRetryAfter('Monday, 01-Jan-80 00:00:00 GMT', NOW)).toBe(HALF_A_CENTURY_MS);
  expect(parseRetryAfter('Thursday, 01-Jan-81 00:00:00 GMT', NOW)).toBe(0); // 1981
});

test.each([
  '', ' ', '-1', '1.5', '1e3', '120 ', 'soon', '2030-01-01T00:02:00Z', 'Tue, 01 Jan 2030 00:02:00 UTC', 'Tue, 01 Jan 2030 00:02:00 +0100',
  'Tue, 31 Feb 2030 00:00:00 GMT', 'Tue, 01 Foo 2030 00:00:00 GMT', 'Tue, 1 Jan 2030 00:02:00 GMT', 'Tue, 01 Jan 2030 24:00:00 GMT',
])('Retry-After %p asks for nothing', (text) => {
  expect(parseRetryAfter(text, NOW)).toBeUndefined();
});

test('a plan is read from its text', () => {
  expect(parseRetryPlan('{"delaysMs":[0,5000],"jitter":0.2,"maxAgeMs":60000}')).toEqual({ delaysMs: [0, 5_000], jitter: 0.2, maxAgeMs: 60_000 });
  expect(parseRetryPlan('{"delaysMs":[],"jitter":0}')).toEqual({ delaysMs: [], jitter: 0 });
});

test.each([
  ['5', 'object'],
  ['null', 'object'],
  ['{"jitter":0}', 'delaysMs'],
  ['{"delaysMs":5,"jitter":0}', 'delaysMs'],
  ['{"delaysMs":[1.5],"jitter":0}', 'delaysMs'],
  ['{"delaysMs":[-1],"jitter":0}', 'delaysMs'],
  ['{"delaysMs":["1"],"jitter":0}', 'delaysMs'],
  ['{"delaysMs":[]}', 'jitter'],
  ['{"delaysMs":[],"jitter":1.1}', 'jitter'],
  ['{"delaysMs":[],"jitter":-0.1}', 'jitter'],
  ['{"delaysMs":[],"jitter":"0"}', 'jitter'],
  ['{"delaysMs":[],"jitter":0,"maxAgeMs":0.5}', 'maxAgeMs'],
  ['{"delaysMs":[],"jitter":0,"maxAgeMs":null}', 'maxAgeMs'],
])('%s is no plan: the error names %s', (text, named) => {
  expect(() => parseRetryPlan(text)).toThrow(named);
});

test('the longest life counts each delay with its jitter, or the Retry-After that may exceed it, up to the age', () => {
  expect(maxLifeMs({ delaysMs: [], jitter: 1 })).toBe(0);
  expect(maxLifeMs({ delaysMs: [10_000_000], jitter: 0.2 })).toBe(12_000_000);
  expect(maxLifeMs({ delaysMs: [5_000, 10_000_000], jitter: 0.2 })).toBe(15_600_000);
  expect(maxLifeMs({ delaysMs: [5_000, 10_000_000], jitter: 0.2, maxAgeMs: 60_000 })).toBe(60_000);
});
