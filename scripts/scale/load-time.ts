// How long load takes for its rows.
import type { Costs } from './costs';
import { QUOTAS } from './quotas';
import { FIXED, processorShare, SchedulerSettings } from './scheduler-settings';

/** A message of a kilobyte as a row of the table, compressed, with its keys. */
export const ROW_BYTES = 1_000;
/** Of a read unit, a strongly consistent one, which is what load reads by. */
export const READ_UNIT_BYTES = 4_096;
/** Read units a second for each write unit that a table takes: three thousand for a thousand. */
const READS_PER_WRITE = QUOTAS.dynamodb.partitionReads.value / QUOTAS.dynamodb.partitionWrites.value;

/** What bounds load, in milliseconds a row: each by itself; the slowest counts, since they go on side by side. */
export function loadBounds(
  { partitions, tableWrites }: SchedulerSettings, { loadRow }: Costs,
): { readonly reading: number; readonly processor: number } {
  const reads = Math.min(QUOTAS.dynamodb.partitionReads.value * partitions, tableWrites * READS_PER_WRITE);
  return {
    reading: ROW_BYTES / READ_UNIT_BYTES / reads * 1000,
    processor: loadRow / processorShare(FIXED.loadMemoryMib),
  };
}

export function loadRowMs(settings: SchedulerSettings, costs: Costs): number {
  return Math.max(...Object.values(loadBounds(settings, costs)));
}
