// The alarms: on what they go off, whom they tell, and what can be set.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Duration, Environment, Lazy, Stack, Token } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { AlarmRule, DataPoints, evaluate, isOn, METRIC } from './expressions';
import { WebhookScheduler, WebhookSchedulerAlarms, WebhookSchedulerAlarmsOptions, WebhookSchedulerProps } from '../../src';
import { LOAD_HORIZON } from '../../src/alarm-thresholds';
import { MetricName } from '../../src/core/metric-names';

const OPERATIONS = readFileSync(path.join(__dirname, '../../docs/operations.md'), 'utf8');
const GUIDE = 'https://github.com/cdk-webhook-scheduler/cdk-webhook-scheduler/blob/main/docs/operations.md';
const HERE: Environment = { account: '111111111111', region: 'eu-west-1' };

interface MetricStat {
  readonly Metric: { readonly Namespace: string; readonly MetricName: string };
  readonly Period: number;
  readonly Stat: string;
}

interface AlarmProperties extends AlarmRule {
  readonly AlarmDescription: string;
  readonly AlarmActions?: unknown[];
  readonly OKActions?: unknown[];
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Metrics?: readonly { readonly Id: string; readonly Expression?: string; readonly MetricStat?: MetricStat; readonly AccountId?: string }[];
}

/** Names of the alarms, which are those of the construct's properties and of the options that leave them out. */
const NAMES = [
  'ingestDeadLetters', 'delayDeadLetters', 'unreportedLetters', 'loadLag', 'tickMissed', 'deliveryStalled', 'lateness', 'failureRatio', 'throttles',
  'errors', 'ingestAge',
] as const;
type Name = typeof NAMES[number];

function propertiesOf(stack: Stack, alarm: cloudwatch.Alarm): AlarmProperties {
  const id = stack.getLogicalId(alarm.node.defaultChild as cloudwatch.CfnAlarm);
  return Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm')[id].Properties;
}

function create(options?: WebhookSchedulerAlarmsOptions, env?: Environment, props?: WebhookSchedulerProps) {
  const stack = new Stack(new App(), 'Stack', { env });
  const scheduler = new WebhookScheduler(stack, 'Sched', props);
  const alarms = scheduler.addAlarms(options);
  const of = (name: Name) => propertiesOf(stack, alarms[name]!);
  return { stack, scheduler, alarms, of };
}

const { alarms: ALARMS, of: OF } = create();

/** What an alarm reads, each as `namespace metric statistic period`. */
function readsOf({ Namespace, MetricName: name, Statistic, ExtendedStatistic, Period, Metrics }: AlarmProperties): string[] {
  if (!Metrics) {
    return [`${Namespace} ${name} ${Statistic ?? ExtendedStatistic} ${Period}`];
  }
  return Metrics.flatMap(({ MetricStat: stat }) => (stat ? [`${stat.Metric.Namespace} ${stat.Metric.MetricName} ${stat.Stat} ${stat.Period}`] : []));
}

const expressionOf = ({ Metrics }: AlarmProperties) => Metrics!.find(({ Expression }) => Expression)!.Expression!;

interface Expected {
  readonly reads: readonly string[];
  readonly threshold: number;
  readonly datapoints: readonly [number, number];
  readonly comparison?: string;
  readonly missing?: string;
  readonly section: string;
}

const VISIBLE = 'AWS/SQS ApproximateNumberOfMessagesVisible Maximum 60';
const IN_FLIGHT = 'AWS/SQS ApproximateNumberOfMessagesNotVisible Maximum 60';
const RUNS = ['AWS/Lambda Invocations Sum 60', 'AWS/Lambda ConcurrentExecutions Maximum 60'];
const EXPECTED: Readonly<Record<Name, Expected>> = {
  ingestDeadLetters: { reads: [VISIBLE], threshold: 1, datapoints: [1, 1], section: 'dead-letters' },
  delayDeadLetters: { reads: [VISIBLE], threshold: 1, datapoints: [1, 1], section: 'dead-letters' },
  unreportedLetters: { reads: [VISIBLE, IN_FLIGHT, VISIBLE, IN_FLIGHT], threshold: 1, datapoints: [15, 17], section: 'dead-letters' },
  loadLag: { reads: ['WebhookScheduler LoadLag Maximum 60'], threshold: 120_000, datapoints: [2, 5], section: 'load-lag' },
  tickMissed: {
    reads: RUNS, threshold: 1, datapoints: [4, 5], comparison: 'LessThanThreshold', missing: 'breaching', section: 'tick-missed',
  },
  deliveryStalled: { reads: [VISIBLE, ...RUNS], threshold: 1, datapoints: [3, 5], section: 'delivery-stalled' },
  lateness: { reads: ['WebhookScheduler Lateness p99 300'], threshold: 5_000, datapoints: [2, 3], section: 'lateness' },
  failureRatio: {
    reads: ['WebhookScheduler Delivered Sum 900', 'WebhookScheduler Failed Sum 900'], threshold: 0.1, datapoints: [1, 1], section: 'failure-ratio',
  },
  throttles: { reads: Array(3).fill('AWS/Lambda Throttles Sum 60'), threshold: 1, datapoints: [3, 5], section: 'throttles' },
  errors: { reads: Array(3).fill('AWS/Lambda Errors Sum 60'), threshold: 1, datapoints: [3, 12], section: 'errors' },
  ingestAge: { reads: ['AWS/SQS ApproximateAgeOfOldestMessage Maximum 60'], threshold: 300, datapoints: [3, 3], section: 'ingest-age' },
};

describe.each(NAMES)('%s', (name) => {
  const { reads, threshold, datapoints, comparison = 'GreaterThanOrEqualToThreshold', missing = 'notBreaching', section } = EXPECTED[name];
  const properties = OF(name);

  test('watches what it is named after, and goes off when it should', () => {
    expect(readsOf(properties)).toEqual(reads);
    expect(properties).toMatchObject({
      Threshold: threshold,
      ComparisonOperator: comparison,
      DatapointsToAlarm: datapoints[0],
      EvaluationPeriods: datapoints[1],
      TreatMissingData: missing,
    });
    expect(properties).not.toHaveProperty('AlarmActions');
  });

  test('says what it means, what to do first, and where to read on', () => {
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    expect(properties.AlarmDescription.length).toBeLessThanOrEqual(1024);
    expect(properties.AlarmDescription).toMatch(/^[A-Z].+\. First: .+\. https:\S+$/);
    expect(properties.AlarmDescription.endsWith(` ${GUIDE}#${section}`)).toBe(true);
    const sections = [...OPERATIONS.matchAll(/^#+ (.+)$/gm)].map(([, title]) => title.toLowerCase().replace(/[^\w -]/g, '').replace(/ /g, '-'));
    expect(sections).toContain(section);
  });

  test('is left out by its option, and only it', () => {
    const { stack, alarms } = create({ [name]: false });
    expect(NAMES.filter((other) => !alarms[other])).toEqual([name]);
    expect(alarms.all).toHaveLength(NAMES.length - 1);
    Template.fromStack(stack).resourceCountIs('AWS::CloudWatch::Alarm', NAMES.length - 1);
  });
});

test('all are listed, and every one is known here', () => {
  expect(ALARMS.all).toEqual(NAMES.map((name) => ALARMS[name]));
  const properties = Object.entries(ALARMS).filter(([, value]) => value instanceof cloudwatch.Alarm).map(([name]) => name);
  expect(properties.sort()).toEqual([...NAMES].sort());
});

test('what they cost is what the docstring says: $0.10 for each metric', () => {
  const metrics = NAMES.flatMap((name) => readsOf(OF(name))).length;
  const source = readFileSync(path.join(__dirname, '../../src/webhook-scheduler-alarms.ts'), 'utf8');
  expect(source).toContain(`they cost $${(metrics * 0.1).toFixed(2)} a month`);
});

test('none counts what was sent to a dead-letter queue, which leaves out what SQS moved there', () => {
  expect(NAMES.flatMap((name) => readsOf(OF(name))).filter((metric) => metric.includes('NumberOfMessagesSent'))).toEqual([]);
});

test('custom metrics are read under names that are written', () => {
  const custom = NAMES.flatMap((name) => readsOf(OF(name))).filter((metric) => metric.startsWith('WebhookScheduler '));
  expect(custom.length).toBeGreaterThan(3);
  custom.forEach((metric) => expect(Object.values(MetricName)).toContain(metric.split(' ')[1]));
});

describe('of what is worked out', () => {
  test.each(['unreportedLetters', 'throttles', 'errors'] as const)('%s: the sum of all, whichever are missing', (name) => {
    const properties = OF(name);
    const ids = properties.Metrics!.filter(({ MetricStat: stat }) => stat).map(({ Id }) => Id);
    expect(evaluate(expressionOf(properties), {})).toBe(0);
    ids.forEach((id) => expect(evaluate(expressionOf(properties), { [id]: 7 })).toBe(7));
    expect(evaluate(expressionOf(properties), Object.fromEntries(ids.map((id) => [id, 2])))).toBe(2 * ids.length);
  });

  test.each([
    ['nothing ended', {}, 0],
    ['one of one, at night', { failed: 1 }, 0],
    ['nineteen of nineteen', { failed: 19 }, 0],
    ['twenty of twenty', { failed: 20 }, 1],
    ['a tenth', { failed: 2, delivered: 18 }, 0.1],
    ['none of many', { delivered: 1000 }, 0],
  ])('failureRatio: %s', (_, points, ratio) => {
    expect(evaluate(expressionOf(OF('failureRatio')), points)).toBe(ratio);
  });

  test.each([
    ['nothing is due', {}, 0],
    ['all is well', { visible: 3, invocations: 5 }, 0],
    ['idle', { visible: 0, invocations: 0 }, 0],
    ['webhooks wait for workers that have their hands full', { visible: 3, running: 100 }, 0],
    ['webhooks wait, and nobody comes', { visible: 3 }, 1],
  ])('deliveryStalled: %s', (_, points, value) => {
    expect(evaluate(expressionOf(OF('deliveryStalled')), points)).toBe(value);
  });
});

describe('as CloudWatch evaluates them', () => {
  const HOUR = 60;
  const NOT_YET = [0, 1, 2];

  /** Data points of an hour up to now, of which those of the newest minutes have not come yet: of all metrics, or of each its own. */
  const hourOf = (points: DataPoints, late: number | Readonly<Record<string, number>>): DataPoints[] => Array.from({ length: HOUR }, (_, minute) => (
    Object.fromEntries(Object.entries(points).filter(([id]) => HOUR - minute > (typeof late === 'number' ? late : late[id])))
  ));

  /** Of every minute, where all is lost and where all is well. */
  const STATES: Readonly<Record<Name, { readonly bad: DataPoints; readonly good: DataPoints }>> = {
    ingestDeadLetters: { bad: { [METRIC]: 1 }, good: { [METRIC]: 0 } },
    delayDeadLetters: { bad: { [METRIC]: 1 }, good: { [METRIC]: 0 } },
    unreportedLetters: { bad: { ingestInFlight: 1 }, good: { ingestInFlight: 0 } },
    loadLag: { bad: { [METRIC]: 120_000 }, good: { [METRIC]: 800 } },
    tickMissed: { bad: {}, good: { invocations: 1, running: 1 } },
    deliveryStalled: { bad: { visible: 1 }, good: { visible: 1, invocations: 9, running: 2 } },
    lateness: { bad: { [METRIC]: 5_000 }, good: { [METRIC]: 3 } },
    failureRatio: { bad: { failed: 2 }, good: { delivered: 2 } },
    throttles: { bad: { deliver: 1 }, good: {} },
    errors: { bad: { ingest: 1 }, good: {} },
    ingestAge: { bad: { [METRIC]: 300 }, good: { [METRIC]: 1 } },
  };

  test.each(NAMES.flatMap((name) => NOT_YET.map((late) => ({ name, late }))))('$name needs no point of the newest minutes: $late have none yet', ({ name, late }) => {
    const { bad, good } = STATES[name];
    expect(isOn(OF(name), hourOf(bad, late))).toBe(true);
    expect(isOn(OF(name), hourOf(good, late))).toBe(false);
  });

  // Lambda tells of an invocation when it has ended, and dates it from its beginning; how many are under way it tells each minute.
  // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
  describe.each([{ seconds: 15 }, { seconds: 300 }, { seconds: 840 }])('runs that take as long as they may, with a requestTimeout of $seconds s', ({ seconds }) => {
    const { stack, of } = create({}, undefined, { requestTimeout: Duration.seconds(seconds) });
    const minutesOf = (id: string) => {
      const functions = Object.entries(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
      return Math.ceil(functions.find(([logicalId]) => logicalId.startsWith(`Sched${id}`))![1].Properties.Timeout / 60);
    };

    test.each(['Ingest', 'Load', 'Deliver'])('errors: %s, cut off each time', (id) => {
      for (const late of NOT_YET) {
        expect(isOn(of('errors'), hourOf({ [id.toLowerCase()]: 1 }, minutesOf(id) + late))).toBe(true);
      }
      expect(of('errors').AlarmDescription).toContain(`have failed in 3 of ${of('errors').EvaluationPeriods} minutes`);
    });

    test('tickMissed: no tick is missed while load catches up', () => {
      for (const late of NOT_YET) {
        expect(isOn(of('tickMissed'), hourOf({ invocations: 1, running: 5 }, { invocations: minutesOf('Load') + late, running: late }))).toBe(false);
      }
    });

    test('deliveryStalled: nothing is stalled while endpoints hang', () => {
      for (const late of NOT_YET) {
        const points = hourOf({ visible: 1, invocations: 9, running: 100 }, { visible: 0, invocations: minutesOf('Deliver') + late, running: late });
        expect(isOn(of('deliveryStalled'), points)).toBe(false);
      }
    });
  });

  test.each([
    { name: 'tickMissed', before: { invocations: 1, running: 1 }, since: {}, minutes: 4 },
    { name: 'deliveryStalled', before: { visible: 1, invocations: 9, running: 2 }, since: { visible: 1 }, minutes: 3 },
  ] as const)('$name goes off after $minutes minutes, as it says', ({ name, before, since, minutes }) => {
    const after = (count: number) => isOn(OF(name), [...Array<DataPoints>(HOUR).fill(before), ...Array<DataPoints>(count).fill(since)]);
    expect(after(minutes - 1)).toBe(false);
    expect(after(minutes)).toBe(true);
    expect(OF(name).AlarmDescription).toContain(`for ${minutes} minutes`);
  });
});

describe('thresholds', () => {
  test('can be set', () => {
    const { of } = create({
      loadLagThreshold: Duration.seconds(90),
      latenessThreshold: Duration.seconds(1),
      ingestAgeThreshold: Duration.hours(1),
      failureRatioThreshold: 0.025,
      failureRatioMinimumWebhooks: 100,
      throttlesThreshold: 50,
      errorsThreshold: 3,
    });
    expect(of('loadLag')).toMatchObject({ Threshold: 90_000, AlarmDescription: expect.stringContaining('1 minute 30 seconds behind') });
    expect(of('lateness')).toMatchObject({ Threshold: 1_000, AlarmDescription: expect.stringContaining('1 second late') });
    expect(of('ingestAge')).toMatchObject({ Threshold: 3_600, AlarmDescription: expect.stringContaining('waited 1 hour') });
    expect(of('failureRatio')).toMatchObject({ Threshold: 0.025, AlarmDescription: expect.stringContaining('2.5 %') });
    expect(evaluate(expressionOf(of('failureRatio')), { failed: 99 })).toBe(0);
    expect(evaluate(expressionOf(of('failureRatio')), { failed: 100 })).toBe(1);
    expect(of('throttles').Threshold).toBe(50);
    expect(of('errors').Threshold).toBe(3);
  });

  const notKnown = { produce: () => 1 };
  test.each<[string, WebhookSchedulerAlarmsOptions, string]>([
    ['a lag that makes webhooks late before it is told', { loadLagThreshold: Duration.minutes(6) },
      'loadLagThreshold is 6 minutes, expected 1 second to 5 minutes'],
    ['no lateness at all', { latenessThreshold: Duration.millis(5) }, 'latenessThreshold is 5 millis, expected whole seconds'],
    ['days of lateness', { latenessThreshold: Duration.days(2) }, 'latenessThreshold is 2 days, expected 1 second to 1 day'],
    ['no age', { ingestAgeThreshold: Duration.seconds(0) }, 'ingestAgeThreshold is 0 seconds, expected 1 second to 1 day'],
    ['a ratio in percent', { failureRatioThreshold: 10 }, 'failureRatioThreshold is 10, expected a number above 0, and at most 1'],
    ['a ratio of nothing', { failureRatioThreshold: 0 }, 'failureRatioThreshold is 0, expected a number above 0, and at most 1'],
    ['no minimum', { failureRatioMinimumWebhooks: 0 }, 'failureRatioMinimumWebhooks is 0, expected a whole number from 1 to 1000000'],
    ['half a throttle', { throttlesThreshold: 0.5 }, 'throttlesThreshold is 0.5, expected a whole number from 1 to 1000000'],
    ['no errors', { errorsThreshold: 0 }, 'errorsThreshold is 0, expected a whole number from 1 to 1000000'],
    ['a duration that is a token', { latenessThreshold: Duration.seconds(Token.asNumber(notKnown)) },
      'latenessThreshold has to be known at synthesis, and is a token; pass a literal Duration'],
    ['a number that is a token', { errorsThreshold: Lazy.number(notKnown) },
      'errorsThreshold has to be known at synthesis, and is a token; pass a literal number'],
    ['a ratio that is a token', { failureRatioThreshold: Lazy.number(notKnown) },
      'failureRatioThreshold has to be known at synthesis, and is a token; pass a literal number'],
    ['a threshold of an alarm that is left out', { lateness: false, latenessThreshold: Duration.seconds(1) },
      'latenessThreshold is given, and lateness is false, which leaves the alarm out: expected one of them'],
    ['a minimum of an alarm that is left out', { failureRatio: false, failureRatioMinimumWebhooks: 5 },
      'failureRatioMinimumWebhooks is given, and failureRatio is false, which leaves the alarm out: expected one of them'],
  ])('refused: %s', (_, options, message) => {
    expect(() => create(options)).toThrow(message);
  });

  test('lag is told of before webhooks are late: load works as far ahead as the alarm says', () => {
    const template = Template.fromStack(create().stack);
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ LOAD_HORIZON_SECONDS: String(LOAD_HORIZON.toSeconds()) }) },
    });
  });
});

describe('who is told', () => {
  const ALARM_ARNS = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudwatch:eu-west-1:111111111111:alarm:*']] };
  const LET_IN = { Effect: 'Allow', Principal: { Service: 'cloudwatch.amazonaws.com' }, Action: 'sns:Publish', Condition: { ArnLike: { 'aws:SourceArn': ALARM_ARNS } } };

  function createWithTopic(topicOf: (stack: Stack) => sns.ITopic) {
    const stack = new Stack(new App(), 'Stack', { env: HERE });
    const scheduler = new WebhookScheduler(stack, 'Sched');
    const topic = topicOf(stack);
    return { stack, topic, alarms: scheduler.addAlarms({ alarmTopic: topic }) };
  }

  const statementsOf = (stack: Stack, type: string, property: string) => (
    Object.values(Template.fromStack(stack).findResources(type))
      .flatMap(({ Properties }) => Properties[property].Statement as Record<string, unknown>[])
  );

  test('a topic, which lets alarms of the account publish', () => {
    const { stack, topic, alarms } = createWithTopic((scope) => new sns.Topic(scope, 'OnCall', { enforceSSL: true }));
    for (const alarm of alarms.all) {
      expect(propertiesOf(stack, alarm).AlarmActions).toEqual([stack.resolve(topic.topicArn)]);
    }
    expect(statementsOf(stack, 'AWS::SNS::TopicPolicy', 'PolicyDocument')).toContainEqual(expect.objectContaining({
      ...LET_IN, Resource: stack.resolve(topic.topicArn),
    }));
  });

  test('a topic with a key, which lets CloudWatch use it', () => {
    const { stack } = createWithTopic((scope) => new sns.Topic(scope, 'OnCall', { masterKey: new kms.Key(scope, 'Key') }));
    expect(statementsOf(stack, 'AWS::KMS::Key', 'KeyPolicy')).toContainEqual({
      Effect: 'Allow', Principal: { Service: 'cloudwatch.amazonaws.com' }, Action: ['kms:Decrypt', 'kms:GenerateDataKey*'], Resource: '*',
    });
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('an imported topic with a key: synthesis says what its owner has to do', () => {
    const topicArn = 'arn:aws:sns:eu-west-1:111111111111:OnCall';
    const { stack, alarms } = createWithTopic((scope) => sns.Topic.fromTopicAttributes(scope, 'OnCall', {
      topicArn, keyArn: 'arn:aws:kms:eu-west-1:111111111111:key/1',
    }));
    expect(propertiesOf(stack, alarms.lateness!).AlarmActions).toEqual([topicArn]);
    Annotations.fromStack(stack).hasWarning('/Stack/Sched/Alarms', Match.stringLikeRegexp('allow kms:Decrypt and kms:GenerateDataKey\\* to cloudwatch'));
  });

  test('no topic with the key of AWS, which alarms cannot publish to', () => {
    expect(() => createWithTopic((scope) => new sns.Topic(scope, 'OnCall', { masterKey: kms.Alias.fromAliasName(scope, 'Key', 'alias/aws/sns') })))
      .toThrow('alarmTopic is encrypted with the key that AWS manages, which CloudWatch may not use: expected a topic with a key of yours, or none');
  });

  test('no topic of another region, which alarms cannot publish to', () => {
    expect(() => createWithTopic((scope) => sns.Topic.fromTopicArn(scope, 'OnCall', 'arn:aws:sns:us-east-1:111111111111:OnCall')))
      .toThrow('alarmTopic is in us-east-1, expected eu-west-1, the region of the scheduler');
  });

  test('one topic for several schedulers', () => {
    const stack = new Stack(new App(), 'Stack', { env: HERE });
    const alarmTopic = new sns.Topic(stack, 'OnCall', { masterKey: new kms.Key(stack, 'Key') });
    ['One', 'Two'].forEach((id) => new WebhookScheduler(stack, id).addAlarms({ alarmTopic }));
    const allowed = statementsOf(stack, 'AWS::SNS::TopicPolicy', 'PolicyDocument').filter(({ Principal }) => JSON.stringify(Principal).includes('cloudwatch'));
    expect(allowed).toHaveLength(1);
  });

  test('other actions, when alarms go off and when they end', () => {
    const { stack, alarms, of } = create();
    const [first, second, third] = ['First', 'Second', 'Third'].map((id) => new sns.Topic(stack, id));
    alarms.addAlarmAction(new actions.SnsAction(first), new actions.SnsAction(second));
    alarms.addOkAction(new actions.SnsAction(third));
    for (const name of NAMES) {
      expect(of(name)).toMatchObject({
        AlarmActions: [stack.resolve(first.topicArn), stack.resolve(second.topicArn)], OKActions: [stack.resolve(third.topicArn)],
      });
    }
  });
});

describe('where they are', () => {
  test('another stack of the region', () => {
    const app = new App();
    const scheduler = new WebhookScheduler(new Stack(app, 'Schedulers', { env: HERE }), 'Sched');
    const monitoring = new Stack(app, 'Monitoring', { env: HERE });
    const alarms = new WebhookSchedulerAlarms(monitoring, 'Alarms', { scheduler, alarmTopic: new sns.Topic(monitoring, 'OnCall') });
    expect(alarms.all).toHaveLength(NAMES.length);
    const template = Template.fromStack(monitoring);
    template.resourceCountIs('AWS::CloudWatch::Alarm', NAMES.length);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'Lateness', Dimensions: [{ Name: 'InputTopic', Value: { 'Fn::ImportValue': Match.stringLikeRegexp('^Schedulers:') } }],
    });
  });

  test.each([
    ['region', { region: 'us-east-1' }, 'the alarms are in us-east-1, expected eu-west-1, the region of Schedulers/Sched'],
    ['account', { account: '444455556666' }, 'the alarms are in 444455556666, expected 111111111111, the account of Schedulers/Sched'],
  ])('not another %s, whose metrics they would not see', (_, elsewhere, message) => {
    const app = new App();
    const scheduler = new WebhookScheduler(new Stack(app, 'Schedulers', { env: HERE }), 'Sched');
    const monitoring = new Stack(app, 'Monitoring', { env: { ...HERE, ...elsewhere } });
    expect(() => new WebhookSchedulerAlarms(monitoring, 'Alarms', { scheduler })).toThrow(`${message}: an alarm sees metrics of its own account and region only`);
  });

  test('once at a scheduler; with other thresholds beside it', () => {
    const { stack, scheduler } = create();
    expect(() => scheduler.addAlarms()).toThrow('Stack/Sched has its alarms already: add them once, or make a WebhookSchedulerAlarms for others');
    new WebhookSchedulerAlarms(stack, 'Strict', { scheduler, latenessThreshold: Duration.seconds(1) });
    Template.fromStack(stack).resourceCountIs('AWS::CloudWatch::Alarm', 2 * NAMES.length);
  });
});
