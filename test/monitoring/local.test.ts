// An app with alarms and a dashboard, in the local engine: they are listed and left alone, the scheduler runs as without them, and what its functions
// write is what the dashboard reads.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { App, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Body, Graph, Log, readBody } from '../../scripts/dashboard/body';
import { Receiver } from '../../scripts/support/receiver';
import { METRIC_DIMENSION, METRIC_NAMESPACE } from '../../src/core/metric-names';
import { readAssembly } from '../../src/local/assembly';
import { LOCAL_CREDENTIALS } from '../../src/local/emulators';
import { EngineEvent, LocalEngine } from '../../src/local/engine';
import { EnginePlan, planAssembly } from '../../src/local/plan';
import { LOOPBACK_POLICY } from '../support/local-scheduler';
import { LogLine, runQuery, shown } from '../support/logs-insights';
import { until } from '../support/until';
import { WebhookScheduler } from 'cdk-webhook-scheduler';

const directories: string[] = [];

afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true, force: true })));

type Topic = (stack: Stack, scheduler: WebhookScheduler) => sns.ITopic;

function synthesize(alarmTopic?: Topic): { readonly directory: string; readonly body?: Body } {
  const directory = mkdtempSync(path.join(tmpdir(), 'monitored-'));
  directories.push(directory);
  const app = new App({ outdir: directory, analyticsReporting: false });
  const stack = new Stack(app, 'Stack');
  const scheduler = new WebhookScheduler(stack, 'Sched', {
    encryptionKey: new kms.Key(stack, 'Key'),
    networkPolicy: LOOPBACK_POLICY,
  });
  let body: Body | undefined;
  if (alarmTopic) {
    scheduler.addAlarms({ alarmTopic: alarmTopic(stack, scheduler) });
    const { dashboard } = scheduler.addDashboard();
    body = readBody(stack.resolve((dashboard.node.defaultChild as cloudwatch.CfnDashboard).dashboardBody));
  }
  app.synth();
  return { directory, body };
}

const planOf = (directory: string): EnginePlan => planAssembly(readAssembly(directory), 'http://127.0.0.1:1');
const ignoredIn = ({ ignored }: EnginePlan) => ignored.map(({ type }) => type).sort();

describe('the plan', () => {
  const plain = planOf(synthesize().directory);

  test.each<[string, Topic]>([
    ['a topic of its own, with a key', (stack) => new sns.Topic(stack, 'OnCall', { masterKey: new kms.Key(stack, 'OnCallKey') })],
    ['the failure topic, which the scheduler has a key for', (_, { failureTopic }) => failureTopic],
  ])('is that of the scheduler alone, where alarms tell %s', (_, alarmTopic) => {
    const plan = planOf(synthesize(alarmTopic).directory);
    const monitoring = plan.ignored.filter(({ type }) => type.startsWith('AWS::CloudWatch::')).map(({ type }) => type);
    expect(monitoring.sort()).toEqual([...Array(11).fill('AWS::CloudWatch::Alarm'), 'AWS::CloudWatch::Dashboard']);
    const { queues, topics, subscriptions, tables, eventSources, schedules, schedulers } = plan;
    const { queues: q, topics: t, subscriptions: s, tables: b, eventSources: e, schedules: c, schedulers: d } = plain;
    expect({ queues, topics, subscriptions, tables, eventSources, schedules, schedulers }).toEqual({
      queues: q, topics: t, subscriptions: s, tables: b, eventSources: e, schedules: c, schedulers: d,
    });
    expect(plan.functions.map(({ name }) => name)).toEqual(plain.functions.map(({ name }) => name));
  });

  test('leaves nothing of CloudWatch in one without', () => {
    expect(ignoredIn(plain).filter((type) => type.startsWith('AWS::CloudWatch::'))).toEqual([]);
  });
});

/** A log line that CloudWatch makes metrics of. */
interface EmbeddedMetrics {
  readonly _aws: { readonly CloudWatchMetrics: readonly { readonly Metrics: readonly { readonly Name: string }[] }[] };
  readonly [METRIC_DIMENSION]: string;
}

describe('running', () => {
  const lines: LogLine[] = [];
  let engine: LocalEngine;
  let receiver: Receiver;
  let client: SNSClient;
  let body: Body;

  beforeAll(async () => {
    const synthesized = synthesize((stack) => new sns.Topic(stack, 'OnCall'));
    body = synthesized.body!;
    receiver = await Receiver.start({ behaviours: { '/broken': { status: 410 } } });
    const onEvent = (event: EngineEvent) => {
      if (event.type === 'log') {
        lines.push({ at: Date.now(), logGroup: event.functionName, text: event.line });
      }
    };
    engine = await LocalEngine.start({ assembly: synthesized.directory, onEvent });
    client = new SNSClient({ endpoint: engine.endpoints.sns, region: engine.region, credentials: LOCAL_CREDENTIALS });
    const TopicArn = engine.schedulers[0].inputTopicArn;
    const publish = (message: object) => client.send(new PublishCommand({ TopicArn, Message: JSON.stringify(message) }));
    const date = new Date(Date.now() + 3_000).toISOString();
    await publish({ date, url: `${receiver.url}/fine`, method: 'post' });
    await publish({ id: 'order-4711', date, url: `${receiver.url}/broken`, method: 'post' });
    await publish({ date: 'tomorrow' });
    const written = (name: string) => lines.some(({ text }) => text.includes('"_aws"') && text.includes(`"${name}"`));
    await until('all metrics of them', () => ['Delivered', 'Failed', 'Invalid'].every(written), 30);
  });

  afterAll(async () => {
    client?.destroy();
    await engine?.stop();
    await receiver?.close();
  });

  test('webhooks are fired', () => {
    expect(lines.filter(({ text }) => text.includes('"webhook delivered"'))).toHaveLength(1);
  });

  test('metrics are written under the names and the dimension that the dashboard reads', () => {
    const documents = lines.filter(({ text }) => text.includes('"_aws"')).map(({ text }) => JSON.parse(text) as EmbeddedMetrics);
    const written = documents.flatMap(({ _aws }) => _aws.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name)));
    const graphs = body.widgets.filter((widget): widget is Graph => widget.type === 'metric');
    const own = graphs.flatMap((graph) => graph.lines.flatMap(({ metric }) => (metric?.namespace === METRIC_NAMESPACE ? [metric] : [])));
    expect(new Set(written).size).toBeGreaterThan(5);
    expect(own.map(({ name }) => name)).toEqual(expect.arrayContaining(written));
    for (const { _aws, [METRIC_DIMENSION]: value } of documents) {
      _aws.CloudWatchMetrics.forEach((metrics) => expect(metrics).toMatchObject({ Namespace: METRIC_NAMESPACE, Dimensions: [[METRIC_DIMENSION]] }));
      expect(engine.schedulers[0].inputTopicArn.split(':').at(-1)).toBe(value);
    }
  });

  test('the last failures are found in the logs, each with what it takes to see why', () => {
    const { query } = body.widgets.find((widget): widget is Log => widget.type === 'log')!;
    const rows = runQuery(query.replace(/^(SOURCE '[^']+' \| )+/, ''), lines).map(shown);
    const brief = rows.map(({ level, message, webhookId, status, why }) => ({ level, message, webhookId, status, why }));
    expect(brief).toContainEqual({ level: 'WARN', message: 'webhook failed', webhookId: 'order-4711', status: 410, why: 'permanent' });
    expect(brief).toContainEqual({ level: 'WARN', message: 'message rejected', webhookId: expect.stringMatching(/^[\da-f-]{36}$/) });
    expect(brief).toHaveLength(2);
  });
});
