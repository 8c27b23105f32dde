// Each minute: sends the webhooks that come due to the delay queue, from where the last run ended.
import { Clock } from './clock';
import { PlainError } from './error-report';
import { LOG_LOADED } from './log-events';
import { MetricName } from './metric-names';
import { Cursor, DelayQueue, LoadStore, Log, MetricsRecorder } from './ports';
import { readAhead } from './read-ahead';
import { rejectionsOf } from './rejections';
import { Shipments } from './shipments';
import { minuteOf, startOfMinute } from './timing';
import { Turn } from './webhook';

/** While catching up, progress is saved about this often, so that a run cut short by its timeout is not for nothing. */
const SAVE_EVERY_MS = 5_000;

/**
 * Pages with fewer turns are joined: a run covers a minute of time, but seldom one of the clock, and what one partition has in the first of the two,
 * and another only in the second, would not come together in packs.
 */
const FEW_TURNS = 250;
/** As far as what is joined reaches. With days to catch up with, a run sends something now and then, or it would end before it has. */
const JOINED_MS = 60_000;

export class Load {
  /** @param horizonMs how far ahead of now to load */
  public constructor(
    private readonly horizonMs: number,
    private readonly clock: Clock,
    private readonly store: LoadStore,
    private readonly delayQueue: DelayQueue,
    private readonly log: Log,
    private readonly metrics: MetricsRecorder,
  ) {}

  /** Loads up to the horizon. Rejects if a partition could not be loaded; the others are, and the next run takes it up where it stood. */
  public async run(): Promise<void> {
    const cursor = await this.store.readCursor();
    if (!cursor) {
      return; // nothing has ever been stored
    }
    const target = this.clock.now() + this.horizonMs;
    const partitions = [...cursor.loadedTo.keys()];
    const progress = new Progress(cursor, this.store, this.clock);
    const shipments = new Shipments(partitions.length, this.clock, this.delayQueue);
    const results = await Promise.allSettled(partitions.map((partition) => this.loadPartition(partition, target, progress, shipments)));
    const errors = rejectionsOf(results);
    const loadedTo = Math.min(...partitions.map((partition) => progress.of(partition)));
    if (progress.webhooks > 0 || loadedTo < target) { // an idle scheduler pays for no metric
      this.metrics.time(MetricName.LOAD_LAG, Math.max(0, this.clock.now() + this.horizonMs - loadedTo));
    }
    await progress.save();
    this.log.info(LOG_LOADED, {
      webhooks: progress.webhooks, partitions: partitions.length - errors.length, behindMs: Math.max(0, this.clock.now() - loadedTo),
    });
    if (errors.length > 0) {
      throw new PlainError(`${errors.length} of ${partitions.length} partitions could not be loaded`, { cause: new AggregateError(errors) });
    }
  }

  private async loadPartition(partition: number, target: number, progress: Progress, shipments: Shipments): Promise<void> {
    try {
      for await (const { turns, loadedTo } of readAhead(joined(this.pagesOf(partition, progress.of(partition), target)))) {
        if (progress.isBehind(partition)) {
          return;
        }
        const unsent = await shipments.send(turns);
        if (unsent.length > 0) {
          await progress.advance(partition, Math.min(loadedTo, ...unsent.map(({ at }) => at)), turns.length - unsent.length);
          throw new PlainError(`${unsent.length} of ${turns.length} webhooks of partition ${partition} could not be sent to the delay queue`);
        }
        await progress.advance(partition, loadedTo, turns.length);
      }
    } finally {
      shipments.leave();
    }
  }

  /** What comes due in a partition. */
  private async* pagesOf(partition: number, start: number, target: number): AsyncGenerator<Page> {
    for (let minute = minuteOf(start); startOfMinute(minute) < target; minute++) {
      const from = Math.max(start, startOfMinute(minute));
      const to = Math.min(target, startOfMinute(minute + 1));
      for await (const turns of this.store.dueBetween(partition, from, to)) {
        // Others of the same millisecond may be on the next page, so the cursor stays on the last one sent, not behind it.
        yield { turns, loadedTo: Math.min(turns[turns.length - 1].at, to) };
      }
      yield { turns: [], loadedTo: to };
    }
  }
}

/** Turns of a partition in their order, and how far it is loaded once they have been sent. */
interface Page {
  readonly turns: readonly Turn[];
  readonly loadedTo: number;
}

/** The same pages, but for those with few turns. What was read before one that cannot be read comes nevertheless. */
async function* joined(pages: AsyncIterable<Page>): AsyncGenerator<Page> {
  let few: Page | undefined;
  try {
    for await (const { turns, loadedTo } of pages) {
      const page: Page = { turns: few ? [...few.turns, ...turns] : turns, loadedTo };
      const isFew = page.turns.length > 0 && page.turns.length < FEW_TURNS && loadedTo - page.turns[0].at < JOINED_MS;
      few = isFew ? page : undefined;
      if (!isFew) {
        yield page;
      }
    }
  } catch (error) {
    if (few) {
      yield few;
    }
    throw error;
  }
  if (few) {
    yield few;
  }
}

/** So many runs may be at it at once: one begins each minute, and its timeout is five. Each try to save that fails is another one's that has not. */
const SAVE_TRIES = 5;

/**
 * How far each partition has come, saved as it goes. Several runs may be at it at once, where there is more to catch up with than a minute's work.
 * What any of them has sent need not be sent again, so that a run whose version is not the latest takes over from the cursor what is farther than
 * its own. A partition in which it was behind it leaves to whoever saved that, or where that one has died meanwhile, to the next tick. Of those
 * that work on a partition the farthest never leaves, and the others go on with what nobody else works on, such as the minute since.
 */
class Progress {
  public webhooks = 0;
  private readonly loadedTo: Map<number, number>;
  private version: number;
  private savedAt: number;
  private isSaving = false;
  private readonly behind = new Set<number>();

  public constructor({ loadedTo, version }: Cursor, private readonly store: LoadStore, private readonly clock: Clock) {
    this.loadedTo = new Map(loadedTo);
    this.version = version;
    this.savedAt = clock.now();
  }

  public of(partition: number): number {
    return this.loadedTo.get(partition) ?? -Infinity;
  }

  /** Whether another run was found farther in it. */
  public isBehind(partition: number): boolean {
    return this.behind.has(partition);
  }

  public async advance(partition: number, to: number, webhooks: number): Promise<void> {
    this.webhooks += webhooks;
    this.loadedTo.set(partition, Math.max(to, this.of(partition)));
    if (!this.isSaving && this.clock.now() - this.savedAt >= SAVE_EVERY_MS) {
      await this.save(); // one at a time: a second one would miss the version that the first is about to write, and take itself for overtaken
    }
  }

  public async save(): Promise<void> {
    this.isSaving = true;
    try {
      for (let tries = 0; tries < SAVE_TRIES; tries++) {
        const version = this.version + 1;
        if (await this.store.saveCursor({ loadedTo: new Map(this.loadedTo), version })) {
          this.version = version;
          break;
        }
        const saved = await this.store.readCursor();
        if (!saved) {
          break; // there is nothing that could be moved on
        }
        this.takeOver(saved);
      }
      this.savedAt = this.clock.now();
    } finally {
      this.isSaving = false;
    }
  }

  private takeOver({ loadedTo, version }: Cursor): void {
    for (const [partition, to] of loadedTo) {
      const own = this.loadedTo.get(partition);
      if (own === undefined || own < to) { // not where they are equal: it may be this run's own save, of which it was not told
        this.loadedTo.set(partition, to);
        this.behind.add(partition);
      }
    }
    this.version = version;
  }
}
