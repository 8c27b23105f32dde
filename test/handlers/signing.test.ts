// Signed requests as they arrive, over days of the test's clock: through the handlers and the emulated services, verified as receivers do it.
import { Receiver, ReceivedRequest } from '../../scripts/support/receiver';
import { Variable } from '../../src/handlers/environment';
import { Cloud } from '../support/cloud';
import { TestSecrets } from '../support/secrets';
import { accepts, acceptsAsymmetric, SignedRequest } from '../support/standard-webhooks';
import { TestScheduler } from '../support/test-scheduler';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const OVERLAP_MS = 24 * HOUR_MS;
const keyOf = (text: string) => `whsec_${Buffer.from(text.padEnd(32, '.')).toString('base64')}`;
const SECRET_KEY = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const PUBLIC_KEY = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';

let cloud: Cloud;
let receiver: Receiver;
const schedulers: TestScheduler[] = [];

beforeAll(async () => {
  cloud = await Cloud.start();
  receiver = await Receiver.start({ behaviours: { '/flaky': { first: [{ status: 503 }] } } });
});
afterAll(async () => {
  schedulers.forEach((scheduler) => scheduler.close());
  await receiver.close();
  await cloud.stop();
});

/** A scheduler of its own, with a worker that has read no secret yet. */
async function start(secretId: string, value: string, field?: string): Promise<{ scheduler: TestScheduler; secrets: TestSecrets }> {
  const scheduler = new TestScheduler(cloud, { [Variable.SIGNING]: JSON.stringify({ secretId, field, overlapMs: OVERLAP_MS }) });
  schedulers.push(scheduler);
  const secrets = new TestSecrets(scheduler);
  await secrets.create(secretId, value);
  return { scheduler, secrets };
}

const asSigned = ({ headers, body }: ReceivedRequest): SignedRequest => (
  { headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])), body }
);
const arrived = (id: string) => receiver.requests.map(asSigned).filter(({ headers }) => headers['webhook-id'] === id);
const publish = (scheduler: TestScheduler, id: string, message: object = {}) => (
  scheduler.publish({ date: scheduler.at(2_000), url: `${receiver.url}/`, method: 'post', payload: { id }, id, ...message })
);
const attemptsOf = (state: Record<string, unknown> | undefined) => (state?.attempts as { M: Record<string, object> }[]).map(({ M }) => M);

/** Fires a webhook now, and returns what arrived. */
async function fire(scheduler: TestScheduler, id: string, message: object = {}): Promise<SignedRequest[]> {
  await publish(scheduler, id, message);
  await scheduler.deliver();
  return arrived(id);
}

test.each([
  ['an object, digit for digit', { payload: { price: 1.1, text: 'Grüße 😀', nested: [null, ' '] } }],
  ['nothing, by GET', { method: 'get', payload: undefined }],
  ['an empty string', { payload: '' }],
  ['a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: { 'a b': 'é&=', 'list': [1, 2] } }],
  ['a string of anything', { payload: '\ufeff line\r\n\u0000 “…” . 😀', headers: { 'content-type': 'application/octet-stream' } }],
])('%s arrives so that the public library accepts it, and nothing else in its place', async (what, message) => {
  const key = keyOf(what);
  const { scheduler } = await start(what.replace(/\W/g, '-'), key);
  const [request, ...more] = await fire(scheduler, what.replace(/\W/g, '-'), message);
  expect(more).toEqual([]);
  expect(accepts(key, request)).toBe(true);
  expect(accepts(keyOf('another'), request)).toBe(false);
  expect(accepts(key, { ...request, body: Buffer.concat([request.body, Buffer.from(' ')]) })).toBe(false);
  expect(request.headers['webhook-timestamp']).toBe(String(scheduler.clock.now() / 1_000));
});

test('each attempt is signed with a time of its own, and the same id', async () => {
  const { scheduler } = await start('flaky', keyOf('flaky'));
  await fire(scheduler, 'flaky', { url: `${receiver.url}/flaky` });
  await scheduler.deliver();
  const [first, second, ...more] = arrived('flaky');
  expect(more).toEqual([]);
  expect([first, second].map((request) => accepts(keyOf('flaky'), request))).toEqual([true, true]);
  expect(Number(second.headers['webhook-timestamp'])).toBeGreaterThan(Number(first.headers['webhook-timestamp']));
  expect(second.headers['webhook-signature']).not.toBe(first.headers['webhook-signature']);
});

test('a worker that is late signs with the time at which it writes', async () => {
  const { scheduler } = await start('late', keyOf('late'));
  const { clock } = scheduler;
  const sleepUntil = clock.sleepUntil.bind(clock);
  const asleep = jest.spyOn(clock, 'sleepUntil').mockImplementation(async (instant) => {
    await sleepUntil(instant);
    clock.advance(4_000); // before it connects, and again before it writes
  });
  const [request] = await fire(scheduler, 'late');
  expect(asleep).toHaveBeenCalledTimes(2);
  expect(accepts(keyOf('late'), request)).toBe(true);
  expect(request.headers['webhook-timestamp']).toBe(String(clock.now() / 1_000));
  expect(attemptsOf(await scheduler.stateOf('.late'))).toEqual([expect.objectContaining({ at: { S: new Date(clock.now()).toISOString() } })]);
});

test('a secret with an HMAC and an ed25519 key, in a field: receivers of either kind accept', async () => {
  const { scheduler } = await start('both', JSON.stringify({ signing: `${keyOf('both')}\n${SECRET_KEY}\n` }), 'signing');
  const [request] = await fire(scheduler, 'both');
  expect(accepts(keyOf('both'), request)).toBe(true);
  expect(acceptsAsymmetric(PUBLIC_KEY, request)).toBe(true);
});

test('a message cannot sign itself', async () => {
  const { scheduler } = await start('forged', keyOf('forged'));
  expect(await fire(scheduler, 'forged', { headers: { 'Webhook-Signature': 'v1,forged' } })).toEqual([]);
  const [{ notice }] = await cloud.notices();
  expect(notice).toMatchObject({ reason: 'validation', errors: [{ field: 'headers.Webhook-Signature' }] });
});

test('a rotation: no receiver that accepts the old or the new key misses a request, nor one that changes over in between', async () => {
  const [OLD, NEW] = [keyOf('old'), keyOf('new')];
  const { scheduler, secrets } = await start('rotated', OLD);
  let count = 0;
  const accepted = async () => {
    const [request] = await fire(scheduler, `rotated-${++count}`);
    return [accepts(OLD, request), accepts(NEW, request)];
  };
  scheduler.clock.advance(30 * OVERLAP_MS);
  expect(await accepted()).toEqual([true, false]);

  await secrets.rotate('rotated', NEW);
  const rotatedAt = scheduler.clock.now();
  expect(await accepted()).toEqual([true, false]); // the worker has not looked yet
  scheduler.clock.advance(5 * MINUTE_MS);
  expect(await accepted()).toEqual([true, true]);
  scheduler.clock.advance(rotatedAt + OVERLAP_MS - scheduler.clock.now() - 10_000);
  expect(await accepted()).toEqual([true, true]);
  scheduler.clock.advance(10_000); // it ends at its time, whatever the worker has in its cache
  expect(await accepted()).toEqual([false, true]);
});

test('Secrets Manager out of order in the middle of a rotation: the old key signs for an hour at most, then nothing is sent', async () => {
  const [OLD, NEW] = [keyOf('old too'), keyOf('new too')];
  const { scheduler, secrets } = await start('interrupted', OLD);
  await fire(scheduler, 'interrupted-1');
  await secrets.rotate('interrupted', NEW);
  secrets.fault = Object.assign(new Error('down'), { name: 'InternalServiceError' });
  for (const [id, minutes] of [['interrupted-2', 6], ['interrupted-3', 50]] as const) {
    scheduler.clock.advance(minutes * MINUTE_MS);
    const [request] = await fire(scheduler, id);
    expect([accepts(OLD, request), accepts(NEW, request)]).toEqual([true, false]);
  }
  scheduler.clock.advance(5 * MINUTE_MS);
  expect(await fire(scheduler, 'interrupted-4')).toEqual([]);

  secrets.fault = undefined;
  await scheduler.deliver();
  const [retried] = arrived('interrupted-4');
  expect([accepts(OLD, retried), accepts(NEW, retried)]).toEqual([true, true]);
});

test('a secret that cannot be read fails the attempt, not the webhook; the next one is signed', async () => {
  const { scheduler, secrets } = await start('unavailable', keyOf('unavailable'));
  secrets.fault = Object.assign(new Error('down'), { name: 'InternalServiceError' });
  expect(await fire(scheduler, 'unavailable')).toEqual([]);
  const failedAt = scheduler.clock.now();
  expect(attemptsOf(await scheduler.stateOf('.unavailable'))).toEqual([{
    at: { S: new Date(failedAt).toISOString() }, lateMs: { N: '0' }, durationMs: { N: '0' }, error: { S: 'ERR_SECRET_UNAVAILABLE' },
  }]);
  expect(scheduler.log.lines.filter(({ level }) => level !== 'info')).toEqual([
    { level: 'warn', message: 'secret not read', fields: { secretId: 'unavailable', error: 'InternalServiceError' } },
    { level: 'warn', message: 'webhook attempt failed', fields: expect.objectContaining({ webhookId: 'unavailable', error: 'ERR_SECRET_UNAVAILABLE' }) },
  ]);

  secrets.fault = undefined;
  await scheduler.deliver();
  const [request, ...more] = arrived('unavailable');
  expect(more).toEqual([]);
  expect(accepts(keyOf('unavailable'), request)).toBe(true);
  expect(await scheduler.stateOf('.unavailable')).toMatchObject({ status: 'delivered' });
});

test('a secret that is malformed does too, until someone mends it', async () => {
  const { scheduler, secrets } = await start('malformed', 'to-be-filled-in');
  expect(await fire(scheduler, 'malformed')).toEqual([]);
  expect(attemptsOf(await scheduler.stateOf('.malformed'))).toEqual([expect.objectContaining({ error: { S: 'ERR_SECRET_INVALID' } })]);
  expect(JSON.stringify(scheduler.log.lines)).not.toContain('filled');

  await secrets.rotate('malformed', keyOf('mended'));
  scheduler.clock.advance(5 * MINUTE_MS);
  await scheduler.deliver();
  expect(arrived('malformed').map((request) => accepts(keyOf('mended'), request))).toEqual([true]);
});

test('a webhook whose attempts all found no secret has failed, and the notice says so', async () => {
  const { scheduler, secrets } = await start('gone', keyOf('gone'));
  secrets.fault = Object.assign(new Error('down'), { name: 'InternalServiceError' });
  expect(await fire(scheduler, 'gone', { retry: { maxAttempts: 2 } })).toEqual([]);
  await scheduler.deliver();
  const notices = (await cloud.notices()).map(({ notice }) => notice).filter(({ id }) => id === 'gone');
  expect(notices).toEqual([expect.objectContaining({
    reason: 'exhausted',
    attempts: [expect.objectContaining({ error: 'ERR_SECRET_UNAVAILABLE' }), expect.objectContaining({ error: 'ERR_SECRET_UNAVAILABLE' })],
  })]);
});

test('a burst reads the secret once', async () => {
  const { scheduler, secrets } = await start('burst', keyOf('burst'));
  scheduler.clock.advance(2 * OVERLAP_MS);
  await Promise.all(Array.from({ length: 30 }, (_, i) => publish(scheduler, `burst-${i}`)));
  await scheduler.deliver();
  expect(Array.from({ length: 30 }, (_, i) => arrived(`burst-${i}`).map((request) => accepts(keyOf('burst'), request)))).toEqual(
    Array.from({ length: 30 }, () => [true]),
  );
  expect(secrets.reads).toBe(1);
});

test('without signing there is no signature, and no secret is read', async () => {
  const scheduler = new TestScheduler(cloud);
  schedulers.push(scheduler);
  const secrets = new TestSecrets(scheduler);
  const [request] = await fire(scheduler, 'unsigned');
  expect(request.headers).not.toHaveProperty('webhook-signature');
  expect(secrets.reads).toBe(0);
});

test('a key is nowhere but in Secrets Manager', async () => {
  const keys = ['old', 'new', 'both', 'burst', 'flaky', 'unavailable'].map((text) => keyOf(text).slice('whsec_'.length));
  const written = JSON.stringify([
    schedulers.map(({ log }) => log.lines), await cloud.rows(), await cloud.notices(), await cloud.delayed(), receiver.requests,
  ]);
  for (const key of [...keys, SECRET_KEY.slice('whsk_'.length)]) {
    expect(written).not.toContain(key);
  }
});
