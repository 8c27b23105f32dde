// What the handlers log about a webhook: one line per event, under these messages, with these fields and no others.

/** A webhook was accepted, once for each: its row is in the table. Fields: {@link WebhookLogFields} and `owner`, who sends it to the delay queue: `ingest` or `load`. */
export const LOG_SCHEDULED = 'webhook scheduled';

/** The endpoint answered with a 2xx status. Fields: {@link WebhookLogFields} and {@link AttemptLogFields}. */
export const LOG_DELIVERED = 'webhook delivered';

/** An attempt failed, and there will be another. Fields: {@link WebhookLogFields}, {@link AttemptLogFields} and `nextAt`, when, ISO 8601 in UTC. */
export const LOG_RETRYING = 'webhook attempt failed';

/**
 * The webhook ended without a 2xx answer. Fields: {@link WebhookLogFields}, `reason` as on the failure topic, and {@link AttemptLogFields}
 * where an attempt was its end.
 */
export const LOG_FAILED = 'webhook failed';

/** A cancel, reschedule or redrive took effect. Fields: `webhookId` and `action`. */
export const LOG_ACTION = 'action taken';

/** A cancel, reschedule or redrive was refused. Fields: `webhookId`, which is the action's own SNS MessageId where it names no webhook, `action` and `refusal` as on the failure topic. */
export const LOG_REFUSED = 'action refused';

/** A queue message was put aside in a dead-letter queue, and that was reported. Fields: `queue` and `queueMessageId`. */
export const LOG_DEAD_LETTER = 'dead letter';

/**
 * A run of load has ended. Fields: `webhooks` that were sent to the delay queue, `partitions` that were loaded, and `behindMs`, by which the one
 * that is farthest behind is behind the clock: 0 while none is late.
 */
export const LOG_LOADED = 'loaded';

/**
 * A turn was not fired, since its webhook has been claimed, has ended or is at another turn. Fields: `webhookId`, the webhook's `status`, and
 * `comesAgain`: whether it is looked at again, since its webhook is still being fired.
 */
export const LOG_COPY = 'copy of a webhook dropped';

/**
 * A message, or a webhook of a list, was not valid. Fields: `webhookId`, which is the SNS MessageId, in a list with the place, whatever id it brought,
 * and `fields`, the names of the wrong ones.
 */
export const LOG_REJECTED = 'message rejected';

/** Identifies a webhook in a log line. Nothing else that a producer wrote may be logged: no path, query, header, cookie or payload. */
export interface WebhookLogFields {
  readonly webhookId: string;
  readonly method: string;
  /** Host of the URL, with its port where one is given. */
  readonly host: string;
  /** Its date, ISO 8601 in UTC with milliseconds. */
  readonly due: string;
}

/** How one attempt went. */
export interface AttemptLogFields {
  /** Which attempt it was, from 1. */
  readonly attempt: number;
  /** Milliseconds between the instant the attempt was to be made and the one the request was written. */
  readonly lateMs: number;
  /** Milliseconds from writing the request to the status of the answer, or to the error. */
  readonly durationMs: number;
  /** HTTP status of the answer, where there was one. */
  readonly status?: number;
  /** Error class, where there was no answer: `timeout`, `ECONNRESET`, `ENOTFOUND`… */
  readonly error?: string;
}
