// The bill: prices and what is made of them, what others would charge, and the messages it is made out for.
import { deflateRawSync } from 'node:zlib';
import { Bill, dollarsOf, dollarsPerMillion, quantityOf, withQuantity } from '../../bench/bill/bill';
import { goalsOf } from '../../bench/bill/goals';
import { idleMonth, READS_OF_TICK } from '../../bench/bill/idle';
import { sectionOf } from '../../bench/bill/index';
import { messageText } from '../../bench/bill/messages';
import { MeteredRun, usageBetween } from '../../bench/bill/metered';
import { metricsMonths } from '../../bench/bill/metrics';
import { gbSeconds, isUndisturbed, ourBill, PLATFORM_BYTES, provisionedWriteDollars, requestRows } from '../../bench/bill/ours';
import { dollars, PriceName, PRICES, REGION, RETRIEVED } from '../../bench/bill/prices';
import { atMost, atMostWithPollers } from '../../bench/bill/readers';
import { cloudTasks, olderDesign, qstash, schedulerWithApiDestination, schedulerWithLambda } from '../../bench/bill/rivals';
import { BATCHED, GROUPS, LONG_WINDOWED_SINGLE, POLLED_SINGLE, SINGLE, WINDOWED_SINGLE } from '../../bench/bill/works';
import { DEFAULTS, FIXED } from '../../scripts/scale/scheduler-settings';
import { Load } from '../../src/core/load';
import { parseMessage } from '../../src/core/message';
import { MetricName } from '../../src/core/metric-names';
import type { Cursor, LoadStore } from '../../src/core/ports';
import type { FunctionUsage, RequestUsage, Usage } from '../../src/local/engine';
import { FakeClock } from '../support/fake-clock';
import { PUBLIC_INTERNET } from '../support/network';
import { RecordingLog } from '../support/recording-log';
import { RecordingMetrics } from '../support/recording-metrics';

const DATE = /^20\d\d-[01]\d-[0-3]\d$/;

describe('the price file', () => {
  test('is of one region and one day', () => {
    expect(REGION).toBe('us-east-1');
    expect(RETRIEVED).toMatch(DATE);
  });

  test.each(Object.entries(PRICES))('says of %s what it is, where it was read, and when that was listed', (_, price) => {
    expect(price).toEqual({
      name: expect.stringMatching(/\w/),
      usd: expect.any(Number),
      per: expect.any(Number),
      unit: expect.stringMatching(/\w/),
      source: expect.stringMatching(/^https:\/\/\w/),
      readAtSource: expect.any(Boolean),
      listed: price.listed === null ? null : expect.stringMatching(DATE),
      vendorPage: expect.stringMatching(/^https:\/\/\w/),
      note: expect.any(String),
    });
    expect(price.usd).toBeGreaterThanOrEqual(0);
    expect(price.per).toBeGreaterThan(0);
  });

  test('explains each value that no page could be read for', () => {
    const unread = Object.values(PRICES).filter(({ readAtSource }) => !readAtSource);
    expect(unread.map(({ note }) => note)).not.toContain('');
  });

  test.each<[PriceName, number]>([
    ['dynamodb.write', 0.625], ['dynamodb.read', 0.125], ['sqs.request', 0.40], ['sns.request', 0.50], ['lambda.request', 0.20], ['qstash.message', 10],
  ])('makes of a million of %s $%d', (name, million) => {
    expect(dollars(name, 1e6)).toBeCloseTo(million, 10);
  });
});

const bill: Bill = {
  name: 'bill',
  lines: [
    { what: 'writes', part: 'requests', price: 'dynamodb.write', quantity: 2 },
    { what: 'more writes', part: 'requests', price: 'dynamodb.write', quantity: 1 },
    { what: 'time', part: 'duration', price: 'lambda.arm-gb-second', quantity: 0.1 },
    { what: 'rows', part: 'storage', price: 'dynamodb.storage', quantity: 2e-6 },
  ],
};

test('adds up quantities by price, and dollars by part', () => {
  expect(quantityOf(bill, 'dynamodb.write')).toBe(3);
  expect(quantityOf(bill, 'sqs.request')).toBe(0);
  expect(dollarsOf(bill, ['requests'])).toBeCloseTo(3 * 0.625e-6, 12);
  expect(dollarsPerMillion(bill, ['requests'])).toBeCloseTo(1.875, 10);
  expect(dollarsPerMillion(bill, ['requests', 'duration'])).toBeCloseTo(1.875 + 1.33334, 10);
  expect(dollarsPerMillion(bill)).toBeCloseTo(1.875 + 1.33334 + 0.5, 10);
});

test('takes another quantity of a price for all there was of it', () => {
  const fewer = withQuantity(bill, { what: 'writes', part: 'requests', price: 'dynamodb.write', quantity: 0.5 });
  expect(quantityOf(fewer, 'dynamodb.write')).toBe(0.5);
  expect(quantityOf(fewer, 'lambda.arm-gb-second')).toBe(0.1);
});

test('bills time by memory, and provisioned writes by what is used of them', () => {
  expect(gbSeconds(2_000, 512)).toBe(1);
  expect(provisionedWriteDollars(0.00065, 1)).toBeCloseTo(0.1806, 4);
  expect(provisionedWriteDollars(0.00065, 0.7)).toBeCloseTo(0.2579, 4);
});

const functions = { ingest: 'Stack-Ingest', load: 'Stack-Load', deliver: 'Stack-Deliver' };

function usageOf(requests: readonly RequestUsage[], used: readonly Partial<FunctionUsage>[], items = 0, bytes = 0): Usage {
  const none = { functionName: '', memoryMb: 512, invocations: 0, coldStarts: 0, billedMs: 0, logLines: 0, logBytes: 0 };
  return { requests, deliveries: [], functions: used.map((usage) => ({ ...none, ...usage })), tables: [{ tableName: 'Table', items, bytes }] };
}

const run: MeteredRun = {
  work: { ...BATCHED, count: 10 },
  functions,
  arrived: 10,
  usage: usageOf([
    { caller: { kind: 'outside' }, operation: 'PublishBatch', unit: 'sns-request', requests: 1, units: 1, empty: 0 },
    { caller: { kind: 'function', functionName: 'Stack-Ingest' }, operation: 'PutItem', unit: 'dynamodb-write', requests: 10, units: 15, empty: 0 },
    { caller: { kind: 'lambda', functionName: 'Stack-Ingest' }, operation: 'ReceiveMessage', unit: 'sqs-request', requests: 5, units: 5, empty: 4 },
    { caller: { kind: 'lambda', functionName: 'Stack-Deliver' }, operation: 'ReceiveMessage', unit: 'sqs-request', requests: 3, units: 3, empty: 3 },
  ], [
    { functionName: 'Stack-Ingest', invocations: 1, billedMs: 100, logLines: 10, logBytes: 2_000 },
    { functionName: 'Stack-Load' },
    { functionName: 'Stack-Deliver', memoryMb: 1024, invocations: 2, billedMs: 5_000 },
  ], 20, 8_000),
};

test('makes of what was metered a bill for one webhook, without receives that brought nothing', () => {
  expect(requestRows(run).map(({ role, by, operation, units }) => [role, by, operation, units])).toEqual([
    ['producer', 'code', 'PublishBatch', 1], ['ingest', 'code', 'PutItem', 15], ['ingest', 'mapping', 'ReceiveMessage', 1],
  ]);
  const ours = ourBill('ours', run);
  expect(quantityOf(ours, 'sns.request')).toBe(0.1);
  expect(quantityOf(ours, 'dynamodb.write')).toBe(1.5);
  expect(quantityOf(ours, 'sqs.request')).toBe(0.1);
  expect(quantityOf(ours, 'lambda.request')).toBeCloseTo(0.3, 10);
  expect(quantityOf(ours, 'lambda.arm-gb-second')).toBeCloseTo((0.05 + 5) / 10, 10);
  expect(quantityOf(ours, 'logs.ingestion')).toBeCloseTo((2_000 + 10 * 26 + 3 * PLATFORM_BYTES) / 1e9 / 10, 15);
  // Ten messages, each with two rows and the hundred bytes that DynamoDB adds to each.
  expect(quantityOf(ours, 'dynamodb.storage')).toBeCloseTo((8_000 + 20 * 100) / 1e9 / 10 * 32 / 30, 15);
  expect(dollarsPerMillion(ours, ['requests'])).toBeCloseTo(0.05 + 1.5 * 0.625 + 0.04 + 0.06, 10);
});

test('finds a work disturbed in which webhooks were claimed more than once', () => {
  const claimed = (...units: [operation: string, units: number][]): MeteredRun => ({
    ...run,
    usage: usageOf(units.map(([operation, each]) => (
      { caller: { kind: 'function', functionName: 'Stack-Deliver' }, operation, unit: 'dynamodb-write', requests: 1, units: each, empty: 0 }
    )), []),
  });
  expect(isUndisturbed(claimed(['BatchExecuteStatement', 10]))).toBe(true);
  expect(isUndisturbed(claimed(['BatchExecuteStatement', 11]))).toBe(false);
  expect(isUndisturbed(claimed(['BatchExecuteStatement', 10], ['UpdateItem', 1]))).toBe(false);
  expect(isUndisturbed(claimed(['PutItem', 10]))).toBe(false);
});

test('takes no request for a function\'s that is none of the scheduler', () => {
  const usage = usageOf([
    { caller: { kind: 'function', functionName: 'Stack-Other' }, operation: 'PutItem', unit: 'dynamodb-write', requests: 1, units: 1, empty: 0 },
  ], []);
  expect(() => requestRows({ ...run, usage })).toThrow('Stack-Other');
});

test('tells what was used in between', () => {
  const more = usageOf([
    ...run.usage.requests.slice(0, 1),
    { ...run.usage.requests[1], requests: 12, units: 17 },
    { caller: { kind: 'outside' }, operation: 'Publish', unit: 'sns-request', requests: 2, units: 2, empty: 0 },
  ], [{ functionName: 'Stack-Ingest', invocations: 3, billedMs: 150, logLines: 11, logBytes: 2_100 }], 25, 9_000);
  expect(usageBetween(run.usage, more)).toEqual(usageOf([
    { ...run.usage.requests[1], requests: 2, units: 2 },
    { caller: { kind: 'outside' }, operation: 'Publish', unit: 'sns-request', requests: 2, units: 2, empty: 0 },
  ], [{ functionName: 'Stack-Ingest', invocations: 2, billedMs: 50, logLines: 1, logBytes: 100 }], 5, 1_000));
});

test('makes a month of two ticks, and of the polling that Lambda does', () => {
  const ticks = usageOf([
    { caller: { kind: 'function', functionName: 'Stack-Load' }, operation: 'Query', unit: 'dynamodb-read', requests: 34, units: 34, empty: 0 },
    { caller: { kind: 'function', functionName: 'Stack-Load' }, operation: 'ReceiveMessage', unit: 'sqs-request', requests: 4, units: 4, empty: 4 },
    { caller: { kind: 'function', functionName: 'Stack-Deliver' }, operation: 'PutItem', unit: 'dynamodb-write', requests: 1, units: 1, empty: 0 },
  ], [{ functionName: 'Stack-Deliver', invocations: 1, billedMs: 50 }, { functionName: 'Stack-Load', invocations: 2, billedMs: 200 }]);
  const month = idleMonth('Stack-Load', ticks, 5);
  expect(quantityOf(month, 'dynamodb.write')).toBe(0);
  expect(quantityOf(month, 'dynamodb.read')).toBe(43_200 * 33); // though these two ticks have looked into one minute each
  expect(quantityOf(month, 'sqs.request')).toBe(43_200 * 2 + 2 * 5 * 129_600);
  expect(quantityOf(month, 'lambda.request')).toBe(43_200);
  expect(quantityOf(month, 'lambda.arm-gb-second')).toBeCloseTo(43_200 * 0.05, 6);
});

test('counts the reads that load makes in each minute in which nothing happens', async () => {
  const clock = new FakeClock(Date.parse('2030-01-01T00:00:30Z'));
  const loadedTo = clock.now() + FIXED.loadHorizonMs;
  let cursor: Cursor = { version: 1, loadedTo: new Map(Array.from({ length: DEFAULTS.partitions }, (_, partition) => [partition, loadedTo])) };
  let reads = 0;
  const store: LoadStore = {
    readCursor: async () => {
      reads++;
      return cursor;
    },
    saveCursor: async (saved) => {
      cursor = saved;
      return true;
    },
    dueBetween: async function* () {
      reads++;
    },
  };
  const nothingToSend = () => Promise.reject(new Error('nothing is due'));
  const queue = { send: nothingToSend, sendApart: nothingToSend, sendOutcome: nothingToSend };
  for (let tick = 1; tick <= 3; tick++) {
    clock.advance(FIXED.tickMs);
    await new Load(FIXED.loadHorizonMs, clock, store, queue, new RecordingLog(), new RecordingMetrics()).run();
    expect(reads).toBe(tick * READS_OF_TICK);
  }
});

test.each([
  // At 50 a second, five readers have ten each after a second, and fifty after five.
  { work: WINDOWED_SINGLE, windowSeconds: 1, batches: 60, deletes: 60 }, { work: LONG_WINDOWED_SINGLE, windowSeconds: 5, batches: 12, deletes: 60 },
])('takes of a window of $windowSeconds s at most five batches, and a receive for each publish', ({ work, windowSeconds, batches, deletes }) => {
  expect(work).toMatchObject({ count: 600, ratePerMinute: 3_000, windowSeconds });
  const usage = usageOf([
    { caller: { kind: 'lambda', functionName: 'Stack-Ingest' }, operation: 'ReceiveMessage', unit: 'sqs-request', requests: 250, units: 250, empty: 50 },
    { caller: { kind: 'lambda', functionName: 'Stack-Ingest' }, operation: 'DeleteMessageBatch', unit: 'sqs-request', requests: 60, units: 60, empty: 0 },
    { caller: { kind: 'lambda', functionName: 'Stack-Deliver' }, operation: 'ReceiveMessage', unit: 'sqs-request', requests: 6, units: 6, empty: 0 },
    { caller: { kind: 'function', functionName: 'Stack-Ingest' }, operation: 'PutItem', unit: 'dynamodb-write', requests: 600, units: 600, empty: 0 },
  ], [{ functionName: 'Stack-Ingest', invocations: 6 }, { functionName: 'Stack-Deliver', invocations: 6, billedMs: 12_000 }]);
  const worst = atMost({ work, functions, usage, arrived: 600 });
  expect(quantityOf(worst, 'lambda.request')).toBeCloseTo((batches + 6) / 600, 10);
  expect(quantityOf(worst, 'sqs.request')).toBeCloseTo((600 + deletes + 6) / 600, 10);
  expect(quantityOf(worst, 'dynamodb.write')).toBe(1);
  expect(quantityOf(worst, 'lambda.arm-gb-second')).toBeCloseTo(6 / 600, 10);
  expect(quantityOf(worst, 'logs.ingestion')).toBeCloseTo((batches + 6) * PLATFORM_BYTES / 1e9 / 600, 15);
  expect(worst.name).toBe(`${work.name}, at most`);
  // Ten that were published together come together.
  expect(quantityOf(atMost({ work: { ...work, batchSize: 10 }, functions, usage, arrived: 600 }), 'sqs.request')).toBeCloseTo((200 + deletes + 6) / 600, 10);
});

test('takes of provisioned pollers at most ten receives a second each, an invocation for each, and their hours', () => {
  expect(POLLED_SINGLE).toMatchObject({ count: 1_000, ratePerMinute: 10_000, pollers: 2 });
  const usageWith = (receives: number) => usageOf([
    { caller: { kind: 'lambda', functionName: 'Stack-Ingest' }, operation: 'ReceiveMessage', unit: 'sqs-request', requests: receives + 5, units: receives + 5, empty: 5 },
    { caller: { kind: 'lambda', functionName: 'Stack-Ingest' }, operation: 'DeleteMessageBatch', unit: 'sqs-request', requests: receives, units: receives, empty: 0 },
    { caller: { kind: 'lambda', functionName: 'Stack-Deliver' }, operation: 'ReceiveMessage', unit: 'sqs-request', requests: 10, units: 10, empty: 0 },
  ], [{ functionName: 'Stack-Ingest', invocations: receives }, { functionName: 'Stack-Deliver', invocations: 10 }]);
  const metered = { work: POLLED_SINGLE, functions, usage: usageWith(100), arrived: 1_000 };
  const worst = atMost(metered);
  // Six seconds, twenty receives in each.
  expect(quantityOf(worst, 'sqs.request')).toBeCloseTo((2 * 120 + 10) / 1_000, 10);
  expect(quantityOf(worst, 'lambda.request')).toBeCloseTo((120 + 10) / 1_000, 10);
  // 600,000 webhooks an hour share two of them.
  expect(quantityOf(worst, 'lambda.event-poller-hour')).toBeCloseTo(2 / 600_000, 15);
  expect(dollarsPerMillion(worst, ['requests'])).toBeCloseTo(0.25 * 0.4 + 0.13 * 0.2 + 2 / 0.6 * 0.00925, 10);
  expect(quantityOf(ourBill('metered', metered), 'lambda.event-poller-hour')).toBeCloseTo(2 / 600_000, 15);
  // Of a work without them, at another rate: none has more than a receive for each message.
  const single = { work: SINGLE, functions, usage: usageWith(600), arrived: 600 };
  expect(quantityOf(ourBill('single', single), 'lambda.event-poller-hour')).toBe(0);
  expect(quantityOf(atMostWithPollers(single, 6_000, 3), 'sqs.request')).toBeCloseTo((2 * 180 + 10) / 600, 10);
  expect(quantityOf(atMostWithPollers(single, 600, 2), 'sqs.request')).toBeCloseTo((2 * 600 + 10) / 600, 10);
});

const messageOf = (bytes: number, index = 0): string => (
  messageText({ ...BATCHED.message, bytes, index, dueAt: 1_764_072_000_000, url: 'https://hooks.example.com/orders' })
);
const message = messageOf(1024);

describe('the older design', () => {
  test('publishes, invokes, writes, sends, receives and invokes for each webhook that is due later', () => {
    const older = olderDesign({ message: messageOf(1200), answerMs: 200 }, 'later');
    expect(quantityOf(older, 'dynamodb.write')).toBe(2);
    expect(quantityOf(older, 'sns.request')).toBe(1);
    expect(quantityOf(older, 'lambda.request')).toBe(2);
    expect(quantityOf(older, 'sqs.request')).toBe(3);
    const reads = quantityOf(older, 'dynamodb.read');
    expect(reads).toBeGreaterThan(0.125);
    expect(reads).toBeLessThan(0.25);
    expect(dollarsPerMillion(older, ['requests'])).toBeCloseTo(0.5 + 2 * 0.2 + 2 * 0.625 + reads * 0.125 + 3 * 0.4, 10);
    expect(quantityOf(older, 'lambda.x86-gb-second')).toBeCloseTo(0.03 + 0.23, 10);
  });

  test('stores nothing that is due soon', () => {
    const older = olderDesign({ message, answerMs: 200 }, 'soon');
    expect(dollarsPerMillion(older, ['requests'])).toBeCloseTo(0.5 + 2 * 0.2 + 3 * 0.4, 10);
    expect(dollarsPerMillion(older, ['storage'])).toBe(0);
  });

  test('pays for the size of what it stores', () => {
    // As attributes, an event is smaller than its JSON, and has the keys of the item with it.
    const units = [1024, 1200, 4096].map((bytes) => quantityOf(olderDesign({ message: messageOf(bytes), answerMs: 200 }, 'later'), 'dynamodb.write'));
    expect(units).toEqual([1, 2, 4]);
  });
});

test.each<[string, Bill, number]>([
  ['EventBridge Scheduler with an API destination', schedulerWithApiDestination(), 2.20],
  ['EventBridge Scheduler with a Lambda', schedulerWithLambda({ message, answerMs: 200 }), 1.54],
  ['QStash', qstash(), 10],
  ['Cloud Tasks', cloudTasks({ message, answerMs: 200 }), 0.80],
])('%s costs by its price list', (_, rival, million) => {
  expect(dollarsPerMillion(rival)).toBeCloseTo(million, 2);
});

describe('a message', () => {
  test.each([[1024, false, 'event'], [1024, true, 'event'], [4096, false, 'event'], [1024, false, 'random']] as const)(
    'of %d bytes, own id %s, %s, has that size and is accepted', (bytes, ownId, payload) => {
      for (let index = 0; index < 50; index++) {
        const text = messageText({ bytes, ownId, payload, index, dueAt: 1_764_072_000_000 + index, url: 'https://hooks.example.com/orders' });
        expect(Buffer.byteLength(text)).toBe(bytes);
        const parsed = parseMessage(text, {
          defaultId: 'id', now: 1_764_071_000_000, maxHorizonMs: 1e9, partitions: 16, retry: { delaysMs: [], jitter: 0 }, network: PUBLIC_INTERNET,
        });
        expect(parsed).toMatchObject({ webhook: { ownId, dueAt: 1_764_072_000_000 + index } });
      }
    },
  );

  test('is no easy prey for compression, and the same each time', () => {
    expect(deflateRawSync(message).length).toBeGreaterThan(0.5 * 1024);
    expect(messageOf(1024)).toBe(message);
    expect(messageOf(1024, 1)).not.toBe(message);
  });

  test('has to have room for its envelope', () => {
    expect(() => messageOf(100)).toThrow(RangeError);
  });
});

describe('the page', () => {
  const claim = (requests: number): RequestUsage => ({
    caller: { kind: 'function', functionName: 'Stack-Deliver' }, operation: 'BatchExecuteStatement', unit: 'dynamodb-write', requests, units: requests, empty: 0,
  });
  const tick = usageOf([], [{ functionName: 'Stack-Load', invocations: 1, billedMs: 100, logLines: 1, logBytes: 150 }]);
  const runs = GROUPS.flat().map((work): MeteredRun => (
    { work, functions, arrived: work.count, idleTicks: tick, usage: { ...run.usage, requests: [...run.usage.requests, claim(work.count)] } }
  ));

  test('tells of every work, of every other, and of every goal', () => {
    const { ok, tables, json } = sectionOf(runs);
    expect(ok).toBe(true);
    const text = tables.map((part) => `${part.caption}\n${part.text}`).join('\n');
    for (const { name } of GROUPS.flat()) {
      expect(text).toContain(name);
    }
    expect(text).toMatch(/EventBridge Scheduler, Lambda +\$1\.20/);
    expect(text).toMatch(/write units +3\.1 +\d+\.\d{3} +(not )?met/);
    expect(text).not.toMatch(/NaN|undefined|Infinity|not to be trusted/);
    expect(JSON.parse(JSON.stringify(json))).toHaveProperty('goals');
  });

  test('fails where a webhook was lost, and says where the machine was too busy', () => {
    const [first, ...others] = runs;
    expect(sectionOf([{ ...first, arrived: first.work.count - 1 }, ...others]).ok).toBe(false);
    const busy = sectionOf([{ ...first, usage: { ...first.usage, requests: [claim(first.work.count * 1.1)] } }, ...others]);
    expect(busy.ok).toBe(true);
    expect(busy.tables.map(({ caption }) => caption).join('\n')).toContain('not to be trusted');
  });
});

test('a goal is met up to its limit, and says which costs it is about', () => {
  const cheap: Bill = { name: 'cheap', lines: [{ what: 'writes', part: 'requests', price: 'dynamodb.write', quantity: 3.1 }] };
  const dear: Bill = { name: 'dear', lines: [{ what: 'writes', part: 'requests', price: 'dynamodb.write', quantity: 6.2 }] };
  const windowed = { batched: [cheap], single: [cheap, dear] };
  const polled = [cheap];
  const goals = goalsOf({
    batched: cheap, listed: cheap, single: dear, windowed, polled, large: dear, payload: dear, older: dear, olderPayload: dear, idleMonth: 1.5,
  });
  expect(goals.find(({ figure }) => figure === 'write units')).toMatchObject({ limit: 3.1, measured: 3.1, met: true });
  // As published one by one into batches of one, with windows, with pollers, and into batches of ten.
  const singles = goals.filter(({ figure }) => figure === 'dollars per million, single');
  expect(singles).toMatchObject([
    { met: false, of: expect.stringMatching(/dear.*requests/) }, { met: true, of: expect.stringMatching(/^cheap/) }, { met: false },
    { met: true, of: expect.stringMatching(/^cheap/) }, { met: true, measured: 3.1 * 0.625 + 0.5 },
  ]);
  expect(goals.filter(({ figure }) => figure === 'Lambda invocations').map(({ of }) => of)).toEqual(['cheap', 'cheap', 'dear', 'cheap', 'cheap', 'dear', 'cheap']);
  expect(goals.filter(({ figure }) => figure === 'dollars per million, batched').map(({ of }) => of)).toEqual(Array(3).fill(expect.stringMatching(/^cheap/)));
  const parts = goals.filter(({ figure }) => figure === 'part of the older design');
  expect(parts.map(({ measured, met }) => [measured, met])).toEqual([[0.5, true], [1, false], [0.5, true], [1, false]]);
  expect(goals.find(({ figure }) => figure === 'dollars of an idle month')).toMatchObject({ met: false });
});

test('bills each metric by the month', () => {
  const [all, quiet] = metricsMonths().map((month) => dollarsOf(month));
  expect(all).toBeCloseTo(0.3 * Object.keys(MetricName).length, 10);
  expect(quiet).toBeLessThan(all);
});
