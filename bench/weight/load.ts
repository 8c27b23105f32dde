// How long load takes for the rows of a minute, and how much memory: from a table that answers as DynamoDB does, and from the emulated one.
import * as path from 'node:path';
import type { EmulatedTableCommand } from './emulated-table-child';
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

export interface LoadRun {
  readonly table: string;
  readonly rows: number;
  /** Memory of the function. */
  readonly memoryMib: number;
  readonly ms: number;
  readonly processorMs: number;
  /** Of the process, garbage and all. How much of that V8 leaves lying goes by the memory of the function. */
  readonly peakRssMib: number;
  /** What was left when all garbage was collected, in a run of its own. */
  readonly peakLiveMib?: number;
  readonly pages: number;
  /** Requests to the queue, each of up to ten messages. */
  readonly sends: number;
  /** Whether every row was sent, and sent once. */
  readonly complete: boolean;
  readonly limit?: string;
}

/**
 * From a table that makes the rows up.
 *
 * @param memoryMib of the function; by default, what the template gives it
 */
export async function measureLoad(world: World, rows: number, memoryMib?: number): Promise<LoadRun> {
  const run = await loadOnce(world, rows, 'as fast as DynamoDB', { memoryMib });
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
    return loadOnce(world, rows, 'emulated', { variables: { AWS_ENDPOINT_URL_DYNAMODB: endpoint } }, [child.pid], from);
  });
}

async function loadOnce(
  world: World, rows: number, kind: string, settings: WorkerSettings, tablePids: readonly number[] = [], from = minuteAhead(),
): Promise<LoadRun> {
  await world.reset('https', rowsOf(world, rows, from));
  return world.withWorker('load', settings, async (worker) => {
    const groups = { load: [worker.pid], [tablePids.length > 0 ? 'queue' : 'table and queue']: [world.pid], ...(tablePids.length > 0 ? { table: tablePids } : {}) };
    const before = await worker.usage();
    const [timeBefore, began] = [processorTimeOf(groups), performance.now()];
    const { usage } = await worker.invoke({}, TIMEOUT_MS);
    const ms = performance.now() - began;
    const timeAfter = processorTimeOf(groups);
    const { requests, turnsSent } = await world.counts();
    return {
      table: kind,
      rows,
      memoryMib: settings.memoryMib ?? world.plans.load.memoryMb,
      ms,
      processorMs: usage.processorMs - before.processorMs,
      peakRssMib: usage.peakRssMib,
      pages: requests.Query ?? 0,
      sends: requests.SendMessageBatch ?? 0,
      complete: turnsSent === rows,
      ...(timeBefore && timeAfter ? { limit: limitReached(coresBetween(timeBefore, timeAfter, ms)) } : {}),
    };
  });
}

function minuteAhead(): number {
  return startOfMinute(minuteOf(Date.now()) + MINUTES_AHEAD);
}

function rowsOf(world: World, count: number, from: number) {
  return { from, count, partitions: Number(world.plans.load.variables[Variable.PARTITIONS]), rowBytes: ROW_BYTES };
}

/** How figures grow with the rows, of two runs from the same table. */
export function growth(few: LoadRun, many: LoadRun): { readonly rows: number; readonly time: number; readonly live: number; readonly rss: number } {
  const [fewLive, manyLive] = [few, many].map(({ peakLiveMib = NaN }) => peakLiveMib);
  return { rows: many.rows / few.rows, time: many.ms / few.ms, live: manyLive / fewLive, rss: many.peakRssMib / few.peakRssMib };
}

export function growthText(few: LoadRun, many: LoadRun): string {
  const { rows, time, live, rss } = growth(few, many);
  return `  From ${few.rows} to ${many.rows} rows, ${rows} times as many: ${time.toFixed(1)} times the time, ${live.toFixed(2)} times the live memory, `
    + `${rss.toFixed(2)} times the RSS`;
}

const COLUMNS: readonly Column[] = [
  { title: 'Table' },
  ...['Rows', 'Memory, MiB', 'ms', 'Rows/s', 'Processor, ms', 'Live, MiB', 'RSS, MiB', 'Pages', 'Sends', 'Complete'].map((title) => ({ title, align: 'right' } as const)),
  { title: 'Limit reached' },
];

export function loadTable(runs: readonly LoadRun[]): string {
  return table(COLUMNS, runs.map(({ table: kind, rows, memoryMib, ms, processorMs, peakLiveMib, peakRssMib, pages, sends, complete, limit = '' }): Cell[] => [
    kind, ...[rows, memoryMib, ms, rows / ms * 1_000, processorMs].map((value) => value.toFixed(0)), peakLiveMib?.toFixed(1) ?? '', peakRssMib.toFixed(0),
    kind === 'emulated' ? '' : String(pages), String(sends), complete ? 'yes' : ['no', 'red'], limit,
  ]));
}
