// What the handlers log about a webhook: one line per event, under these messages, with these fields and no others.
import { publicId, Webhook } from './webhook';

/** A webhook was accepted: its row is in the table. Fields: {@link WebhookLogFields} and `owner`, who sends it to the delay queue: `ingest` or `load`. */
export const LOG_SCHEDULED = 'webhook scheduled';

/** The endpoint answered with a 2xx status. Fields: {@link WebhookLogFields} and {@link AttemptLogFields}. */
export const LOG_DELIVERED = 'webhook delivered';

/** The webhook ended without a 2xx answer. Fields: {@link WebhookLogFields} and {@link AttemptLogFields}. */
export const LOG_FAILED = 'webhook failed';

/** A message was not a valid webhook. Fields: `webhookId`, which is the SNS MessageId, and `fields`, the names of the wrong ones. */
export const LOG_REJECTED = 'message rejected';

/** Identifies a webhook in a log line. Nothing else that a producer wrote may be logged: no path, query, header, cookie or payload. */
export interface WebhookLogFields {
  readonly webhookId: string;
  readonly method: string;
  /** Host of the URL, with its port where one is given. */
  readonly host: string;
  /** The instant it was to fire, ISO 8601 in UTC with milliseconds. */
  readonly due: string;
}

/** How one attempt went. */
export interface AttemptLogFields {
  /** Milliseconds between `due` and the instant the request was written. */
  readonly lateMs: number;
  /** Milliseconds from writing the request to the status of the answer, or to the error. */
  readonly durationMs: number;
  /** HTTP status of the answer, where there was one. */
  readonly status?: number;
  /** Error class, where there was no answer: `timeout`, `ECONNRESET`, `ENOTFOUND`… */
  readonly error?: string;
}

export function webhookFields(webhook: Webhook): WebhookLogFields {
  return {
    webhookId: publicId(webhook.id),
    method: webhook.method,
    host: new URL(webhook.url).host,
    due: new Date(webhook.dueAt).toISOString(),
  };
}
