// What the core needs of the world around it; the adapters provide it.
import { Failure } from './failure-notice';
import { CountMetric, DurationMetric } from './metric-names';
import { HttpRequest } from './request';
import { State } from './state';
import { Owner } from './timing';
import { Turn, Webhook, WebhookKey } from './webhook';

/** Reads stored messages. */
export interface MessageStore {
  /** The stored messages, each by its {@link rowKey}; one that is gone, or that cannot be read, is left out. */
  get(keys: readonly WebhookKey[]): Promise<ReadonlyMap<string, Webhook>>;
}

/** Reads states, and moves them from one to the next. */
export interface StateStore {
  readState(id: string): Promise<State | undefined>;
  /**
   * Writes `next` if the state still is `seen` (`undefined`: there is none). `false` if it is not, unless it is `next` already: safe to
   * repeat. Rejects after `timeoutMs`, where one is given; the write may then still come to pass.
   */
  replaceState(seen: SeenState | undefined, next: State, timeoutMs?: number): Promise<boolean>;
}

/** By what a state is recognised. */
export type SeenState = Pick<State, 'status' | 'turn' | 'claimant'>;

/** What follows from a state. */
export interface FollowUpStore extends MessageStore {
  /** Puts a turn into the minute of its attempt, for load to find. Safe to repeat. */
  putPointer(turn: Turn): Promise<void>;
  /** The failure notice of this state has been published. */
  markReported(state: State): Promise<void>;
}

/** Accepts webhooks. */
export interface IngestStore {
  /**
   * Makes sure that load looks into so many partitions, and from `now` on at least: whatever is stored from here on is due after it. Has to be called
   * before anything is put; for one number of partitions only the first call ever has an effect.
   */
  open(partitions: number, now: number): Promise<void>;
  /**
   * Stores a webhook, durably, and says who owns it: `owner`, or, if the very same webhook is stored already, whoever owned that.
   * `taken` if its id, chosen by the producer, belongs to a webhook with other content.
   */
  put(webhook: Webhook, owner: Owner): Promise<Stored | 'taken'>;
}

export interface Stored {
  readonly owner: Owner;
  readonly isNew: boolean;
  /** Where it lies. */
  readonly partition: number;
}

/** Finds webhooks that producers want to change, and writes their messages anew. */
export interface ActionStore extends MessageStore, StateStore {
  /** By the id as the producer knows it: one of its own, or else the MessageId of a webhook that has been attempted or redriven. */
  find(id: string): Promise<FoundWebhook | undefined>;
  /** Stores a message that an action wrote anew, and keeps its id from being used again as long as that may be needed. Safe to repeat. */
  putVersion(webhook: Webhook, turn: number, owner: Owner): Promise<void>;
}

export interface FoundWebhook {
  /** Of the message as it was published. */
  readonly key: WebhookKey;
  /** How long its id is not free again; milliseconds since the epoch. */
  readonly keepUntil: number;
  readonly state?: State;
}

/** Finds webhooks that come due. */
export interface LoadStore {
  /** How far load has come, or `undefined` if nothing was ever stored. */
  readCursor(): Promise<Cursor | undefined>;
  /** Saves the cursor; `false` if someone else has saved one since it was read. */
  saveCursor(cursor: Cursor): Promise<boolean>;
  /** Pages of the turns owned by load, in the order of their instants, due from `from` (inclusive) up to `to` (exclusive) in one minute. */
  dueBetween(partition: number, from: number, to: number): AsyncIterable<readonly Turn[]>;
}

export interface Cursor {
  /** Everything due before this instant has been loaded, by partition, in milliseconds since the epoch. Of all that anything may ever have been stored in. */
  readonly loadedTo: ReadonlyMap<number, number>;
  /** Counts the saves. */
  readonly version: number;
}

/** The state now that the turn is claimed, or the one that does not allow it, of which there may be none. */
export type Claim = { readonly claimed: State } | { readonly refused: State | undefined };

/** Claims turns and keeps their outcome. */
export interface DeliverStore extends MessageStore, StateStore {
  /**
   * Takes the right to fire turns until `leaseUntil`, of each if the webhook is at that turn and nobody else has it. Safe to repeat: a claimant
   * that holds the right already gets it again. Returns a promise for each, in the same order. Rejects after `timeoutMs`; the right may then
   * still be taken.
   */
  claim(turns: readonly ClaimedTurn[], now: number, leaseUntil: number, timeoutMs: number): readonly Promise<Claim>[];
}

/** A turn, and who is to have it: unique among all that ever ask for one. */
export interface ClaimedTurn {
  readonly turn: Turn;
  readonly claimant: string;
}

/** The queue that holds turns until shortly before they are due. */
export interface DelayQueue {
  /**
   * Sends each turn, delayed as its instant asks and by at least `minDelaySeconds` (default: 0), and returns those that could not be sent.
   * Turns that are due together may travel in one message.
   */
  send(turns: readonly Turn[], minDelaySeconds?: number): Promise<readonly Turn[]>;
  /** The same, with each turn in a message of its own: what happens to one concerns no other any more. */
  sendApart(turns: readonly Turn[], minDelaySeconds?: number): Promise<readonly Turn[]>;
  /** Sends on an outcome that the table does not take. Rejects if the queue does not take it either. */
  sendOutcome(outcome: Outcome): Promise<void>;
}

/** The state that an attempt led to, and the turn that was claimed for it. */
export interface Outcome {
  readonly turn: number;
  readonly next: State;
}

/** A queue of messages that could not be handled, and that nobody has been told of yet. */
export interface UnreportedQueue {
  /** Takes some; none where there are none. What is not put aside comes back minutes later. */
  receive(): Promise<readonly DeadLetter[]>;
  /** Moves one to the dead-letter queue. A crash on the way leaves it in both, never in neither. */
  putAside(letter: DeadLetter): Promise<void>;
  /** Deletes one that has become pointless. */
  drop(letter: DeadLetter): Promise<void>;
}

export interface DeadLetter {
  readonly queueMessageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** How often it has been received, in all queues. */
  readonly receives: number;
}

/** Tells that a message or webhook has failed. */
export interface FailureReporter {
  report(failure: Failure): Promise<void>;
}

/** Where secrets are kept. */
export interface SecretSource {
  /**
   * The version of a secret that has this label, or `undefined` if none has. Rejects with a `SecretError` where it is refused, with anything
   * else where the store is out of order, and after `timeoutMs`.
   */
  read(secretId: string, stage: 'AWSCURRENT' | 'AWSPREVIOUS', timeoutMs: number): Promise<SecretVersion | undefined>;
}

export interface SecretVersion {
  /** `undefined` where it is bytes. */
  readonly value?: string;
  /** When the version was created, in milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface HttpClient {
  /**
   * Starts to connect; the request is written by {@link PreparedRequest.send} alone, which has to be called.
   *
   * @param requestAt what it has become if it is written at this instant: other values of its headers, or `request` itself
   * @param dueAt when it is to be written, in milliseconds since the epoch
   */
  prepare(request: HttpRequest, requestAt: (instant: number) => HttpRequest, dueAt: number): PreparedRequest;
}

export interface PreparedRequest {
  /**
   * Writes the request, once. Never rejects: a failure is an answer too.
   *
   * @param timeoutMs for the endpoint, from when it is under way
   * @param until when it has to be over, in milliseconds since the epoch, even if that leaves the endpoint less
   * @param onUnderWay called as soon as it is written, or has been connecting for so long that it must be the network that it waits for; perhaps
   * for both, and not if it fails before that
   */
  send(timeoutMs: number, until?: number, onUnderWay?: () => void): Promise<HttpAnswer>;
}

export interface HttpAnswer {
  /** When the request was written, or given up if it could not be; milliseconds since the epoch. */
  readonly sentAt: number;
  /** Whether it was. */
  readonly isWritten: boolean;
  /** From then to the status of the answer, or to the error. */
  readonly durationMs: number;
  readonly status?: number;
  /** `timeout`, a Node.js error code, or one of those that docs/outcomes.md lists. */
  readonly error?: string;
  /** The `retry-after` header of the answer, as it came. */
  readonly retryAfter?: string;
}

/** Structured log. Fields may hold nothing that a producer wrote beyond what `log-events.ts` names. */
export interface Log {
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
  error(message: string, fields: LogFields): void;
}

/** What happens, as numbers. Cheap: nothing is written before the end of the invocation. */
export interface Metrics {
  /** Counts one. */
  count(name: CountMetric): void;
  /** Keeps a duration. */
  time(name: DurationMetric, ms: number): void;
  /** Writes what there is, once, to be called at the end of each invocation. */
  flush(): void;
}

/** What the core does with metrics. */
export type MetricsRecorder = Omit<Metrics, 'flush'>;

export type LogFields = Readonly<Record<string, unknown>>;
