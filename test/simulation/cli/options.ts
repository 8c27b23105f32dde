// Options of `npm run simulate`.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export interface SimulateOptions {
  /** The seeds to run: `count` of them from `first` on. */
  readonly first: number;
  readonly count: number;
  /** Whether to print the whole trace, of a single seed. */
  readonly trace: boolean;
  /** Processes to run them in. */
  readonly workers: number;
}

export const USAGE = `usage: npm run simulate -- [--seeds N] [--seed S] [--trace] [--workers W]

  --seeds N    run N seeds, from 0 on or from S on (default: 1000; with --seed: 1)
  --seed S     run seed S: the same each time
  --trace      print all that happens in it; for a single seed
  --workers W  processes to use (default: one for each core)`;

export class UsageError extends Error {}

const DEFAULT_SEEDS = 1_000;
const MAX_SEED = 2 ** 31 - 1;

/** Throws a {@link UsageError} that names the argument. */
export function parseOptions(args: readonly string[]): SimulateOptions {
  const { seeds, seed, trace = false, workers } = parse(args);
  const first = seed === undefined ? 0 : wholeNumber('--seed', seed, 0);
  const count = seeds === undefined ? (seed === undefined ? DEFAULT_SEEDS : 1) : wholeNumber('--seeds', seeds, 1);
  if (first + count - 1 > MAX_SEED) {
    throw new UsageError(`--seeds ${count}: there are no seeds beyond ${MAX_SEED}`);
  }
  if (trace && count > 1) {
    throw new UsageError('--trace is for a single seed: add --seed S');
  }
  return { first, count, trace, workers: workers === undefined ? availableParallelism() : wholeNumber('--workers', workers, 1) };
}

function parse(args: readonly string[]): { seeds?: string; seed?: string; trace?: boolean; workers?: string } {
  try {
    const options = { seeds: { type: 'string' }, seed: { type: 'string' }, trace: { type: 'boolean' }, workers: { type: 'string' } } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= MAX_SEED)) {
    throw new UsageError(`${name} is ${JSON.stringify(text)}, expected a whole number from ${least} to ${MAX_SEED}`);
  }
  return value;
}
