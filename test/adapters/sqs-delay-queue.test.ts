// What the delay queue is sent, by the emulated SQS; its delays are not waited for.
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { SqsDelayQueue } from '../../src/adapters/sqs-delay-queue';
import { DENSE_LEAD_MS, LEAD_MS } from '../../src/core/timing';
import { Turn } from '../../src/core/webhook';
import { Cloud } from '../support/cloud';
import { FakeClock } from '../support/fake-clock';
import { queuedTurns } from '../support/queued-turns';
import { RecordingLog } from '../support/recording-log';

const START = Date.parse('2030-01-01T00:00:00Z');

interface Sent {
  readonly turns: readonly Turn[];
  readonly delaySeconds: number;
}

let cloud: Cloud;
let sent: Sent[];
/** Has the queue refuse messages that hold one of these; no emulator does that. */
let refused: readonly string[];

beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => {
  sent = [];
  refused = [];
});
afterAll(() => cloud.stop());

const clock = new FakeClock(START);
const turnAt = (ms: number, id: string): Turn => ({ id, dueAt: START + ms, partition: 0, turn: 0, at: START + ms });
const idsOf = (messages: readonly Sent[]) => messages.map(({ turns }) => turns.map(({ id }) => id));

function queue(turnsPerMessage = 3): SqsDelayQueue {
  const client = {
    send: async (command: SendMessageBatchCommand) => {
      const entries = command.input.Entries ?? [];
      const kept = entries.filter(({ MessageBody }) => !queuedTurns(MessageBody).some(({ id }) => refused.includes(id)));
      const { Failed = [] } = kept.length === 0 ? {} : await cloud.sqs.send(new SendMessageBatchCommand({ ...command.input, Entries: kept }));
      expect(Failed).toEqual([]);
      sent.push(...kept.map(({ MessageBody, DelaySeconds = 0 }) => ({ turns: queuedTurns(MessageBody), delaySeconds: DelaySeconds })));
      return { Failed: entries.filter((entry) => !kept.includes(entry)).map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })) };
    },
  };
  return new SqsDelayQueue(client as unknown as SQSClient, cloud.delayQueueUrl, turnsPerMessage, clock, new RecordingLog());
}

test('what is due together travels together, delayed for the first of them', async () => {
  const turns = [turnAt(32_399, 'c'), turnAt(30_000, 'a'), turnAt(32_400, 'd'), turnAt(30_500, 'b'), turnAt(90_000, 'e')];
  expect(await queue().send(turns)).toEqual([]);
  expect(idsOf(sent)).toEqual([['a', 'b', 'c'], ['d'], ['e']]);
  expect(sent.map(({ delaySeconds }) => delaySeconds)).toEqual([28_500, 30_900, 88_500].map((ms) => Math.floor(ms / 1_000)));
});

test('turns that are to go apart do, however near they are', async () => {
  expect(await queue().sendApart([turnAt(0, 'a'), turnAt(0, 'b')], 2)).toEqual([]);
  expect(idsOf(sent)).toEqual([['a'], ['b']]);
  expect(sent.map(({ delaySeconds }) => delaySeconds)).toEqual([2, 2]);
});

test('a thousand of one instant, and the least delay that is asked for', async () => {
  const turns = Array.from({ length: 1_000 }, (_, i) => turnAt(60_000, `id-${i}`));
  expect(await queue(50).send(turns)).toEqual([]);
  expect(new Set(idsOf(sent).flat()).size).toBe(1_000);
  expect(new Set(sent.map(({ turns: { length } }) => length))).toEqual(new Set([50]));
  expect(new Set(sent.map(({ delaySeconds }) => delaySeconds))).toEqual(new Set([Math.floor((60_000 - DENSE_LEAD_MS) / 1_000)]));
  sent = [];
  await queue(50).send(turns.slice(0, 5), 59);
  expect(sent.map(({ delaySeconds }) => delaySeconds)).toEqual([59]);
  expect(59_000).toBeGreaterThan(60_000 - LEAD_MS);
});

test('what waits for its turn to be sent is delayed by what is left then', async () => {
  const slow = new FakeClock(START);
  const visible: number[] = [];
  const send = async (command: SendMessageBatchCommand) => {
    await new Promise(setImmediate);
    slow.advance(100); // all that are out have taken as long
    command.input.Entries?.forEach(({ MessageBody, DelaySeconds = 0 }) => {
      visible.push(queuedTurns(MessageBody)[0].at - slow.now() - 1_000 * DelaySeconds);
    });
    return {};
  };
  const turns = Array.from({ length: 3_000 }, (_, i) => turnAt(60_000, `id-${i}`));
  await new SqsDelayQueue({ send } as unknown as SQSClient, cloud.delayQueueUrl, 1, slow, new RecordingLog()).send(turns);
  expect(visible).toHaveLength(3_000);
  // At most ten are out at a time: the last of them is a second later than was thought.
  expect(Math.min(...visible)).toBeGreaterThanOrEqual(DENSE_LEAD_MS - 1_000);
});

test('full packs, which are due one after the other, are no more to a call than a call takes', async () => {
  const turns = Array.from({ length: 1_600 }, (_, i) => turnAt(60_000 + 3 * i, `id-${i}`));
  const [batches, count] = [jest.spyOn(cloud.sqs, 'send'), (body = '') => queuedTurns(body).length];
  expect(await queue(50).send(turns)).toEqual([]);
  const calls = batches.mock.calls.map(([command]) => (command as SendMessageBatchCommand).input.Entries ?? []);
  batches.mockRestore();
  expect(calls.map((entries) => entries.map(({ MessageBody }) => count(MessageBody)))).toEqual([[200, 200], [200, 200], [200, 200], [200, 200]]);
  expect(new Set(idsOf(sent).flat()).size).toBe(1_600);
});

test('of messages that are refused, every turn counts as unsent', async () => {
  const turns = Array.from({ length: 40 }, (_, i) => turnAt(i < 38 ? 60_000 : 70_000, `id-${i}`));
  refused = ['id-4', 'id-39'];
  const unsent = await queue().send(turns);
  expect(unsent.map(({ id }) => id)).toEqual(['id-3', 'id-4', 'id-5', 'id-38', 'id-39']);
  expect([...idsOf(sent).flat(), ...unsent.map(({ id }) => id)].sort()).toEqual(turns.map(({ id }) => id).sort());
});

test('a queue that is not reached has been sent nothing', async () => {
  const nowhere = new SqsDelayQueue(cloud.sqs, cloud.delayQueueUrl.replace('/Delay', '/NoSuchQueue'), 3, clock, new RecordingLog());
  const turns = Array.from({ length: 40 }, (_, i) => turnAt(60_000, `id-${i}`));
  expect(await nowhere.send(turns)).toEqual(turns);
});
