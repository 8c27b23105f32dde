// Cancel, reschedule, redrive: what producers ask of webhooks that they have published.
import { Clock } from './clock';
import type { Failure, Refusal } from './failure-notice';
import { FollowUp } from './follow-up';
import { MAX_MESSAGE_BYTES } from './limits';
import { LOG_ACTION, LOG_REFUSED } from './log-events';
import { Action, FieldError, mergeMessage, ParseOptions, readMessage } from './message';
import { MetricName } from './metric-names';
import { ActionStore, FailureReporter, FoundWebhook, Log, MetricsRecorder } from './ports';
import { cutTo } from './retry';
import { atRest, hasEnded, isLeased, State } from './state';
import { Owner, ownerOf } from './timing';
import { firstTurn, messageText, publicId, rowKey, Webhook } from './webhook';

/** An action as it came off the ingest queue. */
export interface ReceivedAction {
  /** SNS MessageId. */
  readonly messageId: string;
  /** When it was published, in milliseconds since the epoch. */
  readonly publishedAt: number;
  /** When it first came off the queue, in milliseconds since the epoch. */
  readonly receivedAt: number;
  readonly text: string;
}

export interface ActionsConfig extends Omit<ParseOptions, 'defaultId' | 'now'> {
  readonly ingestHorizonMs: number;
}

/** What comes of an action: it has ended, one way or the other; it has to come again; or the webhook it would make is not valid. */
export type ActionResult = 'ended' | 'come-again' | { readonly errors: readonly FieldError[] };

/**
 * How long after it was first received an action waits for a webhook that is not there yet, or whose attempt is under way. Topics and queues
 * do not keep the order: a cancel may overtake what it cancels. It has to be longer than the message of a webhook takes to come back from a
 * worker that has died (three minutes) or found the table out of order (five), and than the lease of one that died while it fired.
 */
export const ACTION_PATIENCE_MS = 10 * 60_000;

/** Ids of actions kept on the state. Copies of an action come within seconds, or when an operator moves dead letters back. */
const MAX_ACTIONS = 10;

/** What an action makes of a webhook. */
interface Change {
  readonly next: Omit<State, 'actions' | 'actionAt'>;
  /** The message as it is from now on, where the action writes it anew. */
  readonly rewritten?: { readonly webhook: Webhook; readonly owner: Owner };
}

type Decision = Change | { readonly refusal: Refusal } | { readonly errors: readonly FieldError[] };

export class Actions {
  public constructor(
    private readonly config: ActionsConfig,
    private readonly clock: Clock,
    private readonly store: ActionStore,
    private readonly followUp: FollowUp,
    private readonly failures: FailureReporter,
    private readonly log: Log,
    private readonly metrics: MetricsRecorder,
  ) {}

  /** Carries an action out, or refuses it on the failure topic. Rejects, and changes nothing for good, if it cannot do either. */
  public async take(action: Action, received: ReceivedAction): Promise<ActionResult> {
    const found = await this.store.find(action.id);
    const state = found?.state;
    if (state?.actions?.includes(received.messageId)) {
      await this.followUp.of(state); // a copy: it has taken effect, and perhaps what followed was cut off
      this.metrics.count(MetricName.DUPLICATES_STOPPED);
      return 'ended';
    }
    const decision = found ? await this.decide(action, received, found) : { refusal: 'unknown-id' as const };
    if ('errors' in decision) {
      return decision;
    }
    if ('refusal' in decision) {
      return this.refuse(action, decision.refusal, received);
    }
    const { rewritten } = decision;
    const next: State = {
      ...decision.next,
      actions: [...(state?.actions ?? []), received.messageId].slice(-MAX_ACTIONS),
      actionAt: Math.max(received.publishedAt, state?.actionAt ?? 0),
      ...(action.kind === 'redrive' ? { redrivenAt: received.publishedAt } : {}),
    };
    if (state?.unreported) {
      await this.followUp.of(state); // the next state knows nothing of it any more
    }
    let isPlaced = false;
    if (rewritten) {
      await this.store.putVersion(rewritten.webhook, next.turn, rewritten.owner);
      isPlaced = await this.followUp.announce(next);
    }
    if (!(await this.store.replaceState(state, next))) {
      return 'come-again'; // something has happened to the webhook meanwhile
    }
    if (!isPlaced) {
      await this.followUp.of(next);
    }
    this.log.info(LOG_ACTION, { webhookId: publicId(next.id), action: action.kind });
    this.metrics.count(MetricName.ACCEPTED);
    if (action.kind === 'cancel') {
      this.metrics.count(MetricName.CANCELLED);
    }
    return 'ended';
  }

  private async decide(action: Action, { messageId, publishedAt }: ReceivedAction, { key, state, keepUntil }: FoundWebhook): Promise<Decision> {
    const now = this.clock.now();
    const current: State = state ?? { ...firstTurn(key), status: 'scheduled', attempts: [], keepUntil };
    // In their order, a cancel would have come before a later reschedule and prevailed, but it would have been refused before a redrive.
    const overtakenAt = action.kind === 'cancel' ? state?.redrivenAt : state?.actionAt;
    if (overtakenAt !== undefined && overtakenAt > publishedAt) {
      return { refusal: 'superseded' };
    }
    if (isLeased(current, now)) {
      return { refusal: 'delivering' };
    }
    if (action.kind === 'redrive') {
      if (current.status !== 'failed') {
        return { refusal: current.status === 'delivered' || current.status === 'cancelled' ? current.status : 'not-failed' };
      }
    } else if (hasEnded(current)) {
      return { refusal: current.status as 'delivered' | 'failed' | 'cancelled' };
    }
    if (action.kind === 'cancel') {
      return { next: { ...atRest(current), status: 'cancelled', endedAt: now } };
    }

    const stored = (await this.store.get([current])).get(rowKey(current));
    if (!stored) {
      // Without a state it may not be there yet: its name is written first.
      return { refusal: state ? 'missing' : 'unknown-id' };
    }
    // A redriven webhook is due at once, since its redrive was published: the same instant for each copy of the redrive.
    const changes = action.kind === 'reschedule' ? action.changes : new Map([['date', JSON.stringify(new Date(publishedAt).toISOString())]]);
    // A policy that grants less since the webhook was accepted is nothing that this action is to blame for.
    const retry = stored.retry && cutTo(this.config.retry, stored.retry);
    const merged = mergeMessage(messageText({ ...stored, retry }), changes);
    const bytes = new TextEncoder().encode(merged).length;
    // Nor is another date for a size that the message has as it is stored: what were numbers, for one, are strings.
    if ([...changes.keys()].some((name) => name !== 'date') && bytes > MAX_MESSAGE_BYTES) {
      return { errors: [{ field: 'message', received: `${bytes} bytes`, expected: `at most ${MAX_MESSAGE_BYTES} bytes, the fields that stay included` }] };
    }
    // Nor is it to blame for a date that stays: one may be tried again for so long that as a new one it would be refused.
    const isRedated = changes.has('date');
    const parsed = readMessage(merged, { ...this.config, defaultId: publicId(key.id), now: isRedated ? now : stored.dueAt });
    if (!('webhook' in parsed)) {
      return { errors: 'errors' in parsed ? parsed.errors : [] };
    }
    const webhook: Webhook = { ...parsed.webhook, id: key.id, ownId: stored.ownId, partition: key.partition, version: messageId };
    const { dueAt, version } = webhook;
    // Without a new date the timing and the attempts stay: what was to be a retry is still one, and load does not find it by its date.
    const isRetry = !isRedated && current.at !== current.dueAt;
    const at = isRedated ? dueAt : current.at;
    return {
      next: {
        ...atRest(current),
        dueAt,
        version,
        turn: current.turn + 1,
        at,
        status: isRetry ? 'retrying' : 'scheduled',
        attempts: isRedated ? [] : current.attempts,
      },
      rewritten: { webhook, owner: isRetry ? 'ingest' : ownerOf(at, now, this.config.ingestHorizonMs) },
    };
  }

  private async refuse(action: Action, refusal: Refusal, { messageId, receivedAt, text }: ReceivedAction): Promise<ActionResult> {
    const now = this.clock.now();
    if ((refusal === 'unknown-id' || refusal === 'delivering') && now - receivedAt < ACTION_PATIENCE_MS) {
      return 'come-again';
    }
    const failure: Failure = { reason: 'refused', id: action.id, failedAt: now, action: action.kind, refusal, message: text };
    await this.failures.report(failure);
    // Not by the id it names, which may be any text where there is no such webhook.
    this.log.warn(LOG_REFUSED, { webhookId: refusal === 'unknown-id' ? messageId : action.id, action: action.kind, refusal });
    this.metrics.count(MetricName.ACCEPTED);
    return 'ended';
  }
}
