// Fires webhooks: claims each turn, holds it until its millisecond, sends the request and keeps the outcome.
import { Attempt } from './attempt';
import { Clock } from './clock';
import { Credentials, Seal } from './credentials';
import { DueFirst } from './due-first';
import { EndReason } from './failure-notice';
import { FollowUp } from './follow-up';
import { LOG_COPY, LOG_DELIVERED, LOG_FAILED, LOG_RETRYING } from './log-events';
import { webhookFields } from './log-fields';
import { CountMetric, MetricName } from './metric-names';
import { recordOutcome } from './outcome';
import { Claim, DelayQueue, DeliverStore, HttpClient, Log, MetricsRecorder, Outcome, PreparedRequest } from './ports';
import { bodyOf, timestampOf, toRequest } from './request';
import { isExhausted, isExpired, RetryPlan, verdictOf } from './retry';
import { isOvertaken, isSuperfluous, State } from './state';
import {
  comeBackSeconds, connectAheadMs, HASTY_PATIENCE_MS, LEAD_MS, MAX_CLOCK_SKEW_MS, MAX_HOLD_MS, OUTCOME_PATIENCE_MS, RECORD_MS,
} from './timing';
import { publicId, rowKey, Turn, Webhook } from './webhook';

/** A turn, or a pack of turns that are due together, as they came off the delay queue. */
export interface DueMessage {
  /** Identifies the queue message, for the batch response. */
  readonly receipt: string;
  /** How often it has been received, this time included. */
  readonly receives: number;
  readonly turns: readonly Turn[];
}

/** A turn, and the queue message that it came in. */
interface DueTurn extends Pick<DueMessage, 'receipt'> {
  readonly turn: Turn;
  readonly isPacked: boolean;
}

/** A request until it is sent. */
interface Held {
  /** When to begin to connect, in milliseconds since the epoch. */
  readonly connectAt: number;
  /** To be called when there is nothing left to do for it but to wait for its endpoint. */
  readonly release: () => void;
}

/** An outcome that the table did not take, as it came off the delay queue. */
export interface SentOutcome {
  readonly receipt: string;
  readonly outcome: Outcome;
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
  /** How long a claim outlasts its invocation, so that an outcome which travels through the queue still finds it. */
  readonly leaseBeyondMs: number;
  /** How long before its date a webhook is to be published: how late one is counts from so long after its publication, if that is later. */
  readonly noticeMs: number;
  /** How many turns are delivered at once, at most. */
  readonly turnsPerInvocation: number;
  readonly retry: RetryPlan;
}

/** Of {@link RECORD_MS}, for sending the outcome on where the table has not taken it. */
const SEND_ON_MS = 3_000;

/** What a state counts as once it is reached; not those that others bring about. */
const OUTCOME_METRICS: Readonly<Partial<Record<State['status'], CountMetric>>> = {
  delivered: MetricName.DELIVERED,
  retrying: MetricName.RETRIED,
  failed: MetricName.FAILED,
};

/** So often a pack is fired as one, at most. */
const MAX_PACK_RECEIVES = 3;

export class Deliver {
  private readonly dueFirst: DueFirst;

  public constructor(
    private readonly config: DeliverConfig,
    private readonly clock: Clock,
    private readonly store: DeliverStore,
    private readonly delayQueue: DelayQueue,
    private readonly http: HttpClient,
    private readonly credentials: Pick<Credentials, 'for'>,
    private readonly followUp: FollowUp,
    private readonly log: Log,
    private readonly metrics: MetricsRecorder,
    private readonly random: () => number,
  ) {
    this.dueFirst = new DueFirst(clock);
  }

  /** Delivers a batch, all at once; returns the receipts of those that have to come again. */
  public async deliver(batch: readonly DueMessage[], invocation: Invocation): Promise<readonly string[]> {
    const now = this.clock.now();
    const turns = turnsOf(batch.filter((message) => !isBroken(message)));
    // What is due first is claimed first, where there are more claims than the table takes at once.
    const due = turns.filter(({ turn }) => turn.at - now <= MAX_HOLD_MS).sort((a, b) => a.turn.at - b.turn.at);
    // More than it is to take come where messages have piled up: for the rest there is another invocation, in a moment.
    const taken = due.slice(0, this.config.turnsPerInvocation);
    const early = turns.filter(({ turn }) => turn.at - now > MAX_HOLD_MS);
    const others = [...early, ...due.slice(taken.length)];
    const receipts = await Promise.all([
      this.sendOn(turnsOf(batch.filter(isBroken)), (broken) => this.delayQueue.sendApart(broken)),
      this.sendOn(others, (sent) => this.delayQueue.send(sent)),
      this.deliverDue(taken, new Set(others.map(({ receipt }) => receipt)), invocation),
    ]);
    return [...new Set(receipts.flat())];
  }

  /** Writes down outcomes that the table did not take at first; returns the receipts of those that it does not take now either. */
  public async record(outcomes: readonly SentOutcome[]): Promise<readonly string[]> {
    const receipts = await Promise.all(outcomes.map(async ({ receipt, outcome }) => {
      const isRecorded = await this.tries(outcome.next.id, 'outcome not written, will come again', async () => {
        await recordOutcome(outcome, this.store, this.followUp, this.log);
        return true;
      });
      return isRecorded ? [] : [receipt];
    }));
    return receipts.flat();
  }

  /** Sends turns on in other messages; returns the receipts of those that could not be sent. */
  private async sendOn(due: readonly DueTurn[], send: (turns: readonly Turn[]) => Promise<readonly Turn[]>): Promise<string[]> {
    if (due.length === 0) {
      return [];
    }
    const unsent = new Set(await send(due.map(({ turn }) => turn)));
    return due.filter(({ turn }) => unsent.has(turn)).map(({ receipt }) => receipt);
  }

  /** @param divided messages of which other turns are sent on meanwhile */
  private async deliverDue(due: readonly DueTurn[], divided: ReadonlySet<string>, invocation: Invocation): Promise<string[]> {
    let webhooks: ReadonlyMap<string, Webhook>;
    try {
      // Read before the claims: a table that cannot be read must not leave claims behind.
      webhooks = await this.store.get(due.map(({ turn }) => turn));
    } catch (error) {
      // All of them come again, packs as they are: in messages of their own they would be ten times as much to do for whoever is out of order.
      this.log.error('webhooks not read, will come again', { webhooks: due.length, error });
      // But for what is left of those that are divided: if they came as they were, their other turns would be sent on once more each time.
      const parts = due.filter(({ receipt }) => divided.has(receipt));
      const unsent = await this.sendOn(parts, (turns) => this.delayQueue.send(turns, comeBackSeconds(1)));
      return [...due.map(({ receipt }) => receipt).filter((receipt) => !divided.has(receipt)), ...unsent];
    }
    const claims = this.claim(due, invocation);
    const aheadMs = connectAheadMs(due.length);
    const receipts = await Promise.all(due.map(async (dueTurn) => {
      const { receipt, turn, isPacked } = dueTurn;
      const release = this.dueFirst.hold(turn.at);
      const isSettled = await this.tries(turn.id, 'webhook not settled, will come again', () => (
        this.deliverOne(turn, webhooks.get(rowKey(turn)), claims.get(dueTurn), invocation.deadline, { connectAt: turn.at - aheadMs, release })
      ));
      release(); // where there was nothing to send
      if (isSettled) {
        return [];
      }
      // Out of a pack it comes again by itself. It is sent on at once: the others may have long to wait for their endpoints.
      return isPacked ? this.sendOn([dueTurn], (turns) => this.delayQueue.sendApart(turns, comeBackSeconds(1))) : [receipt];
    }));
    return receipts.flat();
  }

  /** Claims turns, all but those that there is no time for: an endpoint is to have all of its own, and another invocation is better placed. */
  private claim(due: readonly DueTurn[], { id, deadline }: Invocation): ReadonlyMap<DueTurn, Promise<Claim>> {
    const now = this.clock.now();
    const timely = due.filter(({ turn }) => Math.max(turn.at, now) + this.config.requestTimeoutMs <= requestUntil(deadline));
    // Each copy is a claimant of its own, also where a batch holds two of one webhook.
    const turns = timely.map(({ turn }, index) => ({ turn, claimant: `${id}#${index}` }));
    const claims = this.store.claim(turns, now, deadline + this.config.leaseBeyondMs + MAX_CLOCK_SKEW_MS, requestUntil(deadline) - now);
    return new Map(claims.map((claim, index) => [timely[index], claim]));
  }

  /** `false` also where settling fails, which is logged as `failure`. */
  private async tries(id: string, failure: string, settle: () => Promise<boolean>): Promise<boolean> {
    try {
      return await settle();
    } catch (error) {
      this.log.error(failure, { webhookId: publicId(id), error });
      return false;
    }
  }

  /**
   * `false` if the queue message has to stay, since this turn is neither settled nor overtaken.
   *
   * @param claiming absent if there was no time for it
   */
  private async deliverOne(
    turn: Turn, webhook: Webhook | undefined, claiming: Promise<Claim> | undefined, deadline: number, { connectAt, release }: Held,
  ): Promise<boolean> {
    if (!claiming) {
      return false;
    }
    const [claim, seal] = await Promise.all([claiming, webhook && this.credentials.for(webhook.url)]);
    if ('refused' in claim) {
      return this.dropCopy(turn, claim.refused);
    }
    const { claimed } = claim;
    if (!webhook || !seal) {
      this.log.error('webhook missing', { webhookId: publicId(turn.id) });
      return this.settle(claimed, this.failed(claimed, 'missing'), undefined, deadline);
    }
    const reason = this.endOf(claimed, webhook);
    if (reason) {
      this.log.warn(LOG_FAILED, { ...webhookFields(webhook), reason });
      return this.settle(claimed, this.failed(claimed, reason), webhook, deadline);
    }
    const until = requestUntil(deadline);
    if (Math.max(turn.at, this.clock.now()) + this.config.requestTimeoutMs / 2 > until) {
      return false; // claim or secrets took so long that it would be no fair try; nothing has been sent, and the claim ends with its lease
    }

    await this.clock.sleepUntil(connectAt);
    const request = this.prepare(webhook, seal, turn.at);
    await this.clock.sleepUntil(turn.at);
    const { sentAt, isWritten, retryAfter, ...answer } = await request.send(this.config.requestTimeoutMs, until, release);
    release(); // where it has failed before it was under way
    const attempt: Attempt = { at: new Date(sentAt).toISOString(), lateMs: sentAt - turn.at, ...answer };
    const next = this.afterAttempt(claimed, attempt, retryAfter, webhook);
    await this.dueFirst.quiet(Math.min(this.givesWayUntil(next), until));

    const fields = { ...webhookFields(webhook), attempt: next.attempts.length, lateMs: attempt.lateMs, ...answer };
    if (next.status === 'delivered') {
      this.log.info(LOG_DELIVERED, fields);
    } else if (next.status === 'retrying') {
      this.log.warn(LOG_RETRYING, { ...fields, nextAt: new Date(next.at).toISOString() });
    } else {
      this.log.warn(LOG_FAILED, { ...fields, reason: next.reason });
    }
    this.metrics.time(MetricName.LATENESS, Math.max(sentAt - lateFrom(turn, claimed, this.config.noticeMs), 0));
    if (isWritten) {
      this.metrics.time(MetricName.ENDPOINT_DURATION, answer.durationMs);
    }
    return this.settle(claimed, next, webhook, deadline);
  }

  /** Without its secrets, a request is not sent: that is how the attempt has failed. */
  private prepare(webhook: Webhook, seal: Seal, dueAt: number): PreparedRequest {
    if ('error' in seal) {
      return { send: async () => ({ sentAt: this.clock.now(), isWritten: false, durationMs: 0, error: seal.error }) };
    }
    const attemptAt = Math.max(dueAt, this.clock.now());
    const body = bodyOf(webhook); // once: a large form takes tens of milliseconds
    const requestAt = (instant: number) => seal.seal(toRequest(webhook, instant, body));
    const request = requestAt(attemptAt);
    // Made anew only in another second, after a long time of connecting or being frozen: at the instant there is to be nothing to do.
    return this.http.prepare(request, (instant) => (timestampOf(instant) === timestampOf(attemptAt) ? request : requestAt(instant)), dueAt);
  }

  /** A copy that is none of the current turn, or of one that has ended, goes once what follows from the state is sure to have happened. */
  private async dropCopy(turn: Turn, state: State | undefined): Promise<boolean> {
    // Otherwise there was a claim a moment ago, or there is one, and only its outcome makes this copy superfluous.
    const isDone = isSuperfluous(turn, state);
    this.log.info(LOG_COPY, { webhookId: publicId(turn.id), status: state?.status, comesAgain: !isDone });
    if (isDone && state) {
      await this.followUp.of(state);
      if (!isOvertaken(turn, state)) {
        this.metrics.count(MetricName.DUPLICATES_STOPPED);
      }
    }
    return isDone;
  }

  /** Why there is to be no attempt any more: it comes late, or a reschedule or a deployment has lowered the number of attempts. */
  private endOf({ at, attempts }: State, webhook: Webhook): EndReason | undefined {
    const { retry } = this.config;
    if (isExhausted(webhook, retry, attempts.length)) {
      return 'exhausted';
    }
    return isExpired(webhook, retry, Math.max(at, this.clock.now())) ? 'expired' : undefined;
  }

  private afterAttempt(claimed: State, attempt: Attempt, retryAfter: string | undefined, webhook: Webhook): State {
    const now = this.clock.now();
    const made = { ...withoutLease(claimed), attempts: [...claimed.attempts, attempt] };
    const verdict = verdictOf(attempt, made.attempts.length, retryAfter, webhook, this.config.retry, now, this.random);
    switch (verdict.kind) {
      case 'delivered':
        return { ...made, status: 'delivered', endedAt: now };
      case 'retry':
        return { ...made, status: 'retrying', turn: claimed.turn + 1, at: verdict.at };
      case 'failed':
        return this.failed(made, verdict.reason);
    }
  }

  /** Until when an outcome may wait for requests that are due: of one that is retried soon, for as long as its next attempt has all its lead. */
  private givesWayUntil({ status, at }: State): number {
    const now = this.clock.now();
    const patientUntil = now + OUTCOME_PATIENCE_MS;
    // What the delay queue has before its lead it hides in any case, in whole seconds: until then, nothing comes later for having waited here.
    return status === 'retrying' ? Math.min(patientUntil, Math.max(at - LEAD_MS, now + HASTY_PATIENCE_MS)) : patientUntil;
  }

  private failed(state: State, reason: EndReason): State {
    return { ...withoutLease(state), status: 'failed', reason, endedAt: this.clock.now(), unreported: true };
  }

  /**
   * Writes the outcome down, and sees to what follows. The request is out: whatever happens now, it should not be sent a second time. An
   * outcome that the table does not take travels on in the queue; only if that fails too does the webhook come again.
   */
  private async settle(claimed: State, next: State, webhook: Webhook | undefined, deadline: number): Promise<boolean> {
    let written: boolean;
    try {
      written = await this.store.replaceState(claimed, next, Math.max(deadline - SEND_ON_MS - this.clock.now(), 0));
    } catch (error) {
      this.log.error('outcome not taken by the table, sent on', { webhookId: publicId(next.id), error });
      await this.delayQueue.sendOutcome({ turn: claimed.turn, next });
      this.countOutcome(next);
      return true;
    }
    if (!written) {
      this.log.error('webhook taken over while it was fired', { webhookId: publicId(next.id) });
      return false;
    }
    this.countOutcome(next);
    await this.followUp.of(next, webhook);
    return true;
  }

  /** Once the outcome is kept: of one that is not, the webhook comes again, and has another. */
  private countOutcome({ status }: State): void {
    const metric = OUTCOME_METRICS[status];
    if (metric) {
      this.metrics.count(metric);
    }
  }
}

/**
 * Whether a pack has been received so often that its workers may be dying of it: so that one turn that is to blame does not hold up the others
 * for ever, it is taken apart instead of being fired. Not the first time: it comes again as well where Lambda had no worker for it, and then ten
 * messages in place of one would be the last thing to send.
 */
function isBroken({ turns, receives }: DueMessage): boolean {
  return turns.length > 1 && receives > MAX_PACK_RECEIVES;
}

/** Until when requests may be on their way in an invocation. */
function requestUntil(deadline: number): number {
  return deadline - RECORD_MS;
}

function turnsOf(batch: readonly DueMessage[]): DueTurn[] {
  return batch.flatMap(({ receipt, turns }) => turns.map((turn) => ({ receipt, turn, isPacked: turns.length > 1 })));
}

/** From when on a turn is late: from its instant, unless whoever asked for it asked at too short notice. */
function lateFrom({ at, publishedAt = -Infinity }: Turn, { actionAt = -Infinity }: State, noticeMs: number): number {
  return Math.max(at, publishedAt + noticeMs, actionAt + noticeMs);
}

function withoutLease({ leaseUntil, ...state }: State): State {
  return state;
}
