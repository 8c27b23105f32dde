// A scheduler whose ingest waits for its batches to fill: its template, run by the local engine, with the bundled functions and real clients.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { LOOPBACK_POLICY, MINUTES_AS_SECONDS, recordsOf } from './support/local-scheduler';
import { until } from './support/until';
import { Receiver } from '../scripts/support/receiver';
import { LOG_ACTION, LOG_DELIVERED, LOG_SCHEDULED } from '../src/core/log-events';
import { MetricName } from '../src/core/metric-names';
import { LOCAL_CREDENTIALS } from '../src/local/emulators';
import { EngineEvent, LocalEngine } from '../src/local/engine';
import { WebhookScheduler } from 'cdk-webhook-scheduler';

jest.setTimeout(60_000);

const WINDOW_MS = 2_000;
/** Of the machine's, for whatever is to happen within the window. */
const SLACK_MS = 2_000;

let assembly: string;
let engine: LocalEngine;
let receiver: Receiver;
let sns: SNSClient;
const events: EngineEvent[] = [];

beforeAll(async () => {
  assembly = mkdtempSync(path.join(tmpdir(), 'batching-window-'));
  const app = new App({ outdir: assembly });
  new WebhookScheduler(new Stack(app, 'Shop'), 'Reminders', {
    ingestBatchingWindow: Duration.millis(WINDOW_MS),
    networkPolicy: LOOPBACK_POLICY,
  });
  app.synth();
  receiver = await Receiver.start();
  engine = await LocalEngine.start({
    assembly,
    ...MINUTES_AS_SECONDS,
    onEvent: (event) => events.push(event),
  });
  sns = new SNSClient({ endpoint: engine.endpoints.sns, region: engine.region, credentials: LOCAL_CREDENTIALS });
});
beforeEach(() => events.splice(0));
afterAll(async () => {
  sns.destroy();
  await engine.stop();
  await receiver.close();
  rmSync(assembly, { recursive: true });
});

const publish = (message: object) => sns.send(new PublishCommand({ TopicArn: engine.schedulers[0].inputTopicArn, Message: JSON.stringify(message) }));
const webhook = (name: string, dueAt: number) => ({ id: name, date: new Date(dueAt).toISOString(), url: `${receiver.url}/${name}`, method: 'post' });
const records = (message: string) => recordsOf(events, message);
const ingested = () => events.flatMap((event) => (
  event.type === 'invocation' && event.functionName === engine.schedulers[0].functions.ingest ? [event.records] : []
));
/** Each lateness that was written to the metric. */
const lateness = () => events.flatMap((event) => (event.type === 'log' ? [event.record?.[MetricName.LATENESS] ?? []].flat() as number[] : []));
const arrivals = (name: string) => receiver.requests.filter(({ target }) => target === `/${name}`).map(({ arrivedAt }) => arrivedAt);

test('what is published one by one within the window is stored by one invocation, be it due soon or later, and all of it arrives once, none early', async () => {
  const start = Date.now();
  const dueAt = new Map(Array.from({ length: 24 }, (_, index) => [`spread-${index}`, start + (index % 2 === 0 ? 7_000 : 14_000) + index]));
  for (const [name, at] of dueAt) {
    await publish(webhook(name, at)); // more than the ten that come at once without a window
    await delay(10);
  }
  expect(Date.now() - start).toBeLessThan(WINDOW_MS); // else the machine is too slow for this test
  await until('all to be delivered, and measured', () => records(LOG_DELIVERED).length === dueAt.size && lateness().length === dueAt.size, 60);
  expect(ingested()).toEqual([dueAt.size]);
  expect(new Set(records(LOG_SCHEDULED).map(({ owner }) => owner))).toEqual(new Set(['ingest', 'load']));
  for (const [name, at] of dueAt) {
    expect(arrivals(name)).toEqual([expect.any(Number)]);
    expect(arrivals(name)[0]).toBeGreaterThanOrEqual(at);
  }
});

test('a lone webhook at short notice is late by the window, and nobody is told that it was', async () => {
  const start = Date.now();
  await publish(webhook('lone', start));
  await until('it to be delivered, and measured', () => records(LOG_DELIVERED).length === 1 && lateness().length > 0);
  const [arrivedAt] = arrivals('lone');
  expect(arrivedAt - start).toBeGreaterThanOrEqual(WINDOW_MS);
  expect(arrivedAt - start).toBeLessThan(WINDOW_MS + SLACK_MS);
  expect(records(LOG_DELIVERED)[0].lateMs).toBeGreaterThanOrEqual(WINDOW_MS);
  expect(lateness()).toEqual([0]);
});

test('a cancel that is published within the window of its webhook prevails', async () => {
  const dueAt = Date.now() + 11_000;
  await publish(webhook('cancelled', dueAt));
  await publish({ action: 'cancel', id: 'cancelled' });
  await until('the cancel', () => records(LOG_ACTION).length === 1);
  expect(ingested()[0]).toBe(2);
  await delay(dueAt + 1_000 - Date.now());
  expect(arrivals('cancelled')).toEqual([]);
});
