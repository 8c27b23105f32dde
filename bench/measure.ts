// From what was published and what arrived to figures: counts, and how late in percentiles.

/** A webhook of the bench. */
export interface Sample {
  readonly dueAt: number;
  /** When each copy of it arrived, by the receiver's clock. */
  readonly arrivals: readonly number[];
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
    workerLateMs: percentiles(samples.flatMap(({ workerLateMs }) => (workerLateMs === undefined ? [] : [workerLateMs]))),
  };
}

/** By nearest rank: each is a value that was measured. */
function percentiles(values: readonly number[]): Percentiles | undefined {
  if (values.length === 0) {
    return undefined;
  }
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (percent: number) => sorted[Math.ceil(percent / 100 * sorted.length) - 1];
  return { p50: rank(50), p90: rank(90), p99: rank(99), max: rank(100) };
}
