// The alarms of a scheduler as a table: what each means, what to do first, when it goes off, and by which options that is set.
import { Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { WebhookSchedulerAlarms, WebhookSchedulerAlarmsOptions } from '../../src';

type Option = keyof WebhookSchedulerAlarmsOptions;

/** Options that say when an alarm goes off; whether there is one says the option that has its name. */
export const THRESHOLD_OPTIONS: Readonly<Partial<Record<Option, readonly Option[]>>> = {
  loadLag: ['loadLagThreshold'],
  lateness: ['latenessThreshold'],
  failureRatio: ['failureRatioThreshold', 'failureRatioMinimumWebhooks'],
  throttles: ['throttlesThreshold'],
  errors: ['errorsThreshold'],
  ingestAge: ['ingestAgeThreshold'],
};

const SIGNS: Readonly<Record<string, string>> = { GreaterThanOrEqualToThreshold: '≥', LessThanThreshold: '<' };

/** Rows in the order in which the construct makes them. */
export function alarmsTable(stack: Stack, alarms: WebhookSchedulerAlarms): string {
  const rows = alarms.all.map((alarm) => {
    const name = `${alarm.node.id[0].toLowerCase()}${alarm.node.id.slice(1)}` as Option;
    const resource = alarm.node.defaultChild as cloudwatch.CfnAlarm;
    const description: string = stack.resolve(resource.alarmDescription);
    const [, meaning, first, link] = /^(.+) First: (.+) https:.+\/(operations\.md#[\w-]+)$/.exec(description)!;
    const options = (THRESHOLD_OPTIONS[name] ?? []).map((option) => `\`${option}\``);
    return [`[\`${name}\`](${link})`, meaning, `${first[0].toUpperCase()}${first.slice(1)}`, condition(alarm, resource), options.join(', ') || '–'];
  });
  return [['alarm', 'what has happened', 'what to do first', 'goes off', 'set by'], Array(5).fill('---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What is watched, from which value on, and how long. */
function condition(alarm: cloudwatch.Alarm, { comparisonOperator, threshold, datapointsToAlarm, evaluationPeriods }: cloudwatch.CfnAlarm): string {
  const { metricStat, mathExpression } = alarm.metric.toMetricConfig();
  const seconds = metricStat?.period.toSeconds() ?? mathExpression!.period;
  const unit = metricStat?.namespace === 'WebhookScheduler' ? ' ms' : metricStat?.metricName.includes('Age') ? ' s' : '';
  const what = metricStat ? `${metricStat.statistic} of \`${metricStat.metricName}\`` : `${alarm.metric}`;
  const times = evaluationPeriods === 1 ? `in ${seconds / 60} min` : `in ${datapointsToAlarm} of ${evaluationPeriods} times ${seconds / 60} min`;
  return `${what} ${SIGNS[comparisonOperator]} ${threshold!.toLocaleString('en')}${unit} ${times}`;
}
