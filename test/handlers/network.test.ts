// Where webhooks may go, through the real handlers: what is refused when it is published, and what only when it is fired.
import { once } from 'node:events';
import { AddressInfo, createServer, Server } from 'node:net';
import { Receiver } from '../../scripts/support/receiver';
import { DynamoDbStore } from '../../src/adapters/dynamodb-store';
import { SystemClock } from '../../src/core/clock';
import { NetworkRules } from '../../src/core/network';
import { firstTurn, turnText } from '../../src/core/webhook';
import { accepted } from '../support/accepted';
import { Cloud } from '../support/cloud';
import { LOOPBACK_TOO, PUBLIC_INTERNET } from '../support/network';
import { RecordingLog } from '../support/recording-log';
import { sqsEvent } from '../support/sqs-events';
import { TestScheduler } from '../support/test-scheduler';

let cloud: Cloud;
let receiver: Receiver;
const schedulers: TestScheduler[] = [];

beforeAll(async () => {
  cloud = await Cloud.start();
  receiver = await Receiver.start();
});
afterAll(async () => {
  schedulers.forEach((scheduler) => scheduler.close());
  await receiver.close();
  await cloud.stop();
});

function schedulerWith(rules: NetworkRules): TestScheduler {
  const scheduler = new TestScheduler(cloud, { NETWORK_POLICY: JSON.stringify(rules) });
  schedulers.push(scheduler);
  return scheduler;
}

const notices = async () => (await cloud.notices()).map(({ notice }) => notice);
const to = (path: string) => receiver.requests.filter(({ target }) => target === path);
const publish = (scheduler: TestScheduler, id: string, fields: object = {}) => (
  scheduler.publish({ id, date: scheduler.at(60_000), url: `${receiver.url}/${id}`, method: 'post', ...fields })
);

test.each([
  ['http://example.com/', 'an https URL; this scheduler calls no other'],
  ['https://example.com:8443/', 'a URL with a port that this scheduler calls: 443'],
  ['https://user:secret@example.com/', 'a URL without user name and password'],
  ['https://169.254.169.254/latest/meta-data/', expect.stringContaining('a public address')],
  ['https://0xa9fea9fe/latest/meta-data/', expect.stringContaining('a public address')],
  ['https://[::ffff:169.254.169.254]/', expect.stringContaining('a public address')],
  ['https://localhost/', expect.stringContaining('a public address')],
])('by default, a message to %s is told as not valid, for its URL', async (url, expected) => {
  const scheduler = schedulerWith(PUBLIC_INTERNET);
  expect(await publish(scheduler, 'refused', { url })).toBe(true);
  expect(await notices()).toEqual([
    expect.objectContaining({ reason: 'validation', id: 'refused', errors: [{ field: 'url', received: JSON.stringify(url), expected }] }),
  ]);
  expect(await cloud.delayed()).toEqual([]);
});

test('whatever is allowed besides, a message to the instance metadata is not valid', async () => {
  await publish(schedulerWith(LOOPBACK_TOO), 'metadata', { url: 'http://169.254.169.254/' });
  expect(await notices()).toEqual([
    expect.objectContaining({ reason: 'validation', errors: [expect.objectContaining({ field: 'url', received: '"http://169.254.169.254/"' })] }),
  ]);
});

test('nor can a webhook be rescheduled to where it may not go; it stays where it was', async () => {
  const scheduler = schedulerWith({ ...LOOPBACK_TOO, deniedHosts: ['internal.example.com'] });
  await publish(scheduler, 'stays');
  await scheduler.publish({ action: 'reschedule', id: 'stays', url: 'https://internal.example.com/' });
  expect(await notices()).toEqual([
    expect.objectContaining({ reason: 'validation', id: 'stays', errors: [expect.objectContaining({ field: 'url', received: '"https://internal.example.com/"' })] }),
  ]);
  await scheduler.deliver();
  expect(to('/stays')).toHaveLength(1);
});

test('a webhook that was accepted under another policy fails for good when it is due, and is told; a redrive is not valid', async () => {
  await publish(schedulerWith(LOOPBACK_TOO), 'accepted-before');
  const scheduler = schedulerWith(PUBLIC_INTERNET);
  await scheduler.deliver();
  expect(to('/accepted-before')).toEqual([]);
  expect(await scheduler.stateOf('.accepted-before')).toMatchObject({ status: 'failed', reason: 'permanent' });
  expect(await notices()).toEqual([
    expect.objectContaining({ reason: 'permanent', id: 'accepted-before', attempts: [expect.objectContaining({ error: 'ERR_URL_NOT_ALLOWED' })] }),
  ]);

  await scheduler.publish({ action: 'redrive', id: 'accepted-before' });
  expect(await notices()).toEqual([
    expect.objectContaining({ reason: 'validation', id: 'accepted-before', errors: [expect.objectContaining({ field: 'url' })] }),
  ]);
});

test('a name that leads to an address which is not allowed is accepted, not called, and tried again', async () => {
  // The system knows localhost as 127.0.0.1, and these rules, so that it is worth a lookup, only as ::1.
  const scheduler = schedulerWith({ ...LOOPBACK_TOO, allowedCidrs: ['::1/128'] });
  await publish(scheduler, 'inside', { url: `${receiver.url.replace('127.0.0.1', 'localhost')}/inside` });
  await scheduler.deliver();
  expect(to('/inside')).toEqual([]);
  expect(await scheduler.stateOf('.inside')).toMatchObject({
    status: 'retrying', attempts: [{ M: expect.objectContaining({ error: { S: 'ERR_ADDRESS_NOT_ALLOWED' } }) }],
  });
  expect(await notices()).toEqual([]);
});

describe('as on Lambda, with loopback allowed', () => {
  let runtimeApi: Server;
  let received = '';
  let handler: typeof import('../../src/handlers/deliver.lambda').handler;
  const url = () => `http://127.0.0.1:${(runtimeApi.address() as AddressInfo).port}`;

  beforeAll(async () => {
    runtimeApi = createServer((socket) => {
      received += 'connected ';
      socket.on('data', (chunk) => { received += String(chunk); });
    });
    runtimeApi.listen(0, '127.0.0.1');
    await once(runtimeApi, 'listening');
    cloud.setEnvironment({ NETWORK_POLICY: JSON.stringify(LOOPBACK_TOO) });
    process.env.AWS_LAMBDA_RUNTIME_API = new URL(url()).host;
    handler = jest.requireActual<typeof import('../../src/handlers/deliver.lambda')>('../../src/handlers/deliver.lambda').handler;
  });
  afterAll(() => {
    delete process.env.AWS_LAMBDA_RUNTIME_API;
    runtimeApi.close();
  });

  test('a webhook to the runtime API is not sent, not even connected to, and fails for good', async () => {
    const store = new DynamoDbStore(cloud.dynamodb, { tableName: cloud.tableName, retentionMs: 86_400_000 }, new SystemClock(), new RecordingLog());
    const webhook = accepted('runtime-api', { date: new Date().toISOString(), url: `${url()}/2018-06-01/runtime/invocation/next`, method: 'get' });
    await store.put(webhook, 'ingest');
    await handler(sqsEvent(turnText(firstTurn(webhook))), { awsRequestId: 'invocation', getRemainingTimeInMillis: () => 60_000 });
    expect((await cloud.rows()).find(({ pk, sk }) => pk === 'id#runtime-api' && sk === 'state')).toMatchObject({
      status: 'failed', reason: 'permanent', attempts: [{ M: expect.objectContaining({ error: { S: 'ERR_URL_NOT_ALLOWED' } }) }],
    });
    expect(received).toBe('');
  });
});
