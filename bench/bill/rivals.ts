// What others would charge for the same webhooks: by their price lists, and by what they do for each.
import type { Bill } from './bill';
import { gbSeconds, GB } from './ours';
import { itemBytes, JsonAttribute, JsonItem, messageUnits, readUnits, writeUnits } from '../../src/local/usage';

export interface RivalOptions {
  /** A message as it is published, in JSON. */
  readonly message: string;
  /** How long the endpoint takes to answer. */
  readonly answerMs: number;
}

/**
 * The older design, as https://github.com/agusmdev/aws-serverless-scheduler has it (serverless.yml and scheduler/, read on 2026-11-25): a
 * topic that invokes a consumer, which puts each event into the table or, if it is due soon, into the queue; a loader that
 * sends what comes due to the queue, one by one; an emitter that makes the requests. It claims nothing, keeps no outcome, and tries
 * nothing again.
 */
export function olderDesign({ message, answerMs }: RivalOptions, due: 'soon' | 'later'): Bill {
  const item = { ...itemOf(message), event_id: { S: `1764072000000_${'0'.repeat(32)}` }, segment: { N: '29401200' }, time_to_live: { N: '1764158400' } };
  const bytes = itemBytes(item);
  return {
    name: `older design, ${(Buffer.byteLength(message) / 1024).toFixed(1).replace('.0', '')} KB, due ${due}`,
    lines: [
      { what: 'producer: Publish', part: 'requests', price: 'sns.request', quantity: messageUnits(Buffer.byteLength(message)), why: 'no batches' },
      { what: 'consumer: invocations', part: 'requests', price: 'lambda.request', quantity: 1, why: 'SNS invokes for each message' },
      {
        what: `consumer: ${OLDER_CONSUMER_MS} ms at ${OLDER_MEMORY_MB} MB`,
        part: 'duration',
        price: 'lambda.x86-gb-second',
        quantity: gbSeconds(OLDER_CONSUMER_MS, OLDER_MEMORY_MB),
        why: 'the Serverless Framework\'s memory and architecture where none are set; time assumed',
      },
      ...(due === 'soon' ? [] : [
        {
          what: 'consumer: PutItem', part: 'requests', price: 'dynamodb.write', quantity: writeUnits(bytes), why: `the event as attributes, ${bytes} bytes`,
        },
        {
          what: 'loader: Query', part: 'requests', price: 'dynamodb.read', quantity: bytes / 4096 * readUnits(0, false), why: 'eventually consistent, pages full',
        },
      ] as const),
      {
        what: `${due === 'soon' ? 'consumer' : 'loader'}: SendMessage`, part: 'requests', price: 'sqs.request', quantity: 1, why: 'one by one',
      },
      {
        what: 'emitter, by its event source mapping: ReceiveMessage, DeleteMessage', part: 'requests', price: 'sqs.request', quantity: 2, why: 'one message each',
      },
      { what: 'emitter: invocations', part: 'requests', price: 'lambda.request', quantity: 1, why: 'one message each' },
      {
        what: `emitter: ${answerMs + OLDER_EMITTER_MS} ms at ${OLDER_MEMORY_MB} MB`,
        part: 'duration',
        price: 'lambda.x86-gb-second',
        quantity: gbSeconds(answerMs + OLDER_EMITTER_MS, OLDER_MEMORY_MB),
        why: `the answer, and ${OLDER_EMITTER_MS} ms assumed`,
      },
      ...(due === 'soon' ? [] : [{
        what: 'rows, for a day after their date and two until they are deleted',
        part: 'storage',
        price: 'dynamodb.storage',
        quantity: (bytes + 100) / GB * 3 / 30,
      } as const]),
    ],
  };
}

/** https://www.serverless.com/framework/docs/providers/aws/guide/functions */
const OLDER_MEMORY_MB = 1024;
/** Assumed: one call of DynamoDB or SQS from Python. */
const OLDER_CONSUMER_MS = 30;
/** Assumed: a connection of its own for each request. */
const OLDER_EMITTER_MS = 30;

/** A one-time schedule whose target is a bus, and a rule that passes the event to an API destination. */
export function schedulerWithApiDestination(): Bill {
  return {
    name: 'EventBridge Scheduler, API destination',
    lines: [
      { what: 'schedule', part: 'requests', price: 'eventbridge.scheduler', quantity: 1 },
      { what: 'event on a bus', part: 'requests', price: 'eventbridge.event', quantity: 1 },
      { what: 'API destination', part: 'requests', price: 'eventbridge.api-destination', quantity: 1 },
    ],
  };
}

/** The least memory there is, waiting for the answer. */
const LAMBDA_MEMORY_MB = 128;
const LAMBDA_MS = 5;

/** A one-time schedule whose target is a function that makes the request. */
export function schedulerWithLambda({ answerMs }: RivalOptions): Bill {
  return {
    name: 'EventBridge Scheduler, Lambda',
    lines: [
      { what: 'schedule', part: 'requests', price: 'eventbridge.scheduler', quantity: 1 },
      { what: 'invocation', part: 'requests', price: 'lambda.request', quantity: 1 },
      {
        what: `${answerMs + LAMBDA_MS} ms at ${LAMBDA_MEMORY_MB} MB`,
        part: 'duration',
        price: 'lambda.arm-gb-second',
        quantity: gbSeconds(answerMs + LAMBDA_MS, LAMBDA_MEMORY_MB),
        why: 'the answer; no logs charged',
      },
    ],
  };
}

export function qstash(): Bill {
  return { name: 'QStash', lines: [{ what: 'message', part: 'requests', price: 'qstash.message', quantity: 1 }] };
}

export function cloudTasks({ message }: RivalOptions): Bill {
  const chunks = Math.ceil(Buffer.byteLength(message) / (32 * 1024));
  return {
    name: 'Cloud Tasks',
    lines: [{ what: 'create, deliver', part: 'requests', price: 'cloud-tasks.operation', quantity: 2 * chunks, why: 'up to 30 days ahead' }],
  };
}

/** An object as attributes of an item, as the older design stores it. */
function itemOf(json: string): JsonItem {
  return Object.fromEntries(Object.entries(JSON.parse(json) as object).map(([name, value]) => [name, attributeOf(value)]));
}

function attributeOf(value: unknown): JsonAttribute {
  if (typeof value === 'number') {
    return { N: String(value) };
  }
  if (Array.isArray(value)) {
    return { L: value.map(attributeOf) };
  }
  return typeof value === 'object' && value !== null
    ? { M: Object.fromEntries(Object.entries(value).map(([name, part]) => [name, attributeOf(part)])) }
    : { S: String(value) };
}
