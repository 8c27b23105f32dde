// A webhook as it was accepted, the key it is stored under, and its turns to be fired.
import type { RetryLimits } from './retry';

/** An accepted message. Immutable from here on. */
export interface Webhook extends WebhookKey {
  /** The `date` as the producer wrote it. */
  readonly date: string;
  readonly url: string;
  /** In capitals. */
  readonly method: string;
  /** JSON text of the payload, exactly as the producer wrote it, or `undefined` for no body. */
  readonly payload?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: Readonly<Record<string, string>>;
  /** Whether the producer chose the id, see {@link ownKeyId}; otherwise it is the SNS MessageId. */
  readonly ownId: boolean;
  /** What the producer wants less of than the scheduler's retry policy allows. */
  readonly retry?: RetryLimits;
}

/** Identifies a stored message. */
export interface WebhookKey {
  /** The SNS MessageId, or {@link ownKeyId} of the producer's own id. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
  readonly partition: number;
  /** SNS MessageId of the action that wrote this message anew; absent for the message as it was published. */
  readonly version?: string;
}

/**
 * One firing of a webhook; all that travels through the delay queue. The first attempt is turn 0; each retry, reschedule and redrive is
 * the next. The state row says which turn it is: a copy of an earlier one is stale, wherever it comes from, and fires nothing.
 */
export interface Turn extends WebhookKey {
  readonly turn: number;
  /** When to fire, in milliseconds since the epoch: the date, or the instant of the retry. */
  readonly at: number;
  /** Of a first turn whose message was published at short notice, or after its date: when that was, in milliseconds since the epoch. */
  readonly publishedAt?: number;
}

/** Tells stored messages apart, also those of one webhook. */
export function rowKey({ id, dueAt, version }: WebhookKey): string {
  return version === undefined ? `${dueAt}#${id}` : `${dueAt}#${id}#${version}`;
}

export function firstTurn({ id, dueAt, partition }: WebhookKey): Turn {
  return { id, dueAt, partition, turn: 0, at: dueAt };
}

/**
 * What an id that a producer chose is stored under: behind a full stop, which neither such ids nor MessageIds have. A producer may well
 * use the MessageId of an earlier webhook as an id, and means another one.
 */
export function ownKeyId(id: string): string {
  return `.${id}`;
}

/** The id as the producer knows it. */
export function publicId(keyId: string): string {
  return keyId.startsWith('.') ? keyId.slice(1) : keyId;
}

/**
 * What MessageIds and the ids of producers consist of. No `#`, which separates the parts of a row's key, and no full stop: the signed content
 * of a webhook is `id.timestamp.body`, which has to come apart in one way only.
 */
const ID = /^[A-Za-z0-9_:/+=@-]{1,128}$/;
const KEY_ID = /^\.?[A-Za-z0-9_:/+=@-]{1,128}$/;

/** Whether a value can be a MessageId, or the id of a producer. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

/** Whether a value is milliseconds since the epoch that a `Date` can hold. */
export function isInstant(value: unknown): value is number {
  return Number.isSafeInteger(value) && Math.abs(value as number) <= 8.64e15;
}

/** Whether a value has all that a turn has; it may have more. */
export function isTurn(value: unknown): value is Turn {
  const { id, dueAt, partition, version, turn, at, publishedAt } = (value ?? {}) as Partial<Record<keyof Turn, unknown>>;
  return typeof id === 'string' && KEY_ID.test(id) && (version === undefined || isId(version)) && isInstant(dueAt) && isInstant(at)
    && Number.isSafeInteger(partition) && Number.isSafeInteger(turn) && (publishedAt === undefined || isInstant(publishedAt));
}

/** The partition of an id: the same for each copy of it, and even over many ids. */
export function partitionOf(id: string, partitions: number): number {
  let hash = 0;
  for (let i = 0; i < id.length; i++) {
    // The factor spreads ids that are numbered in steps too; both are small enough for the product to be exact.
    hash = (hash * 1_664_525 + id.charCodeAt(i)) % 2_147_483_647;
  }
  return hash % partitions;
}

/**
 * The message that a producer would publish to get this webhook; for failure notices.
 *
 * Spliced as text, so that the payload's numbers keep every digit.
 */
export function messageText(webhook: Webhook): string {
  const fields: [string, string | undefined][] = [
    ['id', webhook.ownId ? JSON.stringify(publicId(webhook.id)) : undefined],
    ['date', JSON.stringify(webhook.date)],
    ['url', JSON.stringify(webhook.url)],
    ['method', JSON.stringify(webhook.method)],
    ['payload', webhook.payload],
    ['headers', webhook.headers && JSON.stringify(webhook.headers)],
    ['cookies', webhook.cookies && JSON.stringify(webhook.cookies)],
    ['retry', webhook.retry && JSON.stringify(webhook.retry)],
  ];
  return `{${fields.filter(([, json]) => json !== undefined).map(([name, json]) => `"${name}":${json}`).join(',')}}`;
}

/** A turn as the text of a queue message: short for the first one, which is the one that nearly every webhook needs. */
export function turnText({ id, dueAt, partition, version, turn, at, publishedAt }: Turn): string {
  return JSON.stringify({ id, dueAt, partition, version, ...(turn === 0 ? {} : { turn, at }), publishedAt });
}

/** The turn that {@link turnText} wrote, parsed as JSON; throws on anything else. */
export function readTurn(value: unknown): Turn {
  const { id, dueAt, partition, version, turn = 0, at = dueAt, publishedAt } = (value ?? {}) as Partial<Turn>;
  const core = { id, dueAt, partition, ...(version === undefined ? {} : { version }), turn, at };
  const read = publishedAt === undefined ? core : { ...core, publishedAt };
  if (!isTurn(read)) {
    throw new TypeError('not the turn of a webhook: expected a JSON object with id, dueAt and partition');
  }
  return read;
}
