import { Duration, Lazy } from 'aws-cdk-lib';
import { RetryPolicy } from '../src';
import { maxLifeMs, parseRetryPlan } from '../src/core/retry';

const { seconds, minutes, hours, days } = Duration;
const delaysOf = (policy: RetryPolicy) => policy._toPlan().delaysMs.map((delay) => delay / 1000);
const aNumber = () => Lazy.number({ produce: () => 1 });

test('the default is the schedule of Standard Webhooks', () => {
  const policy = RetryPolicy.standardWebhooks();
  expect(delaysOf(policy)).toEqual([
    5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600,
  ]);
  expect(policy._toPlan().jitter).toBe(0.2);
  expect(policy._toPlan()).not.toHaveProperty('maxAgeMs');
});

test('the default can be given a shorter life', () => {
  const policy = RetryPolicy.standardWebhooks({ maxAge: hours(12), jitter: 0 });
  expect(policy._toPlan()).toEqual({ delaysMs: RetryPolicy.standardWebhooks()._toPlan().delaysMs, jitter: 0, maxAgeMs: 12 * 3_600_000 });
});

describe('exponential', () => {
  test('doubles by default', () => {
    expect(delaysOf(RetryPolicy.exponential({ attempts: 5, firstDelay: seconds(10) }))).toEqual([10, 20, 40, 80]);
  });

  test('grows by the factor, up to the longest delay', () => {
    const policy = RetryPolicy.exponential({ attempts: 6, firstDelay: seconds(10), factor: 4, maxDelay: minutes(5), jitter: 0.5, maxAge: days(1) });
    expect(policy._toPlan()).toEqual({ delaysMs: [10_000, 40_000, 160_000, 300_000, 300_000], jitter: 0.5, maxAgeMs: 86_400_000 });
  });

  test('never waits longer than a week', () => {
    expect(delaysOf(RetryPolicy.exponential({ attempts: 4, firstDelay: days(5), factor: 1e9 }))).toEqual([5, 7, 7].map((count) => count * 86_400));
  });

  test('makes whole milliseconds', () => {
    expect(RetryPolicy.exponential({ attempts: 4, firstDelay: seconds(1), factor: 1.2345 })._toPlan().delaysMs).toEqual([1000, 1235, 1524]);
  });

  test('with one attempt makes no other', () => {
    expect(delaysOf(RetryPolicy.exponential({ attempts: 1, firstDelay: seconds(10) }))).toEqual([]);
  });

  test('with a factor of 1 makes all delays alike', () => {
    expect(delaysOf(RetryPolicy.exponential({ attempts: 30, firstDelay: seconds(10), factor: 1 }))).toEqual(Array.from({ length: 29 }, () => 10));
  });

  test.each([
    ['attempts is 0, expected a whole number from 1 to 30', { attempts: 0 }],
    ['attempts is 31, expected a whole number from 1 to 30', { attempts: 31 }],
    ['attempts is 2.5, expected a whole number from 1 to 30', { attempts: 2.5 }],
    ['attempts is NaN, expected a whole number from 1 to 30', { attempts: NaN }],
    ['attempts has to be known at synthesis, and is a token; pass a literal number', { attempts: aNumber() }],
    ['factor is 0.5, expected a number of at least 1', { factor: 0.5 }],
    ['factor is Infinity, expected a number of at least 1', { factor: Infinity }],
    ['factor has to be known at synthesis, and is a token; pass a literal number', { factor: aNumber() }],
    ['firstDelay is 0 seconds, expected 1 second to 7 days', { firstDelay: seconds(0) }],
    ['firstDelay is 8 days, expected 1 second to 7 days', { firstDelay: days(8) }],
    ['firstDelay is 1 second 500 millis, expected whole seconds', { firstDelay: Duration.millis(1500) }],
    ['firstDelay has to be known at synthesis, and is a token; pass a literal Duration', { firstDelay: seconds(aNumber()) }],
    ['maxDelay is 5 seconds, expected 10 seconds to 7 days', { maxDelay: seconds(5) }],
    ['maxDelay is 8 days, expected 10 seconds to 7 days', { maxDelay: days(8) }],
    ['jitter is -0.1, expected a number from 0 to 1', { jitter: -0.1 }],
    ['jitter is 20, expected a number from 0 to 1', { jitter: 20 }],
    ['jitter is NaN, expected a number from 0 to 1', { jitter: NaN }],
    ['jitter has to be known at synthesis, and is a token; pass a literal number', { jitter: aNumber() }],
    ['maxAge is 0 seconds, expected 1 second to 3660 days', { maxAge: seconds(0) }],
    ['maxAge is 3661 days, expected 1 second to 3660 days', { maxAge: days(3661) }],
    ['maxAge is 999 millis, expected whole seconds', { maxAge: Duration.millis(999) }],
  ])('refuses what is not valid: %s', (message, wrong) => {
    expect(() => RetryPolicy.exponential({ attempts: 3, firstDelay: seconds(10), ...wrong })).toThrow(new Error(message));
  });
});

describe('fixed', () => {
  test('takes the delays as they are', () => {
    expect(RetryPolicy.fixed([seconds(1), days(7), minutes(1)], { jitter: 1, maxAge: hours(1) })._toPlan()).toEqual({
      delaysMs: [1000, 7 * 86_400_000, 60_000], jitter: 1, maxAgeMs: 3_600_000,
    });
  });

  test('does not change with the list that it was made from', () => {
    const delays = [seconds(1)];
    const policy = RetryPolicy.fixed(delays);
    delays.push(seconds(2));
    expect(delaysOf(policy)).toEqual([1]);
  });

  test('takes 29 delays, and no more', () => {
    const some = (length: number) => Array.from({ length }, () => seconds(1));
    expect(delaysOf(RetryPolicy.fixed(some(29)))).toHaveLength(29);
    expect(() => RetryPolicy.fixed(some(30))).toThrow('delays has 30 elements, expected at most 29, which make 30 attempts');
  });

  test.each([
    ['delays[1] is 0 seconds, expected 1 second to 7 days', seconds(0)],
    ['delays[1] is 8 days, expected 1 second to 7 days', days(8)],
    ['delays[1] is 1 second 1 milli, expected whole seconds', Duration.millis(1001)],
    ['delays[1] has to be known at synthesis, and is a token; pass a literal Duration', seconds(aNumber())],
  ])('refuses what is not valid: %s', (message, wrong) => {
    expect(() => RetryPolicy.fixed([seconds(1), wrong])).toThrow(new Error(message));
  });

  test.each([
    ['jitter is 2, expected a number from 0 to 1', { jitter: 2 }],
    ['maxAge is 0 days, expected 1 second to 3660 days', { maxAge: days(0) }],
  ])('refuses what is not valid: %s', (message, options) => {
    expect(() => RetryPolicy.fixed([], options)).toThrow(new Error(message));
  });
});

test('none makes one attempt', () => {
  expect(delaysOf(RetryPolicy.none())).toEqual([]);
  expect(maxLifeMs(RetryPolicy.none()._toPlan())).toBe(0);
});

test.each([
  RetryPolicy.standardWebhooks(),
  RetryPolicy.exponential({ attempts: 30, firstDelay: seconds(1), factor: 1.7, maxAge: days(3660) }),
  RetryPolicy.fixed([days(7)], { jitter: 1 }),
  RetryPolicy.none(),
])('the handlers can read a policy as the construct writes it (%#)', (policy) => {
  expect(parseRetryPlan(JSON.stringify(policy._toPlan()))).toEqual(policy._toPlan());
});
