// Accepts messages: stores webhooks and sends on what is due soon, carries out actions, and says of the rest what is wrong.
import { Actions } from './actions';
import { Clock } from './clock';
import { LOG_REJECTED, LOG_SCHEDULED } from './log-events';
import { webhookFields } from './log-fields';
import { Action, FieldError, fieldsOf, parseMessage, ParseOptions, Part, partsOf } from './message';
import { MetricName } from './metric-names';
import { DelayQueue, FailureReporter, IngestStore, Log, MetricsRecorder } from './ports';
import { Notification } from './queue-message';
import { allEnded } from './rejections';
import { ownerOf } from './timing';
import { firstTurn, publicId, Turn, Webhook } from './webhook';

/** A message as it came off the ingest queue. */
export interface ReceivedMessage extends Notification {
  /** Identifies the queue message, for the batch response. */
  readonly receipt: string;
  /** When it first came off the queue, in milliseconds since the epoch. */
  readonly receivedAt: number;
}

export interface IngestConfig extends Omit<ParseOptions, 'defaultId' | 'now'> {
  /** What is due within this is sent by ingest itself. */
  readonly ingestHorizonMs: number;
  /** When a webhook was published travels with its turn where that was less than this before its date. */
  readonly noticeMs: number;
}

/** What becomes of a part of a message: it is done with, unless its turn is to be sent first, it is to be refused, or has to come again. */
interface Result extends Ending {
  readonly turn?: Turn;
  /** Of an action, which may take seconds: turns are sent without waiting for it. */
  readonly ending?: Promise<Ending>;
}

interface Ending {
  readonly refused?: Refused;
  readonly comesAgain?: boolean;
}

interface Refused {
  readonly part: Part;
  /** As the producer knows it. */
  readonly id: string;
  readonly errors: readonly FieldError[];
}

/** Called with a batch of messages; returns the receipts of those that have to come again. */
export class Ingest {
  private opened?: Promise<void>;

  public constructor(
    private readonly config: IngestConfig,
    private readonly clock: Clock,
    private readonly store: IngestStore,
    private readonly delayQueue: DelayQueue,
    private readonly actions: Actions,
    private readonly failures: FailureReporter,
    private readonly log: Log,
    private readonly metrics: MetricsRecorder,
  ) {}

  public async accept(messages: readonly ReceivedMessage[]): Promise<readonly string[]> {
    const taken = await Promise.all(messages.map(async (message) => {
      const parts = partsOf(message.text, message.messageId);
      return { message, results: await Promise.all(parts.map((part) => this.orLeave(message, () => this.take(part, message)))) };
    }));
    const turns = taken.flatMap(({ results }) => results.flatMap(({ turn }) => turn ?? []));
    const unsent = new Set(await this.delayQueue.send(turns));
    const done = await Promise.all(taken.map(({ message, results }) => this.finish(message, results, unsent)));
    return messages.filter((_, index) => !done[index]).map(({ receipt }) => receipt);
  }

  /** Of a message that comes again, nothing is refused yet: it would be told of each time. `false` if it does. */
  private async finish(message: ReceivedMessage, results: readonly Result[], unsent: ReadonlySet<Turn>): Promise<boolean> {
    const endings = await Promise.all(results.map(async (result) => result.ending ?? result));
    if (endings.some(({ comesAgain }) => comesAgain) || results.some(({ turn }) => turn && unsent.has(turn))) {
      return false;
    }
    try {
      await allEnded(endings.flatMap(({ refused }) => (refused ? [this.refuse(refused)] : [])));
      return true;
    } catch (error) {
      this.leave(message, error);
      return false;
    }
  }

  private async orLeave(message: ReceivedMessage, take: () => Promise<Result>): Promise<Result> {
    try {
      return await take();
    } catch (error) {
      this.leave(message, error);
      return { comesAgain: true };
    }
  }

  private leave({ messageId }: ReceivedMessage, error: unknown): void {
    this.log.error('message not accepted, will come again', { messageId, error });
  }

  private async take(part: Part, message: ReceivedMessage): Promise<Result> {
    const now = this.clock.now();
    const parsed = parseMessage(part.text, { ...this.config, ...part, now });
    if ('webhook' in parsed) {
      return this.keep(parsed.webhook, part, message, now);
    }
    if ('errors' in parsed) {
      return { refused: { part, ...parsed } };
    }
    return { ending: this.orLeave(message, () => this.act(parsed.action, part, message)) };
  }

  private async act(action: Action, part: Part, message: ReceivedMessage): Promise<Ending> {
    const result = await this.actions.take(action, message);
    return typeof result === 'object' ? { refused: { part, id: action.id, errors: result.errors } } : { comesAgain: result === 'come-again' };
  }

  private async keep(webhook: Webhook, part: Part, { publishedAt }: ReceivedMessage, now: number): Promise<Result> {
    await this.open();
    const stored = await this.store.put(webhook, ownerOf(webhook.dueAt, now, this.config.ingestHorizonMs));
    if (stored === 'taken') {
      const id = publicId(webhook.id);
      const error = { field: 'id', received: JSON.stringify(id), expected: 'an id that no message with other content has used' };
      return { refused: { part, id, errors: [error] } };
    }
    if (stored.isNew) {
      this.log.info(LOG_SCHEDULED, { ...webhookFields(webhook), owner: stored.owner });
      this.metrics.count(MetricName.ACCEPTED);
      this.metrics.count(MetricName.SCHEDULED);
    }
    if (stored.owner === 'ingest') {
      const turn = firstTurn({ ...webhook, partition: stored.partition });
      return { turn: { ...turn, ...(publishedAt + this.config.noticeMs > webhook.dueAt ? { publishedAt } : {}) } };
    }
    if (!stored.isNew) {
      this.metrics.count(MetricName.DUPLICATES_STOPPED); // one that is sent on once more is stopped, and counted, by its claim
    }
    return {};
  }

  private async refuse({ part: { text, defaultId }, id, errors }: Refused): Promise<void> {
    await this.failures.report({ reason: 'validation', id, failedAt: this.clock.now(), errors, message: text });
    // Not by the id that it brings: of what failed validation, that may be any text.
    this.log.warn(LOG_REJECTED, { webhookId: defaultId, fields: fieldsOf(errors) });
    this.metrics.count(MetricName.INVALID);
  }

  /** Once in the life of this process; again after a failure. */
  private async open(): Promise<void> {
    this.opened ??= this.store.open(this.config.partitions, this.clock.now());
    try {
      await this.opened;
    } catch (error) {
      this.opened = undefined;
      throw error;
    }
  }
}
