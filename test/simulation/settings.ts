// What the simulated scheduler is deployed with: what the construct fixes (settings.test.ts compares it with a template), and what is drawn.
import { Random } from './random';
import { maxLifeMs, RetryPlan } from '../../src/core/retry';
import { MAX_HOLD_MS, MAX_TURNS_PER_MESSAGE, NOTICE_MS, RECORD_MS, turnsPerInvocationOf } from '../../src/core/timing';
import { Environment, Variable } from '../../src/handlers/environment';
import { PUBLIC_INTERNET } from '../support/network';

export type FunctionName = 'ingest' | 'load' | 'deliver';
export type QueueName = 'ingest' | 'delay' | 'ingestUnreported' | 'delayUnreported' | 'ingestDead' | 'delayDead';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const TABLE_NAME = 'table';
export const INPUT_TOPIC_NAME = 'input';
export const INPUT_TOPIC_ARN = `arn:aws:sns:eu-central-1:123456789012:${INPUT_TOPIC_NAME}`;
export const FAILURE_TOPIC_ARN = 'arn:aws:sns:eu-central-1:123456789012:failures';
export const BATCH_SIZE = 10;
/** The same of ingest where it has a batching window. */
export const WINDOW_BATCH_SIZE = 100;
/** The longest that a window may be, and that Lambda may wait in spite of a shorter one. */
export const MAX_WINDOW_MS = 20 * SECOND;
export const QUEUE_RETENTION_MS = 14 * DAY;
export const INGEST_HORIZON_MS = 10 * MINUTE;
export const LOAD_HORIZON_MS = 5 * MINUTE;
export const TICK_MS = MINUTE;
/** Of a simulated table. */
export const MAX_PARTITIONS = 3;

/** What a deployment may choose, and what differs between regions and days. */
export interface Settings {
  readonly partitions: number;
  readonly turnsPerMessage: number;
  readonly turnsPerInvocation: number;
  readonly retentionMs: number;
  readonly maxHorizonMs: number;
  readonly requestTimeoutMs: number;
  /** For how long ingest's messages are gathered; `undefined` where they are taken at once. */
  readonly ingestWindowMs?: number;
  readonly retry: RetryPlan;
  /** The clocks of workers are wrong by at most this, either way. */
  readonly maxSkewMs: number;
  /** Rows on a page of a query. */
  readonly pageSize: number;
  /** Whether a message that SQS has put aside keeps its receive count. */
  readonly receivesCarryOver: boolean;
}

/**
 * @param added chance of its own, for what was not always drawn: so a seed that draws nothing of it is the world that it has always been
 */
export function drawSettings(random: Random, added: Random): Settings {
  const retry = drawRetry(random);
  const partitions = random.int(1, MAX_PARTITIONS);
  const drawn = random.weighted([[1, 1], [2, 2], [2, 3], [4, 10], [1, MAX_TURNS_PER_MESSAGE]]);
  // A world has some ten webhooks, and is to have more of them at times than an invocation takes.
  const [turnsPerMessage, turnsPerInvocation] = added.chance(0.25) ? [1, 5] : [drawn, turnsPerInvocationOf(drawn)];
  // The least that the construct allows, and more.
  const leastDays = Math.max(29, Math.ceil(maxLifeMs(retry) / DAY) + 15);
  return {
    partitions,
    turnsPerMessage,
    turnsPerInvocation,
    retentionMs: random.int(leastDays, leastDays + 30) * DAY,
    maxHorizonMs: random.pick([31, 366]) * DAY,
    requestTimeoutMs: random.pick([1, 5, 15, 60]) * SECOND,
    ingestWindowMs: added.weighted([[2, undefined], [1, added.pick([1, 5, 20]) * SECOND]]),
    retry,
    maxSkewMs: random.weighted([[1, 0], [2, 100], [2, 2_500]]),
    pageSize: random.weighted([[1, 1], [1, 2], [3, 1_000]]),
    receivesCarryOver: random.chance(0.5),
  };
}

/** The same where what fails is tried again within seconds, while others that came off the delay queue with it are still to be fired. */
export function hastySettings(random: Random, settings: Settings): Settings {
  return {
    ...settings,
    turnsPerMessage: MAX_TURNS_PER_MESSAGE,
    turnsPerInvocation: turnsPerInvocationOf(MAX_TURNS_PER_MESSAGE),
    retry: { delaysMs: [SECOND, ...Array.from({ length: random.int(0, 3) }, () => random.int(1, 3) * SECOND)], jitter: random.pick([0, 0.2]) },
    maxSkewMs: 0,
  };
}

function drawRetry(random: Random): RetryPlan {
  const jitter = random.pick([0, 0.2, 1]);
  const maxAgeMs = random.chance(0.3) ? random.spread(1, 100_000) * SECOND : undefined;
  switch (random.int(0, 3)) {
    case 0:
      return { delaysMs: [], jitter: 0.2 };
    case 1:
      return { delaysMs: Array.from({ length: random.int(1, 4) }, () => random.spread(1, 90_000) * SECOND), jitter, maxAgeMs };
    case 2: {
      const first = random.spread(1, 600) * SECOND;
      return { delaysMs: Array.from({ length: random.int(1, 6) }, (_, i) => Math.min(first * 3 ** i, DAY)), jitter, maxAgeMs };
    }
    default:
      return {
        delaysMs: [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR], jitter: 0.2,
      };
  }
}

export function timeoutOf(name: FunctionName, { requestTimeoutMs }: Pick<Settings, 'requestTimeoutMs'>): number {
  switch (name) {
    case 'ingest':
      return 30 * SECOND;
    case 'load':
      return 5 * MINUTE;
    case 'deliver':
      return requestTimeoutMs + MAX_HOLD_MS + RECORD_MS + 4 * SECOND;
  }
}

/** What the mapping of a function hands over at once, and for how long it gathers that. */
export function mappingOf(name: FunctionName, { ingestWindowMs }: Pick<Settings, 'ingestWindowMs'>): { readonly batchSize: number; readonly windowMs?: number } {
  return name === 'ingest' && ingestWindowMs !== undefined ? { batchSize: WINDOW_BATCH_SIZE, windowMs: ingestWindowMs } : { batchSize: BATCH_SIZE };
}

export function visibilityTimeoutOf(name: QueueName, settings: Pick<Settings, 'requestTimeoutMs' | 'ingestWindowMs'>): number {
  switch (name) {
    case 'ingest':
      return 6 * timeoutOf('ingest', settings) + (settings.ingestWindowMs ?? 0);
    case 'delay':
      return 6 * timeoutOf('deliver', settings);
    case 'ingestUnreported':
    case 'delayUnreported':
      return 5 * MINUTE;
    case 'ingestDead':
    case 'delayDead':
      return 30 * SECOND;
  }
}

/** Where SQS puts what was received more often than so many times. */
export const REDRIVE: Readonly<Partial<Record<QueueName, { readonly to: QueueName; readonly maxReceiveCount: number }>>> = {
  ingest: { to: 'ingestUnreported', maxReceiveCount: 50 },
  delay: { to: 'delayUnreported', maxReceiveCount: 50 },
  ingestUnreported: { to: 'ingestDead', maxReceiveCount: 70 },
  delayUnreported: { to: 'delayDead', maxReceiveCount: 70 },
};

export function queueUrl(name: QueueName): string {
  return `https://sqs.eu-central-1.amazonaws.com/123456789012/${name}`;
}

/** The environment variables of a function. */
export function environmentOf(name: FunctionName, settings: Settings): Environment {
  const seconds = (ms: number) => String(ms / SECOND);
  const common = {
    [Variable.TABLE_NAME]: TABLE_NAME,
    [Variable.DELAY_QUEUE_URL]: queueUrl('delay'),
    [Variable.FAILURE_TOPIC_ARN]: FAILURE_TOPIC_ARN,
    [Variable.INPUT_TOPIC_NAME]: INPUT_TOPIC_NAME,
    [Variable.INGEST_HORIZON_SECONDS]: seconds(INGEST_HORIZON_MS),
    [Variable.RETENTION_SECONDS]: seconds(settings.retentionMs),
    [Variable.TURNS_PER_MESSAGE]: String(settings.turnsPerMessage),
  };
  // From when on a webhook is late, where its message may have been gathered for a while.
  const notice = settings.ingestWindowMs === undefined ? {} : { [Variable.NOTICE_SECONDS]: seconds(NOTICE_MS + MAX_WINDOW_MS) };
  switch (name) {
    case 'ingest':
      return {
        ...common,
        ...notice,
        [Variable.INGEST_QUEUE_URL]: queueUrl('ingest'),
        [Variable.PARTITIONS]: String(settings.partitions),
        [Variable.MAX_HORIZON_SECONDS]: seconds(settings.maxHorizonMs),
        [Variable.RETRY_POLICY]: JSON.stringify(settings.retry),
        [Variable.NETWORK_POLICY]: JSON.stringify(PUBLIC_INTERNET),
      };
    case 'load':
      return {
        ...common,
        [Variable.INGEST_UNREPORTED_QUEUE_URL]: queueUrl('ingestUnreported'),
        [Variable.DELAY_UNREPORTED_QUEUE_URL]: queueUrl('delayUnreported'),
        [Variable.INGEST_DEAD_LETTER_QUEUE_URL]: queueUrl('ingestDead'),
        [Variable.DELAY_DEAD_LETTER_QUEUE_URL]: queueUrl('delayDead'),
        [Variable.LOAD_HORIZON_SECONDS]: seconds(LOAD_HORIZON_MS),
      };
    case 'deliver':
      return {
        ...common,
        ...notice,
        [Variable.REQUEST_TIMEOUT_SECONDS]: seconds(settings.requestTimeoutMs),
        [Variable.LEASE_BEYOND_SECONDS]: '120',
        [Variable.TURNS_PER_INVOCATION]: String(settings.turnsPerInvocation),
        [Variable.RETRY_POLICY]: JSON.stringify(settings.retry),
        [Variable.NETWORK_POLICY]: JSON.stringify(PUBLIC_INTERNET),
      };
  }
}

/** What the role of a function allows: commands, by what they are carried out on. */
export const PERMISSIONS: Readonly<Record<FunctionName, Readonly<Record<string, readonly string[]>>>> = {
  ingest: {
    [TABLE_NAME]: ['PutItem', 'GetItem', 'Query', 'BatchGetItem', 'UpdateItem'],
    [queueUrl('ingest')]: ['ChangeMessageVisibility'],
    [queueUrl('delay')]: ['SendMessage'],
    [FAILURE_TOPIC_ARN]: ['Publish'],
  },
  load: {
    [TABLE_NAME]: ['Query', 'GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem'],
    [queueUrl('delay')]: ['SendMessage'],
    [queueUrl('ingestDead')]: ['SendMessage'],
    [queueUrl('delayDead')]: ['SendMessage'],
    [queueUrl('ingestUnreported')]: ['ReceiveMessage', 'DeleteMessage'],
    [queueUrl('delayUnreported')]: ['ReceiveMessage', 'DeleteMessage'],
    [FAILURE_TOPIC_ARN]: ['Publish'],
  },
  deliver: {
    [TABLE_NAME]: ['BatchGetItem', 'GetItem', 'PartiQLInsert', 'UpdateItem', 'PutItem'],
    [queueUrl('delay')]: ['SendMessage', 'ChangeMessageVisibility'],
    [FAILURE_TOPIC_ARN]: ['Publish'],
  },
};
