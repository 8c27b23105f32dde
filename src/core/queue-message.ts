// What the queues carry: SNS notifications to ingest; turns, alone or in packs, and now and then an outcome, to deliver.
import { Attempt } from './attempt';
import { Outcome } from './ports';
import { State } from './state';
import { isId, isInstant, isTurn, readTurn, Turn, turnText } from './webhook';

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
  // The webhooks of a list have longer ids, which have to be ids too.
  if (!isId(messageId) || !isId(`${messageId}-0`) || typeof text !== 'string' || Number.isNaN(publishedAt)) {
    throw new TypeError('not an SNS notification: expected a JSON object with MessageId, Message and Timestamp');
  }
  return { messageId, text, publishedAt };
}

/** One turn or several, which are due together; or an outcome. */
export type DelayMessage = { readonly turns: readonly Turn[] } | { readonly outcome: Outcome };

export function delayMessageText(message: DelayMessage): string {
  if ('outcome' in message) {
    return JSON.stringify(message);
  }
  const texts = message.turns.map(turnText);
  return texts.length === 1 ? texts[0] : `{"turns":[${texts.join(',')}]}`;
}

/** Reads what {@link delayMessageText} wrote; throws on any other text. */
export function parseDelayMessage(body: string): DelayMessage {
  const message = JSON.parse(body) as { outcome?: Partial<Outcome>; turns?: unknown } | null;
  const { outcome, turns = [message] } = message ?? {};
  if (outcome === undefined) {
    if (!Array.isArray(turns) || turns.length === 0) {
      throw new TypeError('not the turns of webhooks: expected a JSON array with one at least');
    }
    return { turns: turns.map(readTurn) };
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
