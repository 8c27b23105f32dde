// What is said of an error in the log and to Lambda: nothing that a producer, an endpoint, a row or a secret may have had a part in.
// Messages and properties of errors quote what they are about: of JSON that cannot be read, a URL, a parameter that a service refuses.

/** An error in this product's own words, with numbers and names of its own: its message may be logged. */
export class PlainError extends Error {
  public override readonly name = 'PlainError';
}

export interface ErrorReport {
  /** Class, or what the service calls it. */
  readonly name: string;
  /** Of errors that are about the caller or a resource, never about what was sent. */
  readonly message?: string;
  /** Node.js's code. */
  readonly code?: string;
  /** HTTP status, and the id by which AWS can find the request. */
  readonly status?: number;
  readonly requestId?: string;
  /** Where in the code. */
  readonly stack: readonly string[];
  /** What it is made of, or what has brought it about. */
  readonly causes?: readonly ErrorReport[];
}

/** AWS's errors about who asks, which resource, which key, or how often: what an operator can mend. */
const SAYABLE = new RegExp([
  '^(AccessDenied|AuthorizationError|UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch|ExpiredToken|IncompleteSignature',
  'ResourceNotFound|NotFound|QueueDoesNotExist|KMS\\w+|Kms\\w+|Throttl\\w+|ProvisionedThroughputExceeded|RequestLimitExceeded|TooManyRequests)(Exception)?$',
].join('|'));
const WORD = /^[\w.-]{1,100}$/;
/** A line of V8's stack traces. */
const FRAME = /^ {4}at [\w.<>[\] #/:@()-]{1,300}$/;
const MAX_FRAMES = 15;
const MAX_MESSAGE_LENGTH = 1_000;
const MAX_CAUSES = 3;
const MAX_DEPTH = 3;

/** Picks from an error what may be said of it; anything else that was thrown is named by its type. */
export function reportOf(error: unknown, depth = 1): ErrorReport {
  if (typeof error !== 'object' || error === null) {
    return { name: typeof error, stack: [] };
  }
  const { name, message, code, stack, cause, errors, $metadata } = error as Record<string, unknown>;
  const { httpStatusCode: status, requestId } = ($metadata ?? {}) as Record<string, unknown>;
  const isSayable = error instanceof PlainError || ($metadata !== undefined && SAYABLE.test(String(name)));
  const causes = depth < MAX_DEPTH ? [...(Array.isArray(errors) ? errors as unknown[] : []), ...(cause === undefined ? [] : [cause])] : [];
  return {
    name: word(name) ?? 'Error',
    ...(isSayable && typeof message === 'string' ? { message: message.slice(0, MAX_MESSAGE_LENGTH) } : {}),
    ...(word(code) === undefined ? {} : { code: word(code) }),
    ...(typeof status === 'number' ? { status } : {}),
    ...(word(requestId) === undefined ? {} : { requestId: word(requestId) }),
    stack: framesOf(stack, message),
    ...(causes.length > 0 ? { causes: causes.slice(0, MAX_CAUSES).map((inner) => reportOf(inner, depth + 1)) } : {}),
  };
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' && WORD.test(value) ? value : undefined;
}

/** The frames of a stack trace, which begins with the message. */
function framesOf(stack: unknown, message: unknown): string[] {
  if (typeof stack !== 'string') {
    return [];
  }
  const start = typeof message === 'string' ? stack.indexOf(message) : -1;
  const lines = (start < 0 ? stack : stack.slice(start + (message as string).length)).split('\n');
  const frames = lines.slice(lines.map((line) => FRAME.test(line)).lastIndexOf(false) + 1);
  return frames.slice(0, MAX_FRAMES).map((line) => line.trim());
}
