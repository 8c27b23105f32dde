// Runs seeds in several processes.
import { ChildProcess, fork } from 'node:child_process';
import { add, noTotals, Totals } from './totals';

/** Seeds that a process is given at a time. */
const CHUNK = 25;

/** What a process is given; it answers with {@link Totals}. */
export interface Chunk {
  readonly first: number;
  readonly count: number;
}

/**
 * @param script of the processes: runs each {@link Chunk} that it is sent
 * @param onProgress called with the totals so far
 */
export async function runInProcesses(
  script: string, { first, count }: Chunk, processes: number, onProgress: (totals: Totals) => void,
): Promise<Totals> {
  const totals = noTotals();
  let next = first;
  const take = (): Chunk | undefined => {
    const chunk = { first: next, count: Math.min(CHUNK, first + count - next) };
    next += chunk.count;
    return chunk.count > 0 ? chunk : undefined;
  };
  await Promise.all(Array.from({ length: Math.min(processes, Math.ceil(count / CHUNK)) }, () => runProcess(script, take, (more) => {
    add(totals, more);
    onProgress(totals);
  })));
  totals.failed.sort((a, b) => a.seed - b.seed);
  return totals;
}

function runProcess(script: string, take: () => Chunk | undefined, onTotals: (totals: Totals) => void): Promise<void> {
  const child = fork(script);
  return new Promise((resolve, reject) => {
    child.on('message', (totals: Totals) => {
      onTotals(totals);
      give(child, take());
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => (code === 0 ? resolve() : reject(new Error(`a process ended with ${signal ?? `code ${code}`}`))));
    give(child, take());
  });
}

function give(child: ChildProcess, chunk: Chunk | undefined): void {
  if (chunk) {
    child.send(chunk);
  } else {
    child.disconnect(); // it ends by itself, since nothing keeps it
  }
}
