// Packs: turns that fall due together travel in one queue message. Requests to SQS are billed by the message, and an invocation that waits for
// many instants is billed once.
import { LEAD_MS, packLimitsOf, turnsPerInvocationOf } from './timing';
import { isTurn, Turn } from './webhook';

/** Turns for one queue message. */
export interface Pack {
  /** In the order of their instants, all within {@link packSpanMs} of the first. */
  readonly turns: readonly Turn[];
  /** How long before the instant of its first turn it has to be visible, at least. */
  readonly leadMs: number;
}

/**
 * Packs turns for a queue to which they are sent `now`. What is due first comes first.
 *
 * A pack is what an invocation can take, so that what is due together is paid for once, whichever of Lambda's readers comes across it. Only of
 * a second in which that many or more are due, there are smaller ones, at most `turnsPerMessage`: SQS hands out ten at once, and so the invocations
 * that Lambda begins with are filled all the same.
 */
export function packsOf(turns: readonly Turn[], turnsPerMessage: number, now: number): Pack[] {
  const [dense, sparse] = [packLimitsOf(true, turnsPerMessage), packLimitsOf(false, turnsPerMessage)];
  // All that a worker gets at once counts as due in one second.
  const dueAt = (turn: Turn) => Math.max(turn.at, now + LEAD_MS);
  const secondOf = (turn: Turn) => Math.floor(dueAt(turn) / 1_000);
  const density = new Map<number, number>();
  turns.forEach((turn) => density.set(secondOf(turn), (density.get(secondOf(turn)) ?? 0) + 1));
  const packs: Pack[] = [];
  let current: Turn[] = [];
  let currentLimits = sparse;
  for (const turn of [...turns].sort((a, b) => a.at - b.at)) {
    const limits = (density.get(secondOf(turn)) ?? 0) >= turnsPerInvocationOf(turnsPerMessage) ? dense : sparse;
    const fits = current.length > 0 && currentLimits === limits && current.length < limits.turns
      && dueAt(turn) - dueAt(current[0]) < limits.spanMs;
    if (fits && isTurn(turn) && isTurn(current[0])) {
      current.push(turn);
    } else {
      // One that deliver cannot read, since its row is none of ours, goes alone: it would take the others along.
      current = [turn];
      currentLimits = limits;
      packs.push({ turns: current, leadMs: limits.leadMs });
    }
  }
  return packs;
}

/** Each in a queue message of its own. */
export function apart(turns: readonly Turn[]): Pack[] {
  return turns.map((turn) => ({ turns: [turn], leadMs: LEAD_MS }));
}
