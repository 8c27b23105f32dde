// How long load takes for the rows of a minute, and how much memory: from a table that answers as DynamoDB does, and from the emulated one.
import * as path from 'node:path';
import type { EmulatedTableCommand } from './emulated-table-child';
import type { Worker } from './worker';
import type { World, WorkerSettings } from './world';
import { Child } from '../../scripts/support/child';
import type { Cleanup } from '../../scripts/support/cleanup';
import { Cell, Column, table } from '../../scripts/support/terminal';
import { minuteOf, startOfMinute } from '../../src/core/timing';
import { Variable } from '../../src/handlers/environment';
import { coresBetween, limitReached, processorTimeOf } from '../processor-time';

export const ROWS = [1_000, 10_000, 100_000] as const;
/** Of the table that makes rows up, so many as well: by then, V8 has taken all the memory that it takes for what is new. */
export const MANY_ROWS = 300_000;
/** The least that load can be given. */
export const LEAST_MIB = 256;
/** Far enough that load is still to send it, near enough that it is all within the load horizon of five minutes. */
const MINUTES_AHEAD = 3;
const ROW_BYTES = 1_100;
const TIMEOUT_MS = 300_000;
/** By so many rows in all, the memory of a process has levelled off: at 1,000 or 10,000 a minute, it was last seen to rise by 2 % after 150,000. */
const WARM_ROWS = 200_000;
const FEWEST_INVOCATIONS = 3;

export interface LoadRun {
  readonly table: string;
  readonly rows: number;
  /** Memory of the function. */
  readonly memoryMib: number;
  readonly ms: number;
  readonly processorMs: number;
  /** Of a process that has never run before, garbage and all: what it comes to by the end of its first invocation. */
  readonly peakRssMib: number;
  /** What the same process comes to as it loads as many rows again and again. */
  readonly warmRssMib?: number;
  /** How often it has, the first time included. */
  readonly invocations: number;
  /** What was left when all garbage was collected, in a run of its own. */
  readonly peakLiveMib?: number;
  readonly pages: number;
  /** Requests to the queue, each of up to ten messages. */
  readonly sends: number;
  /** Whether every row was sent, and sent once, by each invocation. */
  readonly complete: boolean;
  readonly limit?: string;
}

/**
 * How often a process is to load so many rows until its memory has levelled off.
 *
 * V8 doubles its space for what is new, up to what Lambda's flags allow, once as much has survived as fits in it, summed up since it did so last. The
 * sum goes on from one invocation to the next, so that it is the rows of all of them that count, and where there are fewer a minute, it takes more
 * minutes.
 */
export function invocationsFor(rows: number): number {
  return Math.max(FEWEST_INVOCATIONS, Math.ceil(WARM_ROWS / rows));
}

/**
 * From a table that makes the rows up.
 *
 * @param invocations how often one process is to load as many, as it does each minute on Lambda
 * @param memoryMib of the function; by default, what the template gives it
 */
export async function measureLoad(world: World, rows: number, invocations: number, memoryMib?: number): Promise<LoadRun> {
  const run = await loadRows(world, rows, 'as fast as DynamoDB', { memoryMib }, { invocations });
  return { ...run, peakLiveMib: await peakLiveOf(world, rows, memoryMib) };
}

async function peakLiveOf(world: World, rows: number, memoryMib?: number): Promise<number> {
  await world.reset('https', rowsOf(world, rows, minuteAhead()));
  return world.withWorker('load', { memoryMib }, async (worker) => (await worker.invoke({}, TIMEOUT_MS, true)).usage.peakLiveMib);
}

/** From the emulated table, which keeps them. */
export async function measureLoadEmulated(world: World, rows: number, cleanup: Cleanup): Promise<LoadRun> {
  return cleanup.scope(async (running) => {
    const child = await running.open(() => new Child<EmulatedTableCommand>(path.join(__dirname, 'emulated-table-child.ts')), (opened) => opened.close());
    const from = minuteAhead();
    const endpoint = await child.ask<string>({ tableName: world.plans.load.variables[Variable.TABLE_NAME], rows: rowsOf(world, rows, from) });
    return loadRows(world, rows, 'emulated', { variables: { AWS_ENDPOINT_URL_DYNAMODB: endpoint } }, { tablePids: [child.pid], from });
  });
}

interface LoadRowsOptions {
  /** @default 1 */
  readonly invocations?: number;
  /** Processes of the table, where it has some of its own. */
  readonly tablePids?: readonly number[];
  /** When the rows of the first invocation are due. */
  readonly from?: number;
}

/** The first invocation of a process, which all figures are of but one: the memory that the process comes to if there are more. */
async function loadRows(
  world: World, rows: number, kind: string, settings: WorkerSettings, { invocations = 1, tablePids = [], from = minuteAhead() }: LoadRowsOptions,
): Promise<LoadRun> {
  await world.reset('https', rowsOf(world, rows, from));
  return world.withWorker('load', settings, async (worker) => {
    const hasTable = tablePids.length > 0;
    const groups = { load: [worker.pid], [hasTable ? 'queue' : 'table and queue']: [world.pid], ...(hasTable ? { table: tablePids } : {}) };
    const before = await worker.usage();
    const [timeBefore, began] = [processorTimeOf(groups), performance.now()];
    const { usage } = await worker.invoke({}, TIMEOUT_MS);
    const ms = performance.now() - began;
    const timeAfter = processorTimeOf(groups);
    const { requests, turnsSent } = await world.counts();
    const warm = await loadAgain(world, worker, rows, invocations - 1);
    return {
      table: kind,
      rows,
      memoryMib: settings.memoryMib ?? world.plans.load.memoryMb,
      ms,
      processorMs: usage.processorMs - before.processorMs,
      peakRssMib: usage.peakRssMib,
      ...(invocations > 1 ? { warmRssMib: warm.peakRssMib } : {}),
      invocations,
      pages: requests.Query ?? 0,
      sends: requests.SendMessageBatch ?? 0,
      complete: turnsSent === rows && warm.complete,
      ...(timeBefore && timeAfter ? { limit: limitReached(coresBetween(timeBefore, timeAfter, ms)) } : {}),
    };
  });
}

/** One minute after the other, though without the wait between them: Lambda keeps a function frozen for as long. */
async function loadAgain(world: World, worker: Worker, rows: number, times: number): Promise<Pick<LoadRun, 'complete' | 'peakRssMib'>> {
  let complete = true;
  for (let i = 0; i < times; i++) {
    await world.reset('https', rowsOf(world, rows, minuteAhead()));
    await worker.invoke({}, TIMEOUT_MS);
    complete = (await world.counts()).turnsSent === rows && complete;
  }
  return { complete, peakRssMib: (await worker.usage()).peakRssMib };
}

function minuteAhead(): number {
  return startOfMinute(minuteOf(Date.now()) + MINUTES_AHEAD);
}

function rowsOf(world: World, count: number, from: number) {
  return { from, count, partitions: Number(world.plans.ingest.variables[Variable.PARTITIONS]), rowBytes: ROW_BYTES };
}

export interface Growth {
  readonly rows: number;
  readonly time: number;
  readonly live: number;
  /** Of processes that have loaded as many each minute for a while. */
  readonly warmRss: number;
  /** Of processes at the end of their first invocation. */
  readonly firstRss: number;
}

/** How figures grow with the rows, of two runs from the same table. */
export function growth(few: LoadRun, many: LoadRun): Growth {
  const times = (figure: (run: LoadRun) => number | undefined) => (figure(many) ?? NaN) / (figure(few) ?? NaN);
  return {
    rows: times(({ rows }) => rows),
    time: times(({ ms }) => ms),
    live: times(({ peakLiveMib }) => peakLiveMib),
    warmRss: times(({ warmRssMib }) => warmRssMib),
    firstRss: times(({ peakRssMib }) => peakRssMib),
  };
}

export function growthText(few: LoadRun, many: LoadRun): string {
  const { rows, time, live, warmRss, firstRss } = growth(few, many);
  return `  From ${few.rows} to ${many.rows} rows, ${rows} times as many: ${time.toFixed(1)} times the time, ${live.toFixed(2)} times the live memory, `
    + `${warmRss.toFixed(2)} times the warm RSS; ${firstRss.toFixed(2)} times that of the first run`;
}

const right = (title: string): Column => ({ title, align: 'right' });

const COLUMNS: readonly Column[] = [
  { title: 'Table' },
  ...['Rows', 'Memory, MiB', 'ms', 'Rows/s', 'Processor, ms'].map(right),
  ...['Live, MiB', 'RSS warm, MiB', 'after runs', 'RSS first, MiB', 'Pages', 'Sends', 'Complete'].map(right),
  { title: 'Limit reached' },
];

export function loadTable(runs: readonly LoadRun[]): string {
  return table(COLUMNS, runs.map((run): Cell[] => {
    const { table: kind, rows, memoryMib, ms, processorMs, peakLiveMib, warmRssMib, invocations, peakRssMib, pages, sends, complete, limit = '' } = run;
    return [
      kind, ...[rows, memoryMib, ms, rows / ms * 1_000, processorMs].map((value) => value.toFixed(0)),
      peakLiveMib?.toFixed(1) ?? '', warmRssMib?.toFixed(0) ?? '', warmRssMib === undefined ? '' : String(invocations), peakRssMib.toFixed(0),
      kind === 'emulated' ? '' : String(pages), String(sends), complete ? 'yes' : ['no', 'red'], limit,
    ];
  }));
}
