// Fires webhooks: claims each, holds it until its millisecond, sends the request and keeps the outcome.
import { Attempt, succeeded } from './attempt';
import { Clock } from './clock';
import { LOG_DELIVERED, LOG_FAILED, webhookFields } from './log-events';
import { DelayQueue, DeliverStore, FailureReporter, HttpClient, Log } from './ports';
import { toRequest } from './request';
import { CONNECT_AHEAD_MS, MAX_CLOCK_SKEW_MS, MAX_HOLD_MS } from './timing';
import { messageText, publicId, Webhook, WebhookKey } from './webhook';

/** A key as it came off the delay queue. */
export interface DueWebhook {
  /** Identifies the queue message, for the batch response. */
  readonly receipt: string;
  readonly key: WebhookKey;
}

export interface Invocation {
  /** Unique among all invocations. */
  readonly id: string;
  /** When it is cut off, in milliseconds since the epoch. */
  readonly deadline: number;
}

export interface DeliverConfig {
  /** How long an endpoint may take to answer. */
  readonly requestTimeoutMs: number;
}

/** Kept of an invocation's time to write the outcome down. */
const RECORD_MS = 2_000;

export class Deliver {
  public constructor(
    private readonly config: DeliverConfig,
    private readonly clock: Clock,
    private readonly store: DeliverStore,
    private readonly delayQueue: DelayQueue,
    private readonly http: HttpClient,
    private readonly failures: FailureReporter,
    private readonly log: Log,
  ) {}

  /** Delivers a batch, all at once; returns the receipts of those that have to come again. */
  public async deliver(batch: readonly DueWebhook[], invocation: Invocation): Promise<readonly string[]> {
    const comeAgain: string[] = [];
    const now = this.clock.now();
    const tooEarly = batch.filter(({ key }) => key.dueAt - now > MAX_HOLD_MS);
    // What is due first is claimed first, where there are more claims than the table takes at once.
    const due = batch.filter(({ key }) => key.dueAt - now <= MAX_HOLD_MS).sort((a, b) => a.key.dueAt - b.key.dueAt);

    const unsent = new Set(tooEarly.length > 0 ? await this.delayQueue.send(tooEarly.map(({ key }) => key), now) : []);
    comeAgain.push(...tooEarly.filter(({ key }) => unsent.has(key)).map(({ receipt }) => receipt));

    const webhooks = this.store.get(due.map(({ key }) => key));
    await Promise.all(due.map(async ({ receipt, key }, index) => {
      try {
        // Each copy is a claimant of its own, also where a batch holds two of one webhook.
        if (!(await this.deliverOne(key, webhooks, `${invocation.id}#${index}`, invocation.deadline))) {
          comeAgain.push(receipt);
        }
      } catch (error) {
        this.log.error('webhook not settled, will come again', { webhookId: publicId(key.id), error });
        comeAgain.push(receipt);
      }
    }));
    return comeAgain;
  }

  /** `false` if the queue message has to stay: another worker holds the claim, and only its outcome makes this copy superfluous. */
  private async deliverOne(
    key: WebhookKey, webhooks: Promise<ReadonlyMap<string, Webhook>>, claimant: string, deadline: number,
  ): Promise<boolean> {
    // Read before the claim: a table that cannot be read must not leave claims behind.
    const webhook = (await webhooks).get(key.id);
    const claim = await this.store.claim(key, claimant, this.clock.now(), deadline + MAX_CLOCK_SKEW_MS);
    if (claim !== 'claimed') {
      this.log.info('copy of a webhook dropped', { webhookId: publicId(key.id), claim });
      return claim === 'ended';
    }
    if (!webhook) {
      await this.failures.report({ reason: 'missing', id: publicId(key.id), failedAt: this.clock.now() });
      await this.store.recordOutcome(key, { status: 'failed', attempts: [] });
      this.log.error('webhook missing', { webhookId: publicId(key.id) });
      return true;
    }

    await this.clock.sleepUntil(key.dueAt - CONNECT_AHEAD_MS);
    const request = this.http.prepare(toRequest(webhook, Math.max(key.dueAt, this.clock.now())));
    await this.clock.sleepUntil(key.dueAt);
    const { sentAt, ...answer } = await request.send(Math.min(this.config.requestTimeoutMs, deadline - RECORD_MS - this.clock.now()));
    const attempt: Attempt = { at: new Date(sentAt).toISOString(), lateMs: sentAt - key.dueAt, ...answer };

    const status = succeeded(attempt) ? 'delivered' : 'failed';
    if (status === 'failed') {
      // Told before it is written down: a crash in between tells it twice, not never.
      await this.failures.report({
        reason: 'exhausted', id: publicId(key.id), failedAt: this.clock.now(), attempts: [attempt], message: messageText(webhook),
      });
    }
    await this.store.recordOutcome(key, { status, attempts: [attempt] });
    const fields = { ...webhookFields(webhook), lateMs: attempt.lateMs, ...answer };
    if (status === 'delivered') {
      this.log.info(LOG_DELIVERED, fields);
    } else {
      this.log.warn(LOG_FAILED, fields);
    }
    return true;
  }
}
