// What has to happen once a state is written: the next turn placed, or the failure told.
// Whoever crashes in between leaves a queue message behind, and whoever handles that finds the state and does it again.
import { Clock } from './clock';
import { PlainError } from './error-report';
import { DelayQueue, FailureReporter, FollowUpStore } from './ports';
import { State } from './state';
import { MAX_CLOCK_SKEW_MS, queueDelaySeconds } from './timing';
import { messageText, publicId, rowKey, Webhook } from './webhook';

export interface FollowUpConfig {
  /** What is due within this is sent to the delay queue at once; load finds the rest in the table. */
  readonly ingestHorizonMs: number;
}

/** Longer than a worker of ingest, and a write it has sent, can take. */
const ANNOUNCED_AHEAD_SECONDS = 60;

export class FollowUp {
  public constructor(
    private readonly config: FollowUpConfig,
    private readonly clock: Clock,
    private readonly store: FollowUpStore,
    private readonly delayQueue: DelayQueue,
    private readonly failures: FailureReporter,
  ) {}

  /**
   * Does what follows from a state. Safe to repeat: copies of a turn find it claimed, and a failure may be told twice, never not at all.
   * Rejects if it could not be done.
   *
   * @param webhook the webhook, where it is at hand
   */
  public async of(state: State, webhook?: Webhook): Promise<void> {
    if (state.status === 'scheduled' || state.status === 'retrying') {
      await this.place(state);
    } else if (state.status === 'failed' && state.unreported) {
      await this.report(state, webhook ?? (await this.store.get([state])).get(rowKey(state)));
    }
  }

  /**
   * Leaves word of a turn before the state is at it, for an action: the message of the action is no safe memory, since a copy of it may be
   * refused, and deleted, by a worker that has read the state before. Whoever gets this finds out whether the turn has come to be.
   *
   * @returns whether the turn is placed by that as well as it can be; otherwise its instant is so near that it comes late
   */
  public async announce(state: State): Promise<boolean> {
    const isInTime = queueDelaySeconds(state.at, this.clock.now()) >= ANNOUNCED_AHEAD_SECONDS;
    await this.place(state, ANNOUNCED_AHEAD_SECONDS);
    return isInTime;
  }

  private async place(state: State, minDelaySeconds = 0): Promise<void> {
    // Somewhat beyond the horizon too: what an action left to ingest by one clock must not be left to load by another.
    if (state.at - this.clock.now() <= this.config.ingestHorizonMs + MAX_CLOCK_SKEW_MS) {
      const unsent = await this.delayQueue.send([state], minDelaySeconds);
      if (unsent.length > 0) {
        throw new PlainError('the next turn could not be sent to the delay queue');
      }
    } else if (state.status === 'retrying') {
      await this.store.putPointer(state);
    } // A rescheduled webhook lies in the minute of its date: load finds the message itself.
  }

  private async report(state: State, webhook: Webhook | undefined): Promise<void> {
    const { id, reason, endedAt = this.clock.now(), attempts } = state;
    await this.failures.report({
      reason: reason ?? 'missing',
      id: publicId(id),
      failedAt: endedAt,
      attempts,
      ...(reason === 'dead-letter' ? { queue: 'delay' } : {}),
      message: webhook && messageText(webhook),
    });
    await this.store.markReported(state);
  }
}
