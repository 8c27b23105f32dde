// What has become of a webhook: its state, and the ways from one to the next.
import type { Attempt } from './attempt';
import type { EndReason } from './failure-notice';
import type { Turn } from './webhook';

/**
 * - `scheduled`: waits for its date, after a reschedule or redrive (one that was just published has no state at all)
 * - `delivering`: a worker has claimed it and fires it, or died
 * - `retrying`: an attempt failed and there is another
 * - `delivered`, `failed`, `cancelled`: it has ended
 */
export type Status = 'scheduled' | 'delivering' | 'retrying' | 'delivered' | 'failed' | 'cancelled';

/** State of a webhook, with the turn whose it is. */
export interface State extends Omit<Turn, 'publishedAt'> {
  readonly status: Status;
  /** Attempts made since it was published, rescheduled to another date or redriven. */
  readonly attempts: readonly Attempt[];
  /** Who fires, or fired, this turn. */
  readonly claimant?: string;
  /** While `delivering`: when another worker may take over; milliseconds since the epoch. */
  readonly leaseUntil?: number;
  readonly endedAt?: number;
  /** Of a failed one. */
  readonly reason?: EndReason;
  /** Of a failed one: its failure notice is still to be published. */
  readonly unreported?: boolean;
  /** SNS MessageIds of the latest actions that took effect, so that a copy of one does not take effect again. */
  readonly actions?: readonly string[];
  /** When the latest of all that took effect was published; milliseconds since the epoch. */
  readonly actionAt?: number;
  /** When the latest redrive was published; milliseconds since the epoch. */
  readonly redrivenAt?: number;
  /**
   * How long the row has to stay; milliseconds since the epoch. Never less than before, but for what clocks differ: old turns may still be
   * on their way.
   */
  readonly keepUntil: number;
}

/** Whether nothing more will happen to a webhook by itself or by an operator who moves dead letters back. */
export function hasEnded({ status, reason }: State): boolean {
  return status === 'delivered' || status === 'cancelled' || (status === 'failed' && reason !== 'dead-letter');
}

/**
 * Whether a webhook is at this turn. Any other turn fires nothing: it is over, or it is one of an action that never took effect. Turns are
 * placed only once the state is at them.
 */
function isAt(state: State | undefined, turn: Turn): boolean {
  return state ? state.turn === turn.turn && state.version === turn.version : turn.turn === 0;
}

/** Whether a copy of a turn has nothing to bring about any more: the webhook is at another turn, or has ended. */
export function isSuperfluous(turn: Turn, state: State | undefined): boolean {
  return !isAt(state, turn) || (state !== undefined && hasEnded(state));
}

/** Whether an action has taken a turn's place: then it is no copy of one that was fired. */
export function isOvertaken({ version }: Turn, state: State): boolean {
  return state.status === 'cancelled' || state.version !== version;
}

/** Whether a worker may be firing the webhook at `now`. */
export function isLeased({ status, leaseUntil }: State, now: number): boolean {
  return status === 'delivering' && leaseUntil !== undefined && leaseUntil >= now;
}

/** What stays of a state when its turn is over. */
export function atRest({ claimant, leaseUntil, endedAt, reason, unreported, ...rest }: State): State {
  return rest;
}
