// The ways from one state to the next, as the design has them.
import type { State, Status } from '../../../src/core/state';
import { FunctionName } from '../settings';

type StatusOrNone = Status | 'none';

interface Way {
  readonly from: readonly StatusOrNone[];
  readonly to: Status;
  readonly by: readonly FunctionName[];
  readonly turns: 0 | 1;
  readonly only?: (before: State | undefined, after: State, now: number) => boolean;
}

const isOver = (before: State | undefined, _: State, now: number) => before?.leaseUntil !== undefined && before.leaseUntil < now;
const isOwn = (before: State | undefined, after: State) => before?.claimant === after.claimant;
const isDeadLetter = (before: State | undefined) => before?.reason === 'dead-letter';
const isRetry = (before: State | undefined) => before !== undefined && before.at !== before.dueAt;
const WAITING = ['none', 'scheduled', 'retrying'] as const;

const WAYS: readonly Way[] = [
  { from: WAITING, to: 'delivering', by: ['deliver'], turns: 0 },
  { from: ['delivering'], to: 'delivering', by: ['deliver'], turns: 0, only: (...change) => isOwn(change[0], change[1]) || isOver(...change) },
  { from: ['failed'], to: 'delivering', by: ['deliver'], turns: 0, only: isDeadLetter },

  // Load writes outcomes that have become dead letters.
  { from: ['delivering'], to: 'delivered', by: ['deliver', 'load'], turns: 0, only: isOwn },
  { from: ['delivering'], to: 'retrying', by: ['deliver', 'load'], turns: 1, only: isOwn },
  { from: ['delivering'], to: 'failed', by: ['deliver', 'load'], turns: 0, only: isOwn },

  { from: WAITING, to: 'failed', by: ['load'], turns: 0, only: (_, after) => isDeadLetter(after) },
  { from: ['delivering'], to: 'failed', by: ['load'], turns: 0, only: (...change) => isDeadLetter(change[1]) && isOver(...change) },
  { from: ['failed'], to: 'failed', by: ['load'], turns: 0, only: (before, after) => isDeadLetter(before) && isDeadLetter(after) },
  { from: ['failed'], to: 'failed', by: ['ingest', 'load', 'deliver'], turns: 0, only: (before, after) => before?.unreported === true && !after.unreported },

  { from: WAITING, to: 'cancelled', by: ['ingest'], turns: 0 },
  { from: ['delivering'], to: 'cancelled', by: ['ingest'], turns: 0, only: isOver },
  { from: ['failed'], to: 'cancelled', by: ['ingest'], turns: 0, only: isDeadLetter },
  { from: WAITING, to: 'scheduled', by: ['ingest'], turns: 1 },
  { from: ['delivering'], to: 'scheduled', by: ['ingest'], turns: 1, only: isOver },
  { from: ['failed'], to: 'scheduled', by: ['ingest'], turns: 1 },
  // A retry whose message, but not its date, is changed.
  { from: ['retrying'], to: 'retrying', by: ['ingest'], turns: 1 },
  { from: ['delivering'], to: 'retrying', by: ['ingest'], turns: 1, only: (...change) => isOver(...change) && isRetry(change[0]) },
  { from: ['failed'], to: 'retrying', by: ['ingest'], turns: 1, only: (before) => isDeadLetter(before) && isRetry(before) },
];

/** Whether a state may follow another, written by a function whose clock says `now`. */
export function isLegal(before: State | undefined, after: State, by: FunctionName, now: number): boolean {
  const from = before?.status ?? 'none';
  const turns = after.turn - (before?.turn ?? 0);
  return WAYS.some((way) => way.to === after.status && way.from.includes(from) && way.by.includes(by) && way.turns === turns
    && (way.only?.(before, after, now) ?? true));
}
