// The model with the parameters of the machine that the bench ran on, beside what was measured there.
import { AWS_COSTS, Costs, WorkerCosts } from './costs';
import { Lateness, latenessOf } from './lateness';
import { processorShare } from './scheduler-settings';
import { TableCapacity } from './table-capacity';
import { runWorker } from './worker';

export interface Comparison {
  readonly work: string;
  readonly measured: { readonly p50: number; readonly p99: number };
  readonly simulated: Lateness;
}

/** Any instant. */
const NOON = 720 * 60_000;
/** The benches' table answers after 5 ms, and has room for everybody. */
const QUICK: Costs = { ...AWS_COSTS, latency: { ...AWS_COSTS.latency, read: 5, write: 5, connect: 5, endpoint: 0 } };

/** One invocation that gets its webhooks, due together, `leadMs` before, under Lambda's share of a processor: `npm run bench -- --weight`. */
function oneWorker(count: number, memoryMib: number, processor: WorkerCosts, leadMs: number): Lateness {
  const due = new Float64Array(count).fill(NOON);
  const { firedAt } = runWorker(NOON - leadMs, due, processorShare(memoryMib), processor, QUICK, new TableCapacity(1e6, NOON - leadMs));
  return latenessOf(firedAt.map((at) => at - NOON).sort());
}

interface Row {
  readonly work: string;
  readonly measured: Comparison['measured'];
  readonly simulate: () => Lateness;
}

const { first, later } = AWS_COSTS;

/** As measured on 25 November 2026 on two cores of an AMD EPYC with Node.js 20. */
const ROWS: readonly Row[] = [
  { work: 'one worker, 100 at one instant, 256 MiB, its first invocation', measured: { p50: 277, p99: 285 }, simulate: () => oneWorker(100, 256, first, 2_900) },
  { work: '… 512 MiB', measured: { p50: 85, p99: 92 }, simulate: () => oneWorker(100, 512, first, 2_900) },
  { work: '… 1,769 MiB', measured: { p50: 11, p99: 14 }, simulate: () => oneWorker(100, 1_769, first, 2_900) },
  { work: '… 512 MiB, a later invocation', measured: { p50: 11, p99: 36 }, simulate: () => oneWorker(100, 512, later, 2_900) },
];

export function comparisons(): Comparison[] {
  return ROWS.map(({ work, measured, simulate }) => ({ work, measured, simulated: simulate() }));
}
