// Percentiles of what is late.

export interface Lateness {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** By nearest rank. */
export function latenessOf(sortedMs: Float64Array): Lateness {
  const rank = (percent: number) => sortedMs[Math.ceil(percent / 100 * sortedMs.length) - 1];
  return { p50: rank(50), p99: rank(99), max: rank(100) };
}
