// What the failure topic carries: one shape for every failure.
import { Attempt } from './attempt';
import { depthOf, isPortable, isWellFormed } from './json-text';
import { MAX_PAYLOAD_DEPTH } from './limits';
import { FieldError } from './message';

/**
 * Why a message, webhook or action ended without success.
 *
 * - `validation`: the message, or a webhook of a list, was not valid; `errors` names every wrong field
 * - `permanent`: the endpoint answered with a status that another attempt would not change; `attempts` tells which
 * - `exhausted`: every attempt failed; `attempts` tells how
 * - `expired`: its life ended before an attempt succeeded
 * - `missing`: the stored message was gone or could not be read when it was due, for example deleted by hand
 * - `refused`: an action could not take effect; `action` and `refusal` tell which and why
 * - `dead-letter`: a function could not handle a queue message in all its tries; it waits in the dead-letter queue of `queue`
 */
export type FailureReason = 'validation' | EndReason | 'refused';

/** Why a webhook failed: {@link FailureReason} of its state. */
export type EndReason = 'permanent' | 'exhausted' | 'expired' | 'missing' | 'dead-letter';

/**
 * Why an action could not take effect.
 *
 * - `unknown-id`: no webhook has this id, or none that was published with it
 * - `delivering`: an attempt was under way and did not end in time
 * - `delivered`, `cancelled`, `failed`: how the webhook had ended already (a failed one can be redriven)
 * - `not-failed`: a redrive of a webhook that has not failed
 * - `superseded`: an action on the same webhook that was published later has already taken effect
 * - `missing`: its stored message is gone, for example past its retention
 */
export type Refusal = 'unknown-id' | 'delivering' | 'delivered' | 'cancelled' | 'failed' | 'not-failed' | 'superseded' | 'missing';

export interface Failure {
  readonly reason: FailureReason;
  /** Id of the webhook: the message's own, or the SNS MessageId, in a list with the place. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly failedAt: number;
  readonly errors?: readonly FieldError[];
  readonly attempts?: readonly Attempt[];
  readonly action?: 'cancel' | 'reschedule' | 'redrive';
  readonly refusal?: Refusal;
  readonly queue?: 'ingest' | 'delay';
  /** Text of the message as published, or of the one webhook of its list; not JSON if that was what was wrong with it. */
  readonly message?: string;
}

/** Version of the notice's shape; a field may be added without a new one. */
export const NOTICE_VERSION = 1;

/** SNS takes 256 KiB, attributes included; a message that was itself that large is cut to its start, so that its failure can be told. */
const MAX_NOTICE_BYTES = 255 * 1024;
/** At most 6 bytes a character as JSON, and the errors are bounded too, so that both fit. */
const MESSAGE_START_LENGTH = 16 * 1024;

/**
 * The notice as JSON text: `{version, reason, id, failedAt, errors?, attempts?, action?, refusal?, queue?, message?, messageTruncated?}` with
 * `failedAt` in ISO 8601 and `message` the message itself: as JSON where it was JSON, as a string otherwise (also where a subscriber's parser may
 * refuse it: nested too deep, no Unicode, a number beyond a double), and as the string of its start, with `messageTruncated: true`, where the notice
 * would exceed 255 KiB.
 */
export function noticeText(failure: Failure): string {
  const { reason, id, failedAt, message, ...rest } = failure;
  const head = { version: NOTICE_VERSION, reason, id, failedAt: new Date(failedAt).toISOString(), ...rest };
  if (message === undefined) {
    return JSON.stringify(head);
  }
  // Spliced as text, so that numbers in the message keep every digit.
  const whole = `${JSON.stringify(head).slice(0, -1)},"message":${isReadableJson(message) ? message : JSON.stringify(message)}}`;
  return new TextEncoder().encode(whole).length <= MAX_NOTICE_BYTES
    ? whole
    : JSON.stringify({ ...head, message: startOf(message), messageTruncated: true });
}

/** Never ends between the halves of a surrogate pair, which strict JSON parsers refuse. */
function startOf(message: string): string {
  return message.slice(0, MESSAGE_START_LENGTH).replace(/[\ud800-\udbff]$/, '');
}

function isReadableJson(text: string): boolean {
  try {
    JSON.parse(text);
    return isWellFormed(text) && isPortable(text) && depthOf(text) <= MAX_PAYLOAD_DEPTH + 1;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return false;
    }
    throw error;
  }
}
