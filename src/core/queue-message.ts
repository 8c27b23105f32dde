// What the queues carry: SNS notifications to ingest; turns, and now and then an outcome, to deliver.
import { Attempt } from './attempt';
import { Outcome } from './ports';
import { State } from './state';
import { isId, isInstant, isTurn, parseTurn, Turn, turnText } from './webhook';

/** What a producer published, as SNS hands it on. */
export interface Notification {
  /** SNS MessageId: the same each time the notification is delivered. */
  readonly messageId: string;
  readonly text: string;
  /** When it was published, in milliseconds since the epoch. */
  readonly publishedAt: number;
}

/** Reads the envelope that SNS puts around a message on its way to SQS; throws where there is none. */
export function parseNotification(body: string): Notification {
  const { MessageId: messageId, Message: text, Timestamp: timestamp } = JSON.parse(body) as Record<string, unknown>;
  const publishedAt = typeof timestamp === 'string' ? Date.parse(timestamp) : NaN;
  if (!isId(messageId) || typeof text !== 'string' || Number.isNaN(publishedAt)) {
    throw new TypeError('not an SNS notification: expected a JSON object with MessageId, Message and Timestamp');
  }
  return { messageId, text, publishedAt };
}

export type DelayMessage = { readonly turn: Turn } | { readonly outcome: Outcome };

export function delayMessageText(message: DelayMessage): string {
  return 'turn' in message ? turnText(message.turn) : JSON.stringify(message);
}

/** Reads what {@link delayMessageText} wrote; throws on any other text. */
export function parseDelayMessage(body: string): DelayMessage {
  const { outcome } = JSON.parse(body) as { outcome?: Partial<Outcome> };
  if (outcome === undefined) {
    return { turn: parseTurn(body) };
  }
  const { turn, next } = outcome;
  if (!Number.isSafeInteger(turn) || !isTurn(next) || !isSettled(next)) {
    throw new TypeError('not the outcome of a turn: expected a JSON object with turn and the state it led to');
  }
  return { outcome: { turn: turn as number, next } };
}

function isSettled({ status, attempts, keepUntil }: Partial<State>): boolean {
  return typeof status === 'string' && isInstant(keepUntil) && Array.isArray(attempts) && attempts.every(isAttempt);
}

function isAttempt(value: unknown): boolean {
  const { at, lateMs, durationMs } = (value ?? {}) as Partial<Attempt>;
  return typeof at === 'string' && Number.isSafeInteger(lateMs) && Number.isSafeInteger(durationMs);
}
