// What the hold costs: deliver's invocations begin some two seconds before the first of their webhooks is due, and are billed for the wait.
import { gbSeconds } from './ours';
import { dollars } from './prices';
import { BATCH_SIZE, packLimitsOf, turnsPerInvocationOf } from '../../src/core/timing';

export interface HoldOptions {
  /** Webhooks that are due in a minute, each at any instant of it. */
  readonly ratePerMinute: number;
  readonly memoryMb: number;
  /** Turns that a queue message of a dense second may hold. */
  readonly turnsPerMessage: number;
  /** How long the endpoint takes to answer. */
  readonly answerMs: number;
}

export interface Hold {
  /** Webhooks that share a message of the delay queue, on average. */
  readonly turnsPerMessage: number;
  /** Messages that share an invocation, on average. */
  readonly messagesPerInvocation: number;
  /** How long an invocation lasts. */
  readonly invocationMs: number;
  readonly dollarsPerMillion: number;
}

/** Claim, connection, outcome, and the answer to Lambda: what an invocation takes that is no wait. */
const WORK_MS = 40;

/**
 * Webhooks come due at random, `perSecond` on average, and were sent to the delay queue by load, in the order of their dates.
 *
 * - A pack begins with a webhook, and takes in those of the time after it, up to as many as may be where no second is dense, or to `turnsPerMessage`
 *   where one is.
 * - Messages become visible at whole seconds after they were sent: so those of a dense second that begin within one are there at once, and share
 *   invocations by ten, at best. Those that begin in different seconds do not.
 * - An invocation begins when its messages become visible: the lead, and up to a second more, before the first webhook of each. It ends
 *   with the answer of the last webhook.
 */
export function holdOf({ ratePerMinute, memoryMb, turnsPerMessage, answerMs }: HoldOptions): Hold {
  const perSecond = ratePerMinute / 60;
  const { turns: most, leadMs, spanMs } = packLimitsOf(perSecond >= turnsPerInvocationOf(turnsPerMessage), turnsPerMessage);
  const span = perSecond * spanMs / 1000;
  const turns = expectedPack(span, most);
  const messagesPerSecond = perSecond / turns;
  const invocationsPerSecond = Math.ceil(messagesPerSecond / BATCH_SIZE);
  const messages = Math.max(messagesPerSecond / invocationsPerSecond, 1);
  // Whole seconds make the lead longer by any part of a second for each message. Those of a second come in the order of their dates, in so many
  // invocations, each of which waits for the latest of its own.
  const roundingMs = 1000 * ((invocationsPerSecond - 1) / 2 + messages / (messages + 1)) / invocationsPerSecond;
  const packMs = Math.min(spanMs * lastOf(span), (turns - 1) / perSecond * 1000);
  const invocationMs = leadMs + roundingMs + packMs + answerMs + WORK_MS;
  return {
    turnsPerMessage: turns,
    messagesPerInvocation: messages,
    invocationMs,
    dollarsPerMillion: dollars('lambda.arm-gb-second', gbSeconds(invocationMs, memoryMb) * 1e6 / (turns * messages)),
  };
}

/** Mean of 1 and a Poisson number of others, up to a limit. */
function expectedPack(mean: number, limit: number): number {
  let probability = Math.exp(-mean);
  let [sum, rest] = [0, 1];
  for (let others = 0; others < limit - 1; others++) {
    sum += (1 + others) * probability;
    rest -= probability;
    probability *= mean / (others + 1);
  }
  return sum + limit * Math.max(rest, 0);
}

/** Where in a span the last of a Poisson number of instants lies on average, as a part of it; 0 where there is none. */
function lastOf(mean: number): number {
  return mean === 0 ? 0 : 1 - (1 - Math.exp(-mean)) / mean;
}
