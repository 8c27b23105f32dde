// From what was to be sent and what arrived to figures: counts, and how late in percentiles.

/** A webhook of the bench. */
export interface Sample {
  readonly dueAt: number;
  /** When each copy of it arrived, by the receiver's clock. */
  readonly arrivals: readonly number[];
  /** When the first answer to it was written, by the same clock; absent where none was. */
  readonly answeredAt?: number;
  /** What the worker itself logged: when it wrote the request. */
  readonly workerLateMs?: number;
}

export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface Figures {
  readonly count: number;
  readonly arrived: number;
  readonly early: number;
  readonly twice: number;
  readonly lost: number;
  /** The receiver's arrival minus the date; absent where nothing arrived. */
  readonly lateMs?: Percentiles;
  /** The receiver's answer minus the date; absent where nothing was answered. */
  readonly answeredMs?: Percentiles;
  /** The worker's own `lateMs`; absent where it logged none. */
  readonly workerLateMs?: Percentiles;
}

export function figuresOf(samples: readonly Sample[]): Figures {
  const arrived = samples.filter(({ arrivals }) => arrivals.length > 0);
  return {
    count: samples.length,
    arrived: arrived.length,
    early: arrived.filter(({ arrivals, dueAt }) => Math.min(...arrivals) < dueAt).length,
    twice: arrived.filter(({ arrivals }) => arrivals.length > 1).length,
    lost: samples.length - arrived.length,
    lateMs: percentiles(arrived.map(({ arrivals, dueAt }) => Math.min(...arrivals) - dueAt)),
    answeredMs: percentiles(samples.flatMap(({ dueAt, answeredAt }) => (answeredAt === undefined ? [] : [answeredAt - dueAt]))),
    workerLateMs: percentiles(samples.flatMap(({ workerLateMs }) => (workerLateMs === undefined ? [] : [workerLateMs]))),
  };
}

/** Of several repetitions: all that were counted, and of each percentile the median. */
export function medianOf(repetitions: readonly Figures[]): Figures {
  const sum = (name: 'count' | 'arrived' | 'early' | 'twice' | 'lost') => repetitions.reduce((total, figures) => total + figures[name], 0);
  const medians = (name: 'lateMs' | 'answeredMs' | 'workerLateMs'): Percentiles | undefined => {
    const all = repetitions.flatMap((figures) => figures[name] ?? []);
    const middle = (percentile: keyof Percentiles) => median(all.map((of) => of[percentile]));
    return all.length === 0 ? undefined : { p50: middle('p50'), p90: middle('p90'), p99: middle('p99'), max: middle('max') };
  };
  return {
    count: sum('count'),
    arrived: sum('arrived'),
    early: sum('early'),
    twice: sum('twice'),
    lost: sum('lost'),
    lateMs: medians('lateMs'),
    answeredMs: medians('answeredMs'),
    workerLateMs: medians('workerLateMs'),
  };
}

/** Of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/** By nearest rank: each is a value that was measured. */
export function percentiles(values: readonly number[]): Percentiles | undefined {
  if (values.length === 0) {
    return undefined;
  }
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (percent: number) => sorted[Math.ceil(percent / 100 * sorted.length) - 1];
  return { p50: rank(50), p90: rank(90), p99: rank(99), max: rank(100) };
}
