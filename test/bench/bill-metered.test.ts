// The whole way of a metered work: through the engine with the real handlers, to exact counts.
import { billedAssembly } from '../../bench/bill/assembly';
import { quantityOf } from '../../bench/bill/bill';
import { runMetered } from '../../bench/bill/metered';
import { ourBill, requestRows } from '../../bench/bill/ours';
import { LISTED, SOON } from '../../bench/bill/works';
import { Cleanup } from '../../scripts/support/cleanup';

const cleanup = new Cleanup();
afterAll(() => cleanup.run());

test('ten webhooks of one batch are a publish, a row each, a claim and an outcome each, and one call of everything that comes in batches', async () => {
  const run = await runMetered({ ...SOON, count: 10 }, await billedAssembly({}, cleanup), cleanup);
  expect(run.arrived).toBe(10);
  const counted = Object.fromEntries(requestRows(run).map(({ role, by, operation, requests, units }) => [`${role} ${by} ${operation}`, [requests, units]]));
  expect(counted).toMatchObject({
    'producer code PublishBatch': [1, 1],
    'ingest code PutItem': [10, 10],
    'ingest code SendMessageBatch': [1, 1],
    'deliver code BatchExecuteStatement': [1, 10],
    'deliver code PutItem': [10, 10],
  });
  const bill = ourBill('ten', run);
  expect(quantityOf(bill, 'dynamodb.write')).toBe(3);
  expect(quantityOf(bill, 'sns.request')).toBe(0.1);
  expect(run.usage.tables).toEqual([expect.objectContaining({ items: 20 })]);
  expect(run.usage.deliveries).toEqual([expect.objectContaining({ messages: 10 })]);
});

test('twenty webhooks in two lists of one batch are two messages, of one invocation', async () => {
  const run = await runMetered({ ...LISTED, count: 20, due: 'soon' }, await billedAssembly({}, cleanup), cleanup);
  expect(run.arrived).toBe(20);
  const bill = ourBill('twenty', run);
  expect(quantityOf(bill, 'dynamodb.write')).toBe(3);
  expect(quantityOf(bill, 'sns.request')).toBe(1 / 20);
  expect(run.usage.deliveries).toEqual([expect.objectContaining({ messages: 2 })]);
  const { functions: { ingest } } = run;
  expect(run.usage.functions.find(({ functionName }) => functionName === ingest)?.invocations).toBe(1);
});
