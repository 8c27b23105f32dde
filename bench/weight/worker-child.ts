// A function's process: loads a bundle as Lambda does, and does what `Worker` asks. Nothing else is loaded, so that what it takes is the bundle's.
import { createRequire } from 'node:module';
import { getHeapStatistics } from 'node:v8';
import { obeyParent } from '../../scripts/support/obey-parent';

export type WorkerCommand =
  | { readonly type: 'load'; readonly bundle: string }
  /** Runs the handler once. */
  | { readonly type: 'invoke'; readonly event: unknown; readonly timeoutMs: number }
  | { readonly type: 'usage' };

export interface WorkerReply {
  readonly error?: string;
  /** What the handler returned. */
  readonly result?: unknown;
  readonly usage: Usage;
}

/** What a process has taken since it began. */
export interface Usage {
  /** Milliseconds of processor time, of all its threads, in the program and in the system. */
  readonly processorMs: number;
  /** Most memory of the machine that it ever held, in MiB. */
  readonly peakRssMib: number;
  /** Most heap in use, as far as it was looked at while handlers ran, in MiB. */
  readonly peakHeapMib: number;
}

type Handler = (event: unknown, context: object) => Promise<unknown>;

const MIB = 1024 ** 2;
const HEAP_EVERY_MS = 100;
let handler: Handler;
let invocations = 0;
let peakHeap = 0;

async function obey(command: WorkerCommand): Promise<unknown> {
  switch (command.type) {
    case 'load':
      handler = (createRequire(command.bundle)(command.bundle) as { handler: Handler }).handler;
      return undefined;
    case 'invoke':
      return invoke(command.event, command.timeoutMs);
    case 'usage':
      return undefined;
  }
}

async function invoke(event: unknown, timeoutMs: number): Promise<unknown> {
  const deadline = Date.now() + timeoutMs;
  const look = () => {
    peakHeap = Math.max(peakHeap, getHeapStatistics().used_heap_size);
  };
  const looking = setInterval(look, HEAP_EVERY_MS);
  try {
    return await handler(event, { awsRequestId: `invocation-${++invocations}`, getRemainingTimeInMillis: () => deadline - Date.now() });
  } finally {
    look();
    clearInterval(looking);
  }
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { processorMs: (user + system) / 1000, peakRssMib: process.resourceUsage().maxRSS / 1024, peakHeapMib: peakHeap / MIB };
}

async function reply(command: WorkerCommand): Promise<WorkerReply> {
  try {
    return { result: await obey(command), usage: usage() };
  } catch (error) {
    return { error: String(error), usage: usage() };
  }
}

obeyParent(reply);
