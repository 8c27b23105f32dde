// How much of a processor a webhook takes in deliver and in ingest, and how late webhooks are where there is as much of one as Lambda gives.
import { deliverEvent, ingestEvent, packEvent } from './events';
import { MIB_PER_PROCESSOR, ProcessorLimit } from './processor-limit';
import type { Worker } from './worker';
import type { Scheme, World } from './world';
import { webhooksAnInvocation } from '../../scripts/scale/scheduler-settings';
import { Cell, Column, table } from '../../scripts/support/terminal';
import { packLimitsOf, turnsPerMessageOf } from '../../src/core/timing';
import { Percentiles, median, percentiles } from '../measure';

const TIMEOUT_MS = 60_000;
const WARM_REPEAT = 3;
const SETTLE_MS = 300_000;

export interface ProcessorUse {
  readonly work: string;
  readonly webhooks: number;
  /** Milliseconds of processor time a webhook, in a worker that has just started: the rest of its code is loaded, and compiled, on the way. */
  readonly firstMs: number;
  /** The same of its later invocations, median. */
  readonly warmMs: number;
  /** Most memory that the worker had, in MiB. */
  readonly peakRssMib: number;
  /** Whether every webhook arrived, and arrived once; of ingest, whether every one was stored. */
  readonly complete: boolean;
}

export interface MemorySize {
  readonly memoryMib: number;
  readonly webhooks: number;
  /** Within which they are due, one after the other; 0 for one instant. */
  readonly spanMs: number;
  /** Before the first of them is due, deliver gets them. */
  readonly leadMs: number;
  readonly first: Percentiles;
  readonly warm: Percentiles;
}

interface Invocation {
  readonly processorMs: number;
  readonly peakRssMib: number;
  readonly lateMs: readonly number[];
  readonly complete: boolean;
}

/** What deliver is handed at once. */
interface Batch extends Pick<MemorySize, 'webhooks' | 'spanMs' | 'leadMs'> {
  readonly eventAt: (now: number) => object;
}

/**
 * Of one instant, as early as the delay queue hands over so many of them, at the latest.
 *
 * @param isKnownDense `false` where they were published apart from each other, less than ten minutes ahead, so that no invocation of ingest has seen how many
 * there are
 */
function instant(webhooks: number, memoryMib: number, isKnownDense = webhooks >= webhooksAnInvocation(memoryMib)): Batch {
  const { leadMs } = packLimitsOf(isKnownDense, turnsPerMessageOf(memoryMib));
  return { webhooks, spanMs: 0, leadMs, eventAt: (now) => deliverEvent(now + leadMs, webhooks) };
}

/** As much as one pack holds where few are due. */
function sparsePack(memoryMib: number): Batch {
  const { turns: webhooks, leadMs, spanMs } = packLimitsOf(false, turnsPerMessageOf(memoryMib));
  return { webhooks, spanMs, leadMs, eventAt: (now) => packEvent(now + leadMs, webhooks, spanMs) };
}

async function deliverOnce(world: World, worker: Worker, scheme: Scheme, { webhooks, eventAt }: Batch): Promise<Invocation> {
  await world.reset(scheme);
  const before = await worker.usage();
  const { usage } = await worker.invoke(eventAt(Date.now()), TIMEOUT_MS);
  const { lateMs } = await world.counts();
  return { processorMs: usage.processorMs - before.processorMs, peakRssMib: usage.peakRssMib, lateMs, complete: lateMs.length === webhooks };
}

async function ingestOnce(world: World, worker: Worker, webhooks: number): Promise<Invocation> {
  await world.reset('https');
  const before = await worker.usage();
  const { usage } = await worker.invoke(ingestEvent(Date.now() + SETTLE_MS, webhooks), TIMEOUT_MS);
  const { turnsSent } = await world.counts();
  return { processorMs: usage.processorMs - before.processorMs, peakRssMib: usage.peakRssMib, lateMs: [], complete: turnsSent === webhooks };
}

async function use(world: World, name: 'ingest' | 'deliver', work: string, webhooks: number, once: (worker: Worker) => Promise<Invocation>): Promise<ProcessorUse> {
  return world.withWorker(name, {}, async (worker) => {
    const first = await once(worker);
    const warm: Invocation[] = [];
    for (let i = 0; i < WARM_REPEAT; i++) {
      warm.push(await once(worker));
    }
    return {
      work,
      webhooks,
      firstMs: first.processorMs / webhooks,
      warmMs: median(warm.map(({ processorMs }) => processorMs / webhooks)),
      peakRssMib: warm[WARM_REPEAT - 1].peakRssMib,
      complete: [first, ...warm].every(({ complete }) => complete),
    };
  });
}

export async function measureProcessorUse(world: World): Promise<ProcessorUse[]> {
  const uses: ProcessorUse[] = [];
  for (const webhooks of [1, 10]) {
    uses.push(await use(world, 'ingest', 'ingest', webhooks, (worker) => ingestOnce(world, worker, webhooks)));
  }
  for (const scheme of ['http', 'https'] as const) {
    for (const webhooks of [1, 10, 100, 500]) {
      const batch = instant(webhooks, world.plans.deliver.memoryMb);
      uses.push(await use(world, 'deliver', `deliver, ${scheme}`, webhooks, (worker) => deliverOnce(world, worker, scheme, batch)));
    }
  }
  return uses;
}

/** `undefined` where processes cannot be held to a part of a processor. */
export async function measureMemorySizes(world: World): Promise<MemorySize[] | undefined> {
  const sizes: MemorySize[] = [];
  for (const memoryMib of [256, 512, 1_024, MIB_PER_PROCESSOR]) {
    const worth = webhooksAnInvocation(memoryMib);
    for (const batch of [instant(10, memoryMib), instant(worth, memoryMib), instant(worth, memoryMib, false), sparsePack(memoryMib)]) {
      const limit = ProcessorLimit.forMemory(memoryMib);
      if (!limit) {
        return undefined;
      }
      try {
        sizes.push(await world.withWorker('deliver', { memoryMib }, async (worker) => {
          limit.hold(worker.pid); // once it is loaded: what that takes is measured apart
          const first = await deliverOnce(world, worker, 'https', batch);
          const warm: number[] = [];
          for (let i = 0; i < WARM_REPEAT; i++) {
            warm.push(...(await deliverOnce(world, worker, 'https', batch)).lateMs);
          }
          const { webhooks, spanMs, leadMs } = batch;
          return { memoryMib, webhooks, spanMs, leadMs, first: percentilesOf(first.lateMs), warm: percentilesOf(warm) };
        }));
      } finally {
        limit.remove();
      }
    }
  }
  return sizes;
}

function percentilesOf(lateMs: readonly number[]): Percentiles {
  return percentiles(lateMs) as Percentiles;
}

const right = (title: string) => ({ title, align: 'right' } as const);
const USE_COLUMNS: readonly Column[] = [
  { title: 'Work' }, ...['Webhooks', 'First, ms each', 'Warm, ms each', 'Peak MiB', 'Complete'].map(right),
];
const SIZE_COLUMNS: readonly Column[] = [
  right('MiB'), right('Webhooks'), right('Within, ms'), right('Lead, ms'), ...['First', 'Warm'].flatMap((when) => ['p50', 'p99', 'max'].map((name) => right(`${when} ${name}`))),
];

export function processorTable(uses: readonly ProcessorUse[]): string {
  return table(USE_COLUMNS, uses.map(({ work, webhooks, firstMs, warmMs, peakRssMib, complete }): Cell[] => [
    work, String(webhooks), firstMs.toFixed(1), warmMs.toFixed(1), peakRssMib.toFixed(0), complete ? 'yes' : ['no', 'red'],
  ]));
}

export function memoryTable(sizes: readonly MemorySize[]): string {
  return table(SIZE_COLUMNS, sizes.map(({ memoryMib, webhooks, spanMs, leadMs, first, warm }): Cell[] => [
    ...[memoryMib, webhooks, spanMs, leadMs].map(String), ...[first, warm].flatMap(({ p50, p99, max }) => [p50, p99, max].map(String)),
  ]));
}
