// What may follow an attempt: worked out anew from policy, message and answer, without the code under test.
import type { HttpAnswer } from '../../../src/core/ports';
import type { RetryPlan } from '../../../src/core/retry';
import type { State } from '../../../src/core/state';
import { SeenRequest } from '../endpoint';
import { dueOf, Fields } from '../publication';
import { HOUR } from '../settings';

/** Between the end of an attempt and the moment its consequence is decided, in the same breath. */
const DECISION_MS = 1;
/** A claimed turn is held, connected and written within this. */
const HELD_MS = 10_000;

/** What is wrong with the state that an attempt led to, or `undefined`. */
export function wrongOutcome({ answer, answeredAt = 0 }: SeenRequest, next: State, message: Fields, plan: RetryPlan): string | undefined {
  if (!answer) {
    return 'an outcome without an answer';
  }
  const made = next.attempts.length;
  const { maxAttempts = Infinity, maxAgeSeconds = Infinity } = JSON.parse(message.get('retry') ?? '{}') as { maxAttempts?: number; maxAgeSeconds?: number };
  const limit = Math.min(plan.delaysMs.length + 1, maxAttempts);
  const lastAt = dueOf(message) + Math.min(plan.maxAgeMs ?? Infinity, maxAgeSeconds * 1000);
  if (isSuccess(answer) !== (next.status === 'delivered')) {
    return `${next.status} after ${answer.status ?? answer.error}`;
  }
  if (next.status === 'delivered') {
    return undefined;
  }
  if (isPermanent(answer)) {
    return next.reason === 'permanent' ? undefined : `${next.reason ?? next.status} after ${answer.status ?? answer.error}, which is permanent`;
  }
  if (made >= limit) {
    return made === limit && next.reason === 'exhausted' ? undefined : `${next.reason ?? next.status} after ${made} of ${limit} attempts`;
  }
  const delay = plan.delaysMs[made - 1];
  const asked = Math.min(askedFor(answer.retryAfter, answeredAt), HOUR);
  const [earliest, latest] = [answeredAt + Math.max(delay, asked), answeredAt + DECISION_MS + Math.max(delay * (1 + plan.jitter) + 1, asked)];
  if (next.status === 'retrying') {
    const isInTime = next.at >= earliest && next.at <= latest && next.at <= lastAt;
    return isInTime ? undefined : `next attempt at ${next.at}, expected from ${earliest} to ${Math.min(latest, lastAt)}`;
  }
  return next.reason === 'expired' && latest > lastAt ? undefined : `${next.reason ?? next.status} after ${made} of ${limit} attempts`;
}

/** Whether a request written at `at` comes after the life of its message. */
export function isTooLate(at: number, message: Fields, plan: RetryPlan): boolean {
  const { maxAgeSeconds = Infinity } = JSON.parse(message.get('retry') ?? '{}') as { maxAgeSeconds?: number };
  return at > dueOf(message) + Math.min(plan.maxAgeMs ?? Infinity, maxAgeSeconds * 1000) + HELD_MS;
}

function isSuccess({ status = 0 }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

function isPermanent({ status, error }: HttpAnswer): boolean {
  return status === undefined ? error === 'ERR_INVALID_CHAR' : status < 500 && ![408, 425, 429].includes(status);
}

function askedFor(retryAfter: string | undefined, now: number): number {
  if (retryAfter === undefined) {
    return 0;
  }
  if (/^\d+$/.test(retryAfter)) {
    return Number(retryAfter) * 1000;
  }
  return retryAfter.endsWith('GMT') ? Math.max(Date.parse(retryAfter) - now, 0) : 0;
}
