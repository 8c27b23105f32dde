// What can wait, and what is due.
import { DueFirst } from '../../src/core/due-first';
import { QUIET_MS } from '../../src/core/timing';
import { FakeClock } from '../support/fake-clock';

const NOW = Date.parse('2030-01-01T00:00:00Z');

let clock: FakeClock;
let dueFirst: DueFirst;

beforeEach(() => {
  clock = new FakeClock(NOW);
  dueFirst = new DueFirst(clock);
});

/** How long work waits that begins now. */
async function waited(until = NOW + 1_000): Promise<number> {
  await dueFirst.quiet(until);
  return clock.now() - NOW;
}

test('where nothing is held, nothing waits', async () => {
  expect(await waited()).toBe(0);
});

test('a request that is due later does not hold anything up', async () => {
  dueFirst.hold(NOW + QUIET_MS + 1);
  expect(await waited()).toBe(0);
});

test('one that is due in a moment goes first', async () => {
  const release = dueFirst.hold(NOW + QUIET_MS);
  // It is written at its instant.
  const sleepUntil = clock.sleepUntil.bind(clock);
  clock.sleepUntil = async (instant) => {
    await sleepUntil(instant);
    release();
  };
  expect(await waited()).toBe(QUIET_MS);
});

test('so do those that follow it closely, up to the end of patience', async () => {
  for (let ms = 5; ms <= 2_000; ms += 5) {
    dueFirst.hold(NOW + ms);
  }
  expect(await waited(NOW + 300)).toBe(300);
});

test('one that is overdue and not yet written holds work up, and does not keep the clock from running', async () => {
  dueFirst.hold(NOW - 5);
  expect(await waited(NOW + 3)).toBe(3);
});

test('without patience there is no wait', async () => {
  dueFirst.hold(NOW + 1);
  expect(await waited(NOW - 1)).toBe(0);
});
