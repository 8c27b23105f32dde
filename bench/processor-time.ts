// How much of the machine's processors each part of a work took: what tells which limit was reached. Only where there is /proc.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Of Linux on every machine that Node.js runs on; `getconf CLK_TCK`. */
const TICK_MS = 10;
/** A process of one thread that took this much of a core had hardly any to spare. */
const FULL = 0.85;

/** Milliseconds of processor time that each group of processes has taken so far. */
export type ProcessorTime = Readonly<Record<string, number>>;

export function processorTimeOf(groups: Readonly<Record<string, readonly number[]>>): ProcessorTime | undefined {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + timeOf(pid), 0)]));
  } catch {
    return undefined;
  }
}

/** Cores that each group of processes kept busy. */
export type Cores = Readonly<Record<string, number>>;

/** Between two looks. */
export function coresBetween(before: ProcessorTime, after: ProcessorTime, elapsedMs: number): Cores {
  return Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, Math.round((ms - (before[name] ?? 0)) / elapsedMs * 100) / 100]));
}

/** What held the work up, by the cores that each of its parts kept busy. */
export function limitReached(cores: Cores, machineCores: number = cpus().length): string {
  const shares = Object.entries(cores).sort(([, a], [, b]) => b - a);
  const [[name, most]] = shares;
  const total = shares.reduce((sum, [, share]) => sum + share, 0);
  if (total >= FULL * machineCores) {
    return `the machine's ${machineCores} cores, most of them taken by: ${name}`;
  }
  return most >= FULL ? `one core, taken by: ${name}` : 'none of the processors';
}

/** A process that has ended counts as none. */
function timeOf(pid: number): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (pid === process.pid) {
      throw error; // there is no /proc at all
    }
    return 0;
  }
  // The name of the program, in brackets, may hold anything; user and system time are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
