// The queue, the mapping and the function: small cases whose times can be told by hand.
import { Account, Consumer, ConsumerOptions, handoverMs } from '../../scripts/scale/consumer';
import { EventQueue } from '../../scripts/scale/event-queue';
import { QUOTAS } from '../../scripts/scale/quotas';
import { Random } from '../simulation/random';

interface Started {
  readonly at: number;
  readonly batch: readonly number[];
}

/** Runs messages, numbered, through a function that takes `durationMs`; by default by five invocations at a time that grow. */
function run(arrivals: readonly (readonly [at: number, count: number])[], durationMs: number, options: Partial<ConsumerOptions<number>> = {}) {
  const events = new EventQueue();
  const started: Started[] = [];
  const consumer = new Consumer<number>(events, {
    polling: { mode: 'standard', maxConcurrency: 1_000 },
    account: new Account(1_000),
    handover: { p50: 0, p90: 0, p99: 0 },
    coldStartMs: 0,
    random: new Random(1),
    isGrown: false,
    invoke: (batch, at) => {
      started.push({ at, batch });
      return { endsAt: at + durationMs, sent: [] };
    },
    ...options,
  });
  let number = 0;
  arrivals.forEach(([at, count]) => consumer.arrive(at, Array.from({ length: count }, () => number++)));
  events.run();
  return { started, usage: consumer.usage, count: number };
}

const handled = (started: readonly Started[]) => started.flatMap(({ batch }) => batch).sort((a, b) => a - b);

test('a batch has ten messages at most', () => {
  const { started } = run([[0, 23]], 100);
  expect(started.map(({ at, batch }) => [at, batch.length])).toEqual([[0, 10], [0, 10], [0, 3]]);
});

test('what no invocation is free for waits until one is, or until one more is allowed', () => {
  // Five begin at 0 and end at 500; a sixth is allowed at 200, a seventh at 400.
  const { started } = run([[0, 80]], 500);
  expect(started.map(({ at }) => at)).toEqual([0, 0, 0, 0, 0, 200, 400, 500]);
});

test('a mapping that has enough does not grow', () => {
  const { usage } = run(Array.from({ length: 60 }, (_, i): [number, number] => [i * 1000, 50]), 900);
  expect(usage).toMatchObject({ invocations: 300, mostAtOnce: 5 });
});

test('one that has grown takes as much as it had to before', () => {
  const { started } = run([[0, 300]], 500, { isGrown: true });
  expect(started.map(({ at }) => at)).toEqual(Array<number>(30).fill(0));
});

test('no more run at a time than the account may have', () => {
  const { started, usage } = run([[0, 100]], 500, { isGrown: true, account: new Account(4) });
  expect(usage.mostAtOnce).toBe(4);
  expect(started.map(({ at }) => at)).toEqual([0, 0, 0, 0, 500, 500, 500, 500, 1000, 1000]);
});

test('a cold start is paid once, by who finds no environment idle', () => {
  const { started, usage } = run([[0, 10], [10_000, 20]], 500, { coldStartMs: 300 });
  expect(started.map(({ at }) => at)).toEqual([300, 10_000, 10_300]);
  expect(usage).toMatchObject({ coldStarts: 2, billedMs: 3 * 500 + 2 * 300 });
});

test('a thousand environments come at once, and a hundred a second after that', () => {
  const { started } = run([[0, 13_000]], 60_000, {
    polling: { mode: 'provisioned', minimum: 200, maximum: 200 }, account: new Account(5_000), coldStartMs: 0,
  });
  const within = (ms: number) => started.filter(({ at }) => at <= ms).length;
  expect(started).toHaveLength(1_300);
  // The pollers receive 200 at once, and two a millisecond.
  expect(within(100)).toBe(400);
  expect(within(2_000)).toBeLessThan(1_000 + 200 + 1);
  expect(within(3_001)).toBe(1_300);
});

test('no more messages are in flight than SQS allows', () => {
  const { value: most } = QUOTAS.sqs.inFlight;
  const { usage, started, count } = run([[0, 150_000]], 5_000, {
    polling: { mode: 'provisioned', minimum: 2_000, maximum: 2_000 }, account: new Account(20_000), isGrown: true,
  });
  expect(usage.mostInFlight).toBe(most);
  expect(handled(started)).toHaveLength(count);
});

test('each message is handled, and once', () => {
  const random = new Random(3);
  const arrivals = Array.from({ length: 200 }, (): [number, number] => [random.int(0, 60_000), random.int(1, 80)]);
  const { started, count } = run(arrivals, 700, { handover: { p50: 16, p90: 34, p99: 105 }, coldStartMs: 400 });
  expect(handled(started)).toEqual(Array.from({ length: count }, (_, i) => i));
});

test('what an invocation sends comes again, at its time', () => {
  const comeAgain = new Set<number>();
  const started: [number, number][] = [];
  run([[0, 1]], 0, {
    invoke: ([message], at) => {
      started.push([message, at]);
      return { endsAt: at + 100, sent: comeAgain.has(message) ? [] : [[comeAgain.add(message) && [message], at + 2_000]] };
    },
  });
  expect(started).toEqual([[0, 0], [0, 2_000]]);
});

test('the handover has the percentiles that were published', () => {
  const handover = { p50: 16, p90: 34, p99: 105 };
  const values = Array.from({ length: 1_000 }, (_, i) => handoverMs(handover, i / 1_000));
  expect([500, 900, 990].map((rank) => values[rank])).toEqual([16, 34, 105]);
  expect(values).toEqual([...values].sort((a, b) => a - b));
  expect(Math.min(...values)).toBe(8);
  expect(Math.max(...values)).toBeLessThan(116);
});
