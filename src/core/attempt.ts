// One try at delivering a webhook, as it is stored, reported and logged.

export interface Attempt {
  /** When the request was written, ISO 8601 in UTC. */
  readonly at: string;
  /** Milliseconds between the instant it was to be made (the date, or that of the retry) and `at`. */
  readonly lateMs: number;
  /** Milliseconds from writing the request to the status of the answer, or to the error. */
  readonly durationMs: number;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /**
   * Error class, where there was none: `timeout`, a Node.js error code such as `ECONNRESET` or `ENOTFOUND`, or why no request was sent, such as
   * `ERR_SECRET_UNAVAILABLE`.
   */
  readonly error?: string;
}

/** Only a 2xx answer counts as delivered; redirects are not followed. */
export function succeeded(attempt: Attempt): boolean {
  return attempt.status !== undefined && attempt.status >= 200 && attempt.status < 300;
}
