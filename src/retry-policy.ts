// What a failed attempt is followed by: how many more, how far apart, and for how long.
import { Duration } from 'aws-cdk-lib';
import type { RetryPlan } from './core/retry';
import { MAX_DAYS } from './core/timing';
import { requireBetween, requireNumber } from './validation';

/** What retry policies have in common. All are optional. */
export interface RetryOptions {
  /**
   * Up to this share of a delay is added to it at random, so that what failed together does not come back together: 0 to 1.
   *
   * @default 0.2
   */
  readonly jitter?: number;

  /**
   * No attempt is made later than this after the date of a webhook: whole seconds, from 1 second to 3,660 days. A webhook whose next attempt
   * would come later has failed, with the reason `expired`.
   *
   * @default - no limit but the delays
   */
  readonly maxAge?: Duration;
}

/** Properties of {@link RetryPolicy.exponential}. */
export interface ExponentialRetryOptions extends RetryOptions {
  /** Attempts in all, the first one counted: 1 to 30. */
  readonly attempts: number;

  /** From the first attempt to the second: whole seconds, from 1 second to 7 days. */
  readonly firstDelay: Duration;

  /**
   * Each delay is the one before it, times this: at least 1.
   *
   * @default 2
   */
  readonly factor?: number;

  /**
   * No delay is longer than this, jitter not counted: whole seconds, from 1 second to 7 days, and no shorter than `firstDelay`.
   *
   * @default Duration.days(7)
   */
  readonly maxDelay?: Duration;
}

const DEFAULT_JITTER = 0.2;
const DEFAULT_FACTOR = 2;
const MAX_ATTEMPTS = 30;
const MIN_DELAY = Duration.seconds(1);
const MAX_DELAY = Duration.days(7);
/** As long as the longest retention of a {@link WebhookScheduler}. */
const MAX_AGE = Duration.days(MAX_DAYS);

/**
 * When a failed attempt is made again.
 *
 * Retried are answers 408, 425, 429 and 5xx, timeouts and failed connections. Any other answer but 2xx ends a webhook at once. An
 * endpoint may ask for a longer delay by the header `Retry-After`, up to an hour; never for a shorter one. A message may ask for fewer
 * attempts or a shorter life than its scheduler's policy, never for more.
 *
 * @example
 *
 * new WebhookScheduler(this, 'Scheduler', {
 *   retryPolicy: RetryPolicy.exponential({ attempts: 6, firstDelay: Duration.seconds(10), factor: 4 }),
 * });
 */
export class RetryPolicy {
  /**
   * The schedule that the Standard Webhooks specification gives as an example: retries after 5 seconds, 5 minutes, 30 minutes, 2, 5, 10,
   * 14, 20 and 24 hours, ten attempts in somewhat more than three days. Without options it is the default of a scheduler.
   *
   * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
   */
  public static standardWebhooks(options: RetryOptions = {}): RetryPolicy {
    return RetryPolicy.fixed([
      Duration.seconds(5), Duration.minutes(5), Duration.minutes(30),
      Duration.hours(2), Duration.hours(5), Duration.hours(10), Duration.hours(14), Duration.hours(20), Duration.hours(24),
    ], options);
  }

  /** Delays that grow by a factor: `firstDelay`, `firstDelay` × `factor`, `firstDelay` × `factor`² … up to `maxDelay`. */
  public static exponential(options: ExponentialRetryOptions): RetryPolicy {
    const { attempts, firstDelay, factor = DEFAULT_FACTOR, maxDelay = MAX_DELAY } = options;
    const wholeNumber = Number.isInteger(attempts) && attempts >= 1 && attempts <= MAX_ATTEMPTS;
    requireNumber('attempts', attempts, wholeNumber, `a whole number from 1 to ${MAX_ATTEMPTS}`);
    requireNumber('factor', factor, Number.isFinite(factor) && factor >= 1, 'a number of at least 1');
    requireBetween('firstDelay', firstDelay, MIN_DELAY, MAX_DELAY);
    requireBetween('maxDelay', maxDelay, firstDelay, MAX_DELAY);
    const delaysMs = Array.from({ length: attempts - 1 }, (_, index) => (
      Math.round(Math.min(firstDelay.toMilliseconds() * factor ** index, maxDelay.toMilliseconds()))
    ));
    return new RetryPolicy(delaysMs, options);
  }

  /**
   * Delays one by one.
   *
   * @param delays from each failed attempt to the next one: whole seconds, from 1 second to 7 days each; at most 29
   */
  public static fixed(delays: Duration[], options: RetryOptions = {}): RetryPolicy {
    if (delays.length >= MAX_ATTEMPTS) {
      throw new Error(`delays has ${delays.length} elements, expected at most ${MAX_ATTEMPTS - 1}, which make ${MAX_ATTEMPTS} attempts`);
    }
    delays.forEach((delay, index) => requireBetween(`delays[${index}]`, delay, MIN_DELAY, MAX_DELAY));
    return new RetryPolicy(delays.map(delay => delay.toMilliseconds()), options);
  }

  /** One attempt, and no more. */
  public static none(): RetryPolicy {
    return new RetryPolicy([], {});
  }

  private readonly plan: RetryPlan;

  private constructor(delaysMs: number[], { jitter = DEFAULT_JITTER, maxAge }: RetryOptions) {
    requireNumber('jitter', jitter, jitter >= 0 && jitter <= 1, 'a number from 0 to 1');
    if (maxAge) {
      requireBetween('maxAge', maxAge, Duration.seconds(1), MAX_AGE);
    }
    this.plan = { delaysMs, jitter, ...(maxAge ? { maxAgeMs: maxAge.toMilliseconds() } : {}) };
  }

  /**
   * As the handlers read it.
   *
   * @internal
   */
  public _toPlan(): RetryPlan {
    return this.plan;
  }
}
