// What the core needs of the world around it; the adapters provide it.
import { Attempt } from './attempt';
import { Failure } from './failure-notice';
import { HttpRequest } from './request';
import { Owner } from './timing';
import { Webhook, WebhookKey } from './webhook';

/** Accepts webhooks. */
export interface IngestStore {
  /**
   * Makes sure that load starts no later than `now`: whatever is stored from here on is due after it. Has to be called before
   * anything is put; only the first call ever has an effect.
   */
  openAt(now: number): Promise<void>;
  /**
   * Stores a webhook, durably, and says who owns it: `owner`, or, if the very same webhook is stored already, whoever owned that.
   * `taken` if its id, chosen by the producer, belongs to a webhook with other content.
   */
  put(webhook: Webhook, owner: Owner): Promise<Owner | 'taken'>;
}

/** Finds webhooks that come due. */
export interface LoadStore {
  /** How far each partition has been loaded, in milliseconds since the epoch, or `undefined` if nothing was ever stored. */
  readCursor(): Promise<Cursor | undefined>;
  /** Saves the cursor; `false` if someone else has saved one since it was read. */
  saveCursor(cursor: Cursor): Promise<boolean>;
  /** Pages of the webhooks owned by load, in the order of their dates, due from `from` (inclusive) up to `to` (exclusive) in one minute. */
  dueBetween(partition: number, from: number, to: number): AsyncIterable<readonly WebhookKey[]>;
}

export interface Cursor {
  /** Everything due before this instant has been loaded, by partition. */
  readonly loadedTo: ReadonlyMap<number, number>;
  /** Where a partition starts that has never been loaded. */
  readonly start: number;
  /** Counts the saves. */
  readonly version: number;
}

/** Claims webhooks and keeps their outcome. */
export interface DeliverStore {
  /** The stored webhooks, each by its id; one that is gone, or that cannot be read, is left out. */
  get(keys: readonly WebhookKey[]): Promise<ReadonlyMap<string, Webhook>>;
  /**
   * Takes the right to fire a webhook until `leaseUntil`. `ended` if its outcome is known; `leased` if another claimant holds the right
   * at `now`, and may yet fail to use it. Safe to repeat: a claimant that holds the right already gets it again.
   */
  claim(key: WebhookKey, claimant: string, now: number, leaseUntil: number): Promise<'claimed' | 'ended' | 'leased'>;
  recordOutcome(key: WebhookKey, outcome: Outcome): Promise<void>;
}

export interface Outcome {
  readonly status: 'delivered' | 'failed';
  readonly attempts: readonly Attempt[];
}

/** The queue that holds webhooks until shortly before they are due. */
export interface DelayQueue {
  /** Sends each key, delayed as its date asks, and returns those that could not be sent. */
  send(keys: readonly WebhookKey[], now: number): Promise<readonly WebhookKey[]>;
}

/** Tells that a message or webhook has failed. */
export interface FailureReporter {
  report(failure: Failure): Promise<void>;
}

export interface HttpClient {
  /** Starts to connect; the request is written by {@link PreparedRequest.send} alone. */
  prepare(request: HttpRequest): PreparedRequest;
}

export interface PreparedRequest {
  /** Writes the request, once. Never rejects: a failure is an answer too. */
  send(timeoutMs: number): Promise<HttpAnswer>;
}

export interface HttpAnswer {
  /** When the request was written, or given up if it could not be; milliseconds since the epoch. */
  readonly sentAt: number;
  /** From then to the status of the answer, or to the error. */
  readonly durationMs: number;
  readonly status?: number;
  /** `timeout` or a Node.js error code. */
  readonly error?: string;
}

/** Structured log. Fields may hold nothing that a producer wrote beyond what `log-events.ts` names. */
export interface Log {
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
  error(message: string, fields: LogFields): void;
}

export type LogFields = Readonly<Record<string, unknown>>;
