import { once } from 'node:events';
import { createServer, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { Receiver } from '../../scripts/support/receiver';
import { DynamoDbStore } from '../../src/adapters/dynamodb-store';
import { messageKey, stateKey } from '../../src/adapters/table-schema';
import { SystemClock } from '../../src/core/clock';
import { firstTurn, turnText, Webhook, WebhookKey } from '../../src/core/webhook';
import { Variable } from '../../src/handlers/environment';
import { accepted } from '../support/accepted';
import { Cloud } from '../support/cloud';
import { RecordingLog } from '../support/recording-log';
import { sqsEvent } from '../support/sqs-events';
import { until } from '../support/until';

let cloud: Cloud;
let receiver: Receiver;
let store: DynamoDbStore;
let handler: typeof import('../../src/handlers/deliver.lambda').handler;

beforeAll(async () => {
  cloud = await Cloud.start();
  cloud.setEnvironment({ [Variable.TURNS_PER_INVOCATION]: '500' });
  receiver = await Receiver.start();
  slow.listen(0, '127.0.0.1');
  await once(slow, 'listening');
  store = new DynamoDbStore(cloud.dynamodb, { tableName: cloud.tableName, retentionMs: 86_400_000 }, new SystemClock(), new RecordingLog());
  handler = jest.requireActual<typeof import('../../src/handlers/deliver.lambda')>('../../src/handlers/deliver.lambda').handler;
});
afterAll(async () => {
  slow.close();
  slow.closeAllConnections();
  await receiver.close();
  await cloud.stop();
});

/** An endpoint that answers when the test says so. */
const unanswered: ServerResponse[] = [];
const slow = createServer((_, response) => unanswered.push(response));
const slowUrl = () => `http://127.0.0.1:${(slow.address() as AddressInfo).port}/`;
const answerSlow = () => unanswered.splice(0).forEach((response) => response.end());

let invocations = 0;
const context = {
  get awsRequestId() {
    return `invocation-${++invocations}`;
  },
  getRemainingTimeInMillis: () => 60_000,
};
/** The queue message for the first turn of a webhook. */
const bodyOf = (key: WebhookKey) => turnText(firstTurn(key));
const ALL_GOOD = { batchItemFailures: [] };

/** Stores a webhook as ingest would, and returns it. */
async function stored(id: string, message: object = {}, dueInMs = 0): Promise<Webhook> {
  const webhook = accepted(id, { date: new Date(Date.now() + dueInMs).toISOString(), url: `${receiver.url}/${id}`, method: 'post', ...message });
  await store.put(webhook, 'ingest');
  return webhook;
}

const arrived = (id: string) => receiver.requests.filter(({ headers }) => headers.some(([name, value]) => name === 'webhook-id' && value === id));
const stateOf = async (id: string) => (await cloud.rows()).find(({ pk, sk }) => pk === `id#${id}` && sk === 'state');

test('fires at the instant, as it was written, and keeps the outcome', async () => {
  const webhook = await stored('whole', {
    url: `${receiver.url}/whole?q=a%20b`, method: 'put', payload: { a: [1] }, headers: { 'X-Own': 'é' }, cookies: { c: 'd' },
  }, 1_500);
  expect(await handler(sqsEvent(bodyOf(webhook)), context)).toEqual(ALL_GOOD);

  const [request] = arrived('whole');
  expect(request.arrivedAt).toBeGreaterThanOrEqual(webhook.dueAt);
  expect(request).toMatchObject({ method: 'PUT', target: '/whole?q=a%20b', cookies: { c: 'd' }, body: Buffer.from('{"a":[1]}') });
  expect(request.headers).toEqual(expect.arrayContaining([
    ['X-Own', 'é'], ['content-type', 'application/json'], ['webhook-timestamp', String(Math.floor(webhook.dueAt / 1000))],
  ]));
  expect(await stateOf('whole')).toMatchObject({
    status: 'delivered',
    dueAt: String(webhook.dueAt),
    attempts: [{ M: { at: { S: expect.any(String) }, lateMs: { N: expect.stringMatching(/^\d+$/) }, durationMs: expect.anything(), status: { N: '200' } } }],
  });
});

test('copies of one webhook fire it once, in one batch and one after the other', async () => {
  const webhook = await stored('copied', {}, 3_000); // both copies ask for the claim long before the outcome is known
  const event = sqsEvent(bodyOf(webhook), bodyOf(webhook));
  const { batchItemFailures } = await handler(event, context);
  expect(batchItemFailures).toHaveLength(1); // the copy that lost the claim stays, in case the winner is lost
  expect(await handler(sqsEvent(bodyOf(webhook)), context)).toEqual(ALL_GOOD); // once the outcome is known, it goes
  expect(arrived('copied')).toHaveLength(1);
});

test('workers that get copies at once fire it once', async () => {
  const webhook = await stored('raced', {}, 300);
  const responses = await Promise.all(Array.from({ length: 8 }, () => handler(sqsEvent(bodyOf(webhook)), context)));
  expect(responses.some(({ batchItemFailures }) => batchItemFailures.length === 0)).toBe(true);
  expect(arrived('raced')).toHaveLength(1);
});

test('a claim whose worker died is taken over once its lease has run out, not before', async () => {
  const webhook = await stored('orphaned');
  const claimUntil = (leaseUntil: number) => store.replaceState(undefined, {
    ...firstTurn(webhook), status: 'delivering', claimant: 'dead', leaseUntil, attempts: [], keepUntil: 0,
  });
  await claimUntil(Date.now() + 10_000);
  const event = sqsEvent(bodyOf(webhook));
  expect(await handler(event, context)).toEqual({ batchItemFailures: [{ itemIdentifier: event.Records[0].messageId }] });
  expect(arrived('orphaned')).toHaveLength(0);

  await store.replaceState({ turn: 0, status: 'delivering', claimant: 'dead' }, {
    ...firstTurn(webhook), status: 'delivering', claimant: 'dead', leaseUntil: Date.now() - 1, attempts: [], keepUntil: 0,
  });
  expect(await handler(sqsEvent(bodyOf(webhook)), context)).toEqual(ALL_GOOD);
  expect(arrived('orphaned')).toHaveLength(1);
});

test('the lease outlives the invocation', async () => {
  const webhook = await stored('leased', { url: slowUrl() });
  const start = Date.now();
  const delivery = handler(sqsEvent(bodyOf(webhook)), context);
  await until('its request', () => unanswered.length === 1);
  expect(Number((await stateOf('leased'))?.leaseUntil)).toBeGreaterThan(start + context.getRemainingTimeInMillis());
  answerSlow();
  await delivery;
});

test('a slow endpoint delays no one beside it', async () => {
  const webhooks = await Promise.all([
    stored('beside-slow', { url: slowUrl() }, 400),
    ...Array.from({ length: 30 }, (_, i) => stored(`beside-${i}`, {}, 400 + i)),
  ]);
  const delivery = handler(sqsEvent(...webhooks.map(bodyOf)), context);
  await until('the requests of all', () => unanswered.length === 1 && webhooks.slice(1).every(({ id }) => arrived(id).length === 1));
  expect((await stateOf('beside-slow'))?.status).toBe('delivering');
  answerSlow();
  expect(await delivery).toEqual(ALL_GOOD);
  expect(await stateOf('beside-slow')).toMatchObject({ status: 'delivered' });
});

test('what comes much too early is sent back to the queue, neither held nor claimed', async () => {
  const webhook = await stored('early', {}, 60_000);
  const start = Date.now();
  expect(await handler(sqsEvent(bodyOf(webhook)), context)).toEqual(ALL_GOOD);
  expect(Date.now() - start).toBeLessThan(50_000);
  expect(await stateOf('early')).toBeUndefined();
  const { delayed } = await cloud.delayQueueCounts();
  expect(delayed).toBe(1);
});

test('a webhook whose row is gone is reported as missing', async () => {
  expect(await handler(sqsEvent(bodyOf({ id: 'gone', dueAt: Date.now(), partition: 0 })), context)).toEqual(ALL_GOOD);
  expect((await cloud.notices()).map(({ notice }) => notice)).toEqual([expect.objectContaining({ id: 'gone', reason: 'missing' })]);
  expect(await stateOf('gone')).toMatchObject({ status: 'failed' });
});

test('poison comes again, alone', async () => {
  const webhook = await stored('beside-poison');
  const event = sqsEvent('poison', bodyOf(webhook));
  expect(await handler(event, context)).toEqual({ batchItemFailures: [{ itemIdentifier: event.Records[0].messageId }] });
  expect(arrived('beside-poison')).toHaveLength(1);
});

test('a batch larger than one read of the table', async () => {
  const webhooks = await Promise.all(Array.from({ length: 230 }, (_, i) => stored(`many-${i}`, {}, 1_500)));
  expect(await handler(sqsEvent(...webhooks.map(bodyOf)), context)).toEqual(ALL_GOOD);
  expect(webhooks.map(({ id }) => arrived(id).length)).toEqual(webhooks.map(() => 1));
  expect(webhooks.every((webhook) => arrived(webhook.id)[0].arrivedAt >= webhook.dueAt)).toBe(true);
});

test('an id that a producer chose is another webhook than the one whose MessageId it repeats', async () => {
  const first = await stored('message-1', { url: `${receiver.url}/first` });
  const second = await stored('unused', { url: `${receiver.url}/second`, id: 'message-1' }, 700);
  expect(await handler(sqsEvent(bodyOf(first), bodyOf(second)), context)).toEqual(ALL_GOOD);
  expect(arrived('message-1').map(({ target }) => target)).toEqual(['/first', '/second']);
  expect(arrived('message-1')[1].arrivedAt).toBeGreaterThanOrEqual(second.dueAt);
});

test('a row that cannot be read is reported, and stops no one beside it', async () => {
  const good = await stored('beside-unreadable');
  const bad = await stored('unreadable');
  await cloud.dynamodb.send(new PutItemCommand({ TableName: cloud.tableName, Item: { ...messageKey(bad), z: { B: Buffer.from('nonsense') } } }));
  expect(await handler(sqsEvent(bodyOf(bad), bodyOf(good)), context)).toEqual(ALL_GOOD);
  expect(arrived('beside-unreadable')).toHaveLength(1);
  expect((await cloud.notices()).map(({ notice }) => notice)).toEqual([expect.objectContaining({ id: 'unreadable', reason: 'missing' })]);
});

test('a state row that has expired but is not yet deleted is no outcome', async () => {
  const webhook = await stored('reused');
  await store.replaceState(undefined, { ...firstTurn(webhook), status: 'delivered', attempts: [], keepUntil: 0 });
  await cloud.dynamodb.send(new UpdateItemCommand({
    TableName: cloud.tableName,
    Key: stateKey('reused'),
    UpdateExpression: 'SET #ttl = :past',
    ExpressionAttributeNames: { '#ttl': 'ttl' },
    ExpressionAttributeValues: { ':past': { N: String(Math.floor(Date.now() / 1000) - 60) } },
  }));
  expect(await handler(sqsEvent(bodyOf(webhook)), context)).toEqual(ALL_GOOD);
  expect(arrived('reused')).toHaveLength(1);
});

test('a URL with spaces around it is fired like any other', async () => {
  const webhook = await stored('spaced', { url: ` ${receiver.url}/spaced ` });
  expect(await handler(sqsEvent(bodyOf(webhook)), context)).toEqual(ALL_GOOD);
  expect(arrived('spaced')).toHaveLength(1);
});
