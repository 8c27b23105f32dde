// What a metered run makes of our bill.
import { Bill, Line } from './bill';
import type { MeteredRun, Work } from './metered';
import type { PriceName } from './prices';
import type { UnitKind, Usage } from '../../src/local/engine';
import { CLAIM_OPERATIONS } from '../../test/support/claims';

/** Decimal, as AWS bills memory by its binary name and storage and logs by this one. */
export const GB = 1e9;
const MIB_OF_GB = 1024;
const MINUTES_OF_HOUR = 60;

/** What DynamoDB adds to each item of what it stores: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
const ITEM_OVERHEAD_BYTES = 100;
/** What CloudWatch counts for each line besides its text: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
const LOG_LINE_OVERHEAD_BYTES = 26;

/**
 * Lambda writes two lines of its own for each invocation, which the engine does not: these are such lines.
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
 */
const PLATFORM_LINES = [
  {
    time: '2026-11-25T12:00:00.000Z',
    type: 'platform.start',
    record: { requestId: '6d68ca91-49c9-448d-89b8-7ca3e6dc66aa', version: '$LATEST' },
  },
  {
    time: '2026-11-25T12:00:02.245Z',
    type: 'platform.report',
    record: {
      requestId: '6d68ca91-49c9-448d-89b8-7ca3e6dc66aa',
      metrics: { durationMs: 2245.1, billedDurationMs: 2246, memorySizeMB: 512, maxMemoryUsedMB: 112 },
      status: 'success',
    },
  },
].map((line) => JSON.stringify(line));
export const PLATFORM_BYTES = PLATFORM_LINES.reduce((sum, line) => sum + Buffer.byteLength(line) + LOG_LINE_OVERHEAD_BYTES, 0);

/** Rows stay for the retention, by default 30 days, and TTL deletes them "within a few days": two are charged. */
const KEPT_MONTHS = 32 / 30;

const PRICE_OF: Readonly<Record<UnitKind, PriceName>> = {
  'dynamodb-write': 'dynamodb.write', 'dynamodb-read': 'dynamodb.read', 'sqs-request': 'sqs.request', 'sns-request': 'sns.request',
};

export type Role = 'producer' | 'ingest' | 'load' | 'deliver';

/** Requests of one kind, by the part of the scheduler that makes them. */
export interface RequestRow {
  readonly role: Role;
  /** By the code, or by Lambda on its behalf. */
  readonly by: 'code' | 'mapping';
  readonly operation: string;
  readonly unit: UnitKind;
  readonly requests: number;
  readonly units: number;
}

/** Requests by function and kind. Receives that brought nothing are left out: there are as many of them on an idle day, where they are charged. */
export function requestRows({ usage, functions }: MeteredRun): RequestRow[] {
  return usage.requests.map(({ caller, operation, unit, requests, units, empty }): RequestRow => ({
    role: caller.kind === 'outside' ? 'producer' : roleOf(caller.functionName, functions),
    by: caller.kind === 'lambda' ? 'mapping' : 'code',
    operation,
    unit,
    requests: requests - empty,
    units: units - empty,
  })).filter(({ requests }) => requests > 0);
}

function roleOf(functionName: string, functions: MeteredRun['functions']): Role {
  const role = (['ingest', 'load', 'deliver'] as const).find((name) => functions[name] === functionName);
  if (!role) {
    throw new Error(`${functionName} has made requests, expected none but ${Object.values(functions).join(', ')}`);
  }
  return role;
}

export function ourBill(name: string, run: MeteredRun): Bill {
  const { work: { count }, usage } = run;
  const requests = requestRows(run).map(({ role, by, operation, unit, units }): Line => ({
    what: `${role}${by === 'mapping' ? ', by its event source mapping' : ''}: ${operation}`,
    part: 'requests',
    price: PRICE_OF[unit],
    quantity: units / count,
  }));
  return { name, lines: [...requests, ...pollerLines(run.work), ...functionLines(run), ...storageLines(usage, count)] };
}

/** Paid for by the hour, in which there are so many webhooks. */
function pollerLines({ pollers, ratePerMinute }: Work): Line[] {
  return pollers === undefined ? [] : [{
    what: `ingest: ${pollers} provisioned pollers, ${ratePerMinute.toLocaleString('en-US')} webhooks a minute`,
    part: 'requests',
    price: 'lambda.event-poller-hour',
    quantity: pollers / (ratePerMinute * MINUTES_OF_HOUR),
  }];
}

function functionLines({ usage, functions, work: { count } }: MeteredRun): Line[] {
  return usage.functions.filter(({ invocations }) => invocations > 0).flatMap((used): Line[] => {
    const { functionName, memoryMb, invocations, billedMs, logLines, logBytes } = used;
    const role = roleOf(functionName, functions);
    return [
      { what: `${role}: invocations`, part: 'requests', price: 'lambda.request', quantity: invocations / count },
      {
        what: `${role}: ${Math.round(billedMs / invocations)} ms an invocation at ${memoryMb} MiB`,
        part: 'duration',
        price: 'lambda.arm-gb-second',
        quantity: gbSeconds(billedMs, memoryMb) / count,
      },
      {
        what: `${role}: log lines, and Lambda's own`,
        part: 'logs',
        price: 'logs.ingestion',
        quantity: (logBytes + logLines * LOG_LINE_OVERHEAD_BYTES + invocations * PLATFORM_BYTES) / GB / count,
      },
    ];
  });
}

function storageLines({ tables }: Usage, count: number): Line[] {
  const bytes = tables.reduce((sum, table) => sum + table.bytes + table.items * ITEM_OVERHEAD_BYTES, 0);
  const quantity = bytes / GB / count * KEPT_MONTHS;
  return [
    { what: 'rows, for 30 days and two until they are deleted', part: 'storage', price: 'dynamodb.storage', quantity },
    { what: 'point-in-time recovery of them', part: 'storage', price: 'dynamodb.pitr', quantity },
  ];
}

/** Memory times time, as Lambda bills it. */
export function gbSeconds(ms: number, memoryMb: number): number {
  return ms / 1000 * memoryMb / MIB_OF_GB;
}

/** A claim that was made again, of fifty, changes no figure. */
const CLAIMS_AGAIN = 0.02;

/**
 * Whether a work went as it would on a machine that keeps up: each webhook claimed once, which is a unit each. Where the machine or an emulator is
 * too busy, claims are late and come again, and what is counted is that.
 */
export function isUndisturbed({ work: { count }, usage, functions }: MeteredRun): boolean {
  const claims = usage.requests.filter(({ caller, operation }) => (
    caller.kind === 'function' && caller.functionName === functions.deliver && CLAIM_OPERATIONS.includes(operation)
  ));
  return claims.length > 0 && claims.reduce((sum, { units }) => sum + units, 0) <= count * (1 + CLAIMS_AGAIN);
}

/** What a million writes cost with capacity that is provisioned, and used to so much of it on average. */
export function provisionedWriteDollars(usdPerUnitHour: number, utilisation: number): number {
  const SECONDS_OF_HOUR = 3600;
  return usdPerUnitHour / (SECONDS_OF_HOUR * utilisation) * 1e6;
}
