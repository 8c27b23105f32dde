// What a steady load takes of each thing that there is only so much of.
import { AWS_COSTS } from './costs';
import type { Deliveries } from './delivery';
import { ingestBatchMs } from './ingestion';
import { loadBounds } from './load-time';
import { rulesOf } from './polling';
import { QUOTAS } from './quotas';
import { WRITES } from './scenarios';
import { FIXED, SchedulerSettings, webhooksAnInvocation } from './scheduler-settings';

export interface Need {
  readonly name: string;
  /** What is taken of it, and what there is, in its unit. */
  readonly taken: number;
  readonly available: number;
  readonly unit: string;
}

/** Files that a worker keeps for its calls to AWS, whose clients let a hundred requests out at once, and for itself. */
const OWN_FILES = 300;
/** @param deliveries of a run of this load, by a scheduler that was not kept from taking what it needs */
export function needsOf(perMinute: number, settings: SchedulerSettings, deliveries: Deliveries): Need[] {
  const perSecond = perMinute / 60;
  const { sns, dynamodb, lambda, sqs } = QUOTAS;
  const { reading, processor } = loadBounds(settings, AWS_COSTS);
  const ingesting = perSecond / sqs.batch.value * ingestBatchMs(AWS_COSTS) / 1000;
  const { mostAtOnce, mostInFlight } = deliveries.usage;
  const most = Math.min(rulesOf(settings.deliverPolling).most, settings.accountConcurrency);
  return [
    { name: 'published', taken: perSecond, available: sns.publish.value, unit: 'messages a second' },
    { name: 'table, writes', taken: WRITES * perSecond, available: dynamodb.tableUnits.value, unit: 'units a second' },
    { name: '… of a new table', taken: WRITES * perSecond, available: dynamodb.newTableWrites.value, unit: 'units a second' },
    { name: 'load, reading', taken: perMinute * reading / 1000, available: FIXED.tickMs / 1000, unit: 'seconds of a minute' },
    { name: 'load, processor', taken: perMinute * processor / 1000, available: FIXED.tickMs / 1000, unit: 'seconds of a minute' },
    { name: 'delay queue, in flight', taken: mostInFlight, available: sqs.inFlight.value, unit: 'messages' },
    { name: 'invocations of deliver', taken: mostAtOnce, available: most, unit: 'at a time' },
    { name: '… with those of ingest', taken: mostAtOnce + ingesting, available: lambda.concurrency.value, unit: 'at a time' },
    {
      name: 'a worker\'s files',
      taken: webhooksAnInvocation(settings.deliverMemoryMib) + OWN_FILES,
      available: lambda.files.value,
      unit: 'at most',
    },
  ];
}
