// The whole: the construct's template, run by the local engine, fed and watched through real SDK clients and real HTTP.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { PublishBatchCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { App, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { LOOPBACK_POLICY, MINUTES_AS_SECONDS, recordsOf } from './support/local-scheduler';
import { until } from './support/until';
import { subscribeQueue } from '../scripts/support/failure-queue';
import { Receiver } from '../scripts/support/receiver';
import { LOG_ACTION, LOG_DELIVERED, LOG_FAILED, LOG_REJECTED, LOG_RETRYING, LOG_SCHEDULED } from '../src/core/log-events';
import { LOCAL_CREDENTIALS } from '../src/local/emulators';
import { EngineEvent, LocalEngine } from '../src/local/engine';
import { WebhookScheduler } from 'cdk-webhook-scheduler';

jest.setTimeout(120_000);

const SECRET = 'do-not-log-7f3a';

let assembly: string;
let engine: LocalEngine;
let receiver: Receiver;
let sns: SNSClient;
let sqs: SQSClient;
const events: EngineEvent[] = [];

beforeAll(async () => {
  assembly = mkdtempSync(path.join(tmpdir(), 'end-to-end-'));
  const app = new App({ outdir: assembly });
  const stack = new Stack(app, 'Shop');
  const scheduler = new WebhookScheduler(stack, 'Reminders', {
    networkPolicy: LOOPBACK_POLICY,
  });
  // An app has other things too; they are none of the scheduler's.
  new s3.Bucket(stack, 'Uploads');
  scheduler.grantPublish(new iam.Role(stack, 'Producer', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') }));
  app.synth();

  receiver = await Receiver.start({ behaviours: { '/broken': { status: 404 }, '/recovering': { first: [{ status: 503 }] } } });
  engine = await LocalEngine.start({
    assembly,
    ...MINUTES_AS_SECONDS,
    onEvent: (event) => events.push(event),
  });
  sns = new SNSClient({ endpoint: engine.endpoints.sns, region: engine.region, credentials: LOCAL_CREDENTIALS });
  sqs = new SQSClient({ endpoint: engine.endpoints.sqs, region: engine.region, credentials: LOCAL_CREDENTIALS });
});
afterAll(async () => {
  [sns, sqs].forEach((client) => client.destroy());
  await engine.stop();
  await receiver.close();
  rmSync(assembly, { recursive: true });
});

const records = (message: string) => recordsOf(events, message);

test('webhooks of every kind arrive as sent, none early, through ingest, load and retries; what fails is reported, what is cancelled stays away', async () => {
  const failures = await subscribeQueue(sns, sqs, engine.schedulers[0].failureTopicArn, 'failures');

  const now = Date.now();
  const naive = (ms: number) => new Date(ms).toISOString().replace('Z', '000'); // as Python writes datetime.utcnow()
  const url = (name: string) => `${receiver.url}/${name}?token=${SECRET}`;
  const messages: Record<string, { date: string; url: string; method: string; [field: string]: unknown }> = {
    json: { date: naive(now + 5_000), url: url('json'), method: 'post', payload: { secret: SECRET, n: [1, 2.5, 'é'] } },
    form: {
      date: new Date(now + 5_010).toISOString(),
      url: url('form'),
      method: 'POST',
      payload: { a: 'x y', b: [1, 2] },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
    text: { date: new Date(now + 5_020).toISOString(), url: url('text'), method: 'Put', payload: `plain\n${SECRET}` },
    get: {
      date: new Date(now + 5_030).toISOString(), url: url('get'), method: 'get', headers: { 'X-Tenant': SECRET }, cookies: { session: SECRET, b: '2' },
    },
    past: { date: naive(now - 28 * 86_400_000), url: url('past'), method: 'delete' },
    later: { date: new Date(now + 16_000).toISOString(), url: url('later'), method: 'post', payload: [SECRET] },
    broken: { date: naive(now), url: url('broken'), method: 'post', payload: { secret: SECRET } },
    recovering: { date: naive(now + 5_040), url: url('recovering'), method: 'post', payload: { secret: SECRET } },
    cancelled: { id: 'to-cancel', date: naive(now + 16_000), url: url('cancelled'), method: 'post', payload: { secret: SECRET } },
    invalid: { date: SECRET, url: SECRET, method: SECRET, headers: { [`bad ${SECRET}`]: SECRET } },
  };
  const { Successful = [], Failed = [] } = await sns.send(new PublishBatchCommand({
    TopicArn: engine.schedulers[0].inputTopicArn,
    PublishBatchRequestEntries: Object.entries(messages).map(([Id, message]) => ({ Id, Message: JSON.stringify(message) })),
  }));
  expect(Failed).toEqual([]);
  const messageIds = Object.fromEntries(Successful.map(({ Id, MessageId }) => [Id, MessageId]));
  await sns.send(new PublishCommand({
    TopicArn: engine.schedulers[0].inputTopicArn, Message: JSON.stringify({ action: 'cancel', id: messages.cancelled.id }),
  }));
  const fired = Object.keys(messages).filter((name) => name !== 'invalid' && name !== 'cancelled');

  await until('a request of each', () => fired.every((name) => receiver.requests.some(({ target }) => target.startsWith(`/${name}?`))), 60);
  await until('the end of each', () => records(LOG_DELIVERED).length + records(LOG_FAILED).length === fired.length);

  await until('the date of what was cancelled', () => Date.now() > now + 17_000); // what was cancelled would have been fired
  expect(receiver.requests).toHaveLength(fired.length + 1); // one of them twice
  expect(records(LOG_RETRYING)).toEqual([expect.objectContaining({ webhookId: messageIds.recovering, status: 503 })]);
  expect(records(LOG_ACTION)).toEqual([expect.objectContaining({ webhookId: 'to-cancel', action: 'cancel' })]);
  const request = (name: string) => receiver.requests.find(({ target }) => target === `/${name}?token=${SECRET}`)!;
  const headerOf = (name: string, header: string) => request(name).headers.find(([key]) => key === header)?.[1];
  for (const name of fired) {
    const { date, method } = messages[name];
    expect(request(name).method).toBe(method.toUpperCase());
    expect(request(name).arrivedAt).toBeGreaterThanOrEqual(Date.parse(/Z$|\+/.test(date) ? date : `${date}Z`));
    expect(headerOf(name, 'webhook-id')).toBe(messageIds[name]);
  }
  expect(JSON.parse(request('json').body.toString())).toEqual(messages.json.payload);
  expect(headerOf('json', 'content-type')).toBe('application/json');
  expect(request('form').body.toString()).toBe('a=x+y&b=1&b=2');
  expect(request('text').body.toString()).toBe(messages.text.payload);
  expect(headerOf('get', 'X-Tenant')).toBe(SECRET);
  expect(request('get')).toMatchObject({ cookies: { session: SECRET, b: '2' }, body: Buffer.alloc(0) });

  // Who sent which: the one due later went through the table and load.
  const ownerOf = (name: string) => records(LOG_SCHEDULED).find(({ webhookId }) => webhookId === messageIds[name])?.owner;
  expect(fired.map((name) => [name, ownerOf(name)])).toEqual(fired.map((name) => [name, name === 'later' ? 'load' : 'ingest']));

  // What failed is reported, with the message.
  const notices: Record<string, unknown>[] = [];
  await until('two notices', async () => {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: failures, MaxNumberOfMessages: 10 }));
    notices.push(...Messages.map(({ Body }) => JSON.parse(Body ?? '') as Record<string, unknown>));
    return notices.length >= 2;
  });
  expect(notices.sort((a, b) => String(a.reason).localeCompare(String(b.reason)))).toEqual([
    expect.objectContaining({ reason: 'permanent', id: messageIds.broken, attempts: [expect.objectContaining({ status: 404 })] }),
    expect.objectContaining({
      reason: 'validation',
      id: messageIds.invalid,
      message: messages.invalid,
      errors: ['date', 'url', 'method', `headers.bad ${SECRET}`].map((field) => expect.objectContaining({ field })),
    }),
  ]);

  // No invocation failed, and no log line holds anything that a producer wrote beyond host, method and date.
  expect(events.filter((event) => event.type === 'invocation' && event.error !== undefined)).toEqual([]);
  expect(records(LOG_REJECTED)).toEqual([expect.objectContaining({ fields: ['date', 'url', 'method', 'headers'] })]);
  const lines = events.flatMap((event) => (event.type === 'log' ? [event.line] : []));
  expect(lines.length).toBeGreaterThanOrEqual(2 * fired.length);
  expect(lines.filter((line) => line.includes(SECRET))).toEqual([]);
  expect(lines.filter((line) => line.startsWith('{') === false)).toEqual([]);
});

test('what is not the scheduler\'s is listed as ignored, and nothing of the scheduler is', () => {
  expect(engine.ignored.map(({ type }) => type).sort()).toEqual(['AWS::IAM::Policy', 'AWS::IAM::Role', 'AWS::S3::Bucket']);
});
