// The endpoints, and the HTTP client that sends to them: connections, answers by the character of an endpoint, and failures of every kind.
import { EventLoop } from './event-loop';
import { Random } from './random';
import { short, Trace } from './trace';
import { Worker } from './worker';
import type { HttpAnswer, HttpClient, PreparedRequest } from '../../src/core/ports';
import type { HttpRequest } from '../../src/core/request';

/** How an endpoint tends to answer. */
export type Character = 'good' | 'flaky' | 'bad' | 'throttling' | 'gone' | 'hanging' | 'slow';

/** A request as an endpoint saw it. */
export interface SeenRequest {
  readonly worker: Worker;
  readonly request: HttpRequest;
  /** By the clock of the worker that sent it. */
  readonly sentAt: number;
  /** True time. */
  readonly writtenAt: number;
  /** What the worker was told of it, if it lived to hear it. */
  answer?: HttpAnswer;
  /** When it was told; by its clock. */
  answeredAt?: number;
}

export interface EndpointObserver {
  /** A request is written, or the attempt to write one has failed. */
  requested(seen: SeenRequest): void;
}

/** An answer in the making. */
interface Reply {
  readonly afterMs: number;
  readonly status?: number;
  readonly error?: string;
  readonly retryAfter?: string;
}

const CONNECT_MS = [1, 40] as const;
const ERRORS = ['ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'CERT_HAS_EXPIRED', 'ERR_INVALID_CHAR'];

export class Endpoints {
  public requests = 0;

  public constructor(
    private readonly loop: EventLoop, private readonly random: Random, private readonly trace: Trace, private readonly observer: EndpointObserver,
  ) {}

  public client(worker: Worker): HttpClient {
    return { prepare: (_, requestAt) => this.prepare(worker, requestAt) };
  }

  private prepare(worker: Worker, requestAt: (instant: number) => HttpRequest): PreparedRequest {
    const connectedAt = this.loop.now + this.random.int(...CONNECT_MS);
    return {
      send: async (requestTimeoutMs, until = Infinity, onUnderWay = () => undefined) => {
        const timeoutMs = Math.min(requestTimeoutMs, until - worker.clock.now());
        const left = connectedAt - this.loop.now;
        if (left > 0) {
          await worker.after(left, () => undefined);
        }
        onUnderWay();
        return this.exchange(worker, requestAt(worker.clock.now()), timeoutMs);
      },
    };
  }

  private exchange(worker: Worker, request: HttpRequest, timeoutMs: number): Promise<HttpAnswer> {
    const seen: SeenRequest = { worker, request, sentAt: worker.clock.now(), writtenAt: this.loop.now };
    this.requests++;
    const reply = this.reply(new URL(request.url).hostname.split('.')[0] as Character);
    this.trace.add(worker.name, () => `requests ${request.method} ${request.url} ${request.headers['webhook-id']}: will be ${short(reply)}`);
    this.observer.requested(seen);
    const durationMs = Math.min(reply.afterMs, Math.max(timeoutMs, 0));
    return worker.after(durationMs, () => {
      const { sentAt } = seen;
      const { status, error, retryAfter } = reply;
      seen.answer = { sentAt, isWritten: true, durationMs, ...(durationMs < reply.afterMs ? { error: 'timeout' } : { status, error, retryAfter }) };
      seen.answeredAt = worker.clock.now();
      return seen.answer;
    });
  }

  private reply(character: Character): Reply {
    const { random } = this;
    const afterMs = random.weighted([[6, random.int(1, 50)], [2, random.int(50, 900)], [1, random.spread(900, 60_000)]]);
    switch (random.chance(0.1) ? 'flaky' : character) {
      case 'good':
        return { afterMs, status: random.pick([200, 201, 202, 204]) };
      case 'slow':
        return { afterMs: random.spread(500, 100_000), status: 200 };
      case 'hanging':
        return { afterMs: Infinity };
      case 'gone':
        return { afterMs, status: random.pick([410, 404, 400, 301, 302]) };
      case 'bad':
        return { afterMs, status: random.pick([500, 502, 503, 504, 408, 425]) };
      case 'throttling':
        return { afterMs, status: random.pick([429, 503]), retryAfter: this.retryAfter() };
      case 'flaky':
        return random.weighted<() => Reply>([
          [4, () => ({ afterMs, status: 200 })],
          [2, () => ({ afterMs, status: random.pick([500, 503]) })],
          [1, () => ({ afterMs, status: 429, retryAfter: this.retryAfter() })],
          [2, () => ({ afterMs: random.int(0, 20), error: random.pick(ERRORS) })],
          [1, () => ({ afterMs: Infinity })],
        ])();
    }
  }

  private retryAfter(): string | undefined {
    const { random } = this;
    switch (random.int(0, 4)) {
      case 0:
        return undefined;
      case 1:
        return String(random.spread(1, 100_000));
      case 2:
        return new Date(this.loop.now + random.int(-100, 10_000) * 1_000).toUTCString();
      case 3:
        return random.pick(['', 'soon', '-5', '1.5', '99999999999999999999']);
      default:
        return '0';
    }
  }
}
