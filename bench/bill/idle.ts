// What a scheduler costs in a month in which nothing happens.
import type { Bill, Line } from './bill';
import { gbSeconds, GB, PLATFORM_BYTES } from './ours';
import type { PriceName } from './prices';
import { DEFAULTS } from '../../scripts/scale/scheduler-settings';
import type { UnitKind, Usage } from '../../src/local/engine';

const DAYS = 30;
const TICKS = DAYS * 24 * 60;
const QUEUES = 2;
/** Longest that a receive waits for a message. */
const LONG_POLL_SECONDS = 20;
const RECEIVES_OF_POLLER = DAYS * 24 * 60 * 60 / LONG_POLL_SECONDS;

/**
 * Batches that Lambda polls a quiet queue for at one time: five, as by default; as few as two where no maximum concurrency is set.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
export const POLLERS = [5, 2] as const;

/**
 * Read units of a tick: the cursor, and in each partition a look into both of the minutes of the clock that its sixty seconds lie in. They are computed,
 * since the bench's ticks are seconds apart and mostly look into one minute: what was metered would be half of it or all of it, by chance.
 */
export const READS_OF_TICK = 1 + 2 * DEFAULTS.partitions;

/**
 * Lines for one month, where those of other bills are for one webhook.
 *
 * @param load name of the load function
 * @param ticks what some ticks have used besides reads
 */
export function idleMonth(load: string, ticks: Usage, pollers: number): Bill {
  const line = (what: string, part: Line['part'], price: PriceName, quantity: number): Line => ({ what, part, price, quantity });
  const { invocations, billedMs, memoryMb, logBytes } = ticks.functions.find(({ functionName }) => functionName === load)!;
  const perMonth = TICKS / invocations;
  const units = (unit: UnitKind): number => perMonth * ticks.requests
    .filter((usage) => usage.unit === unit && usage.caller.kind === 'function' && usage.caller.functionName === load)
    .reduce((sum, usage) => sum + usage.units, 0);
  return {
    name: `idle month, ${pollers} pollers a queue`,
    lines: [
      line('load: reads of each tick', 'requests', 'dynamodb.read', TICKS * READS_OF_TICK),
      line('load: its cursor', 'requests', 'dynamodb.write', units('dynamodb-write')),
      line('load: looks into the unreported queues', 'requests', 'sqs.request', units('sqs-request')),
      line('load: invocations', 'requests', 'lambda.request', TICKS),
      line(`load: ${Math.round(billedMs / invocations)} ms each`, 'duration', 'lambda.arm-gb-second', perMonth * gbSeconds(billedMs, memoryMb)),
      line('load: its log lines, and Lambda\'s own', 'logs', 'logs.ingestion', (perMonth * logBytes + TICKS * PLATFORM_BYTES) / GB),
      line(`Lambda: polls ${QUEUES} queues, each receive ${LONG_POLL_SECONDS} s long`, 'requests', 'sqs.request', QUEUES * pollers * RECEIVES_OF_POLLER),
    ],
  };
}
