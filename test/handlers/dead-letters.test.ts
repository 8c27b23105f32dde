// What no function could handle: reported, put aside, and handled after all once an operator moves it back.
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Receiver } from '../../scripts/support/receiver';
import { SqsUnreportedQueue } from '../../src/adapters/sqs-unreported-queue';
import { delayMessageText } from '../../src/core/queue-message';
import { BLIND_REPORT_RECEIVES } from '../../src/core/timing';
import { firstTurn } from '../../src/core/webhook';
import { accepted } from '../support/accepted';
import type { Cloud } from '../support/cloud';
import { emulatedScheduler } from '../support/emulated-scheduler';
import { notification } from '../support/sqs-events';
import type { TestScheduler } from '../support/test-scheduler';

let cloud: Cloud;
let receiver: Receiver;
let scheduler: TestScheduler;

emulatedScheduler((started) => {
  ({ cloud, receiver, scheduler } = started);
});

type QueueName = 'Ingest' | 'Delay';
/** As SQS does with a message that was received too often. */
const putAside = (queue: QueueName, body: string) => (
  cloud.sqs.send(new SendMessageCommand({ QueueUrl: cloud.queueUrl(`${queue}Unreported`), MessageBody: body }))
);
const notices = async () => (await cloud.notices()).map(({ notice }) => notice);
const to = (path: string) => receiver.requests.filter(({ target }) => target === path);

async function turnOf(id: string): Promise<string> {
  await scheduler.publish({ date: scheduler.at(0), url: `${receiver.url}/${id}`, method: 'get' }, id);
  const [{ Body = '' }] = await cloud.delayed();
  return Body;
}

test('a turn that nobody could fire: the webhook has failed, until the turn is moved back', async () => {
  const body = await turnOf('stuck');
  await putAside('Delay', body);
  await scheduler.tick();
  expect(await notices()).toEqual([expect.objectContaining({
    reason: 'dead-letter', id: 'stuck', queue: 'delay', attempts: [], message: expect.objectContaining({ url: `${receiver.url}/stuck` }),
  })]);
  expect(await scheduler.stateOf('stuck')).toMatchObject({ status: 'failed', reason: 'dead-letter' });
  expect(await cloud.bodiesIn('DelayUnreported')).toEqual([]);

  await scheduler.deliver(await cloud.bodiesIn('DelayDeadLetters'));
  expect(to('/stuck')).toHaveLength(1);
  const state = await scheduler.stateOf('stuck');
  expect(state).toMatchObject({ status: 'delivered' });
  expect(state).not.toHaveProperty('reason');
});

test('a webhook that failed this way can be redriven, and then its moved turn fires nothing', async () => {
  const body = await turnOf('twice');
  await putAside('Delay', body);
  await scheduler.tick();
  await scheduler.publish({ action: 'redrive', id: 'twice' });
  await scheduler.deliver();
  await scheduler.deliver(await cloud.bodiesIn('DelayDeadLetters'));
  expect(to('/twice')).toHaveLength(1);
  await notices();
});

test('a copy that has become pointless is dropped without a notice', async () => {
  const body = await turnOf('pointless');
  await scheduler.deliver([body]);
  await putAside('Delay', body);
  await scheduler.tick();
  expect(await notices()).toEqual([]);
  expect([await cloud.bodiesIn('DelayUnreported'), await cloud.bodiesIn('DelayDeadLetters')]).toEqual([[], []]);
});

test('a turn that is being fired is left until its outcome is known', async () => {
  const body = await turnOf('busy');
  scheduler.tableFault = (command) => (command === 'PutItemCommand' ? new Error('out of order') : undefined);
  await scheduler.deliver([body]); // the outcome is in the queue
  scheduler.tableFault = () => undefined;
  await putAside('Delay', body);
  await scheduler.tick();
  expect(await notices()).toEqual([]);
  expect(await cloud.bodiesIn('DelayDeadLetters')).toEqual([]);
  await scheduler.deliver();
  expect(await scheduler.stateOf('busy')).toMatchObject({ status: 'delivered' });
});

test('an outcome that the table did not take is written after all', async () => {
  const body = await turnOf('outcome');
  scheduler.tableFault = (command) => (command === 'PutItemCommand' ? new Error('out of order') : undefined);
  await scheduler.deliver([body]);
  scheduler.tableFault = () => undefined;
  await putAside('Delay', (await cloud.delayed())[0].Body ?? '');
  await scheduler.tick();
  expect(await scheduler.stateOf('outcome')).toMatchObject({ status: 'delivered' });
  expect(await notices()).toEqual([]);
  expect(await cloud.bodiesIn('DelayDeadLetters')).toEqual([]);
});

test('a notification that could not be ingested is reported as it was published, and ingested when it is moved back', async () => {
  const message = { date: scheduler.at(0), url: `${receiver.url}/ingested`, method: 'get' };
  await putAside('Ingest', notification(message, 'not-ingested', scheduler.clock.now()));
  await scheduler.tick();
  expect(await notices()).toEqual([{
    version: 1, reason: 'dead-letter', id: 'not-ingested', failedAt: expect.any(String), queue: 'ingest', message,
  }]);
  const [body] = await cloud.bodiesIn('IngestDeadLetters');
  expect(await scheduler.ingest(body)).toBe(true);
  await scheduler.deliver();
  expect(to('/ingested')).toHaveLength(1);
});

test('poison is reported as it is', async () => {
  await putAside('Ingest', 'no notification');
  await putAside('Delay', 'no turn');
  await scheduler.tick();
  expect((await notices()).map(({ queue, reason, message }) => [queue, reason, message]).sort()).toEqual([
    ['delay', 'dead-letter', 'no turn'], ['ingest', 'dead-letter', 'no notification'],
  ]);
  expect([await cloud.bodiesIn('IngestDeadLetters'), await cloud.bodiesIn('DelayDeadLetters')]).toEqual([['no notification'], ['no turn']]);
});

test('many are reported in one run, and webhooks are loaded meanwhile', async () => {
  const webhook = accepted('loaded', { date: scheduler.at(3_600_000), url: `${receiver.url}/loaded`, method: 'get' });
  await scheduler.publish({ date: webhook.date, url: webhook.url, method: 'get' }, 'loaded');
  scheduler.clock.advance(3_600_000 - 60_000);
  for (let i = 0; i < 25; i++) {
    await putAside('Ingest', `poison ${i}`);
  }
  await scheduler.tick();
  expect(await notices()).toHaveLength(25);
  expect((await cloud.bodiesIn('IngestDeadLetters'))).toHaveLength(25);
  expect(await cloud.bodiesIn('Delay')).toEqual([delayMessageText({ turns: [firstTurn(webhook)] })]);
});

test('before SQS puts it aside without a word, a turn is told of without a look at a table that is out of order, and fires when it is moved back', async () => {
  const body = await turnOf('blind');
  await putAside('Delay', body);
  const letters = new SqsUnreportedQueue(cloud.sqs, cloud.queueUrl('DelayUnreported'), cloud.queueUrl('DelayDeadLetters'));
  const receive = jest.spyOn(SqsUnreportedQueue.prototype, 'receive');
  scheduler.tableFault = (_, input) => (JSON.stringify(input).includes('"state"') ? new Error('out of order') : undefined);
  try {
    const [letter] = await letters.receive();
    receive.mockResolvedValueOnce([]).mockResolvedValueOnce([{ ...letter, receives: BLIND_REPORT_RECEIVES }]).mockResolvedValue([]);
    await scheduler.tick();
  } finally {
    receive.mockRestore();
    scheduler.tableFault = () => undefined;
  }
  expect(await notices()).toEqual([{ version: 1, reason: 'dead-letter', id: 'blind', failedAt: expect.any(String), queue: 'delay' }]);
  await scheduler.deliver(await cloud.bodiesIn('DelayDeadLetters'));
  expect(to('/blind')).toHaveLength(1);
});

test('what cannot be reported stays, the run fails, and webhooks are loaded all the same', async () => {
  const body = await turnOf('untold');
  await putAside('Delay', body);
  await scheduler.publish({ date: scheduler.at(3_600_000), url: `${receiver.url}/beside`, method: 'get' }, 'beside');
  scheduler.clock.advance(3_600_000 - 60_000);
  scheduler.tableFault = (_, input) => (JSON.stringify(input).includes('"state"') ? new Error('out of order') : undefined);
  await expect(scheduler.tick()).rejects.toThrow('1 dead letters could not be reported');
  scheduler.tableFault = () => undefined;
  expect(await notices()).toEqual([]);
  expect(await cloud.bodiesIn('DelayDeadLetters')).toEqual([]);
});
