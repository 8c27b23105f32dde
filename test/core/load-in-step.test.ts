// Load where one partition has webhooks and another, in which it is a day behind, nothing for long.
import { Load } from '../../src/core/load';
import { DelayQueue, LoadStore } from '../../src/core/ports';
import { Turn } from '../../src/core/webhook';
import { FakeClock } from '../support/fake-clock';
import { RecordingLog } from '../support/recording-log';
import { RecordingMetrics } from '../support/recording-metrics';

const START = Date.parse('2030-01-01T00:00:00Z');
const MINUTE_MS = 60_000;
const BEHIND_MINUTES = 24 * 60;

test('a partition with a day of nothing to catch up with keeps what the others have waiting for a second each time, not until it is done', async () => {
  const clock = new FakeClock(START);
  const PAGES = 5;
  const pageOf = (from: number, page: number) => Array.from({ length: 250 }, (_, i): Turn => {
    const dueAt = from + page * 1_000 + i;
    return { id: `${page}-${i}`, dueAt, at: dueAt, turn: 0, partition: 0 };
  });
  let minutesRead = 0;
  const store: LoadStore = {
    readCursor: () => Promise.resolve({ version: 7, loadedTo: new Map([[0, START], [1, START - BEHIND_MINUTES * MINUTE_MS]]) }),
    saveCursor: () => Promise.resolve(true),
    async* dueBetween(partition, from) {
      if (partition === 1) {
        await new Promise((resolve) => setImmediate(resolve));
        clock.advance(20);
        minutesRead++;
        return;
      }
      for (let page = 0; page < PAGES; page++) {
        yield pageOf(from, page);
      }
    },
  };
  const sends: { turns: number; minutesRead: number }[] = [];
  const queue: DelayQueue = {
    send: async (turns) => {
      sends.push({ turns: turns.length, minutesRead });
      return [];
    },
    sendApart: () => Promise.reject(new Error('load takes nothing apart')),
    sendOutcome: () => Promise.reject(new Error('load has no outcomes to send')),
  };
  await new Load(MINUTE_MS, clock, store, queue, new RecordingLog(), new RecordingMetrics()).run();

  expect(minutesRead).toBe(BEHIND_MINUTES + 1);
  expect(sends.map(({ turns }) => turns)).toEqual(Array.from({ length: PAGES }, () => 250));
  // A second is 50 of its minutes here. Within it, what others may have yet is waited for.
  const waits = sends.map((send, i) => send.minutesRead - (sends[i - 1]?.minutesRead ?? 0));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(45);
  expect(Math.max(...waits)).toBeLessThanOrEqual(60);
});
