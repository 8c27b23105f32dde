// What attempts lead to, over hours of the test's clock: table, queues and topic emulated, endpoints on loopback.
import { Behaviour, Receiver } from '../../scripts/support/receiver';
import type { Cloud } from '../support/cloud';
import { emulatedScheduler } from '../support/emulated-scheduler';
import type { TestScheduler } from '../support/test-scheduler';

const BEHAVIOURS: Record<string, Behaviour> = {
  '/recovers': { first: [{ status: 503 }, { misbehaviour: 'reset' }] },
  '/asks': { first: [{ status: 429, headers: { 'retry-after': '1800' } }] },
  '/500': { status: 500 },
  '/410': { status: 410 },
  '/404': { status: 404 },
  '/302': { status: 302, headers: { location: '/elsewhere' } },
};

let cloud: Cloud;
let receiver: Receiver;
let scheduler: TestScheduler;

emulatedScheduler((started) => {
  ({ cloud, receiver, scheduler } = started);
}, { behaviours: BEHAVIOURS });

const HOUR_MS = 3_600_000;
const requestsTo = (path: string) => receiver.requests.filter(({ target }) => target === path).length;
const publish = (path: string, id: string, fields: object = {}) => (
  scheduler.publish({ date: scheduler.at(60_000), url: `${receiver.url}${path}`, method: 'post', id, ...fields })
);
const attemptsOf = (state: Record<string, unknown> | undefined) => (state?.attempts as { M: object }[]).map(({ M }) => M);
const noticeOf = async (id: string) => (await cloud.notices()).filter(({ notice }) => notice.id === id);

test('an attempt that fails is made again as the policy says: soon through the queue, later through the table; each is on the row', async () => {
  await publish('/recovers', 'recovers');
  const dueAt = scheduler.clock.now() + 60_000;
  await scheduler.deliver();
  expect(requestsTo('/recovers')).toBe(1);
  expect(await scheduler.stateOf('.recovers')).toMatchObject({ status: 'retrying', turn: '1', dueAt: String(dueAt) });

  await scheduler.deliver();
  expect(requestsTo('/recovers')).toBe(2);
  const retrying = await scheduler.stateOf('.recovers');
  expect(retrying).toMatchObject({ status: 'retrying', turn: '2' });
  expect(await cloud.delayed()).toEqual([]); // two hours are more than a queue delays: load has to find it
  await scheduler.tick();
  expect(await cloud.delayed()).toEqual([]);
  scheduler.clock.advance(2 * HOUR_MS - 60_000);
  await scheduler.tick();
  await scheduler.deliver();

  expect(requestsTo('/recovers')).toBe(3);
  const state = await scheduler.stateOf('.recovers');
  expect(state).toMatchObject({ status: 'delivered', turn: '2', endedAt: expect.stringMatching(/^\d+$/) });
  expect(attemptsOf(state)).toEqual([
    { at: { S: expect.any(String) }, lateMs: { N: '0' }, durationMs: expect.anything(), status: { N: '503' } },
    { at: { S: expect.any(String) }, lateMs: { N: '0' }, durationMs: expect.anything(), error: { S: 'ECONNRESET' } },
    { at: { S: expect.any(String) }, lateMs: { N: '0' }, durationMs: expect.anything(), status: { N: '200' } },
  ]);
  expect(await noticeOf('recovers')).toEqual([]);
});

test('an endpoint that asks for more time gets it', async () => {
  await publish('/asks', 'asks', { retry: { maxAttempts: 2 } });
  await scheduler.deliver();
  const { at } = (await scheduler.stateOf('.asks'))!;
  expect(Number(at) - scheduler.clock.now()).toBe(1_800_000);
  scheduler.clock.advance(1_800_000);
  await scheduler.tick();
  await scheduler.deliver();
  expect(requestsTo('/asks')).toBe(2);
});

test('the last attempt ends a webhook as failed, and reports it with all of them', async () => {
  await publish('/500', 'exhausted', { payload: { n: 1 } });
  const date = scheduler.at(60_000);
  await scheduler.deliver();
  await scheduler.deliver();
  scheduler.clock.advance(2 * HOUR_MS);
  await scheduler.tick();
  await scheduler.deliver();
  expect(requestsTo('/500')).toBe(3);
  expect(await scheduler.stateOf('.exhausted')).toMatchObject({ status: 'failed', reason: 'exhausted' });
  expect(await scheduler.stateOf('.exhausted')).not.toHaveProperty('unreported');
  expect(await noticeOf('exhausted')).toEqual([{
    notice: {
      version: 1,
      reason: 'exhausted',
      id: 'exhausted',
      failedAt: expect.any(String),
      attempts: Array.from({ length: 3 }, () => ({ at: expect.any(String), lateMs: 0, durationMs: expect.any(Number), status: 500 })),
      message: { id: 'exhausted', date, url: `${receiver.url}/500`, method: 'POST', payload: { n: 1 } },
    },
    attributes: { reason: { Type: 'String', Value: 'exhausted' } },
  }]);
});

test.each(['/410', '/404', '/302'])('%s ends a webhook at once', async (path) => {
  await publish(path, `permanent-${path.slice(1)}`);
  await scheduler.deliver();
  expect(await cloud.delayed()).toEqual([]);
  expect(requestsTo(path)).toBe(1);
  expect(requestsTo('/elsewhere')).toBe(0);
  expect(await noticeOf(`permanent-${path.slice(1)}`)).toEqual([expect.objectContaining({
    notice: expect.objectContaining({ reason: 'permanent', attempts: [expect.objectContaining({ status: Number(path.slice(1)) })] }),
  })]);
});

test('a message may ask for fewer attempts, and for a shorter life', async () => {
  await publish('/500', 'once', { retry: { maxAttempts: 1 } });
  await scheduler.deliver();
  await publish('/500', 'short', { retry: { maxAgeSeconds: 3_600 } });
  await scheduler.deliver();
  await scheduler.deliver();
  expect((await cloud.notices()).map(({ notice: { id, reason, attempts } }) => [id, reason, (attempts as object[]).length])).toEqual([
    ['once', 'exhausted', 1], ['short', 'expired', 2],
  ]);
});

test('a webhook that comes long after its life has ended is not fired', async () => {
  await publish('/late', 'late', { retry: { maxAgeSeconds: 60 } });
  scheduler.clock.advance(HOUR_MS);
  await scheduler.deliver();
  expect(requestsTo('/late')).toBe(0);
  expect((await noticeOf('late')).map(({ notice }) => notice)).toEqual([expect.objectContaining({ reason: 'expired', attempts: [] })]);
});

test('copies of earlier turns fire nothing', async () => {
  await publish('/500', 'copied');
  const [{ Body: first = '' }] = await cloud.delayed();
  await scheduler.deliver([first]);
  const [{ Body: second = '' }] = await cloud.delayed();
  expect(await scheduler.deliver([first, first])).toEqual([]);
  const before = requestsTo('/500');
  await scheduler.deliver([second]);
  expect(await scheduler.deliver([first, second])).toEqual([]);
  expect(requestsTo('/500')).toBe(before + 1);
  await cloud.delayed();
});

test('an outcome that the table does not take travels on in the queue, and the request is not sent again', async () => {
  await publish('/outcome', 'outcome');
  scheduler.tableFault = (command) => (command === 'PutItemCommand' ? new Error('out of order') : undefined);
  expect(await scheduler.deliver()).toEqual([]);
  expect(await scheduler.stateOf('.outcome')).toMatchObject({ status: 'delivering' });
  const [{ Body: outcome = '' }] = await cloud.delayed();
  expect(await scheduler.deliver([outcome])).toEqual([outcome]); // still out of order
  scheduler.tableFault = () => undefined;
  expect(await scheduler.deliver([outcome])).toEqual([]);
  expect(await scheduler.stateOf('.outcome')).toMatchObject({ status: 'delivered' });
  expect(requestsTo('/outcome')).toBe(1);
});

test('a notice that was not published is, by whoever handles the next copy', async () => {
  await publish('/410', 'untold');
  const bodies = (await cloud.delayed()).map(({ Body = '' }) => Body);
  // It is published once the webhook has been read again to tell of it: not this time.
  scheduler.tableFault = (command) => (command === 'UpdateItemCommand' && requestsTo('/410') > 1 ? new Error('out of order') : undefined);
  expect(await scheduler.deliver(bodies)).toEqual(bodies);
  scheduler.tableFault = () => undefined;
  expect(await scheduler.stateOf('.untold')).toMatchObject({ status: 'failed', unreported: true });
  expect(await scheduler.deliver(bodies)).toEqual([]);
  expect(await scheduler.stateOf('.untold')).not.toHaveProperty('unreported');
  expect(await noticeOf('untold')).toHaveLength(2); // told twice rather than not at all
  expect(requestsTo('/410')).toBe(2);
});
