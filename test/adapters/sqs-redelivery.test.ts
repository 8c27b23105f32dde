// Messages that are to come back soon, by the emulated SQS; and what is told of those that will not.
import { ChangeMessageVisibilityBatchCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { SqsRedelivery } from '../../src/adapters/sqs-redelivery';
import { Cloud } from '../support/cloud';
import { RecordingLog } from '../support/recording-log';

let cloud: Cloud;
let log: RecordingLog;

beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => {
  log = new RecordingLog();
});
afterAll(() => cloud.stop());

async function received(): Promise<string> {
  const request = new ReceiveMessageCommand({ QueueUrl: cloud.delayQueueUrl, VisibilityTimeout: 600, WaitTimeSeconds: 3 });
  const { Messages = [] } = await cloud.sqs.send(request);
  return Messages[0]?.ReceiptHandle ?? '';
}

test('one that could not be handled comes back soon', async () => {
  await cloud.sqs.send(new SendMessageCommand({ QueueUrl: cloud.delayQueueUrl, MessageBody: '{}' }));
  await new SqsRedelivery(cloud.sqs, cloud.delayQueueUrl, log).comeBack([{ receiptHandle: await received(), receives: 0 }]);
  expect(await received()).not.toBe('');
  expect(log.lines).toEqual([]);
});

/** Refuses those that have been received before; the emulated SQS refuses none. */
const REFUSING = {
  send: async ({ input: { Entries = [] } }: ChangeMessageVisibilityBatchCommand) => ({
    Failed: Entries.filter(({ VisibilityTimeout }) => VisibilityTimeout !== 1).map(({ Id }) => ({ Id, Code: 'ReceiptHandleIsInvalid', SenderFault: true })),
  }),
} as unknown as SQSClient;

test('those whose visibility timeout the queue does not change are told of, in a line for each call', async () => {
  const messages = [0, 1, 2, 0].map((receives, i) => ({ receiptHandle: `handle-${i}`, receives }));
  await new SqsRedelivery(REFUSING, cloud.delayQueueUrl, log).comeBack(messages);
  expect(log.lines).toEqual([
    { level: 'warn', message: 'visibility timeout not shortened', fields: { messages: 2, code: 'ReceiptHandleIsInvalid' } },
  ]);
});

test('so are all of a call that fails', async () => {
  const failing = { send: () => Promise.reject(new Error('down')) } as unknown as SQSClient;
  await new SqsRedelivery(failing, cloud.delayQueueUrl, log).comeBack([{ receiptHandle: 'handle', receives: 1 }]);
  expect(log.lines).toEqual([
    { level: 'warn', message: 'visibility timeout not shortened', fields: { messages: 1, error: new Error('down') } },
  ]);
});
