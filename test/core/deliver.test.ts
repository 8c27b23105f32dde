// The order in which a worker does things, by its own ports: no emulator can be asked when it was called.
import { Clock, SystemClock } from '../../src/core/clock';
import { NO_CREDENTIALS } from '../../src/core/credentials';
import { Deliver } from '../../src/core/deliver';
import { FollowUp } from '../../src/core/follow-up';
import { DelayQueue, DeliverStore, HttpClient } from '../../src/core/ports';
import { HttpRequest } from '../../src/core/request';
import { firstTurn, rowKey, Webhook } from '../../src/core/webhook';
import { accepted } from '../support/accepted';
import { FakeClock } from '../support/fake-clock';
import { RecordingLog } from '../support/recording-log';
import { RecordingMetrics } from '../support/recording-metrics';

/** What happened, in order; for each webhook how long before its date it was connected for, in milliseconds, and its request a second late. */
interface Delivery {
  readonly order: readonly string[];
  readonly aheadMs: readonly number[];
  readonly late: readonly HttpRequest[];
}

interface Circumstances {
  readonly clock?: Clock;
  /** From a failed attempt to the next one. */
  readonly retryAfterMs?: number;
}

/** Delivers webhooks to an endpoint that answers at once: that it has failed to those whose id says so. */
async function delivery(webhooks: readonly Webhook[], { clock = new SystemClock(), retryAfterMs }: Circumstances = {}): Promise<Delivery> {
  const order: string[] = [];
  const aheadMs: number[] = [];
  const late: HttpRequest[] = [];
  const store: Pick<DeliverStore, 'get' | 'claim' | 'replaceState'> = {
    get: async () => new Map(webhooks.map((webhook) => [rowKey(webhook), webhook])),
    claim: (turns) => turns.map(async ({ turn }) => ({ claimed: { ...turn, status: 'delivering' as const, attempts: [], keepUntil: 0 } })),
    replaceState: async (_, { id, status }) => {
      order.push(`${id} ${status}`);
      return true;
    },
  };
  const http: HttpClient = {
    prepare: ({ url }, requestAt, dueAt) => {
      aheadMs.push(dueAt - clock.now());
      late.push(requestAt(dueAt + 1_000));
      return {
        send: async () => {
          order.push(`${new URL(url).pathname.slice(1)} sent`);
          return { sentAt: clock.now(), isWritten: true, durationMs: 0, status: url.includes('fails') ? 503 : 200 };
        },
      };
    },
  };
  const deliver = new Deliver(
    {
      requestTimeoutMs: 1_000,
      leaseBeyondMs: 0,
      noticeMs: 0,
      turnsPerInvocation: 1_000,
      retry: { delaysMs: retryAfterMs === undefined ? [] : [retryAfterMs], jitter: 0 },
    },
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
  return { order, aheadMs, late };
}

/** A clock that goes on to the next instant that something sleeps until, once nothing else is left to do. */
class SteppingClock implements Clock {
  private readonly sleepers: { readonly instant: number; readonly wake: () => void }[] = [];

  public constructor(private instant: number) {}

  public now(): number {
    return this.instant;
  }

  public sleepUntil(instant: number): Promise<void> {
    return new Promise((wake) => {
      this.sleepers.push({ instant, wake });
      setImmediate(() => this.step());
    });
  }

  /** One step for each who sleeps. */
  private step(): void {
    const [next] = this.sleepers.sort((a, b) => a.instant - b.instant).splice(0, 1);
    this.instant = Math.max(this.instant, next.instant);
    next.wake();
  }
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

/** How long after its attempt the outcome of one that fails is written, where 20 ms after each webhook another one is due, for more than 3 s. */
async function outcomeAfterMs(retryAfterMs?: number): Promise<number> {
  const [count, everyMs] = [170, 20];
  const others = Array.from({ length: count }, (_, i) => due(`webhook-${i}`, START + i * everyMs));
  const { order } = await delivery([due('fails', START), ...others], { clock: new SteppingClock(START - 1_500), retryAfterMs });
  const sentBefore = order.slice(0, order.findIndex((what) => /^fails (retrying|failed)$/.test(what))).filter((what) => / sent$/.test(what));
  return (sentBefore.length - 2) * everyMs;
}

test('an outcome gives way to what is due for two and a half seconds', async () => {
  expect(await outcomeAfterMs()).toBe(2_500);
  expect(await outcomeAfterMs(60_000)).toBe(2_500);
  expect(await outcomeAfterMs(4_000)).toBe(2_500);
});

test('that of one that is retried soon gives way for as long as its next attempt can be had in time all the same', async () => {
  expect(await outcomeAfterMs(3_000)).toBe(1_500);
  expect(await outcomeAfterMs(2_000)).toBe(500);
});

test('that of one whose next attempt is nearer than that gives way for a moment', async () => {
  expect(await outcomeAfterMs(1_500)).toBe(100);
  expect(await outcomeAfterMs(1_000)).toBe(100);
});

test('the more there are in an invocation, the earlier they are connected for', async () => {
  const aheadOf = async (count: number) => {
    const webhooks = Array.from({ length: count }, (_, i) => due(`webhook-${i}`, START + 3_000));
    return (await delivery(webhooks, { clock: new FakeClock(START) })).aheadMs[0];
  };
  expect(await aheadOf(1)).toBe(1_000);
  expect(await aheadOf(25)).toBe(1_000);
  expect(await aheadOf(35)).toBe(1_400);
  expect(await aheadOf(100)).toBe(2_000);
});

test('a request that is late has another timestamp, and the form that was made for the one in time', async () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const webhook = accepted('form', {
    date: new Date(START).toISOString(), url: 'https://example.com/form', method: 'post', headers: form, payload: { a: [1, 'x y'] },
  });
  const made = jest.spyOn(URLSearchParams.prototype, 'toString');
  try {
    const { late } = await delivery([webhook], { clock: new FakeClock(START - 1_500) });
    expect(late).toMatchObject([{ body: 'a=1&a=x+y', headers: { 'webhook-timestamp': String(START / 1_000 + 1) } }]);
    expect(made).toHaveBeenCalledTimes(1);
  } finally {
    made.mockRestore();
  }
});
