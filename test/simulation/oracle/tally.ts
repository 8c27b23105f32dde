// What the functions count: without faults, what has happened.
import { CountMetric, MetricName } from '../../../src/core/metric-names';
import { Metrics } from '../../../src/core/ports';
import { Worker } from '../worker';
import { Book } from './book';

export class Tally {
  private readonly totals = new Map<CountMetric, number>();

  public constructor(private readonly book: Book) {}

  /** The metrics of a worker: one that dies takes along what it has not written yet. */
  public of(worker: Worker): Metrics {
    let counted: [CountMetric, number][] = [];
    return {
      count: (name, number = 1) => counted.push([name, number]),
      time: () => undefined,
      flush: () => {
        if (worker.isAlive) {
          counted.forEach(([name, number]) => this.totals.set(name, this.total(name) + number));
        }
        counted = [];
      },
    };
  }

  /** To be called when everything is over. */
  public checkEnd(): void {
    const { findings, faults } = this.book;
    const models = [...this.book.models.values()];
    const ended = (status: string) => models.filter(({ state }) => state?.status === status).length;
    const expected: [CountMetric, number][] = [
      [MetricName.SCHEDULED, models.length],
      [MetricName.DELIVERED, ended('delivered')],
      [MetricName.CANCELLED, ended('cancelled')],
      [MetricName.FAILED, models.reduce((sum, { failings }) => sum + failings.length, 0)],
    ];
    for (const [name, number] of faults.isFaultless ? expected : []) {
      findings.require(this.total(name) === number, 'metrics', () => `${name} is ${this.total(name)}, and there were ${number}`);
    }
  }

  private total(name: CountMetric): number {
    return this.totals.get(name) ?? 0;
  }
}
