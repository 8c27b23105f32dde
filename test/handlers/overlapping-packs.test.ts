// Packs of which an invocation takes a part and sends on the rest, while the table cannot be read: there must not be more and more copies.
import type { Receiver } from '../../scripts/support/receiver';
import { delayMessageText } from '../../src/core/queue-message';
import type { Cloud } from '../support/cloud';
import { emulatedScheduler } from '../support/emulated-scheduler';
import { queuedTurns } from '../support/queued-turns';
import type { TestScheduler } from '../support/test-scheduler';

let cloud: Cloud;
let receiver: Receiver;
let scheduler: TestScheduler;

const TURNS_PER_INVOCATION = 10;
emulatedScheduler((started) => {
  ({ cloud, receiver, scheduler } = started);
}, undefined, { TURNS_PER_INVOCATION: String(TURNS_PER_INVOCATION) });
beforeEach(() => {
  scheduler.tableFault = (command) => (command === 'BatchGetItemCommand' ? OUT_OF_ORDER : undefined);
});
afterEach(() => {
  scheduler.tableFault = () => undefined;
  scheduler.queueFault = () => undefined;
});

const OUT_OF_ORDER = new Error('out of order');
const idsOf = (body: string) => queuedTurns(body).map(({ id }) => id);

/** Publishes webhooks, due one after the other, and returns packs of them: each goes into the one that is said. */
async function packsOf(ids: readonly string[], packOf: (index: number) => number, dueInMs = (i: number) => 2_000 + i): Promise<string[]> {
  for (const [i, id] of ids.entries()) {
    await scheduler.publish({ date: scheduler.at(dueInMs(i)), url: `${receiver.url}/${id}`, method: 'get' }, id);
  }
  const turns = (await cloud.bodiesIn('Delay')).flatMap((body) => queuedTurns(body)).sort((a, b) => a.at - b.at);
  const packs = new Set(turns.map((_, i) => packOf(i)));
  return [...packs].map((pack) => delayMessageText({ turns: turns.filter((_, i) => packOf(i) === pack) }));
}

const idsWith = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}-${i + 10}`);

/** What lies in the queue is fired once the table can be read again: each webhook once. */
async function expectFiredOnce(bodies: readonly string[], ids: readonly string[]): Promise<void> {
  scheduler.tableFault = () => undefined;
  scheduler.queueFault = () => undefined;
  for (let left = bodies; left.length > 0; left = await cloud.bodiesIn('Delay')) {
    expect(await scheduler.deliver(left)).toEqual([]);
  }
  expect(ids.map((id) => receiver.requests.filter(({ target }) => target === `/${id}`).length)).toEqual(ids.map(() => 1));
}

interface Overlap {
  readonly what: string;
  readonly prefix: string;
  readonly count: number;
  readonly packOf: (index: number) => number;
  readonly dueInMs?: (index: number) => number;
}

test.each<Overlap>([
  { what: 'packs that overlap', prefix: 'overlapping', count: 16, packOf: (i) => i % 2 },
  { what: 'a pack that is more than an invocation takes', prefix: 'large', count: 16, packOf: () => 0 },
  { what: 'a pack that comes too early for some', prefix: 'early', count: 4, packOf: () => 0, dueInMs: (i) => (i < 2 ? 3_000 : 8_000) + i },
])('each webhook of $what comes again once', async ({ prefix, count, packOf, dueInMs }) => {
  const ids = idsWith(prefix, count);
  const packs = await packsOf(ids, packOf, dueInMs);
  expect(await scheduler.deliverBatch(packs)).toBe(true);
  const left = await cloud.bodiesIn('Delay');
  expect(left.flatMap(idsOf).sort()).toEqual(ids);
  await expectFiredOnce(left, ids);
});

test('a pack that is taken whole comes again as it is, whatever is sent on of others', async () => {
  const ids = idsWith('whole', 16);
  const packs = await packsOf(ids, (i) => Math.floor(i / 8));
  expect(await scheduler.deliverBatch(packs)).toBe(false);
  const left = await cloud.bodiesIn('Delay');
  expect(left.flatMap(idsOf).sort()).toEqual(ids.slice(8));
  await expectFiredOnce([packs[0], ...left], ids);
});

test('where nothing can be sent on either, all come again as they are', async () => {
  const ids = idsWith('stuck', 16);
  const packs = await packsOf(ids, (i) => i % 2);
  scheduler.queueFault = () => OUT_OF_ORDER;
  expect(await scheduler.deliverBatch(packs)).toBe(false);
  expect(await cloud.bodiesIn('Delay')).toEqual([]);
  await expectFiredOnce(packs, ids);
});
