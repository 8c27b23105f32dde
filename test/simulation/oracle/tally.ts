// What the functions count: without faults, what has happened.
import { CountMetric, MetricName } from '../../../src/core/metric-names';
import { Metrics } from '../../../src/core/ports';
import { MINUTE } from '../settings';
import { Invocation, Worker } from '../worker';
import { Book } from './book';

/**
 * What anything may be late by, some milliseconds of a timer: a retry after a second too, although its outcome gives way for a moment to what is due,
 * and a worker may have to be started.
 */
const MAX_LATENESS_MS = 50;
/** Within this of an action that came again, what it asks for is fired, if it is late. */
const AFTER_WAIT_MS = 5 * MINUTE;

export class Tally {
  private readonly totals = new Map<CountMetric, number>();
  /** When a message last came again, without faults an action that had to wait for an attempt under way: what it asks for is late then. */
  private waitedAt = -Infinity;

  public constructor(private readonly book: Book) {}

  /** The metrics of a worker: one that dies takes along what it has not written yet. */
  public of(worker: Worker): Metrics {
    let counted: [CountMetric, number][] = [];
    return {
      count: (name, number = 1) => counted.push([name, number]),
      time: (name, ms) => {
        if (name === MetricName.LATENESS) {
          this.checkLateness(ms);
        }
      },
      flush: () => {
        if (worker.isAlive) {
          counted.forEach(([name, number]) => this.totals.set(name, this.total(name) + number));
        }
        counted = [];
      },
    };
  }

  public invoked({ worker, batch }: Invocation): void {
    if (worker.functionName === 'ingest' && batch.some(({ receives }) => receives > 1)) {
      this.waitedAt = this.book.now();
    }
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

  private checkLateness(ms: number): void {
    const { findings, faults, settings, now } = this.book;
    const isToBePunctual = faults.isFaultless && now() - this.waitedAt > AFTER_WAIT_MS;
    findings.require(!isToBePunctual || ms <= MAX_LATENESS_MS + 2 * settings.maxSkewMs, 'punctual', () => `counted as ${ms} ms late`);
  }

  private total(name: CountMetric): number {
    return this.totals.get(name) ?? 0;
  }
}
