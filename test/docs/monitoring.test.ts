// What the guide to monitoring says of metrics, log lines and queries: held against the names that are written, and run over real lines.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { App, Stack } from 'aws-cdk-lib';
import { pageText, PROJECT } from './support/blocks';
import { cellsOf, namesIn } from './support/tables';
import { Receiver } from '../../scripts/support/receiver';
import * as logEvents from '../../src/core/log-events';
import { DURATION_METRICS, METRIC_DIMENSION, METRIC_NAMESPACE, MetricName } from '../../src/core/metric-names';
import { LOCAL_CREDENTIALS } from '../../src/local/emulators';
import { EngineEvent, LocalEngine } from '../../src/local/engine';
import { LOOPBACK_POLICY, MINUTES_AS_SECONDS } from '../support/local-scheduler';
import { LogLine, Row, runQuery, shown } from '../support/logs-insights';
import { until } from '../support/until';
import { WebhookScheduler } from 'cdk-webhook-scheduler';

jest.setTimeout(120_000);

const GUIDE = pageText('docs/monitoring.md');
const [METRICS, REST] = GUIDE.split('\n## Log lines\n');
const [LOG_LINES] = REST.split('\n## Queries\n');
/** The cells of each row of the tables in a part of the guide. */
const cellsIn = (text: string) => [...text.matchAll(/^\| `.*\|$/gm)].map(([row]) => cellsOf(row));

describe('metrics', () => {
  test('are each there, with unit and statistic, and no other', () => {
    const rows = cellsIn(METRICS);
    expect(rows.map(([name]) => namesIn(name)[0])).toEqual(Object.values(MetricName));
    for (const [name, unit, statistic, what, whatNot] of rows) {
      const isDuration = (DURATION_METRICS as readonly string[]).includes(namesIn(name)[0]);
      expect([name, unit]).toEqual([name, isDuration ? 'Milliseconds' : 'Count']);
      expect(statistic).toMatch(isDuration ? /^(p50, p99|Maximum)$/ : /^Sum$/);
      expect(Math.min(what.length, whatNot.length)).toBeGreaterThan(20);
    }
    expect(METRICS).toContain(`namespace \`${METRIC_NAMESPACE}\``);
    expect(METRICS).toContain(`\`${METRIC_DIMENSION}\`: the name of the input topic`);
  });

  test('are written and read under the names of one file: no other source of functions and base class spells one', () => {
    const sources = (directory: string): string[] => readdirSync(directory, { withFileTypes: true }).flatMap((entry) => (
      entry.isDirectory() ? sources(path.join(directory, entry.name)) : [path.join(directory, entry.name)]
    ));
    const files = ['core', 'adapters', 'handlers', 'local'].flatMap((folder) => sources(path.join(PROJECT, 'src', folder)));
    const spelt = [...files, path.join(PROJECT, 'src', 'webhook-scheduler-base.ts')].filter((file) => !file.endsWith('metric-names.ts')).filter((file) => (
      Object.values(MetricName).some((name) => readFileSync(file, 'utf8').includes(`'${name}'`))
    ));
    expect(spelt).toEqual([]);
  });
});

describe('log lines', () => {
  test('are each there, and no other, with the level they are written at', () => {
    const said = cellsIn(LOG_LINES).map(([message, level]) => `${level} ${namesIn(message)[0]}`);
    const constants = new Map(Object.entries(logEvents).filter(([name]) => name.startsWith('LOG_')).map(([name, text]) => [name, text as string]));
    const written = ['core', 'adapters', 'handlers'].flatMap((folder) => {
      const directory = path.join(PROJECT, 'src', folder);
      return readdirSync(directory).flatMap((file) => {
        const source = readFileSync(path.join(directory, file), 'utf8');
        const direct = [...source.matchAll(/\blog\.(info|warn|error)\((LOG_\w+|'[^']+')/g)].map(([, level, text]) => `${level.toUpperCase()} ${constants.get(text) ?? text.slice(1, -1)}`);
        const byTries = [...source.matchAll(/this\.tries\([^']*'([^']+)'/g)].map(([, text]) => `ERROR ${text}`);
        return [...direct, ...byTries];
      });
    });
    expect([...said].sort()).toEqual([...new Set(written)].sort());
    expect([...constants.values()].filter((text) => !said.some((line) => line.endsWith(` ${text}`)))).toEqual([]);
  });
});

describe('queries', () => {
  const QUERIES = new Map([...GUIDE.matchAll(/\*\*(.+?)\*\*.*\n\n```logs-insights\n([^]*?)```/g)].map(([, title, query]) => [title, query]));
  const query = (start: string): string => [...QUERIES].find(([title]) => title.startsWith(start))![1];
  let assembly: string;
  let engine: LocalEngine;
  let receiver: Receiver;
  let sns: SNSClient;
  let sqs: SQSClient;
  const lines: LogLine[] = [];
  const asked = new Set<string>();
  const ids: Record<string, string> = {};

  const ask = (start: string, change = (text: string) => text): readonly Row[] => {
    asked.add(query(start));
    return runQuery(change(query(start)), lines).map(shown);
  };
  const logged = (message: string) => lines.filter(({ text }) => text.includes(`"message":"${message}"`));

  /** What was written in the embedded metric format. */
  const documents = () => lines.filter(({ text }) => text.includes('"_aws"')).map(({ text }) => JSON.parse(text) as Record<string, unknown>);

  const counted = (name: MetricName) => documents().reduce((sum, document) => sum + Number(document[name] ?? 0), 0);

  function keep(event: EngineEvent): void {
    if (event.type === 'log') {
      lines.push({ at: Date.now(), logGroup: event.functionName, text: event.line });
    }
  }

  async function publish(name: string, message: object): Promise<void> {
    const { MessageId = '' } = await sns.send(new PublishCommand({ TopicArn: engine.schedulers[0].inputTopicArn, Message: JSON.stringify(message) }));
    ids[name] = MessageId;
  }

  beforeAll(async () => {
    assembly = mkdtempSync(path.join(tmpdir(), 'monitoring-'));
    const app = new App({ outdir: assembly });
    new WebhookScheduler(new Stack(app, 'Shop'), 'Reminders', {
      networkPolicy: LOOPBACK_POLICY,
    });
    app.synth();
    receiver = await Receiver.start({
      behaviours: { '/broken': { status: 404 }, '/recovering': { first: [{ status: 503 }] }, '/slow': { delayMs: 1_200 } },
    });
    engine = await LocalEngine.start({ assembly, ...MINUTES_AS_SECONDS, onEvent: keep });
    sns = new SNSClient({ endpoint: engine.endpoints.sns, region: engine.region, credentials: LOCAL_CREDENTIALS });
    sqs = new SQSClient({ endpoint: engine.endpoints.sqs, region: engine.region, credentials: LOCAL_CREDENTIALS });

    const webhook = (name: string, dueInMs: number, id?: string) => (
      publish(name, { id, date: new Date(Date.now() + dueInMs).toISOString(), url: `${receiver.url}/${name}`, method: 'post' })
    );
    await webhook('plain', 4_000, 'order-4711');
    await webhook('loaded', 14_000);
    await webhook('broken', 0);
    await webhook('slow', 4_000);
    await webhook('recovering', 4_000);
    await webhook('old', -86_400_000);
    await webhook('cancelled', 60_000, 'order-4712');
    await publish('invalid', { date: 'soon' });
    await until('the webhook to be stored', () => logged(logEvents.LOG_SCHEDULED).some(({ text }) => text.includes('order-4712')), 30);
    await publish('cancel', { action: 'cancel', id: 'order-4712' });
    await until('the cancel', () => logged(logEvents.LOG_ACTION).length === 1, 30);
    await publish('redrive', { action: 'redrive', id: 'order-4712' });
    await sqs.send(new SendMessageCommand({ QueueUrl: engine.schedulers[0].delayQueueUrl, MessageBody: 'poison' }));
    await until('all to have ended', () => logged(logEvents.LOG_DELIVERED).length === 5 && logged(logEvents.LOG_FAILED).length === 1, 60);
    await until('the rest', () => logged(logEvents.LOG_REFUSED).length === 1 && logged(logEvents.LOG_REJECTED).length === 1, 30);
    // Written when an invocation ends, after its lines.
    await until('their metrics', () => counted(MetricName.DELIVERED) === 5 && counted(MetricName.FAILED) === 1 && counted(MetricName.ACCEPTED) === 9, 30);
  });
  afterAll(async () => {
    [sns, sqs].forEach((client) => client.destroy());
    await engine.stop();
    await receiver.close();
    rmSync(assembly, { recursive: true });
  });

  const host = () => new URL(receiver.url).host;

  test('what happened to a webhook', () => {
    expect(ask('What happened').map(({ message, status, attempt }) => [message, status, attempt])).toEqual([
      [logEvents.LOG_SCHEDULED, undefined, undefined], [logEvents.LOG_DELIVERED, 200, 1],
    ]);
    const recovered = ask('What happened', (text) => text.replace('order-4711', ids.recovering));
    expect(recovered.map(({ message, status }) => [message, status])).toEqual([
      [logEvents.LOG_SCHEDULED, undefined], [logEvents.LOG_RETRYING, 503], [logEvents.LOG_DELIVERED, 200],
    ]);
    expect(recovered[1].nextAt).toMatch(/^\d{4}-.*Z$/);
    const cancelled = ask('What happened', (text) => text.replace('order-4711', 'order-4712'));
    expect(cancelled.map(({ message, action, refusal }) => [message, action, refusal])).toEqual([
      [logEvents.LOG_SCHEDULED, undefined, undefined], [logEvents.LOG_ACTION, 'cancel', undefined], [logEvents.LOG_REFUSED, 'redrive', 'cancelled'],
    ]);
  });

  test('which endpoints fail, and why attempts are made again', () => {
    expect(ask('Which endpoints fail')).toEqual([{ host: host(), reason: 'permanent', webhooks: 1 }]);
    expect(ask('Why are attempts')).toEqual([{ host: host(), status: 503, error: undefined, attempts: 1 }]);
  });

  test('how late requests are, without those whose date had passed', () => {
    const bins = ask('How late');
    expect(bins.reduce((sum, { attempts }) => sum + Number(attempts), 0)).toBe(6); // all seven attempts but that of a day ago
    for (const { p50, p99, worst } of bins) {
      expect(Number(p50)).toBeGreaterThanOrEqual(0);
      expect(Number(p50)).toBeLessThanOrEqual(Number(p99));
      expect(Number(p99)).toBeLessThanOrEqual(Number(worst));
      expect(Number(worst)).toBeLessThan(60_000);
    }
  });

  test('which endpoints are slow, and which webhooks waited', () => {
    const [slow] = ask('Which endpoints are slow');
    expect(slow).toEqual({ host: host(), attempts: 7, p50: expect.any(Number), p99: expect.any(Number) });
    expect(Number(slow.p99)).toBeGreaterThanOrEqual(1_200);
    expect(ask('Which webhooks waited')).toEqual([expect.objectContaining({ webhookId: ids.slow, method: 'POST', status: 200 })]);
  });

  test('what is not accepted, and which actions are refused', () => {
    const rows = ask('What do producers');
    expect(rows.map(({ webhookId }) => webhookId).sort()).toEqual([ids.invalid, 'order-4712'].sort());
    expect(rows.find(({ webhookId }) => webhookId === ids.invalid)?.['@message']).toContain('"fields":["date","url","method"]');
    expect(ask('Which actions')).toEqual([{ action: 'redrive', refusal: 'cancelled', actions: 1 }]);
  });

  test('what goes wrong in the functions', () => {
    const rows = ask('What goes wrong');
    expect(rows.length).toBeGreaterThan(0);
    expect(new Set(rows.map(({ message, error, '@log': log }) => `${log} ${message} ${error}`))).toEqual(new Set([
      `${engine.schedulers[0].functions.deliver} queue message cannot be read SyntaxError`,
    ]));
  });

  test('what load sends on', () => {
    const bins = ask('How much does load');
    expect(bins.reduce((sum, { webhooks }) => sum + Number(webhooks), 0)).toBe(1);
    expect(bins.every(({ behind }) => behind === 0)).toBe(true);
  });

  test('how many cold starts there are, of lines as Lambda writes them', () => {
    // The local engine has none of its own. https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-report
    const report = (logGroup: string, metrics: object): LogLine => ({
      at: 0, logGroup, text: JSON.stringify({ time: '2030-01-01T00:00:00.000Z', type: 'platform.report', record: { requestId: 'a', status: 'success', metrics } }),
    });
    const warm = { durationMs: 12.5, billedDurationMs: 13, memorySizeMB: 512, maxMemoryUsedMB: 90 };
    lines.push(report('deliver', warm), report('deliver', { ...warm, initDurationMs: 190.5 }), report('deliver', { ...warm, initDurationMs: 230.25 }));
    expect(ask('How many cold')).toEqual([{ '@log': 'deliver', 'coldStarts': 2, 'p50': 190.5, 'worst': 230.25 }]);
  });

  test('are each run by one of these tests', () => {
    expect(asked).toEqual(new Set(QUERIES.values()));
    expect(QUERIES.size).toBe(GUIDE.split('```logs-insights').length - 1);
  });

  test('what the functions count is what their lines tell', () => {
    const totals: Record<string, number> = {};
    for (const document of documents()) {
      for (const name of Object.values(MetricName).filter((metric) => metric in document)) {
        totals[name] = (totals[name] ?? 0) + (Array.isArray(document[name]) ? document[name].length : Number(document[name]));
      }
      expect(document[METRIC_DIMENSION]).toBe(engine.schedulers[0].inputTopicArn.split(':').at(-1));
    }
    expect(totals).toMatchObject({ Delivered: 5, Failed: 1, Retried: 1, Invalid: 1, Cancelled: 1, Scheduled: 7, Accepted: 9 });
    expect(totals.DuplicatesStopped).toBeUndefined();
  });

  test('what is no query, or none that is known here, is an error', () => {
    for (const text of [
      'find x', 'filter a == "b"', 'filter a like "b"', 'stats average(a) as b by c', 'stats count(*) by c', 'sort a', 'fields a b', 'limit x', 'filter (a = 1)', 'filter a = "b" c',
    ]) {
      expect(() => runQuery(text, [{ at: 0, logGroup: '', text: '{"a":"b","c":"d"}' }])).toThrow('no query');
    }
  });
});
