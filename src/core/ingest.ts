// Accepts messages: stores webhooks and sends on what is due soon, carries out actions, and says of the rest what is wrong.
import { Actions } from './actions';
import { Clock } from './clock';
import { LOG_REJECTED, LOG_SCHEDULED } from './log-events';
import { webhookFields } from './log-fields';
import { FieldError, fieldsOf, parseMessage, ParseOptions } from './message';
import { MetricName } from './metric-names';
import { DelayQueue, FailureReporter, IngestStore, Log, MetricsRecorder } from './ports';
import { Notification } from './queue-message';
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

/** What becomes of a message: it is done with, it has to come again, or its turn is to be sent first. */
type Result = 'done' | 'come-again' | { readonly turn: Turn };

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
    const results = await Promise.all(messages.map(async (message) => ({ receipt: message.receipt, result: await this.acceptOne(message) })));
    const turns = results.flatMap(({ result }) => (typeof result === 'object' ? [result.turn] : []));
    const unsent = new Set(await this.delayQueue.send(turns));
    return results
      .filter(({ result }) => (typeof result === 'object' ? unsent.has(result.turn) : result === 'come-again'))
      .map(({ receipt }) => receipt);
  }

  private async acceptOne(message: ReceivedMessage): Promise<Result> {
    try {
      return await this.take(message);
    } catch (error) {
      this.log.error('message not accepted, will come again', { messageId: message.messageId, error });
      return 'come-again';
    }
  }

  private async take(message: ReceivedMessage): Promise<Result> {
    const now = this.clock.now();
    const parsed = parseMessage(message.text, { ...this.config, defaultId: message.messageId, now });
    if ('webhook' in parsed) {
      return this.keep(parsed.webhook, message, now);
    }
    if ('errors' in parsed) {
      return this.reject(parsed.id, parsed.errors, message);
    }
    const result = await this.actions.take(parsed.action, message);
    if (typeof result === 'object') {
      return this.reject(parsed.action.id, result.errors, message);
    }
    return result === 'ended' ? 'done' : result;
  }

  private async keep(webhook: Webhook, message: ReceivedMessage, now: number): Promise<Result> {
    await this.open();
    const stored = await this.store.put(webhook, ownerOf(webhook.dueAt, now, this.config.ingestHorizonMs));
    if (stored === 'taken') {
      const id = publicId(webhook.id);
      return this.reject(id, [{ field: 'id', received: JSON.stringify(id), expected: 'an id that no message with other content has used' }], message);
    }
    if (stored.isNew) {
      this.log.info(LOG_SCHEDULED, { ...webhookFields(webhook), owner: stored.owner });
      this.metrics.count(MetricName.ACCEPTED);
      this.metrics.count(MetricName.SCHEDULED);
    }
    if (stored.owner === 'ingest') {
      const { publishedAt } = message;
      return { turn: { ...firstTurn(webhook), ...(publishedAt + this.config.noticeMs > webhook.dueAt ? { publishedAt } : {}) } };
    }
    if (!stored.isNew) {
      this.metrics.count(MetricName.DUPLICATES_STOPPED); // one that is sent on once more is stopped, and counted, by its claim
    }
    return 'done';
  }

  private async reject(id: string, errors: readonly FieldError[], { messageId, text }: ReceivedMessage): Promise<Result> {
    await this.failures.report({ reason: 'validation', id, failedAt: this.clock.now(), errors, message: text });
    // Not by the message's own id: one that failed validation may be any text.
    this.log.warn(LOG_REJECTED, { webhookId: messageId, fields: fieldsOf(errors) });
    this.metrics.count(MetricName.INVALID);
    return 'done';
  }

  /** Once in the life of this process; again after a failure. */
  private async open(): Promise<void> {
    this.opened ??= this.store.openAt(this.clock.now());
    try {
      await this.opened;
    } catch (error) {
      this.opened = undefined;
      throw error;
    }
  }
}
