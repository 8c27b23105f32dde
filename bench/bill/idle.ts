// What a scheduler costs in a month in which nothing happens.
import type { Bill, Line } from './bill';
import { gbSeconds, GB, PLATFORM_BYTES, unitsOf } from './ours';
import type { PriceName } from './prices';
import type { Usage } from '../../src/local/engine';

const DAYS = 30;
const TICKS = DAYS * 24 * 60;
const QUEUES = 2;
/** Longest that a receive waits for a message. */
const LONG_POLL_SECONDS = 20;
const RECEIVES_OF_POLLER = DAYS * 24 * 60 * 60 / LONG_POLL_SECONDS;

/**
 * Batches that Lambda polls a quiet queue for at one time: five, and as few as two where no maximum concurrency is set.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
export const POLLERS = { least: 2, most: 5 } as const;

/** Lines for one month, where those of other bills are for one webhook. */
export function idleMonth(tick: Usage, pollers: number): Bill {
  const line = (what: string, part: Line['part'], price: PriceName, quantity: number): Line => ({ what, part, price, quantity });
  const duration = tick.functions.reduce((sum, { billedMs, memoryMb }) => sum + gbSeconds(billedMs, memoryMb), 0);
  const logBytes = tick.functions.reduce((sum, { logBytes: bytes, invocations }) => sum + bytes + invocations * PLATFORM_BYTES, 0);
  return {
    name: `idle month, ${pollers} pollers a queue`,
    lines: [
      line('load: reads of each tick', 'requests', 'dynamodb.read', TICKS * unitsOf(tick, 'dynamodb-read')),
      line('load: its cursor', 'requests', 'dynamodb.write', TICKS * unitsOf(tick, 'dynamodb-write')),
      line('load: looks into the unreported queues', 'requests', 'sqs.request', TICKS * unitsOf(tick, 'sqs-request')),
      line('load: invocations', 'requests', 'lambda.request', TICKS * tick.functions.reduce((sum, { invocations }) => sum + invocations, 0)),
      line('load: its time', 'duration', 'lambda.arm-gb-second', TICKS * duration),
      line('load: its log lines, and Lambda\'s own', 'logs', 'logs.ingestion', TICKS * logBytes / GB),
      line(`Lambda: polls ${QUEUES} queues, each receive ${LONG_POLL_SECONDS} s long`, 'requests', 'sqs.request', QUEUES * pollers * RECEIVES_OF_POLLER),
    ],
  };
}
