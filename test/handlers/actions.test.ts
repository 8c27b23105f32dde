// Cancel, reschedule and redrive, by the handlers, on emulated services.
import type { Receiver } from '../../scripts/support/receiver';
import { SnsFailureReporter } from '../../src/adapters/sns-failure-reporter';
import { ACTION_PATIENCE_MS } from '../../src/core/actions';
import { FollowUp } from '../../src/core/follow-up';
import { CANCEL_GUARANTEE_MS, MAX_CLOCK_SKEW_MS, MAX_HOLD_MS } from '../../src/core/timing';
import type { Cloud } from '../support/cloud';
import { emulatedScheduler } from '../support/emulated-scheduler';
import { notification } from '../support/sqs-events';
import { TestScheduler } from '../support/test-scheduler';
import { until } from '../support/until';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let cloud: Cloud;
let receiver: Receiver;
let scheduler: TestScheduler;

const oneGone = { first: [{ status: 410 }] };
emulatedScheduler((started) => {
  ({ cloud, receiver, scheduler } = started);
}, { behaviours: { '/503': { status: 503 }, '/410': oneGone, '/410-too': oneGone, '/410-three': oneGone, '/410-four': oneGone } });

const to = (path: string) => receiver.requests.filter(({ target }) => target === path);
const publish = (id: string, fields: object = {}) => (
  scheduler.publish({ date: scheduler.at(MINUTE_MS), url: `${receiver.url}/${id}`, method: 'post', id, ...fields })
);
const act = (action: string, id: string, fields: object = {}) => scheduler.publish({ action, id, ...fields });
const refusals = async () => (await cloud.notices()).map(({ notice: { reason, id, action, refusal } }) => ({ reason, id, action, refusal }));

test('a cancelled webhook is not fired, whichever of its copies comes', async () => {
  await publish('cancelled');
  expect(await act('cancel', 'cancelled')).toBe(true);
  expect(await scheduler.deliver()).toEqual([]);
  expect(to('/cancelled')).toHaveLength(0);
  expect(await scheduler.stateOf('.cancelled')).toMatchObject({ status: 'cancelled' });
  expect(await cloud.notices()).toEqual([]);
});

test('a cancel prevails where ingest has handled it as early as is stated, by whatever clocks', async () => {
  expect(CANCEL_GUARANTEE_MS).toBe(MAX_HOLD_MS + MAX_CLOCK_SKEW_MS);
  await publish('hesitant');
  const [{ Body = '' }] = await cloud.delayed();
  // A worker whose clock is ahead by as much as clocks may differ gets the turn just before.
  scheduler.clock.advance(MINUTE_MS - MAX_HOLD_MS - 1);
  expect(await scheduler.deliverAsItIs(Body)).toBe(true);
  expect(await scheduler.stateOf('.hesitant')).toBeUndefined(); // sent back, not claimed
  await act('cancel', 'hesitant');
  await scheduler.deliver();
  expect(to('/hesitant')).toHaveLength(0);
});

test('the webhooks of a batch do not wait for its actions, which may take their time', async () => {
  const hesitating = { release: () => {} };
  const held = new Promise<undefined>((resolve) => { hesitating.release = () => resolve(undefined); });
  scheduler.tableFault = (command) => (command === 'QueryCommand' ? held : undefined);
  const action = notification({ action: 'cancel', id: 'unheard-of' }, 'action', scheduler.clock.now());
  const webhook = notification({ date: scheduler.at(1_000), url: `${receiver.url}/beside-an-action`, method: 'post' }, 'beside-an-action', scheduler.clock.now());
  const comesAgain = scheduler.ingestBatch([action, webhook]);
  expect(await until('its turn', async () => (await cloud.delayed())[0])).toMatchObject({ Body: expect.stringContaining('beside-an-action') });
  hesitating.release();
  expect(await comesAgain).toEqual([action]);
});

test('a retry can be cancelled', async () => {
  await publish('retried', { url: `${receiver.url}/503` });
  await scheduler.deliver();
  expect(await scheduler.stateOf('.retried')).toMatchObject({ status: 'retrying' });
  await act('cancel', 'retried');
  expect(await scheduler.deliver()).toEqual([]);
  expect(to('/503')).toHaveLength(1);
  expect(await scheduler.stateOf('.retried')).toMatchObject({ status: 'cancelled', attempts: [expect.anything()] });
});

test('rescheduled to a later date, a webhook fires then and only then', async () => {
  await publish('later');
  await act('reschedule', 'later', { date: scheduler.at(2 * HOUR_MS) });
  const dueAt = scheduler.clock.now() + 2 * HOUR_MS;
  expect(await scheduler.deliver()).toEqual([]); // the turn that was placed before
  expect(to('/later')).toHaveLength(0);
  await scheduler.tick();
  scheduler.clock.advance(2 * HOUR_MS - 2 * MINUTE_MS);
  await scheduler.tick();
  await scheduler.deliver();
  expect(to('/later')).toHaveLength(1);
  expect(await scheduler.stateOf('.later')).toMatchObject({ status: 'delivered', dueAt: String(dueAt), turn: '1' });
});

test('the largest message can be rescheduled, though it is stored a little larger than it was published', async () => {
  const headers = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`x-${i}`, i])); // numbers, which are sent as texts
  const fields = { id: 'largest', date: scheduler.at(HOUR_MS), url: `${receiver.url}/largest`, method: 'post', headers };
  const message = { ...fields, payload: 'x'.repeat(262_144 - JSON.stringify({ ...fields, payload: '' }).length) };
  expect(await scheduler.publish(message)).toBe(true);
  await act('reschedule', 'largest', { date: scheduler.at(5_000) });
  expect(await cloud.notices()).toEqual([]);
  await scheduler.deliver();
  expect(to('/largest')).toHaveLength(1);
  // What makes it larger is refused.
  await publish('large', { date: scheduler.at(HOUR_MS) });
  await act('reschedule', 'large', { payload: 'x'.repeat(262_044) });
  expect(await cloud.notices()).toMatchObject([{ notice: { reason: 'validation', errors: [{ field: 'message', received: expect.stringMatching(/^\d+ bytes$/) as string }] } }]);
});

test('rescheduled to an earlier date, a webhook that load would have sent fires then, and load does not send it', async () => {
  await publish('earlier', { date: scheduler.at(HOUR_MS) });
  expect(await cloud.delayed()).toEqual([]);
  await act('reschedule', 'earlier', { date: scheduler.at(5_000) });
  await scheduler.deliver();
  expect(to('/earlier')).toHaveLength(1);
  scheduler.clock.advance(HOUR_MS);
  await scheduler.tick();
  expect(await scheduler.deliver()).toEqual([]);
  expect(to('/earlier')).toHaveLength(1);
});

test('any other field can be replaced, and the rest stays, digit for digit', async () => {
  await scheduler.publish(`{"id":"changed","date":"${scheduler.at(MINUTE_MS)}","url":"${receiver.url}/unchanged","method":"post","payload":{"n":1.10},"cookies":{"c":"1"}}`);
  await act('reschedule', 'changed', { url: `${receiver.url}/changed`, headers: { 'X-New': 'yes' }, cookies: { c: '2' } });
  expect(await scheduler.deliver()).toEqual([]);
  expect(to('/unchanged')).toHaveLength(0);
  const [request] = to('/changed');
  expect(request).toMatchObject({ method: 'POST', cookies: { c: '2' }, body: Buffer.from('{"n":1.10}') });
  expect(request.headers).toContainEqual(['X-New', 'yes']);
});

test('a retry whose message is changed keeps its time and its attempts', async () => {
  await publish('mended', { url: `${receiver.url}/503` });
  await scheduler.deliver();
  const { at } = (await scheduler.stateOf('.mended'))!;
  await act('reschedule', 'mended', { url: `${receiver.url}/mended` });
  expect(await scheduler.stateOf('.mended')).toMatchObject({ status: 'retrying', turn: '2', at, attempts: [expect.anything()] });
  await scheduler.deliver();
  expect(to('/mended')).toHaveLength(1);
  expect(await scheduler.stateOf('.mended')).toMatchObject({ status: 'delivered', attempts: [expect.anything(), expect.anything()] });
});

test('a retry whose worker died keeps its attempts too', async () => {
  await publish('orphaned', { url: `${receiver.url}/503`, retry: { maxAttempts: 2 } });
  await scheduler.deliver();
  scheduler.tableFault = (command) => (command === 'PutItemCommand' ? new Error('out of order') : undefined);
  await scheduler.deliver(); // the second attempt, whose outcome is lost with the queue message that carries it
  await cloud.delayed();
  scheduler.tableFault = () => undefined;
  scheduler.clock.advance(10 * MINUTE_MS);
  const before = to('/503').length;
  await act('reschedule', 'orphaned', { payload: ['new'] });
  expect(await scheduler.stateOf('.orphaned')).toMatchObject({ status: 'retrying', attempts: [expect.anything()] });
  await scheduler.deliver();
  expect(to('/503').length).toBe(before + 1);
  expect(await scheduler.stateOf('.orphaned')).toMatchObject({ status: 'failed', reason: 'exhausted' });
  await cloud.notices();
});

test('reschedules may not add up to more than could have been published at once', async () => {
  await publish('growing', { payload: 'a'.repeat(258_000) });
  await act('reschedule', 'growing', { headers: { 'x-large': 'b'.repeat(8_000) } });
  expect((await cloud.notices()).map(({ notice }) => notice)).toEqual([
    expect.objectContaining({ reason: 'validation', id: 'growing', errors: [expect.objectContaining({ field: 'message', received: expect.stringMatching(/^26\d{4} bytes$/) })] }),
  ]);
  await scheduler.deliver();
});

test('a date that stays is not judged anew, though it may lie farther away than a new one may', async () => {
  await publish('far', { date: scheduler.at(100 * 24 * HOUR_MS) });
  const redeployed = new TestScheduler(cloud, { MAX_HORIZON_SECONDS: '86400' });
  expect(await redeployed.publish({ action: 'reschedule', id: 'far', payload: 'new' })).toBe(true);
  expect(await redeployed.publish({ action: 'reschedule', id: 'far', date: redeployed.at(2 * 24 * HOUR_MS) })).toBe(true);
  redeployed.close();
  expect((await cloud.notices()).map(({ notice }) => notice)).toEqual([
    expect.objectContaining({ reason: 'validation', id: 'far', errors: [expect.objectContaining({ field: 'date' })] }),
  ]);
  expect(await scheduler.stateOf('.far')).toMatchObject({ status: 'scheduled', turn: '1' });
});

test('a retry that is granted fewer attempts than it has had ends as exhausted, and is not fired again', async () => {
  await publish('fewer', { url: `${receiver.url}/503` });
  await scheduler.deliver();
  const before = to('/503').length;
  await act('reschedule', 'fewer', { retry: { maxAttempts: 1 } });
  await scheduler.deliver();
  expect(to('/503')).toHaveLength(before);
  expect((await cloud.notices()).map(({ notice: { reason, attempts } }) => [reason, (attempts as []).length])).toEqual([['exhausted', 1]]);
});

test('a reschedule whose webhook would not be valid is refused as a message is, and changes nothing', async () => {
  await publish('kept', { payload: [1] });
  await act('reschedule', 'kept', { headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  expect((await cloud.notices()).map(({ notice }) => notice)).toEqual([
    expect.objectContaining({ reason: 'validation', id: 'kept', errors: [expect.objectContaining({ field: 'payload' })] }),
  ]);
  await scheduler.deliver();
  expect(to('/kept')).toHaveLength(1);
});

test('a failed webhook is fired again by a redrive, once, with new attempts', async () => {
  await publish('redriven', { url: `${receiver.url}/410` });
  await scheduler.deliver();
  expect((await cloud.notices()).map(({ notice: { reason } }) => reason)).toEqual(['permanent']);
  await scheduler.publish({ action: 'redrive', id: 'redriven' }, 'redrive-1');
  await scheduler.publish({ action: 'redrive', id: 'redriven' }, 'redrive-1'); // the same notification again
  await scheduler.deliver();
  await scheduler.publish({ action: 'redrive', id: 'redriven' }, 'redrive-1');
  await scheduler.deliver();
  expect(to('/410')).toHaveLength(2);
  expect(await scheduler.stateOf('.redriven')).toMatchObject({ status: 'delivered', attempts: [expect.anything()] });
});

test('nor does it matter how long both have waited for ingest: the wait begins when an action is first received', async () => {
  const publishedAt = scheduler.clock.now();
  scheduler.clock.advance(HOUR_MS);
  const cancel = notification({ action: 'cancel', id: 'backlog' }, 'cancel-backlog', publishedAt);
  expect(await scheduler.ingest(cancel)).toBe(false); // in one batch with its webhook, it may well be looked at before
  await publish('backlog');
  expect(await scheduler.ingest(cancel)).toBe(true);
  await scheduler.deliver();
  expect(to('/backlog')).toHaveLength(0);
  expect(await cloud.notices()).toEqual([]);
});

test('a reschedule that comes between a webhook\'s name and its message waits for it', async () => {
  scheduler.tableFault = (command, input) => (
    command === 'PutItemCommand' && JSON.stringify(input).includes('"m":') ? new Error('out of order') : undefined
  );
  const message = { id: 'half', date: scheduler.at(MINUTE_MS), url: `${receiver.url}/half`, method: 'post' };
  expect(await scheduler.publish(message)).toBe(false);
  expect(await act('reschedule', 'half', { url: `${receiver.url}/whole` })).toBe(false);
  scheduler.tableFault = () => undefined;
  expect(await scheduler.publish(message)).toBe(true);
  expect(await act('reschedule', 'half', { url: `${receiver.url}/whole` })).toBe(true);
  await scheduler.deliver();
  expect([to('/half'), to('/whole')].map(({ length }) => length)).toEqual([0, 1]);
});

test('a redrive is not refused for retries that the policy has ceased to grant', async () => {
  await publish('generous', { url: `${receiver.url}/410-too`, retry: { maxAttempts: 3, maxAgeSeconds: 60 } });
  await scheduler.deliver();
  expect((await cloud.notices()).map(({ notice: { reason } }) => reason)).toEqual(['permanent']);
  const stingy = new TestScheduler(cloud, { RETRY_POLICY: JSON.stringify({ delaysMs: [1_000], jitter: 0, maxAgeMs: 10_000 }) });
  stingy.clock.advance(scheduler.clock.now() - stingy.clock.now());
  expect(await stingy.publish({ action: 'redrive', id: 'generous' })).toBe(true);
  await stingy.deliver();
  stingy.close();
  expect(to('/410-too')).toHaveLength(2);
  expect(await cloud.notices()).toEqual([]);
});

test('a redrive whose worker died once the state was written fires all the same, even where the message of the redrive is gone', async () => {
  await publish('announced', { url: `${receiver.url}/410-three` });
  await scheduler.deliver();
  const died = jest.spyOn(FollowUp.prototype, 'of').mockRejectedValueOnce(new Error('died'));
  expect(await act('redrive', 'announced')).toBe(false); // and a copy of the message, refused by another worker, has deleted it
  died.mockRestore();
  await scheduler.deliver();
  expect(to('/410-three')).toHaveLength(2);
  expect(await scheduler.stateOf('.announced')).toMatchObject({ status: 'delivered' });
  await cloud.notices();
});

test('a failure that nobody has been told of yet is told before a redrive makes it forgotten', async () => {
  await publish('untold', { url: `${receiver.url}/410-four` });
  const notTold = jest.spyOn(SnsFailureReporter.prototype, 'report').mockRejectedValue(new Error('out of order'));
  await scheduler.deliver();
  expect(await scheduler.stateOf('.untold')).toMatchObject({ status: 'failed', unreported: true });
  expect(await act('redrive', 'untold')).toBe(false);
  notTold.mockRestore();
  expect(await act('redrive', 'untold')).toBe(true);
  expect((await cloud.notices()).map(({ notice: { id, reason } }) => [id, reason])).toEqual([['untold', 'permanent']]);
  await scheduler.deliver();
  expect(to('/410-four')).toHaveLength(2);
});

test('a webhook without an id of its own is known by its MessageId once it has been attempted', async () => {
  await scheduler.publish({ date: scheduler.at(0), url: `${receiver.url}/404`, method: 'get', retry: { maxAttempts: 1 } }, 'message-id');
  await act('cancel', 'message-id');
  scheduler.clock.advance(2 * MINUTE_MS);
  await scheduler.deliver();
  expect(await act('redrive', 'message-id')).toBe(true);
  expect(await refusals()).toEqual([expect.objectContaining({ id: 'message-id', action: 'redrive', refusal: 'delivered' })]);
});

test('an action that overtakes its webhook waits for it', async () => {
  expect(await act('cancel', 'overtaken')).toBe(false);
  const cancel = { action: 'cancel', id: 'overtaken' };
  const publishedAt = scheduler.clock.now();
  await publish('overtaken');
  scheduler.clock.advance(8_000);
  expect(await scheduler.publish(cancel, 'cancel-1', publishedAt)).toBe(true);
  await scheduler.deliver();
  expect(to('/overtaken')).toHaveLength(0);
  expect(await cloud.notices()).toEqual([]);
});

test('an id stays taken after its webhook is no longer kept: published again it is not fired again, and nothing can be done to it', async () => {
  const message = { id: 'old', date: scheduler.at(MINUTE_MS), url: `${receiver.url}/old`, method: 'post' };
  await scheduler.publish(message);
  await scheduler.deliver();
  scheduler.clock.advance(31 * 24 * HOUR_MS);
  expect(await scheduler.publish(message)).toBe(true);
  await scheduler.deliver();
  expect(to('/old')).toHaveLength(1);
  await scheduler.publish({ action: 'cancel', id: 'old' }, 'cancel-old', scheduler.clock.now() - ACTION_PATIENCE_MS);
  expect(await refusals()).toEqual([expect.objectContaining({ id: 'old', refusal: 'unknown-id' })]);
});

describe('refused, with the reason', () => {
  test.each(['cancel', 'redrive'])('%s of an id that nobody knows, after ten minutes', async (action) => {
    const publishedAt = scheduler.clock.now();
    scheduler.clock.advance(ACTION_PATIENCE_MS - 1);
    expect(await scheduler.publish({ action, id: 'nobody' }, `${action}-nobody`, publishedAt)).toBe(false);
    expect(await cloud.notices()).toEqual([]);
    scheduler.clock.advance(1);
    expect(await scheduler.publish({ action, id: 'nobody' }, `${action}-nobody`, publishedAt)).toBe(true);
    expect(await cloud.notices()).toEqual([{
      notice: { version: 1, reason: 'refused', id: 'nobody', failedAt: expect.any(String), action, refusal: 'unknown-id', message: { action, id: 'nobody' } },
      attributes: {
        reason: { Type: 'String', Value: 'refused' }, action: { Type: 'String', Value: action }, refusal: { Type: 'String', Value: 'unknown-id' },
      },
    }]);
  });

  test('of a webhook that was delivered', async () => {
    await publish('done');
    await scheduler.deliver();
    for (const [action, fields] of [['cancel', {}], ['reschedule', { date: scheduler.at(HOUR_MS) }], ['redrive', {}]] as const) {
      expect(await act(action, 'done', fields)).toBe(true);
    }
    expect((await refusals()).map(({ action, refusal }) => `${String(action)}: ${String(refusal)}`).sort()).toEqual([
      'cancel: delivered', 'redrive: delivered', 'reschedule: delivered',
    ]);
    expect(to('/done')).toHaveLength(1);
  });

  test('of one that was cancelled or failed, and a redrive of one that has not failed', async () => {
    await publish('gone');
    await act('redrive', 'gone');
    await act('cancel', 'gone');
    await act('cancel', 'gone');
    await publish('broken', { url: `${receiver.url}/503`, retry: { maxAttempts: 1 } });
    await scheduler.deliver();
    await act('cancel', 'broken');
    expect((await refusals()).filter(({ reason }) => reason === 'refused').map(({ id, refusal }) => `${String(id)}: ${String(refusal)}`).sort()).toEqual([
      'broken: failed', 'gone: cancelled', 'gone: not-failed',
    ]);
  });

  test('of one that is being delivered, if that does not end within ten minutes', async () => {
    await publish('busy');
    scheduler.tableFault = (command) => (command === 'PutItemCommand' ? new Error('out of order') : undefined);
    const publishedAt = scheduler.clock.now();
    await scheduler.deliver(); // claimed and fired; the outcome waits in the queue
    scheduler.tableFault = () => undefined;
    const cancel = { action: 'cancel', id: 'busy' };
    expect(await scheduler.publish(cancel, 'cancel-busy', scheduler.clock.now())).toBe(false);
    expect(await scheduler.publish(cancel, 'cancel-busy', publishedAt - ACTION_PATIENCE_MS)).toBe(true);
    expect(await refusals()).toEqual([{ reason: 'refused', id: 'busy', action: 'cancel', refusal: 'delivering' }]);
    await scheduler.deliver();
    expect(await scheduler.stateOf('.busy')).toMatchObject({ status: 'delivered' });
  });

  test('of one to which something that was published later has been done', async () => {
    await publish('twice');
    const earlier = scheduler.clock.now();
    scheduler.clock.advance(1_000);
    await act('reschedule', 'twice', { date: scheduler.at(HOUR_MS) });
    expect(await scheduler.publish({ action: 'reschedule', id: 'twice', date: scheduler.at(0) }, 'earlier', earlier)).toBe(true);
    expect(await refusals()).toEqual([expect.objectContaining({ id: 'twice', refusal: 'superseded' })]);
    await scheduler.deliver();
    expect(to('/twice')).toHaveLength(0);
  });

  test('but a cancel prevails over a reschedule that came after it, as it would have in their order; over a redrive it does not', async () => {
    await publish('reordered');
    const earlier = scheduler.clock.now();
    scheduler.clock.advance(100);
    await act('reschedule', 'reordered', { payload: [2] });
    expect(await scheduler.publish({ action: 'cancel', id: 'reordered' }, 'cancel-reordered', earlier)).toBe(true);
    await scheduler.deliver();
    expect(to('/reordered')).toHaveLength(0);
    expect(await cloud.notices()).toEqual([]);

    await publish('revived', { url: `${receiver.url}/503`, retry: { maxAttempts: 1 } });
    await scheduler.deliver();
    const beforeRedrive = scheduler.clock.now();
    scheduler.clock.advance(100);
    await act('redrive', 'revived');
    expect(await scheduler.publish({ action: 'cancel', id: 'revived' }, 'cancel-revived', beforeRedrive)).toBe(true);
    expect((await refusals()).filter(({ reason }) => reason === 'refused')).toEqual([expect.objectContaining({ id: 'revived', refusal: 'superseded' })]);
    await scheduler.deliver();
    await cloud.notices();
  });
});
