// Decides what an attempt leads to: delivered, failed for good, or another attempt, and when.
import { Attempt, succeeded } from './attempt';
import { parseDate } from './date';
import { MAX_DAYS } from './timing';

/** When failed attempts are made again: for all webhooks of a scheduler. */
export interface RetryPlan {
  /** Milliseconds from the end of a failed attempt to the next one; as many retries as there are delays. */
  readonly delaysMs: readonly number[];
  /** Up to this share of each delay is added at random, so that what failed together does not come back together; 0 to 1. */
  readonly jitter: number;
  /** No attempt is made later than this after the due instant. Default: no limit but that of the delays. */
  readonly maxAgeMs?: number;
}

/** What one message asks for, at most the plan; what exceeds it is cut to it. */
export interface RetryLimits {
  /** Counts the first attempt too. */
  readonly maxAttempts?: number;
  /** From the due instant to the last attempt. */
  readonly maxAgeSeconds?: number;
}

/** The part of a webhook that its retries depend on. */
export interface Retried {
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
  readonly retry?: RetryLimits;
}

/**
 * What an attempt leads to. `retry` names the instant of the next one; a failure, why there is none:
 *
 * - `permanent`: the same request would fail again
 * - `exhausted`: that was the last attempt
 * - `expired`: the next one would come after the webhook's life
 */
export type Verdict =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'failed'; readonly reason: 'permanent' | 'exhausted' | 'expired' }
  | { readonly kind: 'retry'; readonly at: number };

/** A `Retry-After` that asks for longer is answered after this; otherwise an endpoint could keep a webhook for years. */
export const MAX_RETRY_AFTER_MS = 60 * 60_000;

/** 4xx by which an endpoint says that a later attempt may succeed: Request Timeout, Too Early, Too Many Requests. */
const RETRIED_STATUSES = [408, 425, 429];

/**
 * The request is refused as it stands, and would be each time: by Node.js, or, `ERR_URL_NOT_ALLOWED`, by the network policy. The addresses behind
 * a name change; so `ERR_ADDRESS_NOT_ALLOWED` is retried, as a name that is not found.
 */
const REFUSED_REQUEST = [
  'ERR_HTTP_INVALID_HEADER_VALUE', 'ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_CHAR', 'ERR_INVALID_HTTP_TOKEN',
  'ERR_INVALID_PROTOCOL', 'ERR_INVALID_URL', 'ERR_UNESCAPED_CHARACTERS', 'ERR_URL_NOT_ALLOWED',
];

/** Reads a plan from JSON; throws an error that says what is wrong with it. */
export function parseRetryPlan(text: string): RetryPlan {
  const plan: unknown = JSON.parse(text);
  if (typeof plan !== 'object' || plan === null) {
    throw new TypeError('retry plan: expected an object with delaysMs and jitter');
  }
  const { delaysMs, jitter, maxAgeMs } = plan as Partial<Record<keyof RetryPlan, unknown>>;
  if (!Array.isArray(delaysMs) || !delaysMs.every(isMilliseconds)) {
    throw new TypeError('retry plan: expected delaysMs to be an array of whole milliseconds');
  }
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) {
    throw new TypeError('retry plan: expected jitter to be a number from 0 to 1');
  }
  if (maxAgeMs !== undefined && !isMilliseconds(maxAgeMs)) {
    throw new TypeError('retry plan: expected maxAgeMs, where given, to be whole milliseconds');
  }
  return { delaysMs, jitter, maxAgeMs };
}

/** The longest from the first attempt to the last, in milliseconds, not counting what the attempts themselves take. */
export function maxLifeMs(plan: RetryPlan): number {
  const longest = plan.delaysMs.reduce((sum, delayMs) => sum + Math.max(Math.round(delayMs * (1 + plan.jitter)), MAX_RETRY_AFTER_MS), 0);
  return Math.min(longest, plan.maxAgeMs ?? Infinity);
}

/** No webhook outlives the longest retention that a scheduler can have. */
const MAX_AGE_MS = MAX_DAYS * 24 * 60 * 60_000;

/** The most that a message may ask for. */
export function mostOf(plan: RetryPlan): Required<RetryLimits> {
  return { maxAttempts: plan.delaysMs.length + 1, maxAgeSeconds: Math.floor((plan.maxAgeMs ?? MAX_AGE_MS) / 1000) };
}

/** What is left of limits that were granted under another plan. */
export function cutTo(plan: RetryPlan, limits: RetryLimits): RetryLimits {
  const most = mostOf(plan);
  const cut = (name: keyof RetryLimits) => (limits[name] === undefined ? {} : { [name]: Math.min(limits[name], most[name]) });
  return { ...cut('maxAttempts'), ...cut('maxAgeSeconds') };
}

/**
 * @param made attempts made so far, this one included
 * @param retryAfter the header `Retry-After` as it was received
 * @param now when the attempt ended, in milliseconds since the epoch
 * @param random from 0 to 1
 */
export function verdictOf(
  attempt: Attempt, made: number, retryAfter: string | undefined, webhook: Retried, plan: RetryPlan, now: number, random: () => number,
): Verdict {
  if (succeeded(attempt)) {
    return { kind: 'delivered' };
  }
  if (isPermanent(attempt)) {
    return { kind: 'failed', reason: 'permanent' };
  }
  if (isExhausted(webhook, plan, made)) {
    return { kind: 'failed', reason: 'exhausted' };
  }
  const planned = Math.round(plan.delaysMs[made - 1] * (1 + plan.jitter * random()));
  const asked = Math.min(parseRetryAfter(retryAfter ?? '', now) ?? 0, MAX_RETRY_AFTER_MS);
  const at = now + Math.max(planned, asked);
  return isExpired(webhook, plan, at) ? { kind: 'failed', reason: 'expired' } : { kind: 'retry', at };
}

/** Whether a webhook has had all its attempts, `made` of them. */
export function isExhausted(webhook: Retried, plan: RetryPlan, made: number): boolean {
  return made > plan.delaysMs.length || made >= (webhook.retry?.maxAttempts ?? Infinity);
}

/** Whether an attempt at the instant `at` would come after the webhook's life. */
export function isExpired(webhook: Retried, plan: RetryPlan, at: number): boolean {
  const maxAgeMs = Math.min(plan.maxAgeMs ?? Infinity, (webhook.retry?.maxAgeSeconds ?? Infinity) * 1000);
  return at > webhook.dueAt + maxAgeMs;
}

/** The forms of an HTTP date that RFC 9110, section 5.6.7, has every recipient accept; servers write the first one. */
const HTTP_DATES = [
  /^\w{3}, (?<day>\d{2}) (?<month>\w{3}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^\w{6,9}, (?<day>\d{2})-(?<month>\w{3})-(?<year>\d{2}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^\w{3} (?<month>\w{3}) (?<day>[ \d]\d) (?<time>\d{2}:\d{2}:\d{2}) (?<year>\d{4})$/,
];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Two digits of a year that would be farther ahead mean the century before. */
const MAX_YEARS_AHEAD = 50;

/**
 * Milliseconds that a `Retry-After` asks to wait, 0 for a date that has passed, or `undefined` if it asks for nothing that can be understood.
 *
 * @param text seconds, or an HTTP date: `Sun, 06 Nov 1994 08:49:37 GMT`
 */
export function parseRetryAfter(text: string, now: number): number | undefined {
  if (/^\d+$/.test(text)) {
    return Number(text) * 1000;
  }
  const instant = parseHttpDate(text, now);
  return instant === undefined ? undefined : Math.max(instant - now, 0);
}

function parseHttpDate(text: string, now: number): number | undefined {
  const date = HTTP_DATES.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (!date) {
    return undefined;
  }
  const month = String(MONTHS.indexOf(date.month) + 1).padStart(2, '0');
  return parseDate(`${fullYear(date.year, now)}-${month}-${date.day.replace(' ', '0')}T${date.time}Z`);
}

function fullYear(year: string, now: number): string {
  if (year.length > 2) {
    return year;
  }
  const thisYear = new Date(now).getUTCFullYear();
  const inThisCentury = thisYear - thisYear % 100 + Number(year);
  return String(inThisCentury > thisYear + MAX_YEARS_AHEAD ? inThisCentury - 100 : inThisCentury);
}

function isPermanent({ status, error }: Attempt): boolean {
  return status === undefined ? REFUSED_REQUEST.includes(error ?? '') : status < 500 && !RETRIED_STATUSES.includes(status);
}

function isMilliseconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
