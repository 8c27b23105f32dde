// The order in which a worker does things, by its own ports: no emulator can be asked when it was called.
import { Clock, SystemClock } from '../../src/core/clock';
import { NO_CREDENTIALS } from '../../src/core/credentials';
import { Deliver } from '../../src/core/deliver';
import { FollowUp } from '../../src/core/follow-up';
import { DelayQueue, DeliverStore, HttpClient } from '../../src/core/ports';
import { firstTurn, rowKey, Webhook } from '../../src/core/webhook';
import { accepted } from '../support/accepted';
import { FakeClock } from '../support/fake-clock';
import { RecordingLog } from '../support/recording-log';
import { RecordingMetrics } from '../support/recording-metrics';

/** What happened, in order, and for each webhook how long before its date it was connected for, in milliseconds. */
interface Delivery {
  readonly order: readonly string[];
  readonly aheadMs: readonly number[];
}

/** Delivers webhooks to an endpoint that answers at once. */
async function delivery(webhooks: readonly Webhook[], clock: Clock = new SystemClock()): Promise<Delivery> {
  const order: string[] = [];
  const aheadMs: number[] = [];
  const store: Pick<DeliverStore, 'get' | 'claim' | 'replaceState'> = {
    get: async () => new Map(webhooks.map((webhook) => [rowKey(webhook), webhook])),
    claim: (turns) => turns.map(async ({ turn }) => ({ claimed: { ...turn, status: 'delivering' as const, attempts: [], keepUntil: 0 } })),
    replaceState: async (_, { id, status }) => {
      order.push(`${id} ${status}`);
      return true;
    },
  };
  const http: HttpClient = {
    prepare: ({ url }, _, dueAt) => {
      aheadMs.push(dueAt - clock.now());
      return {
        send: async () => {
          order.push(`${new URL(url).pathname.slice(1)} sent`);
          return { sentAt: clock.now(), isWritten: true, durationMs: 0, status: 200 };
        },
      };
    },
  };
  const deliver = new Deliver(
    { requestTimeoutMs: 1_000, leaseBeyondMs: 0, noticeMs: 0, turnsPerInvocation: 1_000, retry: { delaysMs: [], jitter: 0 } },
    clock,
    store as DeliverStore,
    {} as DelayQueue,
    http,
    NO_CREDENTIALS,
    { of: async () => undefined } as unknown as FollowUp,
    new RecordingLog(),
    new RecordingMetrics(),
    Math.random,
  );
  const turns = webhooks.map(firstTurn);
  expect(await deliver.deliver([{ receipt: 'message', receives: 1, turns }], { id: 'invocation', deadline: clock.now() + 60_000 })).toEqual([]);
  return { order, aheadMs };
}

const START = Date.parse('2030-01-01T00:00:00Z');
const due = (id: string, at: number) => accepted(id, { date: new Date(at).toISOString(), url: `https://example.com/${id}`, method: 'get' });

test('what is due in a moment is sent before the outcome of what was sent is written', async () => {
  const start = Date.now() + 50;
  expect((await delivery([due('a', start), due('b', start + 8), due('c', start + 16)])).order).toEqual([
    'a sent', 'b sent', 'c sent', ...['a delivered', 'b delivered', 'c delivered'].map(() => expect.stringMatching(/delivered$/) as string),
  ]);
});

test('what is due later is not waited for', async () => {
  const start = Date.now() + 50;
  expect((await delivery([due('a', start), due('b', start + 500)])).order).toEqual(['a sent', 'a delivered', 'b sent', 'b delivered']);
});

test('the more there are in an invocation, the earlier they are connected for', async () => {
  const aheadOf = async (count: number) => {
    const webhooks = Array.from({ length: count }, (_, i) => due(`webhook-${i}`, START + 3_000));
    return (await delivery(webhooks, new FakeClock(START))).aheadMs[0];
  };
  expect(await aheadOf(1)).toBe(1_000);
  expect(await aheadOf(25)).toBe(1_000);
  expect(await aheadOf(35)).toBe(1_400);
  expect(await aheadOf(100)).toBe(2_000);
});
