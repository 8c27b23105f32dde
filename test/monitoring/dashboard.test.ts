// The dashboard: that it fits, that what it shows is there, and where it may be.
import { readdirSync } from 'node:fs';
import * as path from 'node:path';
import { App, Duration, Environment, Stack, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { evaluate } from './expressions';
import { Body, Graph, Line, Log, readBody, Text, Widget } from '../../scripts/dashboard/body';
import { WebhookScheduler, WebhookSchedulerAlarms, WebhookSchedulerDashboard, WebhookSchedulerDashboardOptions } from '../../src';
import { LOG_DEAD_LETTER, LOG_FAILED, LOG_REFUSED, LOG_REJECTED } from '../../src/core/log-events';
import { METRIC_DIMENSION, METRIC_NAMESPACE, MetricName } from '../../src/core/metric-names';

const HERE: Environment = { account: '111111111111', region: 'eu-west-1' };
const DOCS = path.join(__dirname, '../../docs');

/** What AWS writes, by namespace: dimension, and metrics. */
const AWS_METRICS: Readonly<Record<string, { readonly dimension: string; readonly names: readonly string[] }>> = {
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
  'AWS/SQS': {
    dimension: 'QueueName',
    names: [
      'ApproximateNumberOfMessagesVisible', 'ApproximateNumberOfMessagesNotVisible', 'ApproximateNumberOfMessagesDelayed', 'ApproximateAgeOfOldestMessage',
    ],
  },
  // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
  'AWS/Lambda': { dimension: 'FunctionName', names: ['Duration', 'Errors', 'Throttles', 'ConcurrentExecutions', 'Invocations'] },
  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
  'AWS/DynamoDB': {
    dimension: 'TableName', names: ['ConsumedWriteCapacityUnits', 'ConsumedReadCapacityUnits', 'WriteThrottleEvents', 'ReadThrottleEvents'],
  },
};

function bodyOf(stack: Stack): Body {
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Dashboard'));
  return readBody(Properties.DashboardBody);
}

function create(options?: WebhookSchedulerDashboardOptions, add: (scheduler: WebhookScheduler) => void = () => undefined) {
  const stack = new Stack(new App(), 'Stack');
  const scheduler = new WebhookScheduler(stack, 'Sched');
  const { dashboard } = scheduler.addDashboard(options);
  add(scheduler);
  return { stack, scheduler, dashboard, body: bodyOf(stack) };
}

const { body: PLAIN } = create();
const { body: WITH_ALARMS } = create({}, (scheduler) => scheduler.addAlarms());

const graphsOf = ({ widgets }: Body) => widgets.filter((widget): widget is Graph => widget.type === 'metric');
const graphOf = (body: Body, title: string) => graphsOf(body).find((graph) => graph.title === title)!;
const labelsOf = ({ lines }: Graph) => lines.filter(({ options }) => options.visible !== false).map(({ options }) => options.label);
const linesOf = (body: Body) => graphsOf(body).flatMap(({ lines }) => lines);
const metricsOf = (body: Body) => linesOf(body).flatMap(({ metric }) => (metric ? [metric] : []));

function overlap(a: Widget, b: Widget): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

describe.each([['without alarms', PLAIN], ['with alarms', WITH_ALARMS]])('%s', (_, body) => {
  test('every widget is on the grid of 24 columns, and none covers another', () => {
    expect(body.widgets.length).toBeGreaterThan(12);
    for (const { x, y, width, height } of body.widgets) {
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(2);
      expect(x + width).toBeLessThanOrEqual(24);
    }
    const pairs = body.widgets.flatMap((a, i) => body.widgets.slice(i + 1).map((b) => [a, b] as const));
    expect(pairs.filter(([a, b]) => overlap(a, b))).toEqual([]);
  });

  test('rows are full, and follow each other', () => {
    const rows = [...new Set(body.widgets.map(({ y }) => y))];
    let end = 0;
    for (const y of rows) {
      const row = body.widgets.filter((widget) => widget.y === y);
      expect(y).toBe(end);
      expect(row.reduce((sum, { width }) => sum + width, 0)).toBe(24);
      expect(new Set(row.map(({ height }) => height)).size).toBe(1);
      end += row[0].height;
    }
  });

  test('every metric is one that is written', () => {
    for (const { namespace, name, dimensions } of metricsOf(body)) {
      if (namespace === METRIC_NAMESPACE) {
        expect(Object.values(MetricName)).toContain(name);
        expect(Object.keys(dimensions)).toEqual([METRIC_DIMENSION]);
      } else {
        expect(Object.keys(AWS_METRICS)).toContain(namespace);
        expect(AWS_METRICS[namespace].names).toContain(name);
        expect(Object.keys(dimensions)).toEqual([AWS_METRICS[namespace].dimension]);
      }
    }
  });

  test('every metric that the scheduler writes is shown', () => {
    const shown = metricsOf(body).filter(({ namespace }) => namespace === METRIC_NAMESPACE).map(({ name }) => name);
    expect([...new Set(shown)].sort()).toEqual(Object.values(MetricName).sort());
  });

  test('every graph has a title, and every axis with lines is labelled and begins at zero', () => {
    const titles = graphsOf(body).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    for (const { left, right, lines } of graphsOf(body)) {
      const axes = lines.some(({ options }) => options.yAxis === 'right' && options.visible !== false) ? [left, right!] : [left];
      axes.forEach((axis) => expect(axis).toMatchObject({ label: expect.stringMatching(/^[A-Z]/), min: 0, showUnits: false }));
    }
  });

  test('the lines of a graph are told apart, by name and by colour', () => {
    for (const { lines } of graphsOf(body)) {
      const visible = lines.filter(({ options }) => options.visible !== false).map(({ options }) => options);
      expect(visible.filter(({ label, color }) => !label || !color)).toEqual([]);
      expect(new Set(visible.map(({ label }) => label)).size).toBe(visible.length);
      expect(new Set(visible.map(({ color }) => color)).size).toBe(visible.length);
    }
  });

  test('counts are summed, gauges are not', () => {
    const statistics = new Set(linesOf(body).flatMap(({ metric, options: { stat = 'Average' } }) => (metric ? [`${metric.name} ${stat}`] : [])));
    expect([...statistics].sort()).toEqual([
      'Accepted Sum', 'ApproximateAgeOfOldestMessage Maximum', 'ApproximateNumberOfMessagesDelayed Maximum',
      'ApproximateNumberOfMessagesNotVisible Maximum', 'ApproximateNumberOfMessagesVisible Maximum', 'Cancelled Sum', 'ConcurrentExecutions Maximum',
      'ConsumedReadCapacityUnits Sum', 'ConsumedWriteCapacityUnits Sum', 'Delivered Sum', 'DuplicatesStopped Sum', 'Duration p99',
      'EndpointDuration p50', 'EndpointDuration p99', 'Errors Sum', 'Failed Sum', 'Invalid Sum', 'Lateness Maximum', 'Lateness p50', 'Lateness p99',
      'LoadLag Maximum', 'ReadThrottleEvents Sum', 'Retried Sum', 'Scheduled Sum', 'Throttles Sum', 'WriteThrottleEvents Sum',
    ]);
  });
});

describe('the first row of graphs says whether something is wrong', () => {
  const titlesOf = (body: Body) => body.widgets.filter(({ y }) => y === 3).map((widget) => (widget as Graph).title);

  test('without alarms', () => {
    expect(titlesOf(PLAIN)).toEqual(['Dead letters', 'Load lag', 'Lateness']);
  });

  test('with alarms: all of them', () => {
    expect(titlesOf(WITH_ALARMS)).toEqual(['Alarms', 'Dead letters', 'Load lag', 'Lateness']);
    expect(WITH_ALARMS.widgets.find(({ type }) => type === 'alarm')).toMatchObject({ alarms: Array(11).fill(expect.stringMatching(/SchedAlarms.+\.Arn/)) });
  });

  test('alarms may be added before the dashboard, too', () => {
    const stack = new Stack(new App(), 'Stack');
    const scheduler = new WebhookScheduler(stack, 'Sched');
    scheduler.addAlarms();
    scheduler.addDashboard();
    expect(bodyOf(stack)).toEqual(WITH_ALARMS);
  });

  test('both kinds of dead letters, reported and not', () => {
    const queues = graphOf(PLAIN, 'Dead letters').lines.map(({ metric }) => metric!.dimensions.QueueName.replace(/^\$\{Sched|[0-9A-F]{8}\..*$/g, ''));
    expect(queues).toEqual(['IngestDeadLetterQueue', 'DelayDeadLetterQueue', 'IngestUnreportedQueue', 'DelayUnreportedQueue']);
  });
});

describe('lines are where the alarms go off', () => {
  const annotationsOf = (body: Body, title: string) => graphOf(body, title).annotations.map(({ value, label }) => [value, label]);

  test('by default, with or without them', () => {
    for (const body of [PLAIN, WITH_ALARMS]) {
      expect(annotationsOf(body, 'Dead letters')).toEqual([[1, 'Someone has to look']]);
      expect(annotationsOf(body, 'Load lag')).toEqual([[120_000, 'Alarm'], [300_000, 'Webhooks are late']]);
      expect(annotationsOf(body, 'Lateness')).toEqual([[5_000, 'Alarm']]);
      expect(annotationsOf(body, 'Oldest message to ingest')).toEqual([[300, 'Alarm']]);
      expect(graphOf(body, 'What goes out').annotations).toMatchObject([{ value: 10, label: 'Alarm', yAxis: 'right' }]);
    }
  });

  test('at other thresholds; none for an alarm that is left out', () => {
    const { body } = create({}, (scheduler) => scheduler.addAlarms({ latenessThreshold: Duration.seconds(1), ingestAge: false }));
    expect(annotationsOf(body, 'Lateness')).toEqual([[1_000, 'Alarm']]);
    expect(annotationsOf(body, 'Oldest message to ingest')).toEqual([]);
  });

  test('of other alarms, if they are given', () => {
    const stack = new Stack(new App(), 'Stack');
    const scheduler = new WebhookScheduler(stack, 'Sched');
    scheduler.addAlarms();
    const alarms = new WebhookSchedulerAlarms(stack, 'Strict', { scheduler, latenessThreshold: Duration.seconds(2), errors: false });
    scheduler.addDashboard({ alarms });
    expect(annotationsOf(bodyOf(stack), 'Lateness')).toEqual([[2_000, 'Alarm']]);
    expect(bodyOf(stack).widgets.find(({ type }) => type === 'alarm')).toMatchObject({ alarms: Array(10).fill(expect.stringContaining('Strict')) });
  });
});

describe('what is worked out', () => {
  const expressionOf = (title: string, label: string): string => (
    graphOf(PLAIN, title).lines.find(({ options }) => options.label === label)!.options.expression!
  );

  test('the part that failed, in percent', () => {
    const expression = expressionOf('What goes out', 'Failed of those that ended');
    expect(evaluate(expression, { delivered: 30, failed: 10 })).toBe(25);
    expect(evaluate(expression, { delivered: 30 })).toBe(0);
    expect(evaluate(expression, { failed: 3 })).toBe(100);
  });

  test('units a second', () => {
    expect(evaluate(expressionOf('Capacity that the table consumed', 'Write units'), { writes: 120 })).toBe(2);
    expect(evaluate(expressionOf('Capacity that the table consumed', 'Read units'), { reads: 60 })).toBe(1);
  });

  test('uses metrics of the same graph', () => {
    for (const { lines } of graphsOf(PLAIN)) {
      const ids = lines.map(({ options }) => options.id);
      const used = lines.flatMap(({ options: { expression = '' } }) => [...expression.matchAll(/\b[a-z]\w*/g)].map(([id]) => id));
      expect(ids).toEqual(expect.arrayContaining(used));
    }
  });
});

test('each part of a graph is what its label says', () => {
  expect(labelsOf(graphOf(PLAIN, 'What comes in'))).toEqual(['Accepted', 'Scheduled', 'Cancelled', 'Duplicates stopped', 'Invalid']);
  const functionOf = ({ metric }: Line) => /Sched([A-Z][a-z]+)/.exec(metric!.dimensions.FunctionName)![1];
  for (const title of ['Duration of functions, p99', 'Errors of functions', 'Throttles of functions', 'Concurrency of functions']) {
    const { lines } = graphOf(PLAIN, title);
    expect(lines.map(({ options }) => options.label)).toEqual(['Ingest', 'Load', 'Deliver']);
    expect(lines.map(functionOf)).toEqual(['Ingest', 'Load', 'Deliver']);
  }
});

describe('the last failures', () => {
  const { query } = PLAIN.widgets.find((widget): widget is Log => widget.type === 'log')!;

  test('from the logs of all three functions', () => {
    const sources = [...query.matchAll(/SOURCE '\$\{Sched(\w+)LogGroup[0-9A-F]{8}\}'/g)].map(([, name]) => name);
    expect(sources).toEqual(['Ingest', 'Load', 'Deliver']);
  });

  test('by the messages that the functions write', () => {
    const [, messages] = /message in \[(.+)\]/.exec(query)!;
    expect(messages.split(', ').map((message) => JSON.parse(message))).toEqual([LOG_FAILED, LOG_REJECTED, LOG_REFUSED, LOG_DEAD_LETTER]);
    expect(query).toMatch(/\n\| sort @timestamp desc\n\| limit 50$/);
  });
});

test('the text says which scheduler it is, and links to guides that are there', () => {
  const { markdown } = PLAIN.widgets.find((widget): widget is Text => widget.type === 'text')!;
  expect(markdown).toContain('Webhook scheduler Stack/Sched');
  const links = [...markdown.matchAll(/\]\((\S+)\)/g)].map(([, link]) => link);
  expect(links).toHaveLength(4);
  const pages = links.map((link) => link.replace('https://github.com/cdk-webhook-scheduler/cdk-webhook-scheduler/blob/main/docs/', ''));
  expect(readdirSync(DOCS)).toEqual(expect.arrayContaining(pages));
});

describe('options', () => {
  test('by default, three hours under a name that CloudFormation makes', () => {
    expect(PLAIN).toMatchObject({ start: '-PT3H', periodOverride: undefined });
    const [{ Properties }] = Object.values(Template.fromStack(create().stack).findResources('AWS::CloudWatch::Dashboard'));
    expect(Properties).not.toHaveProperty('DashboardName');
  });

  test('can be set', () => {
    const { stack, body } = create({
      dashboardName: 'webhooks', defaultInterval: Duration.days(2), periodOverride: cloudwatch.PeriodOverride.INHERIT,
    });
    expect(body).toMatchObject({ start: '-P2D', periodOverride: 'inherit' });
    Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: 'webhooks' });
  });

  test.each<[string, WebhookSchedulerDashboardOptions, string]>([
    ['a name with a space', { dashboardName: 'my webhooks' }, 'dashboardName contains invalid characters'],
    ['a moment', { defaultInterval: Duration.seconds(10) }, 'defaultInterval is 10 seconds, expected 5 minutes to 455 days'],
    ['years', { defaultInterval: Duration.days(800) }, 'defaultInterval is 800 days, expected 5 minutes to 455 days'],
    ['a token', { defaultInterval: Duration.days(Token.asNumber({ Ref: 'Days' })) }, 'defaultInterval has to be known at synthesis, and is a token'],
  ])('refused: %s', (_, options, message) => {
    expect(() => create(options)).toThrow(message);
  });

  test('once at a scheduler', () => {
    expect(() => create({}, (scheduler) => scheduler.addDashboard()))
      .toThrow('Stack/Sched has its dashboard already: add it once, or make a WebhookSchedulerDashboard for another one');
  });

  test('more widgets can be added, below', () => {
    const stack = new Stack(new App(), 'Stack');
    const { dashboard } = new WebhookScheduler(stack, 'Sched').addDashboard();
    dashboard.addWidgets(new cloudwatch.TextWidget({ markdown: 'Mine', width: 24, height: 2 }));
    const { widgets } = bodyOf(stack);
    const end = Math.max(...PLAIN.widgets.map(({ y, height }) => y + height));
    expect(widgets.slice(0, -1)).toEqual(PLAIN.widgets);
    expect(widgets.at(-1)).toMatchObject({ type: 'text', markdown: 'Mine', x: 0, y: end });
  });
});

describe('where it is', () => {
  function elsewhere(schedulers: Environment | undefined, here: Environment | undefined, isCrossRegion = false) {
    const app = new App();
    const owner = new Stack(app, 'Schedulers', { env: schedulers, crossRegionReferences: isCrossRegion });
    const monitoring = new Stack(app, 'Monitoring', { env: here, crossRegionReferences: isCrossRegion });
    const scheduler = new WebhookScheduler(owner, 'Sched');
    new WebhookSchedulerDashboard(monitoring, 'Dashboard', { scheduler });
    return { app, owner, monitoring };
  }

  test('another stack: by what the scheduler\'s one exports', () => {
    const { owner, monitoring } = elsewhere(undefined, undefined);
    const body = bodyOf(monitoring);
    expect(body.widgets).toHaveLength(PLAIN.widgets.length);
    const values = metricsOf(body).flatMap(({ dimensions }) => Object.values(dimensions));
    expect(values.filter((value) => !value.startsWith('${Schedulers:'))).toEqual([]);
    const exported = Object.values(Template.fromStack(owner).toJSON().Outputs as Record<string, { Export: { Name: string } }>).map(({ Export }) => `\${${Export.Name}}`);
    expect(exported).toEqual(expect.arrayContaining(values));
  });

  test('of the same environment: regions are not repeated', () => {
    const { monitoring } = elsewhere(HERE, HERE);
    expect(linesOf(bodyOf(monitoring)).filter(({ options }) => options.region || options.accountId)).toEqual([]);
  });

  test('another region: metrics and logs are those of the scheduler\'s', () => {
    const { app } = elsewhere(HERE, { ...HERE, region: 'us-east-1' }, true);
    const { template } = app.synth().getStackByName('Monitoring');
    const { Properties } = Object.values(template.Resources as Record<string, { Type: string; Properties: Record<string, never> }>)
      .find(({ Type }) => Type === 'AWS::CloudWatch::Dashboard')!;
    const body = readBody(Properties.DashboardBody);
    const metrics = linesOf(body).filter(({ metric }) => metric);
    expect(metrics.length).toBeGreaterThan(30);
    expect(metrics.filter(({ options }) => options.region !== 'eu-west-1')).toEqual([]);
    expect(body.widgets.find(({ type }) => type === 'log')).toMatchObject({ region: 'eu-west-1' });
  });

  test('a stack whose region is not known: the widgets follow it', () => {
    expect(PLAIN.widgets.filter((widget): widget is Graph | Log => 'region' in widget).map(({ region }) => region))
      .toEqual(Array(graphsOf(PLAIN).length + 1).fill('${AWS::Region}'));
  });
});
