// One worker's thread, by hand.
import { AWS_COSTS, Costs, WorkerCosts } from '../../scripts/scale/costs';
import { TableCapacity } from '../../scripts/scale/table-capacity';
import { runWorker } from '../../scripts/scale/worker';

const STAGES: WorkerCosts = { batch: 2, claim: 1, prepare: 3, connect: 5, fire: 4, settle: 7 };
const COSTS: Costs = { ...AWS_COSTS, latency: { ...AWS_COSTS.latency, read: 10, write: 20, connect: 30, endpoint: 100 }, patienceMs: 1_000 };
const due = (...at: number[]) => Float64Array.from(at);
const plenty = () => new TableCapacity(1e6, 0);

test('one that is early is held until its instant', () => {
  // Read at 12, claimed at 13 + 20, prepared at 36; connected at 4,000 + 5 + 30; written at 5,000 + 4.
  const { firedAt, endsAt } = runWorker(0, due(5_000), 1, STAGES, COSTS, plenty());
  expect([...firedAt]).toEqual([5_004]);
  // The answer at 5,104, its outcome asked for at 5,111 and written at 5,131.
  expect(endsAt).toBe(5_131);
});

test('one that is late goes as soon as it can', () => {
  // 12 + claim 1, 33 + prepare 3, connect 5 = 41, 71 + fire 4.
  const { firedAt, endsAt } = runWorker(0, due(0), 1, STAGES, COSTS, plenty());
  expect([...firedAt]).toEqual([75]);
  expect(endsAt).toBe(75 + 100 + 7 + 20);
});

test('half a processor takes twice the time', () => {
  // 4 + 10, claim 2 = 16; 36 + 6 + 10 = 52; 82 + 8.
  expect([...runWorker(0, due(0), 0.5, STAGES, COSTS, plenty()).firedAt]).toEqual([90]);
});

test('two at one instant are written one after the other', () => {
  expect([...runWorker(0, due(5_000, 5_000, 5_000), 1, STAGES, COSTS, plenty()).firedAt]).toEqual([5_004, 5_008, 5_012]);
});

test('an outcome gives way to a request that is due in a moment', () => {
  // The answer of the first is there at 5,104, and its outcome would take until 5,111; the second is due at 5,105.
  expect([...runWorker(0, due(5_000, 5_105), 1, STAGES, COSTS, plenty()).firedAt]).toEqual([5_004, 5_109]);
});

test('a claim that the table does not take is given up, and the others go on', () => {
  const table = new TableCapacity(100, 0); // one in ten milliseconds
  const { firedAt, unclaimed, endsAt } = runWorker(0, due(3_000, 3_000, 3_000), 1, STAGES, { ...COSTS, patienceMs: 8 }, table);
  // At 13, 14 and 15: the first is taken, the second at 20; the third would be at 30.
  expect([...firedAt]).toEqual([3_004, 3_008, NaN]);
  expect(unclaimed).toEqual([[2, 15 + 8]]);
  expect(endsAt).toBeGreaterThan(3_008);
});
