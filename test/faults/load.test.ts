// A load function that does not run, for longer than the horizon it looks ahead.
import { audit, settle } from './support/audit';
import { INGEST_HORIZON_SECONDS, Rig } from './support/rig';
import { pause } from './support/scenarios';
import { until } from '../support/until';

jest.setTimeout(150_000);

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});
afterAll(async () => {
  await rig.stop();
});

/** 30 minutes, as the minutes of this scheduler are seconds. */
const OUTAGE_MS = 30_000;

test('load does not run for 30 minutes: what came due meanwhile fires at once when it is back, the rest at its date', async () => {
  rig.engine.pauseSchedules();
  const pausedAt = Date.now();
  const firstDueAt = pausedAt + 1_000 * INGEST_HORIZON_SECONDS + 3_000; // surely left to load
  const missed = Array.from({ length: 30 }, (_, i) => ({ id: `missed-${i}`, dueAt: firstDueAt + 500 * i }));
  const later = Array.from({ length: 5 }, (_, i) => ({ id: `later-${i}`, dueAt: pausedAt + OUTAGE_MS + 8_000 + 300 * i }));
  await rig.publish(...missed, ...later);
  // What ingest sends is none of load's business.
  const near = Array.from({ length: 5 }, (_, i) => ({ id: `near-${i}`, dueAt: Date.now() + 4_000 }));
  await rig.publish(...near);
  await Promise.all(near.map(async ({ id }) => settle(rig, { id, ends: 'delivered' })));

  await pause(pausedAt + OUTAGE_MS - Date.now());
  expect(missed.flatMap(({ id }) => rig.requestsOf(id))).toEqual([]);
  rig.engine.resumeSchedules();
  await until('what was missed', () => missed.every(({ id }) => rig.requestsOf(id).length > 0));
  await Promise.all([...missed, ...later].map(async ({ id }) => settle(rig, { id, ends: 'delivered' })));
});

test('afterwards nothing is left, and nothing was lost, early or repeated', async () => {
  await audit(rig);
});
