// What the messages of the delay queue are about, read without the code that is under test.

/** A turn in a queue message. An outcome counts as no turn. */
export interface QueuedTurn {
  readonly id: string;
  readonly turn?: number;
  readonly partition?: number;
  readonly version?: string;
}

/** All that a message of the delay queue is about. */
export function turnsIn(body: string): readonly QueuedTurn[] {
  const { outcome, turns, ...turn } = JSON.parse(body) as { outcome?: { next: { id: string } }; turns?: readonly QueuedTurn[] } & QueuedTurn;
  return outcome ? [{ id: outcome.next.id }] : (turns ?? [turn]).map(({ turn: nth = 0, ...rest }) => ({ ...rest, turn: nth }));
}

/** Whether a message, of any queue, holds several turns. */
export function isPack(body: string): boolean {
  return body.startsWith('{"turns":');
}
