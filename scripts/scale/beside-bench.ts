// The model with the parameters of the machine that the bench ran on, beside what was measured there.
import { AWS_COSTS, Costs, Latencies, WorkerCosts } from './costs';
import { deliver } from './delivery';
import { Lateness, latenessOf } from './lateness';
import { DEFAULTS, processorShare, webhooksAnInvocation } from './scheduler-settings';
import { TableCapacity } from './table-capacity';
import { runWorker } from './worker';
import { BURST_CONNECTIONS } from '../../src/adapters/bursts';
import { DENSE_LEAD_MS, LEAD_MS } from '../../src/core/timing';

export interface Comparison {
  readonly work: string;
  readonly measured: { readonly p50: number; readonly p99: number };
  readonly simulated: Lateness;
}

/** Any instant. */
const NOON = 720 * 60_000;

const { first, later } = AWS_COSTS;
/** Works are sent over plain HTTP, by workers that are warm. A connection without TLS as the bench has it (`npm run bench -- --weight`). */
const PLAIN: WorkerCosts = { ...later, connect: 0.5 };

/** On one machine: nobody waits for a network. */
function costsOf(processor: { readonly first: WorkerCosts; readonly later: WorkerCosts }, waits: Pick<Latencies, 'read' | 'write' | 'endpoint'>): Costs {
  return {
    ...AWS_COSTS, ...processor, latency: { ...AWS_COSTS.latency, connect: 1, coldStart: 0, ...waits }, handover: { p50: 5, p90: 10, p99: 20 },
  };
}

/** Webhooks of one instant that one worker gets together, at the latest. The benches' tables have room for everybody. */
function atOnce(count: number, share: number, processor: WorkerCosts, waits: Pick<Latencies, 'read' | 'write' | 'endpoint'>, connections?: number): Lateness {
  const [due, startsAt] = [new Float64Array(count).fill(NOON), NOON - DENSE_LEAD_MS];
  const costs = costsOf({ first: processor, later: processor }, waits);
  const { firedAt } = runWorker(startsAt, due, share, processor, costs, new TableCapacity(1e6, startsAt), connections);
  return latenessOf(firedAt.map((at) => at - NOON).sort());
}

/** A full invocation for so much memory, under Lambda's share of a processor: `npm run bench -- --weight`. */
function oneWorker(memoryMib: number, processor: WorkerCosts): Lateness {
  return atOnce(webhooksAnInvocation(memoryMib), processorShare(memoryMib), processor, { read: 5, write: 5, endpoint: 0 });
}

/** `--sender deliver`: each of two workers gets half of all; what there is more of than connections goes on over those of others. */
function twoWorkers(count: number, endpointMs: number): Lateness {
  return atOnce(count / 2, shareOf(2), PLAIN, { read: 9, write: 9, endpoint: endpointMs }, BURST_CONNECTIONS);
}

/**
 * `--sender engine`: the whole way, through the emulated queue and table.
 *
 * @param busy workers that have something to do at one moment
 */
function throughEngine(dueMs: readonly number[], busy: number, endpointMs: number): Lateness {
  const { lateMs } = deliver({
    settings: { ...DEFAULTS, deliverPolling: { mode: 'standard', maxConcurrency: ENGINE_WORKERS }, tableWrites: ENGINE_WRITES },
    costs: costsOf({ first: PLAIN, later: PLAIN }, { read: 5, write: 5, endpoint: endpointMs }),
    dueAt: Float64Array.from(dueMs, (ms) => NOON + ms),
    isGrown: false,
    // Ingest sends them, ten at a time: it never sees enough of them to have them come earlier.
    leadMs: LEAD_MS,
    share: shareOf(busy),
    seed: 1,
  });
  return latenessOf(lateMs);
}

/** Of a processor, what each of so many workers had that were busy at one moment. Of two cores, a fifth was taken by who was called by them. */
function shareOf(workers: number): number {
  return Math.min(2 * 0.8 / workers, 1);
}

/** `ENVIRONMENT_LIMIT` of `src/local/function-runtime.ts` on two cores. */
const ENGINE_WORKERS = 16;
/** What the emulated table takes in a second, about. */
const ENGINE_WRITES = 1_000;

function evenly(count: number, ms: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(i * ms / count));
}

interface Row {
  readonly work: string;
  readonly measured: Comparison['measured'];
  readonly simulate: () => Lateness;
}

/**
 * As measured on 30 November 2026 on two cores of an Intel Xeon with Node.js 20, in one run of the whole bench that had the machine to itself
 * (`npm run bench -- --peer bullmq`). Works by the workers' clock.
 */
const ROWS: readonly Row[] = [
  { work: 'one worker of 256 MiB, 50 at one instant, its first invocation', measured: { p50: 6, p99: 15 }, simulate: () => oneWorker(256, first) },
  { work: '… a later one', measured: { p50: 7, p99: 24 }, simulate: () => oneWorker(256, later) },
  { work: '512 MiB, 100, first', measured: { p50: 10, p99: 24 }, simulate: () => oneWorker(512, first) },
  { work: '… later', measured: { p50: 9, p99: 13 }, simulate: () => oneWorker(512, later) },
  { work: '1,024 MiB, 200, first', measured: { p50: 22, p99: 36 }, simulate: () => oneWorker(1_024, first) },
  { work: '… later', measured: { p50: 15, p99: 29 }, simulate: () => oneWorker(1_024, later) },
  { work: '1,769 MiB, 340, first', measured: { p50: 25, p99: 48 }, simulate: () => oneWorker(1_769, first) },
  { work: '… later', measured: { p50: 32, p99: 56 }, simulate: () => oneWorker(1_769, later) },
  { work: 'two workers, `instant-1000-slow`', measured: { p50: 21, p99: 41 }, simulate: () => twoWorkers(1_000, 200) },
  { work: '… `instant-10000`', measured: { p50: 1_411, p99: 2_156 }, simulate: () => twoWorkers(10_000, 0) },
  { work: 'the whole way, `steady-300`', measured: { p50: 1, p99: 3 }, simulate: () => throughEngine(evenly(300, 30_000), 1, 0) },
  { work: '… `steady-5000`', measured: { p50: 1, p99: 11 }, simulate: () => throughEngine(evenly(5_000, 30_000), 1, 0) },
  { work: '… `instant-1000-slow`', measured: { p50: 48, p99: 151 }, simulate: () => throughEngine(evenly(1_000, 0), 10, 200) },
  { work: '… `instant-10000`', measured: { p50: 14_644, p99: 29_423 }, simulate: () => throughEngine(evenly(10_000, 0), ENGINE_WORKERS, 0) },
];

export function comparisons(): Comparison[] {
  return ROWS.map(({ work, measured, simulate }) => ({ work, measured, simulated: simulate() }));
}
