// What the scheduler's own metrics cost, besides the log lines that they are written as.
import type { Bill } from './bill';
import { MetricName } from '../../src/core/metric-names';

/** Metrics of which a scheduler that delivers now and then writes values: without failures, cancels and copies. */
const OF_A_QUIET_ONE = [
  MetricName.ACCEPTED, MetricName.SCHEDULED, MetricName.DELIVERED, MetricName.LATENESS, MetricName.ENDPOINT_DURATION, MetricName.LOAD_LAG,
];

/** Lines for one month, in each hour of which values are written: of all metrics, and of those that there always are. */
export function metricsMonths(): Bill[] {
  const month = (name: string, quantity: number): Bill => ({
    name, lines: [{ what: 'CloudWatch: metrics, at most', part: 'requests', price: 'cloudwatch.metric', quantity }],
  });
  return [month('all metrics', Object.keys(MetricName).length), month('where all goes well', OF_A_QUIET_ONE.length)];
}
