// When what happens around a webhook's date: who sends it to the delay queue, with which delay, how early, with how many others, and when again.

/** Ten years and a week: no webhook lies further ahead, is retried for longer, or is kept for longer. */
export const MAX_DAYS = 3_660;

/** SQS delays a message by at most this. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html */
export const MAX_QUEUE_DELAY_SECONDS = 900;

/**
 * How long before its date a webhook becomes visible to the deliver function, at least; whole-second delays make it up to a second more.
 * It has to hold the way from SQS to Lambda (p99 about 0.1 s), a cold start (about half a second) and the claim.
 */
export const LEAD_MS = 1_500;

/** How long before its date a webhook is to be published: enough for a cold start of two functions. What is published later may be late by the rest. */
export const NOTICE_MS = 3_000;

/**
 * Turns of a queue message of a dense second, at most. Deliver gets ten messages at once and opens a connection for each turn, of the 1,024 files
 * that a function may have open (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html); its clients take 300 of these. A turn is
 * at most 450 bytes long, so that ten of these messages, or one that holds as much, stay below the 256 KiB that SQS takes everywhere
 * (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
 */
export const MAX_TURNS_PER_MESSAGE = 50;

/**
 * How many turns a queue message of a dense second may hold for a deliver function of so much memory. Lambda gives a processor for 1,769 MiB
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html), and to get a turn ready takes a few milliseconds of one: ten messages
 * of so many are ready within their lead.
 */
export function turnsPerMessageOf(memoryMib: number): number {
  return Math.min(Math.max(Math.floor(memoryMib / 51), 1), MAX_TURNS_PER_MESSAGE);
}

/** Messages of an invocation of ingest or deliver, at most: with more, a mapping has to have a batching window. */
export const BATCH_SIZE = 10;

/**
 * How many turns an invocation of deliver takes, at most; what it gets beyond that, it sends back. A second with as many is dense: they take their
 * time to get ready, and share the price of it.
 */
export function turnsPerInvocationOf(turnsPerMessage: number): number {
  return BATCH_SIZE * turnsPerMessage;
}

/** More than these, over two seconds, are not ready in time in a worker that has just started, however much memory it has. */
const MAX_SPARSE_TURNS = 200;

/** How many turns a queue message may hold where no second is dense: what an invocation takes, if it can have that ready within {@link LEAD_MS}. */
function sparseTurnsPerMessageOf(turnsPerMessage: number): number {
  return Math.min(turnsPerInvocationOf(turnsPerMessage), MAX_SPARSE_TURNS);
}

/** The lead where many are due in one second. */
export const DENSE_LEAD_MS = LEAD_MS + 1_400;

/** A deliver function that gets a webhook earlier than this before its date sends it back to the queue instead of holding it. */
export const MAX_HOLD_MS = 5_000;

/**
 * How long after the first turn of a queue message the last one may be due: they are held, and paid for, together. As long as the last one is not
 * sent back: with the lead, the second that whole-second delays add, and a tenth of one for clocks that differ.
 */
export function packSpanMs(leadMs: number): number {
  return MAX_HOLD_MS - leadMs - 1_000 - 100;
}

/** What a queue message may hold, and how early it comes. */
export interface PackLimits {
  readonly turns: number;
  /** Before the first of them it is visible, at least. */
  readonly leadMs: number;
  /** Within which they are due. */
  readonly spanMs: number;
}

/** @param isDense whether it is of a second that fills an invocation */
export function packLimitsOf(isDense: boolean, turnsPerMessage: number): PackLimits {
  const leadMs = isDense ? DENSE_LEAD_MS : LEAD_MS;
  return { turns: isDense ? turnsPerMessage : sparseTurnsPerMessageOf(turnsPerMessage), leadMs, spanMs: packSpanMs(leadMs) };
}

/** How long before the date connections to endpoints are opened, at most. Servers close those that stay silent for many seconds. */
export const MAX_CONNECT_AHEAD_MS = 2_000;
/** … and at least: a name may be slow to look up, and a handshake take three ways to the other side of the world. */
const MIN_CONNECT_AHEAD_MS = 1_000;
/**
 * So long an address of a name may take to connect, without TLS, before the next one is tried; the last one has no bound. Node.js gives the attempt
 * up then, and its own 250 ms are less than a way there and back can take: between regions of AWS 340 ms (Cape Town and São Paulo), and up to 490
 * (https://www.cloudping.co). Who is farther away would only ever be reached at the last address, or not at all where that is an IPv6 one and the
 * function has none: https://github.com/nodejs/node/issues/54359. Longer still, and an address that never answers would take more than half of
 * the time that there is for all of them.
 */
export const MAX_ADDRESS_MS = MIN_CONNECT_AHEAD_MS / 2;
/** To connect with TLS takes a worker with the least memory, a seventh of a processor, up to so long (`npm run bench -- --weight`). */
const CONNECT_MS = 40;

/** How long before the date the connections of an invocation with so many webhooks are opened: one thread makes all of them. */
export function connectAheadMs(webhooks: number): number {
  return Math.min(Math.max(webhooks * CONNECT_MS, MIN_CONNECT_AHEAD_MS), MAX_CONNECT_AHEAD_MS);
}

/** By how much the clocks of two workers may differ. Lambda's hosts keep much closer. */
export const MAX_CLOCK_SKEW_MS = 5_000;

/** A webhook is claimed at most this long before its date: a cancel that ingest has handled earlier than that is certain to prevail. */
export const CANCEL_GUARANTEE_MS = MAX_HOLD_MS + MAX_CLOCK_SKEW_MS;

/** Kept of a deliver invocation's time to write the outcome down, or to send it on where the table does not take it. */
export const RECORD_MS = 6_000;

/**
 * What it may take to settle an outcome, where memory is least: so long before a request is due, none is begun. That is two or three milliseconds
 * of a processor (`npm run bench -- --weight`), of which 256 MiB bring a seventh, and up to 20 ms until Lambda gives the next of it.
 */
export const QUIET_MS = 40;

/**
 * How long an outcome may wait for requests that are due, at most: as long as it takes a busy worker to send some thousands. While it does, a
 * crash would have its request repeated.
 */
export const OUTCOME_PATIENCE_MS = 2_500;

/**
 * The same of an outcome whose next attempt is so near that there is no lead for it: until what is due at the same instant is written. That takes
 * tens of milliseconds, and leaves a retry after a second enough for a worker that has to be started.
 */
export const HASTY_PATIENCE_MS = 100;

/** Who sends a stored webhook to the delay queue. */
export type Owner = 'ingest' | 'load';

/** Decides, once, who sends a webhook: the decision is stored with it. */
export function ownerOf(dueAt: number, now: number, ingestHorizonMs: number): Owner {
  return dueAt - now <= ingestHorizonMs ? 'ingest' : 'load';
}

/** Whole seconds to delay a queue message so that it becomes visible `leadMs` to `leadMs` + 1 s before `at`. */
export function queueDelaySeconds(at: number, now: number, leadMs = LEAD_MS): number {
  const seconds = Math.floor((at - leadMs - now) / 1000);
  return Math.min(Math.max(seconds, 0), MAX_QUEUE_DELAY_SECONDS);
}

const MAX_COME_BACK_SECONDS = 300;

/** Seconds until a queue message comes back that could not be handled, after it was received `receives` times: 2, 4, 8 … 300. */
export function comeBackSeconds(receives: number): number {
  return Math.min(2 ** receives, MAX_COME_BACK_SECONDS);
}

/**
 * How often a queue hands out a message before it puts it aside: with the delays of {@link comeBackSeconds}, three and a half hours of a
 * failing dependency are waited out.
 */
export const MAX_RECEIVES = 50;

/**
 * The same of the queues in which load looks for what was put aside, every five minutes. SQS counts receives across queues, so that this
 * is 20 tries of its own, an hour and a half. `ApproximateReceiveCount` in
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
 */
export const UNREPORTED_MAX_RECEIVES = MAX_RECEIVES + 20;

/** Once a message was received this often, load tells of it without a look at the table, which may be what is out of order. */
export const BLIND_REPORT_RECEIVES = MAX_RECEIVES + 10;

/** The minute an instant lies in, counted from the epoch. */
export function minuteOf(instant: number): number {
  return Math.floor(instant / 60_000);
}

/** First instant of a minute. */
export function startOfMinute(minute: number): number {
  return minute * 60_000;
}
