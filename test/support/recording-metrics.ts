// Metrics that keep what they were told.
import { CountMetric, DurationMetric, MetricName } from '../../src/core/metric-names';
import { Metrics } from '../../src/core/ports';

export class RecordingMetrics implements Metrics {
  private readonly counts = new Map<MetricName, number>();
  private readonly durations = new Map<MetricName, number[]>();

  public count(name: CountMetric): void {
    this.counts.set(name, this.numberOf(name) + 1);
  }

  public time(name: DurationMetric, ms: number): void {
    this.durations.set(name, [...this.valuesOf(name), ms]);
  }

  public flush(): void {
    // There is nothing to write: it is kept.
  }

  public numberOf(name: CountMetric): number {
    return this.counts.get(name) ?? 0;
  }

  public valuesOf(name: DurationMetric): readonly number[] {
    return this.durations.get(name) ?? [];
  }
}
