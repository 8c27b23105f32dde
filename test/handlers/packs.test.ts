// Turns that share a queue message: fired together, and each on its own as soon as something goes wrong.
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Receiver } from '../../scripts/support/receiver';
import { SqsUnreportedQueue } from '../../src/adapters/sqs-unreported-queue';
import { delayMessageText } from '../../src/core/queue-message';
import { BLIND_REPORT_RECEIVES } from '../../src/core/timing';
import { isClaimOn } from '../support/claims';
import type { Cloud } from '../support/cloud';
import { emulatedScheduler } from '../support/emulated-scheduler';
import { queuedTurns } from '../support/queued-turns';
import { notification } from '../support/sqs-events';
import type { TestScheduler } from '../support/test-scheduler';

let cloud: Cloud;
let receiver: Receiver;
let scheduler: TestScheduler;

// No more than the table claims in one call: between two of them, the clock of the test would run on.
const TURNS_PER_INVOCATION = 20;
emulatedScheduler((started) => {
  ({ cloud, receiver, scheduler } = started);
}, undefined, { TURNS_PER_INVOCATION: String(TURNS_PER_INVOCATION) });
afterEach(() => {
  scheduler.tableFault = () => undefined;
  scheduler.queueFault = () => undefined;
});

const OUT_OF_ORDER = new Error('out of order');
const idsOf = (body: string) => queuedTurns(body).map(({ id }) => id);
const idsIn = async (queue: Parameters<Cloud['queueUrl']>[0]) => (await cloud.bodiesIn(queue)).map(idsOf).sort();
const firedOf = (ids: readonly string[]) => ids.map((id) => receiver.requests.filter(({ target }) => target === `/${id}`).length);
const statusOf = async (id: string) => (await scheduler.stateOf(id))?.status;

/** Publishes webhooks that are due so long from now, and returns the queue message of them all. */
async function packOf(ids: readonly string[], dueInMs: (index: number) => number = () => 2_000): Promise<string> {
  for (const [i, id] of ids.entries()) {
    await scheduler.publish({ date: scheduler.at(dueInMs(i)), url: `${receiver.url}/${id}`, method: 'get' }, id);
  }
  return delayMessageText({ turns: (await cloud.bodiesIn('Delay')).flatMap((body) => queuedTurns(body)) });
}

/** What a letter that has been received so often becomes of, by one run of load. */
async function reportLetter(body: string, receives: number): Promise<void> {
  await cloud.sqs.send(new SendMessageCommand({ QueueUrl: cloud.queueUrl('DelayUnreported'), MessageBody: body }));
  const [letter] = await new SqsUnreportedQueue(cloud.sqs, cloud.queueUrl('DelayUnreported'), cloud.queueUrl('DelayDeadLetters')).receive();
  const receive = jest.spyOn(SqsUnreportedQueue.prototype, 'receive');
  try {
    receive.mockResolvedValueOnce([]).mockResolvedValueOnce([{ ...letter, receives }]).mockResolvedValue([]);
    await scheduler.tick();
  } finally {
    receive.mockRestore();
  }
}

test('what is published together and due together is one queue message, and each is fired', async () => {
  const ids = Array.from({ length: 10 }, (_, i) => `together-${i}`);
  const date = scheduler.at(5_000);
  await scheduler.ingestBatch(ids.map((id) => notification({ date, url: `${receiver.url}/${id}`, method: 'get' }, id)));
  const bodies = await cloud.bodiesIn('Delay');
  expect(bodies.map((body) => idsOf(body).sort())).toEqual([ids]);
  expect(await scheduler.deliver(bodies)).toEqual([]);
  expect(firedOf(ids)).toEqual(ids.map(() => 1));
  expect(await idsIn('Delay')).toEqual([]);
});

test('of a pack, only what could not be settled comes again, and by itself', async () => {
  const ids = ['settled-1', 'held-up', 'settled-2', 'gone'];
  const pack = await packOf(ids.slice(0, 3));
  const turns = queuedTurns(pack);
  scheduler.tableFault = (command, input) => (isClaimOn('held-up', command, input) ? OUT_OF_ORDER : undefined);
  expect(await scheduler.deliver([delayMessageText({ turns: [...turns, { ...turns[0], id: 'gone' }] })])).toEqual([]);
  expect(firedOf(ids)).toEqual([1, 0, 1, 0]);
  expect(await statusOf('gone')).toBe('failed');
  const left = await cloud.bodiesIn('Delay');
  expect(left.map(idsOf)).toEqual([['held-up']]);
  scheduler.tableFault = () => undefined;
  expect(await scheduler.deliver(left)).toEqual([]);
  expect(firedOf(ids)).toEqual([1, 1, 1, 0]);
  await cloud.notices();
});

test('a pack comes again as it is where what is left of it cannot be sent on, and then is taken apart', async () => {
  const ids = ['unsent-1', 'unsent-2', 'unsent-3'];
  const pack = await packOf(ids);
  scheduler.tableFault = (command, input) => (isClaimOn('unsent-2', command, input) ? OUT_OF_ORDER : undefined);
  scheduler.queueFault = () => OUT_OF_ORDER;
  expect(await scheduler.deliverAsItIs(pack)).toBe(false);
  expect(firedOf(ids)).toEqual([1, 0, 1]);
  expect(await scheduler.deliverAsItIs(pack, 4)).toBe(false);

  scheduler.tableFault = () => undefined;
  scheduler.queueFault = () => undefined;
  expect(await scheduler.deliverAsItIs(pack, 5)).toBe(true);
  expect(firedOf(ids)).toEqual([1, 0, 1]);
  const left = await cloud.bodiesIn('Delay');
  expect(left.map(idsOf).sort()).toEqual(ids.map((id) => [id]));
  expect(await scheduler.deliver(left)).toEqual([]);
  expect(firedOf(ids)).toEqual([1, 1, 1]);
});

test('a pack that Lambda had no worker for, or that cannot be read, comes again as a pack', async () => {
  const ids = ['unread-1', 'unread-2'];
  const pack = await packOf(ids);
  scheduler.tableFault = (command) => (command === 'BatchGetItemCommand' ? OUT_OF_ORDER : undefined);
  expect(await scheduler.deliverAsItIs(pack, 2)).toBe(false);
  expect(await idsIn('Delay')).toEqual([]);
  scheduler.tableFault = () => undefined;
  expect(await scheduler.deliverAsItIs(pack, 3)).toBe(true);
  expect(firedOf(ids)).toEqual([1, 1]);
  expect(await idsIn('Delay')).toEqual([]);
});

test('what of a pack is too early goes back, and the others are fired', async () => {
  const ids = ['now', 'early-1', 'early-2'];
  const pack = await packOf(ids, (i) => (i === 0 ? 5_000 : 5_600));
  scheduler.clock.advance(200);
  expect(await scheduler.deliverAsItIs(pack)).toBe(true);
  expect(firedOf(ids)).toEqual([1, 0, 0]);
  const left = await cloud.bodiesIn('Delay');
  expect(left.map((body) => idsOf(body).sort())).toEqual([['early-1', 'early-2']]);
  expect(await scheduler.deliver(left)).toEqual([]);
  expect(firedOf(ids)).toEqual([1, 1, 1]);
});

test('of more than an invocation takes, what is due first is fired, and the rest goes back, for others', async () => {
  const ids = Array.from({ length: TURNS_PER_INVOCATION + 3 }, (_, i) => `many-${i}`);
  const pack = await packOf(ids, (i) => 2_000 - i);
  const turns = queuedTurns(pack);
  const messages = [turns.slice(0, 11), turns.slice(11)].map((part) => delayMessageText({ turns: part }));
  expect(await scheduler.deliverBatch(messages)).toBe(true);
  expect(firedOf(ids)).toEqual(ids.map((_, i) => (i < 3 ? 0 : 1)));
  const left = await cloud.bodiesIn('Delay');
  expect(left.map((body) => idsOf(body).sort())).toEqual([ids.slice(0, 3)]);
  expect(await scheduler.deliver(left)).toEqual([]);
  expect(firedOf(ids)).toEqual(ids.map(() => 1));
});

test('two copies in one pack are fired once, and so is one whose pack comes twice at once', async () => {
  const pack = await packOf(['copied']);
  const turns = queuedTurns(pack);
  const doubled = delayMessageText({ turns: [...turns, ...turns] });
  expect(await Promise.all([scheduler.deliverAsItIs(doubled), scheduler.deliverAsItIs(doubled)])).toEqual([true, true]);
  expect(firedOf(['copied'])).toEqual([1]);
  expect(await scheduler.deliver()).toEqual([]); // the copies that found it claimed
  expect(firedOf(['copied'])).toEqual([1]);
  expect(await idsIn('Delay')).toEqual([]);
});

test('a pack among the dead letters is taken apart, and nobody is told, since each still has its tries', async () => {
  const ids = ['apart-1', 'apart-2'];
  await reportLetter(await packOf(ids), 50);
  expect(await cloud.notices()).toEqual([]);
  expect([await idsIn('DelayUnreported'), await idsIn('DelayDeadLetters')]).toEqual([[], []]);
  expect(await scheduler.deliver()).toEqual([]);
  expect(firedOf(ids)).toEqual([1, 1]);
});

test('one that cannot be taken apart is tried again, and in the end told of, each by its id, and put aside whole', async () => {
  const ids = ['told-1', 'told-2'];
  const pack = await packOf(ids);
  scheduler.queueFault = (command) => (command === 'SendMessageBatchCommand' ? OUT_OF_ORDER : undefined);
  await expect(reportLetter(pack, BLIND_REPORT_RECEIVES - 1)).rejects.toThrow('1 dead letters could not be reported');
  expect(await cloud.notices()).toEqual([]);
  await reportLetter(pack, BLIND_REPORT_RECEIVES);
  expect((await cloud.notices()).map(({ notice }) => [notice.reason, notice.id, notice.queue]).sort()).toEqual(ids.map((id) => ['dead-letter', id, 'delay']));

  scheduler.queueFault = () => undefined;
  const putAside = await cloud.bodiesIn('DelayDeadLetters');
  expect(putAside).toEqual([pack]);
  expect(await scheduler.deliver(putAside)).toEqual([]);
  expect(firedOf(ids)).toEqual([1, 1]);
});
