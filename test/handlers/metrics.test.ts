// The metrics that the handlers print, in CloudWatch's embedded metric format: services emulated, endpoints on loopback.
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { Behaviour, Receiver } from '../../scripts/support/receiver';
import { DURATION_METRICS, METRIC_DIMENSION, METRIC_NAMESPACE, MetricName } from '../../src/core/metric-names';
import { delayMessageText } from '../../src/core/queue-message';
import { Variable } from '../../src/handlers/environment';
import { isClaimOn } from '../support/claims';
import { Cloud, INPUT_TOPIC_NAME } from '../support/cloud';
import { emulatedScheduler } from '../support/emulated-scheduler';
import { PrintedMetrics } from '../support/printed-metrics';
import { queuedTurns } from '../support/queued-turns';
import { notification } from '../support/sqs-events';
import { TestScheduler } from '../support/test-scheduler';

const BEHAVIOURS: Record<string, Behaviour> = {
  '/recovers': { first: [{ status: 503 }] },
  '/resets': { misbehaviour: 'reset' },
  '/410': { status: 410 },
  '/slow': { delayMs: 500 },
};
/** Nobody listens there. */
const CLOSED = 'http://127.0.0.1:1/';

let cloud: Cloud;
let receiver: Receiver;
let scheduler: TestScheduler;
let printed: PrintedMetrics;

beforeAll(() => {
  printed = PrintedMetrics.start();
});
emulatedScheduler((started) => {
  ({ cloud, receiver, scheduler } = started);
}, { behaviours: BEHAVIOURS }, { [Variable.TURNS_PER_INVOCATION]: '500' });
afterAll(() => printed.stop());
beforeEach(() => printed.take());
afterEach(() => {
  scheduler.tableFault = () => undefined;
  scheduler.queueFault = () => undefined;
});

const webhook = (path: string, dueInMs = 60_000, fields: object = {}) => (
  { date: scheduler.at(dueInMs), url: path.includes(':') ? path : `${receiver.url}${path}`, method: 'post', ...fields }
);
const A_DURATION = expect.any(Array) as unknown;

test('a document has the namespace, the input topic as its one dimension, and each metric with its unit, and nothing else', async () => {
  await scheduler.publish(webhook('/plain'), 'plain');
  const [accepted, ...others] = printed.take();
  expect(others).toEqual([]);
  expect(accepted).toEqual({
    _aws: {
      Timestamp: expect.any(Number),
      CloudWatchMetrics: [{
        Namespace: METRIC_NAMESPACE,
        Dimensions: [[METRIC_DIMENSION]],
        Metrics: [{ Name: MetricName.ACCEPTED, Unit: 'Count' }, { Name: MetricName.SCHEDULED, Unit: 'Count' }],
      }],
    },
    [METRIC_DIMENSION]: INPUT_TOPIC_NAME,
    [MetricName.ACCEPTED]: 1,
    [MetricName.SCHEDULED]: 1,
  });
  expect(Math.abs(accepted._aws.Timestamp - Date.now())).toBeLessThan(60_000); // CloudWatch's time, not the test's

  await scheduler.deliver();
  const [delivered] = printed.take();
  expect(delivered).toEqual({
    _aws: expect.objectContaining({
      CloudWatchMetrics: [expect.objectContaining({
        Dimensions: [[METRIC_DIMENSION]],
        Metrics: [
          { Name: MetricName.DELIVERED, Unit: 'Count' }, { Name: MetricName.LATENESS, Unit: 'Milliseconds' }, { Name: MetricName.ENDPOINT_DURATION, Unit: 'Milliseconds' },
        ],
      })],
    }),
    [METRIC_DIMENSION]: INPUT_TOPIC_NAME,
    [MetricName.DELIVERED]: 1,
    [MetricName.LATENESS]: 0,
    [MetricName.ENDPOINT_DURATION]: expect.any(Number),
  });
});

test('nothing is printed where nothing happens', async () => {
  await scheduler.tick();
  await scheduler.ingestBatch([]);
  expect(printed.take()).toEqual([]);
});

test('of a batch, the valid and the others: webhooks, an action that is refused, what is not valid; poison is none of them', async () => {
  await scheduler.ingestBatch([
    notification(webhook('/a', 3_600_000), 'batch-a'), notification(webhook('/b', 3_600_000), 'batch-b'),
    notification({ action: 'redrive', id: 'batch-unknown' }), notification({ date: 'soon' }), notification('no JSON'), 'poison',
  ], scheduler.clock.now() - 3_600_000);
  expect(printed.takeValues()).toEqual({ Accepted: [3], Scheduled: [2], Invalid: [2] });
});

test('what has to come again counts once it is done with: a message that could not be stored, a webhook that could not be claimed', async () => {
  const bodies = [notification(webhook('/again', 60_000), 'again-1'), notification(webhook('/again', 60_000), 'again-2')];
  scheduler.tableFault = (command, input) => (command === 'PutItemCommand' && JSON.stringify(input).includes('again-2') ? new Error('out of order') : undefined);
  expect(await scheduler.ingestBatch(bodies)).toEqual([bodies[1]]);
  expect(printed.takeValues()).toEqual({ Accepted: [1], Scheduled: [1] });
  scheduler.tableFault = () => undefined;
  expect(await scheduler.ingestBatch([bodies[1]])).toEqual([]);
  expect(printed.takeValues()).toEqual({ Accepted: [1], Scheduled: [1] });

  const turns = (await cloud.delayed()).map(({ Body = '' }) => Body);
  scheduler.clock.advance(58_000);
  scheduler.tableFault = (command, input) => (isClaimOn('again-2', command, input) ? new Error('out of order') : undefined);
  expect(await scheduler.deliverBatch(turns)).toBe(false);
  expect(printed.takeValues()).toEqual({ Delivered: [1], Lateness: [0], EndpointDuration: A_DURATION });
  scheduler.tableFault = () => undefined;
  expect(await scheduler.deliverBatch(turns.filter((body) => body.includes('again-2')))).toBe(true);
  expect(printed.takeValues()).toEqual({ Delivered: [1], Lateness: [0], EndpointDuration: A_DURATION });
});

test('how a webhook ends counts once it is kept: an outcome that neither table nor queue takes does not, though its request was made', async () => {
  await scheduler.publish(webhook('/unkept', 2_000), 'unkept');
  const [{ Body = '' }] = await cloud.delayed();
  printed.take();
  scheduler.tableFault = (command) => (command === 'PutItemCommand' ? new Error('out of order') : undefined);
  scheduler.queueFault = (command) => (command === 'SendMessageCommand' ? new Error('out of order') : undefined);
  expect(await scheduler.deliver([Body])).toEqual([Body]);
  expect(printed.takeValues()).toEqual({ Lateness: [0], EndpointDuration: A_DURATION });

  // The table alone: the outcome travels on, and has been counted when it arrives.
  scheduler.queueFault = () => undefined;
  scheduler.clock.advance(900_000);
  expect(await scheduler.deliver([Body])).toEqual([]);
  expect(printed.takeValues()).toEqual({ Delivered: [1], Lateness: A_DURATION, EndpointDuration: A_DURATION });
  scheduler.tableFault = () => undefined;
  expect(await scheduler.deliver()).toEqual([]);
  expect(printed.takeValues()).toEqual({});
});

test('a copy counts where it is dropped, once: by ingest what load sends on, by deliver what ingest has sent on once more', async () => {
  const later = notification(webhook('/later', 3_600_000), 'copy-later');
  await scheduler.ingestBatch([later]);
  expect(printed.takeValues()).toEqual({ Accepted: [1], Scheduled: [1] });
  await scheduler.ingestBatch([later]);
  expect(printed.takeValues()).toEqual({ DuplicatesStopped: [1] });

  const soon = notification(webhook('/soon'), 'copy-soon');
  await scheduler.ingestBatch([soon]);
  await scheduler.ingestBatch([soon]);
  expect(printed.takeValues()).toEqual({ Accepted: [1], Scheduled: [1] });
  await scheduler.deliver();
  expect(printed.takeValues()).toEqual({ Delivered: [1], Lateness: [0], EndpointDuration: A_DURATION, DuplicatesStopped: [1] });
});

test('a copy that has to come again since its webhook is being fired counts when it goes', async () => {
  await scheduler.publish(webhook('/slow', 2_000), 'twice');
  const [{ Body = '' }] = await cloud.delayed();
  printed.take();
  const twice = delayMessageText({ turns: [...queuedTurns(Body), ...queuedTurns(Body)] });
  await scheduler.deliver([twice]);
  expect(printed.takeValues()).toEqual({ Delivered: [1], Lateness: [0], EndpointDuration: A_DURATION });
  scheduler.clock.advance(10_000);
  await scheduler.deliver(); // the copy, in a message of its own
  expect(printed.takeValues()).toEqual({ DuplicatesStopped: [1] });
});

test('an attempt that fails and one that succeeds, a webhook that fails for good, and one that nobody listens for', async () => {
  await scheduler.publish(webhook('/recovers'), 'recovers');
  printed.take();
  await scheduler.deliver();
  expect(printed.takeValues()).toEqual({ Retried: [1], Lateness: [0], EndpointDuration: A_DURATION });
  await scheduler.deliver();
  expect(printed.takeValues()).toEqual({ Delivered: [1], Lateness: [0], EndpointDuration: A_DURATION });

  await scheduler.publish(webhook('/410'), 'gone');
  printed.take();
  await scheduler.deliver();
  expect(printed.takeValues()).toEqual({ Failed: [1], Lateness: [0], EndpointDuration: A_DURATION });

  // What was written has lasted, whatever came of it; what could not be written has not.
  await scheduler.publish(webhook('/resets', 60_000, { retry: { maxAttempts: 1 } }), 'resets');
  await scheduler.publish(webhook(CLOSED, 60_000, { retry: { maxAttempts: 1 } }), 'closed');
  printed.take();
  await scheduler.deliver();
  const { Failed, EndpointDuration } = printed.takeValues();
  expect([Failed, EndpointDuration.length]).toEqual([[1, 1], 1]);
});

test('every end without a 2xx answer is a failure: a message that is missing, a life that has ended, a dead letter', async () => {
  await scheduler.deliverAsItIs(JSON.stringify({ id: 'missing', dueAt: scheduler.clock.now(), partition: 0 }));
  expect(printed.takeValues()).toEqual({ Failed: [1] });

  await scheduler.publish(webhook('/old', -7_200_000, { retry: { maxAgeSeconds: 60 } }), 'old');
  printed.take();
  await scheduler.deliver();
  expect(printed.takeValues()).toEqual({ Failed: [1] });

  await scheduler.publish(webhook('/stuck', 0), 'stuck');
  const [{ Body = '' }] = await cloud.delayed();
  await cloud.sqs.send(new SendMessageCommand({ QueueUrl: cloud.queueUrl('DelayUnreported'), MessageBody: Body }));
  printed.take();
  await scheduler.tick();
  expect(printed.takeValues()).toEqual({ Failed: [1] });
});

test('a cancel counts, and neither its copy nor the turn that it has overtaken is taken for a copy of the webhook', async () => {
  await scheduler.publish(webhook('/cancelled', 60_000, { id: 'cancelled' }));
  printed.take();
  const cancel = notification({ action: 'cancel', id: 'cancelled' }, 'cancel', scheduler.clock.now());
  await scheduler.ingestBatch([cancel]);
  expect(printed.takeValues()).toEqual({ Accepted: [1], Cancelled: [1] });
  await scheduler.ingestBatch([cancel]);
  expect(printed.takeValues()).toEqual({ DuplicatesStopped: [1] });
  await scheduler.deliver();
  expect(printed.takeValues()).toEqual({});
});

/** How late a webhook is counted that is due so soon and then held up, by a scheduler on whose clock its date is. */
async function latenessOf(dueInMs: number, heldUpMs: number, by = scheduler): Promise<readonly number[]> {
  await by.publish({ ...webhook('/dated'), date: by.at(dueInMs) });
  const [{ Body = '' }] = await cloud.delayed();
  printed.take();
  by.clock.advance(heldUpMs);
  await by.deliver([Body]);
  return printed.takeValues().Lateness;
}

test('who is late is us, not who publishes a date that has passed, or at short notice', async () => {
  expect(await latenessOf(-86_400_000, 500)).toEqual([0]);
  expect(await latenessOf(-86_400_000, 10_000)).toEqual([7_000]);
  expect(await latenessOf(1_000, 2_500)).toEqual([0]);
  expect(await latenessOf(60_000, 70_000)).toEqual([10_000]);

  await scheduler.publish(webhook('/moved', 600_000, { id: 'moved' }));
  await cloud.delayed();
  await scheduler.publish({ action: 'reschedule', id: 'moved', date: scheduler.at(-3_600_000) });
  const [{ Body = '' }] = await cloud.delayed();
  printed.take();
  scheduler.clock.advance(13_000);
  await scheduler.deliver([Body]);
  expect(printed.takeValues()).toMatchObject({ Delivered: [1], Lateness: [10_000] });
});

test('where ingest waits for its batches to fill, the notice that was to be given is longer', async () => {
  const waiting = new TestScheduler(cloud, { [Variable.NOTICE_SECONDS]: '23' });
  try {
    expect(await latenessOf(10_000, 22_500, waiting)).toEqual([0]);
    expect(await latenessOf(10_000, 24_000, waiting)).toEqual([1_000]);
    expect(await latenessOf(23_000, 24_000, waiting)).toEqual([1_000]);
    expect(await latenessOf(60_000, 70_000, waiting)).toEqual([10_000]);

    await waiting.publish({ ...webhook('/moved'), date: waiting.at(600_000), id: 'moved-by-window' });
    await cloud.delayed();
    await waiting.publish({ action: 'reschedule', id: 'moved-by-window', date: waiting.at(1_000) });
    const [{ Body = '' }] = await cloud.delayed();
    printed.take();
    waiting.clock.advance(24_000);
    await waiting.deliver([Body]);
    expect(printed.takeValues()).toMatchObject({ Delivered: [1], Lateness: [1_000] });
  } finally {
    waiting.close();
    cloud.setEnvironment();
  }
});

test('an invocation with more webhooks than a document takes values prints several, and loses and repeats none', async () => {
  const count = 250;
  const ids = Array.from({ length: count }, (_, i) => `many-${i}`);
  await scheduler.ingestBatch(ids.map((id) => notification(webhook('/many', 60_000), id)));
  expect(printed.takeValues()).toEqual({ Accepted: [count], Scheduled: [count] });
  const bodies = (await cloud.delayed()).map(({ Body = '' }) => Body);
  scheduler.clock.advance(60_000);
  // The test's clock runs ahead with each pause that a webhook makes.
  expect(await scheduler.deliverBatch(bodies, 1, 900_000)).toBe(true);

  const documents = printed.take();
  expect(documents.length).toBeGreaterThan(2);
  expect(documents.length).toBeLessThanOrEqual(4);
  const valuesOf = (name: string) => documents.flatMap((document) => [document[name] ?? []].flat());
  expect(valuesOf(MetricName.LATENESS)).toHaveLength(count);
  expect(valuesOf(MetricName.ENDPOINT_DURATION)).toHaveLength(count);
  expect(valuesOf(MetricName.DELIVERED)).toEqual([count]);
  for (const document of documents) {
    expect(document[METRIC_DIMENSION]).toBe(INPUT_TOPIC_NAME);
    expect(document._aws.CloudWatchMetrics[0].Dimensions).toEqual([[METRIC_DIMENSION]]);
    expect(document._aws.CloudWatchMetrics[0].Metrics.length).toBeLessThanOrEqual(100);
    DURATION_METRICS.forEach((name) => expect([document[name] ?? []].flat().length).toBeLessThanOrEqual(100));
  }
  await scheduler.tick();
  expect(printed.take()).toEqual([]);
});

test('what a run of load sends on, and that it is not behind; and what it is behind by, also where it fails', async () => {
  await scheduler.publish(webhook('/loaded', 700_000), 'loaded');
  scheduler.clock.advance(500_000);
  printed.take();
  await scheduler.tick();
  expect(printed.takeValues()).toEqual({ LoadLag: [0] });
  await cloud.delayed();

  await scheduler.publish(webhook('/behind', 700_000), 'behind');
  await scheduler.tick();
  scheduler.clock.advance(600_000);
  printed.take();
  scheduler.queueFault = (command) => (command === 'SendMessageBatchCommand' ? new Error('out of order') : undefined);
  await expect(scheduler.tick()).rejects.toThrow('could not be loaded');
  const { LoadLag: [lag], ...others } = printed.takeValues();
  expect(others).toEqual({});
  expect(lag).toBeGreaterThanOrEqual(200_000); // of its five minutes
  expect(lag).toBeLessThanOrEqual(300_000);
});
