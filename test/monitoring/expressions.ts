// What CloudWatch makes of data points: the few functions of metric math that the alarms and the dashboard use, for one point of each metric, and
// whether an alarm is on, for those of many minutes.

/** Metrics by their ids; `undefined`: no data point. */
export type DataPoints = Readonly<Record<string, number | undefined>>;

/** The value of an expression; throws where it uses a metric that has no data point and is not filled, or something that is not known here. */
export function evaluate(expression: string, points: DataPoints): number {
  const script = expression
    .replace(/\bFILL\((\w+), (\d+)\)/g, '(points.$1 ?? $2)')
    .replace(/\bPERIOD\(\w+\)/g, '60')
    .replace(/\bAND\b/g, '&&')
    .replace(/(?<![.\w])([a-z]\w*)\b(?=[^.(]|$)/g, (name) => (name === 'points' ? name : `known("${name}")`))
    .replace(/\bIF\(/g, 'choose(');
  const known = (name: string) => {
    const value = points[name];
    if (value === undefined) {
      throw new Error(`${name} has no data point`);
    }
    return value;
  };
  const choose = (condition: boolean, then: number, otherwise: number) => (condition ? then : otherwise);
  return new Function('points', 'known', 'choose', `return ${script.replace(/known\("points"\)/g, 'points')};`)(points, known, choose);
}

/** Of an alarm's properties in the template, those by which CloudWatch decides. */
export interface AlarmRule {
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly DatapointsToAlarm: number;
  readonly EvaluationPeriods: number;
  readonly TreatMissingData: string;
  readonly Period?: number;
  readonly Statistic?: string;
  readonly ExtendedStatistic?: string;
  readonly Metrics?: readonly {
    readonly Id: string;
    readonly Expression?: string;
    readonly MetricStat?: { readonly Period: number; readonly Stat: string };
  }[];
}

/** Id of the metric of an alarm that has no expression. */
export const METRIC = 'metric';

/** Where data points are missing, CloudWatch looks at more than it evaluates, in its documentation at five for three. */
const LOOKED_BACK = 2;

/**
 * Whether an alarm is on, by the data points that CloudWatch has got so far, each minute's, the oldest first.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export function isOn(rule: AlarmRule, minutes: readonly DataPoints[]): boolean {
  const { EvaluationPeriods: evaluated, DatapointsToAlarm: needed, TreatMissingData: missing } = rule;
  const known = valuesOf(rule, minutes).slice(-(evaluated + LOOKED_BACK)).filter((value) => value !== undefined).slice(-evaluated);
  const filledIn = missing === 'breaching' ? evaluated - known.length : 0;
  return known.filter((value) => isBreaching(rule, value)).length + filledIn >= needed;
}

/** What an alarm compares with its threshold, of each period up to now. */
function valuesOf({ Period, Statistic, ExtendedStatistic, Metrics }: AlarmRule, minutes: readonly DataPoints[]): (number | undefined)[] {
  const metrics = Metrics?.flatMap(({ Id, MetricStat: stat }) => (stat ? [{ id: Id, period: stat.Period, statistic: stat.Stat }] : []))
    ?? [{ id: METRIC, period: Period!, statistic: (Statistic ?? ExtendedStatistic)! }];
  const expression = Metrics?.find(({ Expression }) => Expression)?.Expression;
  const length = metrics[0].period / 60;
  const count = Math.floor(minutes.length / length);
  return Array.from({ length: count }, (_, i) => {
    const period = minutes.slice(minutes.length - (count - i) * length, minutes.length - (count - i - 1) * length);
    const points = Object.fromEntries(metrics.map(({ id, statistic }) => [id, aggregate(period.flatMap((point) => point[id] ?? []), statistic)]));
    return expression ? evaluate(expression, points) : points[METRIC];
  });
}

/** The 99th percentile of a handful of points is the highest of them. */
function aggregate(values: readonly number[], statistic: string): number | undefined {
  if (values.length === 0) {
    return undefined;
  }
  return statistic === 'Sum' ? values.reduce((sum, value) => sum + value) : Math.max(...values);
}

function isBreaching({ ComparisonOperator: comparison, Threshold: threshold }: AlarmRule, value: number): boolean {
  return comparison === 'LessThanThreshold' ? value < threshold : value >= threshold;
}
