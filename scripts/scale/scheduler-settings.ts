// A scheduler as it is configured: what the construct sets by default, and what can be turned.
import { Polling } from './polling';
import { QUOTAS } from './quotas';
import { turnsPerInvocationOf, turnsPerMessageOf } from '../../src/core/timing';

export interface SchedulerSettings {
  /** How the ingest queue is read. */
  readonly ingestPolling: Polling;
  /** … and the delay queue. */
  readonly deliverPolling: Polling;
  readonly deliverMemoryMib: number;
  readonly partitions: number;
  /** Write units a second that the table takes, evenly spread. */
  readonly tableWrites: number;
  /** Invocations at a time that the account may have. */
  readonly accountConcurrency: number;
}

/** What the construct sets by default, and the model does not turn: `src/webhook-scheduler.ts`. */
export const FIXED = {
  ingestMemoryMib: 512,
  loadMemoryMib: 512,
  loadHorizonMs: 5 * 60_000,
  tickMs: 60_000,
} as const;

const STANDARD: Polling = { mode: 'standard', maxConcurrency: 100 };

export const DEFAULTS: SchedulerSettings = {
  ingestPolling: STANDARD,
  deliverPolling: STANDARD,
  deliverMemoryMib: 512,
  partitions: 16,
  tableWrites: QUOTAS.dynamodb.newTableWrites.value,
  accountConcurrency: QUOTAS.lambda.concurrency.value,
};

/** Of one processor, what a function of this memory gets; Node.js runs our code on no more than one. */
export function processorShare(memoryMib: number): number {
  return Math.min(memoryMib / QUOTAS.lambda.memoryOfOneCpu.value, 1);
}

/** The most webhooks that an invocation of deliver gets, with so much memory. */
export function webhooksAnInvocation(memoryMib: number): number {
  return turnsPerInvocationOf(turnsPerMessageOf(memoryMib));
}
