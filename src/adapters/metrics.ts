// The one writer of metrics: documents in CloudWatch's embedded metric format, through Powertools for AWS Lambda.
import { MetricUnit, Metrics as Emf } from '@aws-lambda-powertools/metrics';
import { CountMetric, DurationMetric, METRIC_DIMENSION, METRIC_NAMESPACE } from '../core/metric-names';
import { Metrics } from '../core/ports';

/**
 * Collects what an invocation counts and times, and hands it over at its end: counts as one number each, durations one by one. Powertools writes a
 * document of its own whenever a metric has 100 values, as many as the format takes, so that an invocation of more writes several.
 */
export class EmfMetrics implements Metrics {
  private readonly counts = new Map<CountMetric, number>();
  private readonly durations = new Map<DurationMetric, number[]>();
  private readonly emf: Emf;

  public constructor(inputTopicName: string) {
    this.emf = new Emf({ namespace: METRIC_NAMESPACE });
    // Instead of the dimension `service`, which Powertools sets by default.
    this.emf.clearDefaultDimensions();
    this.emf.setDefaultDimensions({ [METRIC_DIMENSION]: inputTopicName });
  }

  public count(name: CountMetric): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  public time(name: DurationMetric, ms: number): void {
    const values = this.durations.get(name);
    if (values) {
      values.push(ms);
    } else {
      this.durations.set(name, [ms]);
    }
  }

  public flush(): void {
    this.counts.forEach((number, name) => this.emf.addMetric(name, MetricUnit.Count, number));
    // Side by side, so that they share documents.
    const most = Math.max(0, ...[...this.durations.values()].map(({ length }) => length));
    for (let i = 0; i < most; i++) {
      this.durations.forEach((values, name) => {
        if (i < values.length) {
          this.emf.addMetric(name, MetricUnit.Milliseconds, values[i]);
        }
      });
    }
    this.counts.clear();
    this.durations.clear();
    if (this.emf.hasStoredMetrics()) {
      this.emf.publishStoredMetrics();
    }
  }
}
