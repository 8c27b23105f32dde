// A function's process: loads a bundle as Lambda does, and does what `Worker` asks. Nothing else is loaded, so that what it takes is the bundle's.
import { createRequire } from 'node:module';
import { obeyParent } from '../../scripts/support/obey-parent';

export type WorkerCommand =
  | { readonly type: 'load'; readonly bundle: string }
  /** Runs the handler once, collects garbage meanwhile if asked to, and looks at its processor time at these instants. */
  | { readonly type: 'invoke'; readonly event: unknown; readonly timeoutMs: number; readonly looksAtMemory: boolean; readonly looksAt: readonly number[] }
  | { readonly type: 'usage' };

export interface WorkerReply {
  readonly error?: string;
  /** What the handler returned. */
  readonly result?: unknown;
  readonly usage: Usage;
  readonly looks: readonly Look[];
}

/** A look at the processor time while the handler runs. */
export interface Look {
  readonly processorMs: number;
  /** How late it was; a thread with nothing to do is a millisecond or two. */
  readonly lateMs: number;
}

/** What a process has taken since it began. */
export interface Usage {
  /** Milliseconds of processor time, of all its threads, in the program and in the system. */
  readonly processorMs: number;
  /** Most memory of the machine that it ever held, in MiB. */
  readonly peakRssMib: number;
  /** Most memory that was in use when all garbage had been collected, in the heap and for it outside, in MiB; 0 where nobody looked. */
  readonly peakLiveMib: number;
}

type Handler = (event: unknown, context: object) => Promise<unknown>;

const MIB = 1024 ** 2;
/** Short beside the half second that load takes for ten thousand rows, long beside the milliseconds that a collection takes. */
const LOOK_EVERY_MS = 25;
let handler: Handler;
let invocations = 0;
let peakLive = 0;
let looks: Look[] = [];

async function obey(command: WorkerCommand): Promise<unknown> {
  switch (command.type) {
    case 'load':
      handler = (createRequire(command.bundle)(command.bundle) as { handler: Handler }).handler;
      return undefined;
    case 'invoke':
      return invoke(command);
    case 'usage':
      return undefined;
  }
}

async function invoke({ event, timeoutMs, looksAtMemory, looksAt }: Extract<WorkerCommand, { type: 'invoke' }>): Promise<unknown> {
  const deadline = Date.now() + timeoutMs;
  looks = [];
  looksAt.forEach((at) => setTimeout(() => looks.push({ processorMs: processorMs(), lateMs: Date.now() - at }), at - Date.now()));
  const looking = looksAtMemory ? setInterval(look, LOOK_EVERY_MS) : undefined;
  try {
    return await handler(event, { awsRequestId: `invocation-${++invocations}`, getRemainingTimeInMillis: () => deadline - Date.now() });
  } finally {
    clearInterval(looking);
  }
}

function look(): void {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  peakLive = Math.max(peakLive, heapUsed + external);
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function usage(): Usage {
  return { processorMs: processorMs(), peakRssMib: process.resourceUsage().maxRSS / 1024, peakLiveMib: peakLive / MIB };
}

async function reply(command: WorkerCommand): Promise<WorkerReply> {
  try {
    return { result: await obey(command), usage: usage(), looks };
  } catch (error) {
    return { error: String(error), usage: usage(), looks };
  }
}

obeyParent(reply);
