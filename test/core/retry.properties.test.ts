import * as fc from 'fast-check';
import { Attempt } from '../../src/core/attempt';
import {
  isExhausted, isExpired, MAX_RETRY_AFTER_MS, maxLifeMs, parseRetryAfter, parseRetryPlan, Retried, RetryPlan, Verdict, verdictOf,
} from '../../src/core/retry';
import { retryPlan } from '../support/arbitrary';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const DAY_MS = 86_400_000;

const answer: fc.Arbitrary<Pick<Attempt, 'status' | 'error'>> = fc.oneof(
  fc.integer({ min: 100, max: 599 }).map((status) => ({ status })),
  fc.oneof(fc.constantFrom('timeout', 'ECONNRESET', 'ENOTFOUND', 'ERR_INVALID_CHAR'), fc.string()).map((error) => ({ error })),
);
/** An answer after which there may be another attempt. */
const passing: fc.Arbitrary<Pick<Attempt, 'status' | 'error'>> = fc.constantFrom(
  ...[408, 425, 429, 500, 503, 599].map((status) => ({ status })), ...['timeout', 'ECONNRESET'].map((error) => ({ error })),
);
const httpDate = fc.date({ min: new Date(NOW - DAY_MS), max: new Date(NOW + 5 * DAY_MS), noInvalidDate: true }).map((date) => date.toUTCString());
const retryAfter = fc.option(
  fc.oneof(fc.nat(10_000).map(String), fc.stringMatching(/^\d{1,30}$/), httpDate, fc.string({ unit: 'binary' })), { nil: undefined },
);
const limits = fc.option(fc.record({
  maxAttempts: fc.integer({ min: 1, max: 40 }), maxAgeSeconds: fc.oneof(fc.integer({ min: 1, max: 3_600 }), fc.integer({ min: 1, max: 4_000_000 })),
}, { requiredKeys: [] }), { nil: undefined });
const random = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1));
/** From a day late to a second early, by another clock. */
const webhook: fc.Arbitrary<Retried> = fc.record({ dueAt: fc.integer({ min: NOW - DAY_MS, max: NOW + 5_000 }), retry: limits });
const made = fc.integer({ min: 1, max: 40 });

const attemptOf = (said: Pick<Attempt, 'status' | 'error'>): Attempt => ({ at: new Date(NOW).toISOString(), lateMs: 0, durationMs: 0, ...said });

test('every answer, whatever it says, leads to one of the verdicts there are', () => {
  fc.assert(fc.property(answer, made, retryAfter, webhook, retryPlan, random, (said, n, after, w, plan, r) => {
    const verdict = verdictOf(attemptOf(said), n, after, w, plan, NOW, () => r);
    const { status } = said;
    if (status !== undefined && status >= 200 && status <= 299) {
      expect(verdict).toEqual({ kind: 'delivered' });
    } else if (status !== undefined && status < 500 && ![408, 425, 429].includes(status)) {
      expect(verdict).toEqual({ kind: 'failed', reason: 'permanent' });
    } else if (verdict.kind === 'retry') {
      expect(Number.isSafeInteger(verdict.at)).toBe(true);
    } else {
      expect(verdict).toEqual({ kind: 'failed', reason: expect.stringMatching(/^(permanent|exhausted|expired)$/) });
    }
  }), { numRuns: 1_000 });
});

test('there is another attempt exactly where the plan and the message grant it, and it comes within their lives', () => {
  fc.assert(fc.property(passing, made, retryAfter, webhook, retryPlan, random, (said, n, after, w, plan, r) => {
    const verdict = verdictOf(attemptOf(said), n, after, w, plan, NOW, () => r);
    const granted = n <= plan.delaysMs.length && n < (w.retry?.maxAttempts ?? Infinity);
    expect(verdict).toEqual(granted ? expect.not.objectContaining({ reason: 'exhausted' }) : { kind: 'failed', reason: 'exhausted' });
    expect(isExhausted(w, plan, n)).toBe(!granted);
    if (verdict.kind === 'retry') {
      expect(verdict.at - w.dueAt).toBeLessThanOrEqual(Math.min(plan.maxAgeMs ?? Infinity, (w.retry?.maxAgeSeconds ?? Infinity) * 1_000));
    }
  }), { numRuns: 1_000 });
});

test('the delay is the planned one, up to the jitter more; or what the endpoint asked for, up to an hour', () => {
  const unlimited: Retried = { dueAt: NOW };
  const plans = retryPlan.filter(({ delaysMs }) => delaysMs.length > 0).map((plan): RetryPlan => ({ ...plan, maxAgeMs: undefined }));
  fc.assert(fc.property(plans, fc.nat(), retryAfter, random, (plan, nth, after, r) => {
    const n = nth % plan.delaysMs.length + 1;
    const { at } = verdictOf(attemptOf({ status: 503 }), n, after, unlimited, plan, NOW, () => r) as Verdict & { kind: 'retry' };
    const planned = plan.delaysMs[n - 1];
    const asked = Math.min(parseRetryAfter(after ?? '', NOW) ?? 0, MAX_RETRY_AFTER_MS);
    expect(at - NOW).toBeGreaterThanOrEqual(Math.max(planned, asked));
    expect(at - NOW).toBeLessThanOrEqual(Math.max(Math.ceil(planned * (1 + plan.jitter)), asked));
    if (r === 0 && after === undefined) {
      expect(at - NOW).toBe(planned);
    }
  }), { numRuns: 1_000 });
});

test('a whole life: no more attempts than granted, none too soon, none after its end, and none longer than the plan\'s longest life', () => {
  const asked = fc.constantFrom(undefined, '0', '30', '86400');
  const story = fc.array(
    fc.record({ said: passing, after: asked, r: random, lateMs: fc.nat(60_000), durationMs: fc.nat(900_000) }), { minLength: 35, maxLength: 35 },
  );
  fc.assert(fc.property(webhook, retryPlan, story, (w, plan, answers) => {
    const first = Math.max(NOW, w.dueAt);
    let now = first;
    let overhead = 0;
    let lastAt = first;
    let attempts = 0;
    for (const { said, after, r, lateMs, durationMs } of answers) {
      lastAt = now;
      attempts++;
      now += durationMs;
      const verdict = verdictOf(attemptOf(said), attempts, after, w, plan, now, () => r);
      if (verdict.kind !== 'retry') {
        break;
      }
      expect(verdict.at - now).toBeGreaterThanOrEqual(plan.delaysMs[attempts - 1]);
      expect(isExpired(w, plan, verdict.at)).toBe(false);
      overhead += durationMs + lateMs;
      now = verdict.at + lateMs;
    }
    expect(attempts).toBeLessThanOrEqual(Math.min(plan.delaysMs.length + 1, w.retry?.maxAttempts ?? Infinity));
    expect(lastAt - overhead - first).toBeLessThanOrEqual(maxLifeMs(plan));
    if (attempts > 1) {
      const lastLateMs = answers[attempts - 2].lateMs;
      expect(lastAt - lastLateMs - w.dueAt).toBeLessThanOrEqual(Math.min(plan.maxAgeMs ?? Infinity, (w.retry?.maxAgeSeconds ?? Infinity) * 1_000));
    }
  }), { numRuns: 1_000 });
});

test('what has expired stays expired, and asking for less never means living longer', () => {
  const ageMs = fc.nat(40 * DAY_MS);
  fc.assert(fc.property(webhook, retryPlan, ageMs, ageMs, fc.integer({ min: 1, max: 4_000_000 }), (w, plan, age, more, maxAgeSeconds) => {
    const at = w.dueAt + age;
    const shorter = { ...w, retry: { ...w.retry, maxAgeSeconds: Math.min(maxAgeSeconds, w.retry?.maxAgeSeconds ?? Infinity) } };
    expect(Number(isExpired(w, plan, at + more))).toBeGreaterThanOrEqual(Number(isExpired(w, plan, at)));
    expect(Number(isExpired(shorter, plan, at))).toBeGreaterThanOrEqual(Number(isExpired(w, plan, at)));
    expect(isExpired(w, plan, w.dueAt)).toBe(false);
  }), { numRuns: 1_000 });
});

test('Retry-After: seconds and HTTP dates are what they say, and nothing makes it throw or answer a negative time', () => {
  fc.assert(fc.property(fc.nat(100_000_000), (seconds) => {
    expect(parseRetryAfter(String(seconds), NOW)).toBe(seconds * 1_000);
  }));
  const dates = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
  fc.assert(fc.property(dates, (date) => {
    expect(parseRetryAfter(date.toUTCString(), NOW)).toBe(Math.max(Math.floor(date.getTime() / 1_000) * 1_000 - NOW, 0));
  }), { numRuns: 500 });
  const almost = fc.stringMatching(/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), almost), (text) => {
    expect(parseRetryAfter(text, NOW) ?? 0).toBeGreaterThanOrEqual(0);
  }), { numRuns: 500 });
});

test('Retry-After: the obsolete forms of a date mean the same as the current one', () => {
  const near = fc.date({ min: new Date('1990-01-01T00:00:00Z'), max: new Date('2079-12-31T23:59:59Z'), noInvalidDate: true });
  fc.assert(fc.property(near, (date) => {
    const [, weekday, day, month, year, time] = /^(\w{3}), (\d\d) (\w{3}) (\d{4}) (\S+) GMT$/.exec(date.toUTCString()) as RegExpExecArray;
    const current = parseRetryAfter(date.toUTCString(), NOW);
    expect(parseRetryAfter(`${weekday}day, ${day}-${month}-${year.slice(2)} ${time} GMT`, NOW)).toBe(current);
    expect(parseRetryAfter(`${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`, NOW)).toBe(current);
  }), { numRuns: 500 });
});

test('a plan comes back from its text', () => {
  fc.assert(fc.property(retryPlan, (plan) => {
    expect(parseRetryPlan(JSON.stringify(plan))).toEqual(plan);
  }));
});
