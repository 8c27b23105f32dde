// Packs: turns that fall due together travel in one queue message. Requests to SQS are billed by the message, and at a hot spot it is the
// messages that Lambda's first invocations can take that count.
import { DENSE_LEAD_MS, turnsPerInvocationOf, LEAD_MS, PACK_SPAN_MS } from './timing';
import { isTurn, Turn } from './webhook';

/** Turns for one queue message. */
export interface Pack {
  /** In the order of their instants, all within {@link PACK_SPAN_MS} of the first. */
  readonly turns: readonly Turn[];
  /** How long before the instant of its first turn it has to be visible, at least. */
  readonly leadMs: number;
}

/** Packs turns, at most `turnsPerMessage` in one. What is due first comes first. */
export function packsOf(turns: readonly Turn[], turnsPerMessage: number): Pack[] {
  const sorted = [...turns].sort((a, b) => a.at - b.at);
  const density = new Map<number, number>();
  sorted.forEach(({ at }) => density.set(secondOf(at), (density.get(secondOf(at)) ?? 0) + 1));
  const dense = turnsPerInvocationOf(turnsPerMessage);
  const packs: Pack[] = [];
  let current: Turn[] = [];
  for (const turn of sorted) {
    const fits = current.length > 0 && current.length < turnsPerMessage && turn.at - current[0].at < PACK_SPAN_MS;
    if (fits && isTurn(turn) && isTurn(current[0])) {
      current.push(turn);
    } else {
      // One that deliver cannot read, since its row is none of ours, goes alone: it would take the others along.
      current = [turn];
      packs.push({ turns: current, leadMs: (density.get(secondOf(turn.at)) ?? 0) >= dense ? DENSE_LEAD_MS : LEAD_MS });
    }
  }
  return packs;
}

function secondOf(instant: number): number {
  return Math.floor(instant / 1_000);
}
