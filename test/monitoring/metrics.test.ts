// The metrics that a scheduler can be asked for: of what, by which dimension, in whose account and region.
import { App, Duration, Fn, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { IWebhookScheduler, WebhookScheduler } from '../../src';
import { METRIC_DIMENSION, METRIC_NAMESPACE, MetricName } from '../../src/core/metric-names';

const SUM = cloudwatch.Stats.SUM;
const P99 = cloudwatch.Stats.p(99);

/** The method of each metric, and its statistic. */
const METHODS: Readonly<Record<MetricName, readonly [keyof IWebhookScheduler & `metric${string}`, string]>> = {
  Accepted: ['metricAccepted', SUM],
  Invalid: ['metricInvalid', SUM],
  Scheduled: ['metricScheduled', SUM],
  Delivered: ['metricDelivered', SUM],
  Failed: ['metricFailed', SUM],
  Retried: ['metricRetried', SUM],
  Cancelled: ['metricCancelled', SUM],
  DuplicatesStopped: ['metricDuplicatesStopped', SUM],
  Lateness: ['metricLateness', P99],
  EndpointDuration: ['metricEndpointDuration', P99],
  LoadLag: ['metricLoadLag', cloudwatch.Stats.MAXIMUM],
};
const NAMES = Object.values(MetricName);
const ARN = 'arn:aws:sns:us-east-1:222222222222:Input';
const HERE = { account: '111111111111', region: 'eu-west-1' };

type MetricMethod = (options?: cloudwatch.MetricOptions) => cloudwatch.Metric;

function call(scheduler: IWebhookScheduler, name: MetricName, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
  const method = scheduler[METHODS[name][0]] as MetricMethod;
  return method.call(scheduler, options);
}

/** As it stands in the template of an alarm. */
function alarmOn(stack: Stack, metric: cloudwatch.Metric): Record<string, unknown> {
  metric.createAlarm(stack, 'Alarm', { threshold: 1, evaluationPeriods: 1 });
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm'));
  return Properties;
}

test('every metric that is written can be asked for, and no other', () => {
  expect(Object.keys(METHODS).sort()).toEqual([...NAMES].sort());
  const all: string[] = [];
  for (let type = WebhookScheduler.prototype as object; type !== Object.prototype; type = Object.getPrototypeOf(type)) {
    all.push(...Object.getOwnPropertyNames(type));
  }
  const methods = all.filter((name) => /^metric./.test(name));
  expect(methods.sort()).toEqual(Object.values(METHODS).map(([method]) => method).sort());
});

describe.each(NAMES)('%s', (name) => {
  const [, statistic] = METHODS[name];

  test('of a scheduler of this stack: by the name of its topic', () => {
    const stack = new Stack(new App(), 'Stack');
    const scheduler = new WebhookScheduler(stack, 'Sched');
    const metric = call(scheduler, name);
    expect(metric).toMatchObject({ namespace: METRIC_NAMESPACE, metricName: name, statistic, account: undefined, region: undefined });
    expect(metric.period.toSeconds()).toBe(300);
    const topicName = { 'Fn::GetAtt': [stack.getLogicalId(scheduler.inputTopic.node.defaultChild as never), 'TopicName'] };
    expect(stack.resolve(metric.dimensions)).toEqual({ [METRIC_DIMENSION]: topicName });
  });

  test('of an imported one: by the name in the ARN, in its account and region', () => {
    const stack = new Stack(new App(), 'Stack', { env: HERE });
    const metric = call(WebhookScheduler.fromInputTopicArn(stack, 'Sched', ARN), name);
    expect(metric).toMatchObject({ metricName: name, statistic, account: '222222222222', region: 'us-east-1', dimensions: { [METRIC_DIMENSION]: 'Input' } });
  });

  test('with other options', () => {
    const scheduler = WebhookScheduler.fromInputTopicArn(new Stack(new App(), 'Stack'), 'Sched', ARN);
    const metric = call(scheduler, name, {
      statistic: 'Average', period: Duration.minutes(1), label: 'label', color: '#112233', region: 'eu-north-1', account: '333333333333',
    });
    expect(metric).toMatchObject({
      metricName: name, statistic: 'Average', label: 'label', color: '#112233', region: 'eu-north-1', account: '333333333333',
    });
    expect(metric.period.toSeconds()).toBe(60);
  });
});

describe('the environment', () => {
  test('is that of the stack, for a scheduler of one whose environment is known', () => {
    const stack = new Stack(new App(), 'Stack', { env: HERE });
    expect(new WebhookScheduler(stack, 'Sched').metricLateness()).toMatchObject(HERE);
  });

  test('does not stand in an alarm of the same account and region', () => {
    const stack = new Stack(new App(), 'Stack', { env: HERE });
    const properties = alarmOn(stack, new WebhookScheduler(stack, 'Sched').metricFailed());
    expect(properties).toMatchObject({ Namespace: METRIC_NAMESPACE, MetricName: 'Failed', Statistic: 'Sum', Period: 300 });
    expect(properties).not.toHaveProperty('Metrics');
  });

  test('names the account in an alarm on an imported scheduler of another one', () => {
    const stack = new Stack(new App(), 'Stack', { env: { ...HERE, region: 'us-east-1' } });
    const properties = alarmOn(stack, WebhookScheduler.fromInputTopicArn(stack, 'Sched', ARN).metricFailed());
    expect(properties.Metrics).toEqual([expect.objectContaining({ AccountId: '222222222222' })]);
  });

  test('keeps an alarm out of another region, where it would see nothing', () => {
    const stack = new Stack(new App(), 'Stack', { env: HERE });
    const metric = WebhookScheduler.fromInputTopicArn(stack, 'Sched', ARN).metricFailed();
    expect(() => alarmOn(stack, metric)).toThrow("Cannot create an Alarm in region 'eu-west-1' based on metric 'Failed' in 'us-east-1'");
  });

  test('is left open where the ARN of an imported scheduler is known at deployment only', () => {
    const stack = new Stack(new App(), 'Stack', { env: HERE });
    const scheduler = WebhookScheduler.fromInputTopicArn(stack, 'Sched', Fn.importValue('InputTopicArn'));
    const { Dimensions } = alarmOn(stack, scheduler.metricFailed()) as { Dimensions: object[] };
    expect(Dimensions).toEqual([{ Name: METRIC_DIMENSION, Value: { 'Fn::Select': [5, { 'Fn::Split': [':', { 'Fn::ImportValue': 'InputTopicArn' }] }] } }]);
  });
});

test('any other metric of the namespace can be asked for by its name', () => {
  const scheduler = WebhookScheduler.fromInputTopicArn(new Stack(new App(), 'Stack'), 'Sched', ARN);
  expect(scheduler.metric('Lateness', { statistic: cloudwatch.Stats.p(50) })).toMatchObject({
    namespace: METRIC_NAMESPACE, metricName: 'Lateness', statistic: 'p50', dimensions: { [METRIC_DIMENSION]: 'Input' },
  });
  expect(scheduler.metric('Lateness').statistic).toBe('Average');
});
