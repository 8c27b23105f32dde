// What the failure topic carries: one shape for every failure.
import { Attempt } from './attempt';
import { FieldError } from './message';

/**
 * Why a message or webhook ended without being delivered.
 *
 * - `validation`: the message was not a valid webhook; `errors` names every wrong field
 * - `exhausted`: every attempt failed; `attempts` tells how
 * - `missing`: the stored message was gone or could not be read when it was due, for example deleted by hand
 */
export type FailureReason = 'validation' | 'exhausted' | 'missing';

export interface Failure {
  readonly reason: FailureReason;
  /** Id of the webhook: the message's own, or the SNS MessageId. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly failedAt: number;
  readonly errors?: readonly FieldError[];
  readonly attempts?: readonly Attempt[];
  /** Text of the message as published; not JSON if that was what was wrong with it. */
  readonly message?: string;
}

/** Version of the notice's shape; a field may be added without a new one. */
export const NOTICE_VERSION = 1;

/** SNS takes 256 KiB, attributes included; a message that was itself that large is cut to its start, so that its failure can be told. */
const MAX_NOTICE_BYTES = 255 * 1024;
/** At most 6 bytes a character as JSON, and the errors are bounded too, so that both fit. */
const MESSAGE_START_LENGTH = 16 * 1024;

/**
 * The notice as JSON text: `{version, reason, id, failedAt, errors?, attempts?, message?, messageTruncated?}` with `failedAt` in
 * ISO 8601 and `message` the message itself: as JSON where it was JSON, as a string otherwise, and as the string of its start, with
 * `messageTruncated: true`, where the notice would exceed 255 KiB.
 */
export function noticeText(failure: Failure): string {
  const { message, failedAt, ...rest } = failure;
  const head = { version: NOTICE_VERSION, ...rest, failedAt: new Date(failedAt).toISOString() };
  if (message === undefined) {
    return JSON.stringify(head);
  }
  // Spliced as text, so that numbers in the message keep every digit.
  const whole = `${JSON.stringify(head).slice(0, -1)},"message":${isJson(message) ? message : JSON.stringify(message)}}`;
  return new TextEncoder().encode(whole).length <= MAX_NOTICE_BYTES
    ? whole
    : JSON.stringify({ ...head, message: message.slice(0, MESSAGE_START_LENGTH), messageTruncated: true });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return false;
    }
    throw error;
  }
}
