// Headers whose values are secrets, as they arrive: through the handlers and the emulated services, over TLS and without.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { Receiver } from '../../scripts/support/receiver';
import { SecretHeaderPlan } from '../../src/core/signing';
import { Variable } from '../../src/handlers/environment';
import { Cloud } from '../support/cloud';
import { TestSecrets } from '../support/secrets';
import { TestScheduler } from '../support/test-scheduler';

const CANARY = 'cUnMiStAkAbLe';
const KEYS = { crm: `Bearer ${CANARY}-crm`, billing: `${CANARY}-billing é`, broken: `${CANARY}-broken\n`, number: 5 };
const PLANS: readonly SecretHeaderPlan[] = [
  { header: 'Authorization', secretId: 'keys', field: 'crm', hosts: ['localhost'] },
  { header: 'X-Api-Key', secretId: 'keys', field: 'billing', hosts: ['localhost', '127.0.0.1'] },
];

let cloud: Cloud;
/** The same server has the names localhost and 127.0.0.1. */
let secure: Receiver;
let plain: Receiver;
let trusting: jest.SpyInstance;
const schedulers: TestScheduler[] = [];

beforeAll(async () => {
  const file = (name: string) => readFileSync(path.join(__dirname, '..', 'support', 'tls', name), 'utf8');
  const behaviours = { '/503': { status: 503 }, '/404': { status: 404 } };
  cloud = await Cloud.start();
  secure = await Receiver.start({ tls: { key: file('key.pem'), cert: file('cert.pem') }, behaviours });
  plain = await Receiver.start();
  const connect = tls.connect.bind(tls) as (options: tls.ConnectionOptions) => tls.TLSSocket;
  trusting = jest.spyOn(tls, 'connect').mockImplementation(((options: tls.ConnectionOptions) => (
    connect({ ...options, ca: file('cert.pem') })
  )) as typeof tls.connect);
});
afterAll(async () => {
  trusting.mockRestore();
  schedulers.forEach((scheduler) => scheduler.close());
  await Promise.all([secure.close(), plain.close()]);
  await cloud.stop();
});

async function start(plans = PLANS): Promise<{ scheduler: TestScheduler; secrets: TestSecrets }> {
  const scheduler = new TestScheduler(cloud, { [Variable.SECRET_HEADERS]: JSON.stringify(plans) });
  schedulers.push(scheduler);
  return { scheduler, secrets: new TestSecrets(scheduler) };
}

const named = (url: string) => url.replace('127.0.0.1', 'localhost');
const publish = (scheduler: TestScheduler, id: string, url: string, message: object = {}) => (
  scheduler.publish({ date: scheduler.at(2_000), url, method: 'post', payload: {}, id, ...message })
);
/** The headers of the requests of a webhook, but for those that every request has. */
const arrived = (id: string) => [...secure.requests, ...plain.requests]
  .filter(({ headers }) => headers.some(([name, value]) => name === 'webhook-id' && value === id))
  .map(({ headers }) => Object.fromEntries(headers.filter(([name]) => !/^(webhook-.*|host|connection|content-.*|user-agent)$/i.test(name))));

async function fire(scheduler: TestScheduler, id: string, url: string, message: object = {}) {
  await publish(scheduler, id, url, message);
  await scheduler.deliver();
  return arrived(id);
}

test('a secret goes to the hosts that it is for, over TLS', async () => {
  const { scheduler, secrets } = await start();
  await secrets.create('keys', JSON.stringify(KEYS));
  expect(await fire(scheduler, 'to-both', named(secure.url))).toEqual([{ 'Authorization': KEYS.crm, 'X-Api-Key': KEYS.billing }]);
  expect(await fire(scheduler, 'to-one', secure.url)).toEqual([{ 'X-Api-Key': KEYS.billing }]);
});

test('it goes nowhere without TLS, also where the host is one of its own', async () => {
  const { scheduler, secrets } = await start();
  expect(await fire(scheduler, 'plain', named(plain.url))).toEqual([{}]);
  expect(await fire(scheduler, 'plain-too', plain.url, { headers: { authorization: 'of the producer' } })).toEqual([{ authorization: 'of the producer' }]);
  expect(secrets.reads).toBe(0);
});

test('a message cannot put another value in its place, nor see it', async () => {
  const { scheduler } = await start();
  const headers = { 'AUTHORIZATION': 'of the producer', 'x-api-key': 'of the producer', 'x-other': 'stays' };
  expect(await fire(scheduler, 'overridden', named(secure.url), { headers, cookies: { a: 'b' } })).toEqual([
    { 'x-other': 'stays', 'cookie': 'a=b', 'Authorization': KEYS.crm, 'X-Api-Key': KEYS.billing },
  ]);
});

test('without it nothing is sent; the next attempt has it', async () => {
  const { scheduler, secrets } = await start();
  secrets.fault = Object.assign(new Error('down'), { name: 'InternalServiceError' });
  expect(await fire(scheduler, 'later', secure.url)).toEqual([]);
  secrets.fault = undefined;
  await scheduler.deliver();
  expect(arrived('later')).toEqual([{ 'X-Api-Key': KEYS.billing }]);
});

test('a new value is sent within five minutes', async () => {
  const { scheduler, secrets } = await start([{ header: 'x-api-key', secretId: 'renewed', hosts: ['127.0.0.1'] }]);
  await secrets.create('renewed', `${CANARY}-1`);
  expect(await fire(scheduler, 'renewed-1', secure.url)).toEqual([{ 'x-api-key': `${CANARY}-1` }]);
  await secrets.rotate('renewed', `${CANARY}-2`);
  scheduler.clock.advance(5 * 60_000);
  expect(await fire(scheduler, 'renewed-2', secure.url)).toEqual([{ 'x-api-key': `${CANARY}-2` }]);
});

test('whatever becomes of a webhook, a secret is in no log line, row, queue message or notice', async () => {
  const invalid = (field: string): SecretHeaderPlan => ({ header: `x-${field}`, secretId: 'keys', field, hosts: ['localhost'] });
  const { scheduler } = await start([...PLANS.slice(1), invalid('broken'), invalid('number'), invalid('missing')]);
  await cloud.notices();
  await publish(scheduler, 'delivered', secure.url);
  await publish(scheduler, 'exhausted', `${secure.url}/503`, { retry: { maxAttempts: 2 } });
  await publish(scheduler, 'permanent', `${secure.url}/404`);
  await publish(scheduler, 'invalid', named(secure.url), { retry: { maxAttempts: 1 } });
  await publish(scheduler, 'retrying', `${secure.url}/503`);
  await scheduler.deliver(); // the first attempts
  const [between, betweenNotices] = [await cloud.rows(), await cloud.notices()];
  await scheduler.deliver();
  const notices = [...betweenNotices, ...await cloud.notices()];
  expect(notices.map(({ notice }) => [notice.id, notice.reason]).sort()).toEqual([
    ['exhausted', 'exhausted'], ['invalid', 'exhausted'], ['permanent', 'permanent'],
  ]);
  const written = JSON.stringify([scheduler.log.lines, between, await cloud.rows(), await cloud.delayed(), notices]);
  expect(written).toContain('ERR_SECRET_INVALID');
  expect(written).not.toContain(CANARY);
  expect(JSON.stringify(arrived('delivered'))).toContain(CANARY);
});
