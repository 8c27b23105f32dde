// What may pass as on time, and how long to wait.
import type { RunOptions } from './run';

/**
 * In an account. Lambda's clocks are those of different machines, which Amazon's time service keeps together to within a fraction of this. The
 * bound on lateness is far above what is usual: it holds on a day on which SQS, Lambda or the network is slow.
 */
export const DEPLOYED: RunOptions = { maxLateMs: 10_000, clockToleranceMs: 50, patienceMs: 60_000 };

/** Where everything runs on this machine, and has its clock. */
export const ON_THIS_MACHINE: RunOptions = { maxLateMs: 10_000, clockToleranceMs: 0, patienceMs: 8_000 };
