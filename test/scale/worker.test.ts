// One worker's thread, by hand.
import { AWS_COSTS, Costs, WorkerCosts } from '../../scripts/scale/costs';
import { TableCapacity } from '../../scripts/scale/table-capacity';
import { CLAIMS_A_BATCH, runWorker } from '../../scripts/scale/worker';

const STAGES: WorkerCosts = { batch: 2, claim: 1, claimAlone: 6, connect: 5, fire: 4, settle: 7 };
const COSTS: Costs = { ...AWS_COSTS, latency: { ...AWS_COSTS.latency, read: 10, write: 20, connect: 30, endpoint: 100 }, patienceMs: 1_000 };
const due = (...at: number[]) => Float64Array.from(at);
const many = (count: number, at: number) => new Float64Array(count).fill(at);
const plenty = () => new TableCapacity(1e6, 0);

test('one that is early is held until its instant', () => {
  // Read at 12, claimed at 18 + 20; connected at 4,000 + 5 + 30; written at 5,000 + 4.
  const { firedAt, endsAt } = runWorker(0, due(5_000), 1, STAGES, COSTS, plenty());
  expect([...firedAt]).toEqual([5_004]);
  // The answer at 5,104, its outcome asked for at 5,111 and written at 5,131.
  expect(endsAt).toBe(5_131);
});

test('one that is late goes as soon as it can', () => {
  // 12 + claim 6, 38 + connect 5 = 43, 73 + fire 4.
  const { firedAt, endsAt } = runWorker(0, due(0), 1, STAGES, COSTS, plenty());
  expect([...firedAt]).toEqual([77]);
  expect(endsAt).toBe(77 + 100 + 7 + 20);
});

test('several are claimed together, and answered together', () => {
  // 12 + two claims 1 = 14; 34 + connect 5 and 5 = 39, 44; written at 69 + 4 and 74 + 4.
  expect([...runWorker(0, due(0, 0), 1, STAGES, COSTS, plenty()).firedAt]).toEqual([73, 78]);
});

test('so many go into a batch, and one that is left over is claimed alone', () => {
  const lastOf = (count: number) => runWorker(0, many(count, 0), 1, { ...STAGES, connect: 0, fire: 0 }, COSTS, plenty()).firedAt[count - 1];
  expect(lastOf(CLAIMS_A_BATCH)).toBe(12 + CLAIMS_A_BATCH + 20 + 30);
  expect(lastOf(CLAIMS_A_BATCH + 1)).toBe(12 + CLAIMS_A_BATCH + 6 + 20 + 30);
  expect(lastOf(CLAIMS_A_BATCH + 2)).toBe(12 + CLAIMS_A_BATCH + 2 + 20 + 30);
});

test('half a processor takes twice the time', () => {
  // 4 + 10, claim 12 = 26; 46 + 10 = 56; 86 + 8.
  expect([...runWorker(0, due(0), 0.5, STAGES, COSTS, plenty()).firedAt]).toEqual([94]);
});

test('two at one instant are written one after the other', () => {
  expect([...runWorker(0, due(5_000, 5_000, 5_000), 1, STAGES, COSTS, plenty()).firedAt]).toEqual([5_004, 5_008, 5_012]);
});

test('who finds no connection takes over that of a request that was answered', () => {
  // The first is answered at 5,104.
  expect([...runWorker(0, due(5_000, 5_000, 5_000), 1, STAGES, COSTS, plenty(), 2).firedAt]).toEqual([5_004, 5_008, 5_108]);
});

test('an invocation with many connects earlier', () => {
  // A hundred connections take a second and a half here, more than the second that few would have.
  const late = runWorker(0, many(100, 5_000), 1, { ...STAGES, connect: 15, fire: 0 }, COSTS, plenty()).firedAt[99] - 5_000;
  expect(late).toBe(0);
});

test('an outcome gives way to a request that is due in a moment', () => {
  // The answer of the first is there at 5,104, and its outcome would take until 5,111; the second is due at 5,105.
  expect([...runWorker(0, due(5_000, 5_105), 1, STAGES, COSTS, plenty()).firedAt]).toEqual([5_004, 5_109]);
});

/** One unit at 40, one at 50 …: nothing is kept of before. */
const scarce = () => {
  const table = new TableCapacity(100, 0);
  [0, 10, 20, 30].forEach((at) => table.write(at, 0));
  return table;
};

test('what the table does not take of a batch is claimed alone, and what was claimed meanwhile does not wait for it', () => {
  const costs = { ...STAGES, batch: 30, connect: 0, fire: 0 };
  // Read at 40. The batch at 40 + 3: the first is taken, and answered at 63. The others ask again at 69 and 75, when there are units.
  const { firedAt, unclaimed } = runWorker(0, due(0, 0, 0), 1, costs, COSTS, scarce());
  expect([...firedAt]).toEqual([63 + 30, 69 + 20 + 30, 75 + 20 + 30]);
  expect(unclaimed).toEqual([]);
});

test('a claim that the table does not take alone either is given up, and the others go on', () => {
  const table = scarce();
  Array.from({ length: 20 }, (_, i) => table.write(50 + i * 10, 0)); // others have what there is after that, for longer than a claim waits
  const { firedAt, unclaimed, endsAt } = runWorker(0, due(3_000, 3_000), 1, { ...STAGES, batch: 30 }, { ...COSTS, patienceMs: 8 }, table);
  // The batch at 40 + 2: one is taken. The other asks again at 62 + 6.
  expect([...firedAt]).toEqual([3_004, NaN]);
  expect(unclaimed).toEqual([[1, 68 + 8]]);
  expect(endsAt).toBeGreaterThan(3_004);
});
