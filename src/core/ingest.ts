// Accepts messages: validates, stores, and sends to the delay queue what is due soon.
import { Clock } from './clock';
import { Failure } from './failure-notice';
import { LOG_REJECTED, LOG_SCHEDULED, webhookFields } from './log-events';
import { FieldError, fieldsOf, parseMessage } from './message';
import { DelayQueue, FailureReporter, IngestStore, Log } from './ports';
import { ownerOf } from './timing';
import { publicId, Webhook } from './webhook';

/** A message as it came off the ingest queue. */
export interface ReceivedMessage {
  /** Identifies the queue message, for the batch response. */
  readonly receipt: string;
  /** SNS MessageId: the same each time a notification is delivered. */
  readonly messageId: string;
  readonly text: string;
}

export interface IngestConfig {
  /** What is due within this is sent by ingest itself. */
  readonly ingestHorizonMs: number;
  readonly maxHorizonMs: number;
  readonly partitions: number;
}

/** Called with a batch of messages; returns the receipts of those that have to come again. */
export class Ingest {
  private opened?: Promise<void>;

  public constructor(
    private readonly config: IngestConfig,
    private readonly clock: Clock,
    private readonly store: IngestStore,
    private readonly delayQueue: DelayQueue,
    private readonly failures: FailureReporter,
    private readonly log: Log,
  ) {}

  public async accept(messages: readonly ReceivedMessage[]): Promise<readonly string[]> {
    await this.open();
    const sendNow = new Map<string, Webhook>();
    const comeAgain: string[] = [];
    await Promise.all(messages.map(async (message) => {
      try {
        const webhook = await this.acceptOne(message);
        if (webhook) {
          sendNow.set(message.receipt, webhook);
        }
      } catch (error) {
        this.log.error('message not accepted, will come again', { messageId: message.messageId, error });
        comeAgain.push(message.receipt);
      }
    }));
    const unsent = new Set(await this.delayQueue.send([...sendNow.values()], this.clock.now()));
    for (const [receipt, webhook] of sendNow) {
      if (unsent.has(webhook)) {
        comeAgain.push(receipt);
      }
    }
    return comeAgain;
  }

  /** Stores a message, or reports what is wrong with it. Returns the webhook if this function has to send it. */
  private async acceptOne(message: ReceivedMessage): Promise<Webhook | undefined> {
    const now = this.clock.now();
    const parsed = parseMessage(message.text, { ...this.config, defaultId: message.messageId, now });
    if ('errors' in parsed) {
      await this.reject(parsed.id, parsed.errors, message);
      return undefined;
    }
    const { webhook } = parsed;
    const owner = await this.store.put(webhook, ownerOf(webhook.dueAt, now, this.config.ingestHorizonMs));
    if (owner === 'taken') {
      const errors = [{ field: 'id', received: JSON.stringify(publicId(webhook.id)), expected: 'an id that no message with other content has used' }];
      await this.reject(publicId(webhook.id), errors, message);
      return undefined;
    }
    this.log.info(LOG_SCHEDULED, { ...webhookFields(webhook), owner });
    return owner === 'ingest' ? webhook : undefined;
  }

  private async reject(id: string, errors: readonly FieldError[], message: ReceivedMessage): Promise<void> {
    const failure: Failure = { reason: 'validation', id, failedAt: this.clock.now(), errors, message: message.text };
    await this.failures.report(failure);
    // Not by the message's own id: one that failed validation may be any text.
    this.log.warn(LOG_REJECTED, { webhookId: message.messageId, fields: fieldsOf(errors) });
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
