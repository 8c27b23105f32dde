// The page that a person on call keeps open. From top to bottom: is something wrong now, what comes and goes, how late, and each part.
import { Duration, Stack, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { DEFAULT_THRESHOLDS, LOAD_HORIZON } from './alarm-thresholds';
import { LOG_DEAD_LETTER, LOG_FAILED, LOG_REFUSED, LOG_REJECTED } from './core/log-events';
import { guide } from './guides';
import { requireBetween } from './validation';
import type { WebhookScheduler } from './webhook-scheduler';
import type { WebhookSchedulerAlarms } from './webhook-scheduler-alarms';

/** What a dashboard is called, and which time it shows. All are optional. */
export interface WebhookSchedulerDashboardOptions {
  /**
   * Name of the dashboard: letters, digits, hyphens and underscores. Dashboards of an account share their names across regions.
   *
   * @default - CloudFormation makes one
   */
  readonly dashboardName?: string;

  /**
   * How far back the graphs go when the page is opened: at least five minutes, at most 455 days, which is as long as CloudWatch keeps metrics.
   *
   * @default Duration.hours(3)
   */
  readonly defaultInterval?: Duration;

  /**
   * Whether the periods of the graphs follow the time that they show, or stay at a minute.
   *
   * @default PeriodOverride.AUTO - they follow, so that a week can be read, too
   */
  readonly periodOverride?: cloudwatch.PeriodOverride;

  /**
   * The alarms whose states are shown, and whose thresholds are drawn.
   *
   * @default - those that `addAlarms` makes, before or after; without any, the lines are at the thresholds that they would have
   */
  readonly alarms?: WebhookSchedulerAlarms;
}

/** Properties of {@link WebhookSchedulerDashboard}. */
export interface WebhookSchedulerDashboardProps extends WebhookSchedulerDashboardOptions {
  /**
   * The scheduler to show: one of this app, which may be of another stack, account or region.
   */
  readonly scheduler: WebhookScheduler;
}

/** Columns of CloudWatch's grid. */
const COLUMNS = 24;
const HEIGHT = 6;
const MINUTE = Duration.minutes(1);
/** CloudWatch keeps metrics for 15 months: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html */
const MAX_INTERVAL = Duration.days(455);

/** From a palette that people who do not tell red from green can read: https://jfly.uni-koeln.de/color/. Red is for what is bad. */
const Colour = {
  BLUE: '#0072b2', GREEN: '#009e73', RED: '#d55e00', ORANGE: '#e69f00', PINK: '#cc79a7', SKY: '#56b4e9', GREY: '#6b7280',
} as const;

/** Bad news that is no error of the functions; without retries, of which there may be many. */
const FAILURES = [LOG_FAILED, LOG_REJECTED, LOG_REFUSED, LOG_DEAD_LETTER];

/**
 * A dashboard of a webhook scheduler: one page that a person on call keeps open. Its first row says whether something is wrong now.
 *
 * It costs $3 a month; the first three of an account, of up to 50 metrics each, are free (list price of us-east-1, November 2026). What its widget of log lines reads is
 * billed as a query of CloudWatch Logs Insights, $0.005 a GB, each time that it is shown.
 *
 * @see https://aws.amazon.com/cloudwatch/pricing/
 *
 * @example
 *
 * declare const scheduler: WebhookScheduler;
 *
 * const page = scheduler.addDashboard({ dashboardName: 'webhooks' });
 * page.dashboard.addWidgets(new cloudwatch.TextWidget({ markdown: 'Ask #platform first.', width: 24, height: 2 }));
 */
export class WebhookSchedulerDashboard extends Construct {
  /** To add widgets to, below the others. */
  public readonly dashboard: cloudwatch.Dashboard;

  private readonly scheduler: WebhookScheduler;
  private readonly givenAlarms?: WebhookSchedulerAlarms;

  constructor(scope: Construct, id: string, props: WebhookSchedulerDashboardProps) {
    super(scope, id);

    const defaultInterval = props.defaultInterval ?? Duration.hours(3);
    requireBetween('defaultInterval', defaultInterval, Duration.minutes(5), MAX_INTERVAL);
    this.scheduler = props.scheduler;
    this.givenAlarms = props.alarms;
    this.dashboard = new cloudwatch.Dashboard(this, 'Resource', {
      dashboardName: props.dashboardName, defaultInterval, periodOverride: props.periodOverride,
    });
    this.addRow(() => [this.whatToLookAt()], 3);
    this.addRow(() => this.isSomethingWrong());
    this.addRow(() => this.flow());
    this.addRow(() => this.timing());
    this.addRow(() => this.queues());
    this.addRow(() => this.functions());
    this.addRow(() => this.table());
    this.addRow(() => [this.lastFailures()], 8);
  }

  /** Rows are made at synthesis: alarms may be added after the dashboard. */
  private addRow(widgets: () => cloudwatch.IWidget[], height = HEIGHT): void {
    this.dashboard.addWidgets(new LateRow(widgets, height));
  }

  private get alarms(): WebhookSchedulerAlarms | undefined {
    return this.givenAlarms ?? this.scheduler._alarms;
  }

  private whatToLookAt(): cloudwatch.IWidget {
    return new cloudwatch.TextWidget({
      width: COLUMNS,
      height: 3,
      markdown: [
        `## Webhook scheduler ${this.scheduler.node.path}`,
        'Look at the first row first. **Dead letters**: each of them needs someone. **Load lag** above its line: webhooks will soon be late. '
          + '**Lateness** above its line: they are.',
        `[What to do about it](${guide('operations')}) · [What the numbers mean](${guide('monitoring')}) · `
          + `[What a failure notice says](${guide('failures')}) · [What became of a webhook](${guide('outcomes')})`,
      ].join('\n\n'),
    });
  }

  private isSomethingWrong(): cloudwatch.IWidget[] {
    const { scheduler, alarms } = this;
    const width = alarms ? COLUMNS / 4 : COLUMNS / 3;
    return [
      ...(alarms ? [new cloudwatch.AlarmStatusWidget({
        title: 'Alarms', alarms: alarms.all, width, height: HEIGHT, sortBy: cloudwatch.AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP,
      })] : []),
      graph('Dead letters', width, {
        left: [
          maximum(scheduler.ingestDeadLetterQueue.metricApproximateNumberOfMessagesVisible(), 'Ingest', Colour.BLUE),
          maximum(scheduler.delayDeadLetterQueue.metricApproximateNumberOfMessagesVisible(), 'Delay', Colour.PINK),
          maximum(scheduler.ingestUnreportedQueue.metricApproximateNumberOfMessagesVisible(), 'Ingest, unreported', Colour.SKY),
          maximum(scheduler.delayUnreportedQueue.metricApproximateNumberOfMessagesVisible(), 'Delay, unreported', Colour.ORANGE),
        ],
        leftYAxis: axis('Messages'),
        leftAnnotations: [line(1, 'Someone has to look')],
      }),
      graph('Load lag', width, {
        left: [scheduler.metricLoadLag({ period: MINUTE, label: 'Load lag, max', color: Colour.BLUE })],
        leftYAxis: axis('Milliseconds'),
        leftAnnotations: [
          ...this.threshold(alarms?.loadLag, DEFAULT_THRESHOLDS.loadLag.toMilliseconds()),
          line(LOAD_HORIZON.toMilliseconds(), 'Webhooks are late', Colour.RED),
        ],
      }),
      graph('Lateness', width, {
        left: [scheduler.metricLateness({ period: MINUTE, label: 'Lateness, p99', color: Colour.BLUE })],
        leftYAxis: axis('Milliseconds'),
        leftAnnotations: this.threshold(alarms?.lateness, DEFAULT_THRESHOLDS.lateness.toMilliseconds()),
      }),
    ];
  }

  private flow(): cloudwatch.IWidget[] {
    const { scheduler, alarms } = this;
    const count = (label: string, color: string): cloudwatch.MetricOptions => ({ period: MINUTE, label, color });
    const delivered = scheduler.metricDelivered(count('Delivered', Colour.GREEN));
    const failed = scheduler.metricFailed(count('Failed', Colour.RED));
    return [
      graph('What comes in', COLUMNS / 2, {
        left: [
          scheduler.metricAccepted(count('Accepted', Colour.BLUE)),
          scheduler.metricScheduled(count('Scheduled', Colour.GREEN)),
          scheduler.metricCancelled(count('Cancelled', Colour.GREY)),
          scheduler.metricDuplicatesStopped(count('Duplicates stopped', Colour.SKY)),
          scheduler.metricInvalid(count('Invalid', Colour.RED)),
        ],
        leftYAxis: axis('Messages'),
      }),
      graph('What goes out', COLUMNS / 2, {
        left: [delivered, failed, scheduler.metricRetried(count('Attempts to be retried', Colour.ORANGE))],
        leftYAxis: axis('Webhooks, attempts'),
        right: [new cloudwatch.MathExpression({
          expression: '100 * FILL(failed, 0) / (FILL(delivered, 0) + FILL(failed, 0))',
          usingMetrics: { delivered, failed },
          label: 'Failed of those that ended',
          color: Colour.PINK,
          period: MINUTE,
        })],
        rightYAxis: { ...axis('Percent'), max: 100 },
        rightAnnotations: this.threshold(alarms?.failureRatio, DEFAULT_THRESHOLDS.failureRatio, 100),
      }),
    ];
  }

  /** Without the line of the alarm, beside which milliseconds would look like nothing. */
  private timing(): cloudwatch.IWidget[] {
    const { scheduler } = this;
    const { p, MAXIMUM } = cloudwatch.Stats;
    return [
      graph('How late requests were', COLUMNS / 2, {
        left: [
          scheduler.metricLateness({ period: MINUTE, statistic: p(50), label: 'p50', color: Colour.GREEN }),
          scheduler.metricLateness({ period: MINUTE, statistic: p(99), label: 'p99', color: Colour.BLUE }),
          scheduler.metricLateness({ period: MINUTE, statistic: MAXIMUM, label: 'max', color: Colour.ORANGE }),
        ],
        leftYAxis: axis('Milliseconds'),
      }),
      graph('How long endpoints took', COLUMNS / 2, {
        left: [
          scheduler.metricEndpointDuration({ period: MINUTE, statistic: p(50), label: 'p50', color: Colour.GREEN }),
          scheduler.metricEndpointDuration({ period: MINUTE, statistic: p(99), label: 'p99', color: Colour.BLUE }),
        ],
        leftYAxis: axis('Milliseconds'),
      }),
    ];
  }

  private queues(): cloudwatch.IWidget[] {
    const { ingestQueue, delayQueue } = this.scheduler;
    return [
      graph('Messages in the queues', COLUMNS / 3, {
        left: [
          maximum(ingestQueue.metricApproximateNumberOfMessagesVisible(), 'To ingest', Colour.BLUE),
          maximum(delayQueue.metricApproximateNumberOfMessagesVisible(), 'Due, to deliver', Colour.PINK),
        ],
        leftYAxis: axis('Waiting for a function'),
        right: [maximum(delayQueue.metricApproximateNumberOfMessagesDelayed(), 'Not due yet', Colour.GREY)],
        rightYAxis: axis('Waiting for their date'),
      }),
      graph('Oldest message to ingest', COLUMNS / 3, {
        left: [maximum(ingestQueue.metricApproximateAgeOfOldestMessage(), 'Age', Colour.BLUE)],
        leftYAxis: axis('Seconds'),
        leftAnnotations: this.threshold(this.alarms?.ingestAge, DEFAULT_THRESHOLDS.ingestAge.toSeconds()),
      }),
      graph('Messages in flight', COLUMNS / 3, {
        left: [
          maximum(ingestQueue.metricApproximateNumberOfMessagesNotVisible(), 'Ingest', Colour.BLUE),
          maximum(delayQueue.metricApproximateNumberOfMessagesNotVisible(), 'Delay', Colour.PINK),
        ],
        leftYAxis: axis('Messages'),
      }),
    ];
  }

  private functions(): cloudwatch.IWidget[] {
    const { p, SUM, MAXIMUM } = cloudwatch.Stats;
    const parts: [string, string, lambda.IFunction][] = [
      ['Ingest', Colour.BLUE, this.scheduler.ingestFunction],
      ['Load', Colour.GREEN, this.scheduler.loadFunction],
      ['Deliver', Colour.PINK, this.scheduler.deliverFunction],
    ];
    const of = (metricName: string, statistic: string) => (
      parts.map(([label, color, target]) => target.metric(metricName, { period: MINUTE, statistic, label, color }))
    );
    return [
      graph('Duration of functions, p99', COLUMNS / 4, { left: of('Duration', p(99)), leftYAxis: axis('Milliseconds') }),
      graph('Errors of functions', COLUMNS / 4, { left: of('Errors', SUM), leftYAxis: axis('Invocations') }),
      graph('Throttles of functions', COLUMNS / 4, { left: of('Throttles', SUM), leftYAxis: axis('Invocations') }),
      graph('Concurrency of functions', COLUMNS / 4, { left: of('ConcurrentExecutions', MAXIMUM), leftYAxis: axis('Invocations at a time') }),
    ];
  }

  private table(): cloudwatch.IWidget[] {
    const { table } = this.scheduler;
    const { SUM } = cloudwatch.Stats;
    const aSecond = (id: string, metric: cloudwatch.Metric, label: string, color: string) => new cloudwatch.MathExpression({
      expression: `${id} / PERIOD(${id})`, usingMetrics: { [id]: metric.with({ period: MINUTE }) }, label, color, period: MINUTE,
    });
    return [
      graph('Capacity that the table consumed', COLUMNS / 2, {
        left: [aSecond('writes', table.metricConsumedWriteCapacityUnits({ statistic: SUM }), 'Write units', Colour.BLUE)],
        leftYAxis: axis('Write units a second'),
        right: [aSecond('reads', table.metricConsumedReadCapacityUnits({ statistic: SUM }), 'Read units', Colour.GREY)],
        rightYAxis: axis('Read units a second'),
      }),
      graph('Throttles of the table', COLUMNS / 2, {
        left: [
          table.metric('WriteThrottleEvents', { period: MINUTE, statistic: SUM, label: 'Writes', color: Colour.BLUE }),
          table.metric('ReadThrottleEvents', { period: MINUTE, statistic: SUM, label: 'Reads', color: Colour.ORANGE }),
        ],
        leftYAxis: axis('Requests'),
      }),
    ];
  }

  private lastFailures(): cloudwatch.IWidget {
    const { ingestLogGroup, loadLogGroup, deliverLogGroup, env: { account, region } } = this.scheduler;
    const here = Stack.of(this);
    return new cloudwatch.LogQueryWidget({
      title: 'Last failures',
      width: COLUMNS,
      height: 8,
      logGroupNames: [ingestLogGroup, loadLogGroup, deliverLogGroup].map(({ logGroupName }) => logGroupName),
      region: Token.isUnresolved(region) ? undefined : region,
      accountId: Token.isUnresolved(account) || account === here.account ? undefined : account,
      queryLines: [
        'fields @timestamp, level, message, webhookId, host, attempt, status, '
          + 'coalesce(reason, refusal) as why, coalesce(error.message, error.name, error) as cause',
        `filter level = "ERROR" or message in [${FAILURES.map((message) => `"${message}"`).join(', ')}]`,
        'sort @timestamp desc',
        'limit 50',
      ],
    });
  }

  /** Where an alarm goes off, in a unit of which its own has so many; none, where it is left out. */
  private threshold(alarm: cloudwatch.Alarm | undefined, byDefault: number, units = 1): cloudwatch.HorizontalAnnotation[] {
    if (this.alarms && !alarm) {
      return [];
    }
    return [line((alarm?.toAnnotation().value ?? byDefault) * units, 'Alarm')];
  }
}

/** A row whose widgets are made when the page is rendered. */
class LateRow implements cloudwatch.IWidget {
  public readonly width = COLUMNS;
  private x = 0;
  private y = 0;

  public constructor(private readonly make: () => cloudwatch.IWidget[], public readonly height: number) {}

  public position(x: number, y: number): void {
    [this.x, this.y] = [x, y];
  }

  public toJson(): ReturnType<cloudwatch.IWidget['toJson']> {
    const row = new cloudwatch.Row(...this.make());
    row.position(this.x, this.y);
    return row.toJson();
  }
}

function graph(title: string, width: number, props: cloudwatch.GraphWidgetProps): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({ title, width, height: HEIGHT, ...props });
}

/** From zero: what is small should look small. */
function axis(label: string): cloudwatch.YAxisProps {
  return { label, min: 0, showUnits: false };
}

function line(value: number, label: string, color: string = Colour.ORANGE): cloudwatch.HorizontalAnnotation {
  return { value, label, color };
}

function maximum(metric: cloudwatch.Metric, label: string, color: string): cloudwatch.Metric {
  return metric.with({ statistic: cloudwatch.Stats.MAXIMUM, period: MINUTE, label, color });
}
