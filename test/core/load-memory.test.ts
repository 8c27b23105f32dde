// What load holds on to while it runs: a few pages of each partition, however many rows there are.
import { setImmediate as nextTurnOfLoop } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Load } from '../../src/core/load';
import { LoadStore } from '../../src/core/ports';
import { readAhead } from '../../src/core/read-ahead';
import { Turn } from '../../src/core/webhook';
import { FakeClock } from '../support/fake-clock';
import { RecordingLog } from '../support/recording-log';
import { RecordingMetrics } from '../support/recording-metrics';

const START = Date.parse('2030-01-01T00:00:00Z');
const PARTITIONS = 4;
const PAGES = 100;
const PAGE_TURNS = 250;
/** The one that is being sent, the one that is read meanwhile, and what V8 keeps in the frame of a generator when it compiles that anew. */
const MOST_PAGES = 4;
/** A look takes tens of milliseconds: it collects all garbage of the test process. */
const LOOK_EVERY_SENDS = 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Objects of which it is told which are still there. */
class Watched<T extends object> {
  private refs: WeakRef<T>[] = [];

  public add(...objects: readonly T[]): void {
    this.refs.push(...objects.map((object) => new WeakRef(object)));
  }

  public async held(): Promise<T[]> {
    await nextTurnOfLoop(); // until then, whatever a reference was made to or followed to is kept
    collectGarbage();
    this.refs = this.refs.filter((ref) => ref.deref() !== undefined);
    return this.refs.flatMap((ref) => ref.deref() ?? []);
  }
}

test('reading ahead holds the item in use and the next one, and none before them', async () => {
  const watched = new Watched<{ readonly number: number }>();
  async function* items() {
    for (let number = 0; number < 8; number++) {
      const item = { number };
      watched.add(item);
      yield item;
    }
  }
  const held: number[][] = [];
  for await (const { number } of readAhead(items())) {
    held[number] = (await watched.held()).map((item) => item.number);
  }
  expect(held).toEqual([[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 6], [6, 7], [7]]);
});

test('a turn that has been sent is let go, so that no more are held for a hundred pages than for a few', async () => {
  const watched = new Watched<Turn>();
  const pageOf = (partition: number, page: number): Turn[] => {
    const turns = Array.from({ length: PAGE_TURNS }, (_, i): Turn => {
      const dueAt = START + page * PAGE_TURNS + i;
      return { id: `${partition}-${page}-${i}`, dueAt, at: dueAt, turn: 0, partition };
    });
    watched.add(...turns);
    return turns;
  };
  const store: LoadStore = {
    readCursor: () => Promise.resolve({ version: 0, loadedTo: new Map(Array.from({ length: PARTITIONS }, (_, partition) => [partition, START])) }),
    saveCursor: () => Promise.resolve(true),
    async* dueBetween(partition) {
      for (let page = 0; page < PAGES; page++) {
        await nextTurnOfLoop();
        yield pageOf(partition, page);
      }
    },
  };
  const held: number[] = [];
  let [sends, sent] = [0, 0];
  const queue = {
    send: async (turns: readonly Turn[]) => {
      sent += turns.length;
      if (++sends % LOOK_EVERY_SENDS === 0) {
        held.push((await watched.held()).length);
      }
      return [];
    },
    sendApart: () => Promise.reject(new Error('load takes nothing apart')),
    sendOutcome: () => Promise.reject(new Error('load has no outcomes to send')),
  };
  await new Load(60_000, new FakeClock(START), store, queue, new RecordingLog(), new RecordingMetrics()).run();

  expect(sent).toBe(PARTITIONS * PAGES * PAGE_TURNS);
  expect(held.length).toBeGreaterThanOrEqual(5);
  expect(Math.min(...held)).toBeGreaterThanOrEqual(PAGE_TURNS); // what is being sent is there, or the test looks at nothing
  expect(Math.max(...held)).toBeLessThanOrEqual(PARTITIONS * MOST_PAGES * PAGE_TURNS);
});
