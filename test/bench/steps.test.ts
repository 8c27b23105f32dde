// The steps of a webhook: that the worker looks at its processor time when it is told to, and what the table says of it.
import { deliverEvent } from '../../bench/weight/events';
import { Steps, stepsTable, StepTimes } from '../../bench/weight/steps';
import { World } from '../../bench/weight/world';
import { Cleanup } from '../../scripts/support/cleanup';

const cleanup = new Cleanup();
afterAll(() => cleanup.run());

test('a worker looks at its processor time at the instants that it is told, while it claims one by one, and waits for endpoints that take their time', async () => {
  const world = await World.start(cleanup);
  await world.reset('http', undefined, 300);
  const at = Date.now() + 1_500;
  const { result, looks, usage } = await world.withWorker('deliver', {}, (worker) => (
    worker.invoke(deliverEvent(at, 5, 1), 60_000, false, [at - 200, at + 200])
  ));
  expect(Date.now()).toBeGreaterThanOrEqual(at + 300);
  expect(result).toEqual({ batchItemFailures: [] });
  const times = [0, ...looks.map(({ processorMs }) => processorMs), usage.processorMs];
  expect(times).toHaveLength(4);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(looks.every(({ lateMs }) => lateMs >= 0)).toBe(true);
  const { lateMs, requests } = await world.counts();
  expect(lateMs).toHaveLength(5);
  expect(requests).toMatchObject({ UpdateItem: 5, PutItem: 5 });
  expect(requests).not.toHaveProperty('BatchExecuteStatement');
});

test('the table has the first invocations, then the later ones, and says where steps were not apart', () => {
  const times: StepTimes = { claimedMs: 51.4, connectedMs: 3, writtenMs: 0.125, settledMs: 2.5, isApart: true, complete: true };
  const steps: Steps[] = [
    { scheme: 'https', webhooks: 100, turn: 0, first: times, later: { ...times, claimedMs: 40, isApart: false } },
    { scheme: 'http', webhooks: 10, turn: 1, first: { ...times, complete: false }, later: times },
  ];
  expect(stepsTable(steps).split('\n').slice(2)).toEqual([
    expect.stringMatching(/^ *first +https, claimed in batches +100 +51 +3\.00 +0\.13 +2\.50 +yes +yes$/),
    expect.stringMatching(/^ *first +http, claimed one by one +10 +51 +3\.00 +0\.13 +2\.50 +yes +no$/),
    expect.stringMatching(/^ *later +https, claimed in batches +100 +40 +3\.00 +0\.13 +2\.50 +no +yes$/),
    expect.stringMatching(/^ *later +http, claimed one by one +10 +51 +3\.00 +0\.13 +2\.50 +yes +yes$/),
  ]);
});
