// What a person on call wants to be woken for, and nothing else.
import { Annotations, ArnFormat, Duration, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DEFAULT_THRESHOLDS, LOAD_HORIZON } from './alarm-thresholds';
import { guide } from './guides';
import { requireBetween, requireNumber, requireRegion, requireWholeNumber } from './validation';
import type { WebhookScheduler } from './webhook-scheduler';

/** Which alarms a scheduler gets, when they go off, and whom they tell. All are optional. */
export interface WebhookSchedulerAlarmsOptions {
  /**
   * A topic to notify when an alarm goes off: in the region of the scheduler.
   *
   * A topic of the app is made to let the alarms of this account publish to it, and its key, if it has one, to let CloudWatch use it: the policy
   * that SNS gives a topic by default, which does the former, ends with the first statement that an app adds. What is imported cannot be changed
   * from here: the policy of the topic has to allow `sns:Publish` to `cloudwatch.amazonaws.com`, and that of its key `kms:Decrypt` and
   * `kms:GenerateDataKey*`; the key that AWS manages, `alias/aws/sns`, never does.
   *
   * @see https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger
   * @see https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
   * @default - nobody is told; `addAlarmAction` adds who is
   */
  readonly alarmTopic?: sns.ITopic;

  /**
   * Whether there is an alarm on messages in the ingest dead-letter queue: what was published and could not be stored in three and a half hours.
   *
   * On what lies there, at any time. The number of messages sent to a dead-letter queue would not do: it leaves out those that SQS moved there.
   *
   * @default true
   */
  readonly ingestDeadLetters?: boolean;

  /**
   * Whether there is an alarm on messages in the delay dead-letter queue: webhooks that could not be fired, and outcomes that could not be written.
   *
   * @default true
   */
  readonly delayDeadLetters?: boolean;

  /**
   * Whether there is an alarm on messages that have been in one of the unreported queues for a quarter of an hour: dead letters that the failure
   * topic has not been told of, since the load function or the topic is out of order.
   *
   * @default true
   */
  readonly unreportedLetters?: boolean;

  /**
   * Whether there is an alarm on the load function being behind, so that webhooks will soon be late.
   *
   * @default true
   */
  readonly loadLag?: boolean;

  /**
   * How far load may be behind, in two of five minutes: whole seconds, from 1 second to 5 minutes. It loads five minutes ahead, so that more than
   * that is too late for an alarm.
   *
   * @default Duration.minutes(2)
   */
  readonly loadLagThreshold?: Duration;

  /**
   * Whether there is an alarm on the load function not having run for four minutes: it goes off some five minutes after the last tick.
   *
   * It may go off for some minutes when a scheduler is deployed for the first time, until the first ticks have been counted.
   *
   * @default true
   */
  readonly tickMissed?: boolean;

  /**
   * Whether there is an alarm on webhooks that wait in the delay queue while the deliver function has not run for three minutes.
   *
   * What is not fired has no lateness, so that no other alarm says so.
   *
   * @default true
   */
  readonly deliveryStalled?: boolean;

  /**
   * Whether there is an alarm on how late webhooks are.
   *
   * @default true
   */
  readonly lateness?: boolean;

  /**
   * How late 99 of 100 webhooks may be, in two of three periods of five minutes: whole seconds, from 1 second to a day. A single burst, in which
   * webhooks wait for workers to start, is no reason to wake anyone.
   *
   * @default Duration.seconds(5)
   */
  readonly latenessThreshold?: Duration;

  /**
   * Whether there is an alarm on how many webhooks fail: end without a 2xx answer, after all their attempts.
   *
   * @default true
   */
  readonly failureRatio?: boolean;

  /**
   * Which part of the webhooks that end within a quarter of an hour may fail: above 0, at most 1.
   *
   * @default 0.1
   */
  readonly failureRatioThreshold?: number;

  /**
   * How many webhooks have to end within a quarter of an hour for their ratio to count, so that one of one, at night, wakes nobody: 1 to 1,000,000.
   *
   * @default 20
   */
  readonly failureRatioMinimumWebhooks?: number;

  /**
   * Whether there is an alarm on the functions being throttled, since the account has no concurrency left for them.
   *
   * @default true
   */
  readonly throttles?: boolean;

  /**
   * How many throttled invocations of the three functions a minute count, in three of five minutes: 1 to 1,000,000.
   *
   * @default 1
   */
  readonly throttlesThreshold?: number;

  /**
   * Whether there is an alarm on invocations of the functions that end in an error: those of load that could not do all of their work, and
   * those of the others that crashed or were cut off. What merely has to come again is none.
   *
   * @default true
   */
  readonly errors?: boolean;

  /**
   * How many errors of the three functions a minute count, in three of twelve minutes: 1 to 1,000,000. A single one mends itself, since its messages
   * come again.
   *
   * Lambda tells of an invocation when it ends, and dates it from its beginning: those of load may end five minutes later. Where `requestTimeout`
   * lets those of deliver take longer, it is three of as many more minutes.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
   *
   * @default 1
   */
  readonly errorsThreshold?: number;

  /**
   * Whether there is an alarm on messages that wait in the ingest queue.
   *
   * Not on those that come again and again: SQS leaves what has been received three times out of the age. They end as dead letters.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
   * @default true
   */
  readonly ingestAge?: boolean;

  /**
   * How old the oldest message in the ingest queue may be, three minutes in succession: whole seconds, from 1 second to a day.
   *
   * @default Duration.minutes(5)
   */
  readonly ingestAgeThreshold?: Duration;
}

/** Properties of {@link WebhookSchedulerAlarms}. */
export interface WebhookSchedulerAlarmsProps extends WebhookSchedulerAlarmsOptions {
  /**
   * The scheduler to watch: one of this app, of the same account and region. Of an imported one the queues and functions are not known; its own
   * metrics are, to make alarms of: `scheduler.metricLateness().createAlarm(…)`.
   */
  readonly scheduler: WebhookScheduler;
}

/** How an alarm decides. */
interface Rule {
  /** What has happened, and what to do first. */
  readonly description: string;
  /** Section of the guide to operations. */
  readonly section: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  /** Data points that have to be on the wrong side, and out of how many. */
  readonly datapoints: readonly [number, number];
  /** @default GREATER_THAN_OR_EQUAL_TO_THRESHOLD */
  readonly comparison?: cloudwatch.ComparisonOperator;
  /** @default NOT_BREACHING */
  readonly missingData?: cloudwatch.TreatMissingData;
}

const MINUTE = Duration.minutes(1);
/**
 * CloudWatch has no data points yet of the newest minute, or two. `FILL` puts its value there: an alarm that needed these points, too, would never
 * go off, or never end. So of filled points there are more evaluated than needed, by this many.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
const NOT_YET = 2;
const [LEAST_DURATION, MOST_DURATION] = [Duration.seconds(1), Duration.days(1)];
const MAX_COUNT = 1_000_000;

/**
 * Alarms of a webhook scheduler: few, and each for something that a person has to look at. The description of each says what has happened, what to
 * do first, and where to read on.
 *
 * All by themselves, they cost $2.20 a month: CloudWatch bills each metric of an alarm with $0.10 a month (list price of us-east-1, November 2026,
 * the first ten of an account are free), and some need several.
 *
 * @see https://aws.amazon.com/cloudwatch/pricing/
 *
 * @example
 *
 * declare const scheduler: WebhookScheduler;
 * declare const onCall: sns.Topic;
 *
 * scheduler.addAlarms({ alarmTopic: onCall, latenessThreshold: Duration.seconds(1), throttles: false });
 */
export class WebhookSchedulerAlarms extends Construct {
  /** Messages lie in the ingest dead-letter queue; `undefined` where it is left out. */
  public readonly ingestDeadLetters?: cloudwatch.Alarm;

  /** Messages lie in the delay dead-letter queue; `undefined` where it is left out. */
  public readonly delayDeadLetters?: cloudwatch.Alarm;

  /** Dead letters are not reported; `undefined` where it is left out. */
  public readonly unreportedLetters?: cloudwatch.Alarm;

  /** Load is behind; `undefined` where it is left out. */
  public readonly loadLag?: cloudwatch.Alarm;

  /** Load does not run; `undefined` where it is left out. */
  public readonly tickMissed?: cloudwatch.Alarm;

  /** Webhooks wait, and deliver does not run; `undefined` where it is left out. */
  public readonly deliveryStalled?: cloudwatch.Alarm;

  /** Webhooks are late; `undefined` where it is left out. */
  public readonly lateness?: cloudwatch.Alarm;

  /** Many webhooks fail; `undefined` where it is left out. */
  public readonly failureRatio?: cloudwatch.Alarm;

  /** Functions are throttled; `undefined` where it is left out. */
  public readonly throttles?: cloudwatch.Alarm;

  /** Functions fail; `undefined` where it is left out. */
  public readonly errors?: cloudwatch.Alarm;

  /** Published messages are not taken; `undefined` where it is left out. */
  public readonly ingestAge?: cloudwatch.Alarm;

  /** All that are not left out. */
  public readonly all: cloudwatch.Alarm[] = [];

  constructor(scope: Construct, id: string, props: WebhookSchedulerAlarmsProps) {
    super(scope, id);

    const { scheduler } = props;
    const loadLagThreshold = props.loadLagThreshold ?? DEFAULT_THRESHOLDS.loadLag;
    const latenessThreshold = props.latenessThreshold ?? DEFAULT_THRESHOLDS.lateness;
    const ingestAgeThreshold = props.ingestAgeThreshold ?? DEFAULT_THRESHOLDS.ingestAge;
    const failureRatioThreshold = props.failureRatioThreshold ?? DEFAULT_THRESHOLDS.failureRatio;
    const failureRatioMinimumWebhooks = props.failureRatioMinimumWebhooks ?? DEFAULT_THRESHOLDS.failureRatioMinimumWebhooks;
    const throttlesThreshold = props.throttlesThreshold ?? DEFAULT_THRESHOLDS.throttles;
    const errorsThreshold = props.errorsThreshold ?? DEFAULT_THRESHOLDS.errors;
    requireNoThresholdsOfNothing(props);
    requireBetween('loadLagThreshold', loadLagThreshold, LEAST_DURATION, LOAD_HORIZON);
    requireBetween('latenessThreshold', latenessThreshold, LEAST_DURATION, MOST_DURATION);
    requireBetween('ingestAgeThreshold', ingestAgeThreshold, LEAST_DURATION, MOST_DURATION);
    const isRatio = failureRatioThreshold > 0 && failureRatioThreshold <= 1;
    requireNumber('failureRatioThreshold', failureRatioThreshold, isRatio, 'a number above 0, and at most 1');
    requireWholeNumber('failureRatioMinimumWebhooks', failureRatioMinimumWebhooks, 1, MAX_COUNT);
    requireWholeNumber('throttlesThreshold', throttlesThreshold, 1, MAX_COUNT);
    requireWholeNumber('errorsThreshold', errorsThreshold, 1, MAX_COUNT);
    this.requireSamePlace(scheduler);

    const functions = { ingest: scheduler.ingestFunction, load: scheduler.loadFunction, deliver: scheduler.deliverFunction };
    const maximum: cloudwatch.MetricOptions = { period: MINUTE, statistic: cloudwatch.Stats.MAXIMUM };
    const sum: cloudwatch.MetricOptions = { period: MINUTE, statistic: cloudwatch.Stats.SUM };
    const visible = (queue: sqs.IQueue) => queue.metricApproximateNumberOfMessagesVisible(maximum);
    const inFlight = (queue: sqs.IQueue) => queue.metricApproximateNumberOfMessagesNotVisible(maximum);
    // Lambda tells of an invocation when it has ended, and dates it from its beginning. While one takes minutes, only how many are under way says that
    // there is one. https://docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html
    const runsOf = (target: lambda.IFunction) => ({
      invocations: target.metricInvocations(sum), running: target.metric('ConcurrentExecutions', maximum),
    });
    const longestRun = Math.max(...Object.values(functions).map((target) => (target as lambda.Function).timeout!.toSeconds()));
    const errorMinutes = 5 + Math.ceil(longestRun / 60) + NOT_YET;
    const ofAll = (metricOf: (target: lambda.IFunction) => cloudwatch.Metric, label: string) => (
      sumOf(Object.fromEntries(Object.entries(functions).map(([name, target]) => [name, metricOf(target)])), label)
    );

    this.ingestDeadLetters = this.add('IngestDeadLetters', props.ingestDeadLetters, () => ({
      description: 'Messages that were published could not be stored, and lie in the ingest dead-letter queue, for 14 days. '
        + 'First: read their notices on the failure topic, and the errors in the log of the ingest function; once the cause is gone, move them back.',
      section: 'dead-letters',
      metric: visible(scheduler.ingestDeadLetterQueue),
      threshold: 1,
      datapoints: [1, 1],
    }));
    this.delayDeadLetters = this.add('DelayDeadLetters', props.delayDeadLetters, () => ({
      description: 'Webhooks could not be fired, or their outcomes not be written, and lie in the delay dead-letter queue, for 14 days. '
        + 'First: read their notices on the failure topic, and the errors in the log of the deliver function; once the cause is gone, move them back.',
      section: 'dead-letters',
      metric: visible(scheduler.delayDeadLetterQueue),
      threshold: 1,
      datapoints: [1, 1],
    }));
    // Load takes them each minute, and those it cannot report come back five minutes later: most of the time they are in flight. Their age says
    // nothing, since SQS leaves out what has been received so often.
    this.unreportedLetters = this.add('UnreportedLetters', props.unreportedLetters, () => ({
      description: 'For 15 minutes there have been dead letters that the failure topic has not been told of. '
        + 'First: look for "dead letter not reported" in the log of the load function, and whether it may publish to the failure topic.',
      section: 'dead-letters',
      metric: sumOf({
        ingestVisible: visible(scheduler.ingestUnreportedQueue),
        ingestInFlight: inFlight(scheduler.ingestUnreportedQueue),
        delayVisible: visible(scheduler.delayUnreportedQueue),
        delayInFlight: inFlight(scheduler.delayUnreportedQueue),
      }, 'Unreported dead letters'),
      threshold: 1,
      datapoints: [15, 15 + NOT_YET],
    }));
    this.loadLag = this.add('LoadLag', props.loadLag, () => ({
      description: `Load is ${loadLagThreshold.toHumanString()} behind or more; from ${LOAD_HORIZON.toHumanString()} on, webhooks are late. `
        + 'First: read what its log says of partitions and errors, and look at throttles of the table; a burst may need more memory.',
      section: 'load-lag',
      metric: scheduler.metricLoadLag({ period: MINUTE }),
      threshold: loadLagThreshold.toMilliseconds(),
      datapoints: [2, 5],
    }));
    this.tickMissed = this.add('TickMissed', props.tickMissed, () => ({
      description: 'The load function has not run for 4 minutes; webhooks that are not in the delay queue already will be late. '
        + 'First: look whether the rule that invokes it each minute is enabled, and whether the function is throttled.',
      section: 'tick-missed',
      metric: sumOf(runsOf(scheduler.loadFunction), 'Runs of load, begun or under way'),
      threshold: 1,
      comparison: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      missingData: cloudwatch.TreatMissingData.BREACHING,
      // Two may not be there yet, and a tick at the edge of its minute may fall into the next. Without `FILL`, CloudWatch would go on looking at
      // the points of the last ticks, and be later.
      datapoints: [4, 5],
    }));
    this.deliveryStalled = this.add('DeliveryStalled', props.deliveryStalled, () => ({
      description: 'Webhooks that are due wait in the delay queue, and the deliver function has not run for 3 minutes. '
        + 'First: look whether its event source mapping is enabled and what state it tells, and whether the function is throttled.',
      section: 'delivery-stalled',
      metric: new cloudwatch.MathExpression({
        expression: 'IF(FILL(visible, 0) >= 1 AND (FILL(invocations, 0) + FILL(running, 0)) < 1, 1, 0)',
        usingMetrics: { visible: visible(scheduler.delayQueue), ...runsOf(scheduler.deliverFunction) },
        label: 'Webhooks wait, and deliver does not run',
        period: MINUTE,
      }),
      threshold: 1,
      datapoints: [3, 3 + NOT_YET],
    }));
    this.lateness = this.add('Lateness', props.lateness, () => ({
      description: `One in a hundred webhooks has been ${latenessThreshold.toHumanString()} late or more, in 10 of 15 minutes. `
        + 'First: look at load lag, throttles and the visible messages of the delay queue, which say where webhooks wait.',
      section: 'lateness',
      metric: scheduler.metricLateness({ period: Duration.minutes(5) }),
      threshold: latenessThreshold.toMilliseconds(),
      datapoints: [2, 3],
    }));
    this.failureRatio = this.add('FailureRatio', props.failureRatio, () => ({
      description: `Of the webhooks that ended within 15 minutes, ${percent(failureRatioThreshold)} or more failed for good. `
        + 'First: see in the logs which hosts, and with which status or error; then ask who runs the endpoint. What failed can be redriven.',
      section: 'failure-ratio',
      metric: failureRatioOf(scheduler, failureRatioMinimumWebhooks),
      threshold: failureRatioThreshold,
      // A quarter of an hour has its points, even where those of the newest minutes are still to come.
      datapoints: [1, 1],
    }));
    this.throttles = this.add('Throttles', props.throttles, () => ({
      description: 'Functions of the scheduler have been throttled in 3 of 5 minutes; webhooks may be late. '
        + 'First: look which function of the account takes the concurrency, and ask AWS for more, or bound that one.',
      section: 'throttles',
      metric: ofAll((target) => target.metricThrottles(sum), 'Throttles'),
      threshold: throttlesThreshold,
      datapoints: [3, 3 + NOT_YET],
    }));
    this.errors = this.add('Errors', props.errors, () => ({
      description: `Functions of the scheduler have failed in 3 of ${errorMinutes} minutes. `
        + 'First: see on the dashboard which one, and read the errors in its log; nothing is lost, what it could not do comes again.',
      section: 'errors',
      metric: ofAll((target) => target.metricErrors(sum), 'Errors'),
      threshold: errorsThreshold,
      // Those of the longest run come as much later as it takes, in minutes that five would have left behind.
      datapoints: [3, errorMinutes],
    }));
    this.ingestAge = this.add('IngestAge', props.ingestAge, () => ({
      description: `Messages that were published have waited ${ingestAgeThreshold.toHumanString()} or longer to be stored. `
        + 'First: look whether the ingest function is invoked, throttled or failing, and at throttles of the table.',
      section: 'ingest-age',
      metric: scheduler.ingestQueue.metricApproximateAgeOfOldestMessage(maximum),
      threshold: ingestAgeThreshold.toSeconds(),
      datapoints: [3, 3],
    }));

    if (props.alarmTopic) {
      requireRegion('alarmTopic', props.alarmTopic, Stack.of(this).region);
      this.allowAlarms(props.alarmTopic);
      this.addAlarmAction(new actions.SnsAction(props.alarmTopic));
    }
  }

  /** Has something done whenever one of the alarms goes off. */
  public addAlarmAction(...alarmActions: cloudwatch.IAlarmAction[]): void {
    this.all.forEach((alarm) => alarm.addAlarmAction(...alarmActions));
  }

  /** Has something done whenever one of the alarms ends: what an incident is closed by. */
  public addOkAction(...okActions: cloudwatch.IAlarmAction[]): void {
    this.all.forEach((alarm) => alarm.addOkAction(...okActions));
  }

  private add(id: string, isWanted: boolean | undefined, ruleOf: () => Rule): cloudwatch.Alarm | undefined {
    if (isWanted === false) {
      return undefined;
    }
    const { description, section, metric, threshold, datapoints, comparison, missingData } = ruleOf();
    const [datapointsToAlarm, evaluationPeriods] = datapoints;
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmDescription: `${description} ${guide('operations', section)}`,
      metric,
      threshold,
      datapointsToAlarm,
      evaluationPeriods,
      comparisonOperator: comparison ?? cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: missingData ?? cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    this.all.push(alarm);
    return alarm;
  }

  /** An alarm sees metrics of its own account and region only. */
  private requireSamePlace({ env, node: { path } }: WebhookScheduler): void {
    const here = Stack.of(this);
    for (const kind of ['region', 'account'] as const) {
      if (Token.compareStrings(env[kind], here[kind]) === TokenComparison.DIFFERENT) {
        throw new Error(`the alarms are in ${here[kind]}, expected ${env[kind]}, the ${kind} of ${path}: an alarm sees metrics of its own account and region only`);
      }
    }
  }

  /** Without this, alarms that go off are heard of by nobody: the action fails, and only the history of the alarm says so. */
  private allowAlarms(topic: sns.ITopic): void {
    const stack = Stack.of(this);
    const cloudWatch = new iam.ServicePrincipal('cloudwatch.amazonaws.com');
    topic.addToResourcePolicy(new iam.PolicyStatement({
      principals: [cloudWatch],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: {
        ArnLike: {
          'aws:SourceArn': stack.formatArn({ service: 'cloudwatch', resource: 'alarm', resourceName: '*', arnFormat: ArnFormat.COLON_RESOURCE_NAME }),
        },
      },
    }));
    const key = topic.masterKey;
    if (!key) {
      return;
    }
    if (key.keyArn.includes(':alias/aws/')) {
      throw new Error('alarmTopic is encrypted with the key that AWS manages, which CloudWatch may not use: '
        + 'expected a topic with a key of yours, or none');
    }
    // Without a condition: who may publish is for the policy of the topic, and AWS documents none for this.
    const { statementAdded } = key.addToResourcePolicy(new iam.PolicyStatement({
      principals: [cloudWatch], actions: ['kms:Decrypt', 'kms:GenerateDataKey*'], resources: ['*'],
    }));
    if (!statementAdded) {
      Annotations.of(this).addWarningV2('cdk-webhook-scheduler:alarmTopicKeyPolicy',
        'The policy of the key of an imported alarmTopic cannot be changed from here. It has to allow kms:Decrypt and kms:GenerateDataKey* to '
        + 'cloudwatch.amazonaws.com, or nobody is told of alarms. Acknowledge this when it does.');
    }
  }
}

/** Of metrics that have no data points where there is nothing to count; a sum without them would have none either. */
function sumOf(usingMetrics: Record<string, cloudwatch.IMetric>, label: string): cloudwatch.MathExpression {
  const expression = Object.keys(usingMetrics).map((name) => `FILL(${name}, 0)`).join(' + ');
  return new cloudwatch.MathExpression({ expression, usingMetrics, label, period: MINUTE });
}

function failureRatioOf(scheduler: WebhookScheduler, minimum: number): cloudwatch.MathExpression {
  const period = Duration.minutes(15);
  const ended = 'FILL(delivered, 0) + FILL(failed, 0)';
  return new cloudwatch.MathExpression({
    expression: `IF(${ended} >= ${minimum}, FILL(failed, 0) / (${ended}), 0)`,
    usingMetrics: { delivered: scheduler.metricDelivered({ period }), failed: scheduler.metricFailed({ period }) },
    label: 'Failed of those that ended',
    period,
  });
}

/** Who sets the threshold of an alarm that is left out has one of both wrong. */
function requireNoThresholdsOfNothing(options: WebhookSchedulerAlarmsOptions): void {
  for (const alarm of ['loadLag', 'lateness', 'failureRatio', 'throttles', 'errors', 'ingestAge'] as const) {
    const given = (Object.keys(options) as (keyof WebhookSchedulerAlarmsOptions)[])
      .find((name) => name.startsWith(alarm) && name !== alarm && options[name] !== undefined);
    if (options[alarm] === false && given) {
      throw new Error(`${given} is given, and ${alarm} is false, which leaves the alarm out: expected one of them`);
    }
  }
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(2))} %`;
}
