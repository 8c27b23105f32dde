// What many worlds come to.
import { Invariant } from '../oracle/invariants';
import { Outcome } from '../world';

export interface Failed {
  readonly seed: number;
  readonly invariant: Invariant;
  readonly what: string;
}

/** Can be sent from one process to another. */
export interface Totals {
  seeds: number;
  simulatedMs: number;
  steps: number;
  webhooks: number;
  listed: number;
  requests: number;
  repeats: number;
  gathered: number;
  packs: number;
  packsPutAside: number;
  faults: Record<string, number>;
  failed: Failed[];
}

export function noTotals(): Totals {
  return {
    seeds: 0,
    simulatedMs: 0,
    steps: 0,
    webhooks: 0,
    listed: 0,
    requests: 0,
    repeats: 0,
    gathered: 0,
    packs: 0,
    packsPutAside: 0,
    faults: {},
    failed: [],
  };
}

export function count(totals: Totals, { seed, violation, faults, ...figures }: Outcome): void {
  const failed = violation ? [{ seed, invariant: violation.invariant, what: violation.what }] : [];
  add(totals, { ...noTotals(), ...pick(figures), seeds: 1, faults: Object.fromEntries(faults), failed });
}

export function add(totals: Totals, more: Totals): void {
  for (const name of FIGURES) {
    totals[name] += more[name];
  }
  totals.seeds += more.seeds;
  for (const [kind, times] of Object.entries(more.faults)) {
    totals.faults[kind] = (totals.faults[kind] ?? 0) + times;
  }
  totals.failed.push(...more.failed);
}

const FIGURES = ['simulatedMs', 'steps', 'webhooks', 'listed', 'requests', 'repeats', 'gathered', 'packs', 'packsPutAside'] as const;

function pick(figures: Pick<Totals, typeof FIGURES[number]>): Pick<Totals, typeof FIGURES[number]> {
  const { simulatedMs, steps, webhooks, listed, requests, repeats, gathered, packs, packsPutAside } = figures;
  return { simulatedMs, steps, webhooks, listed, requests, repeats, gathered, packs, packsPutAside };
}
