// An HTTP endpoint on loopback that records every request; the demo, the bench and the tests let webhooks go there.
import { once } from 'node:events';
import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came in. */
export interface ReceivedRequest {
  /** When its headers were there, in milliseconds since the epoch. */
  readonly arrivedAt: number;
  readonly method: string;
  /** Path and query, as written on the wire. */
  readonly target: string;
  /** Name and value of each header line, as written on the wire. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly cookies: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Whether the body came to its end. */
  readonly complete: boolean;
}

/** How a path answers. */
export interface Behaviour {
  /** Milliseconds from the end of the request to the answer. @default 0 */
  readonly delayMs?: number;
  /** HTTP status of the answer. @default 200 */
  readonly status?: number;
}

export interface ReceiverOptions {
  /** By path, without query. @default - every path answers 200, at once */
  readonly behaviours?: Readonly<Record<string, Behaviour>>;
  /** Told of every request once it is recorded. @default - nobody is told */
  readonly onRequest?: (request: ReceivedRequest) => void;
}

export class Receiver {
  /** Listens on a free port of 127.0.0.1. */
  public static async start(options: ReceiverOptions = {}): Promise<Receiver> {
    const server = createServer();
    // A scheduler's worker may keep a connection open between two webhooks; Node.js would close it after five seconds.
    server.keepAliveTimeout = 60_000;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Receiver(server, options);
  }

  /** Base of every URL it answers, without a slash at the end. */
  public readonly url: string;
  private readonly recorded: ReceivedRequest[] = [];

  private constructor(private readonly server: Server, private readonly options: ReceiverOptions) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => this.take(Date.now(), request, response));
  }

  /** What has come in so far, in the order in which it was complete. */
  public get requests(): readonly ReceivedRequest[] {
    return this.recorded;
  }

  public async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private take(arrivedAt: number, request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const { delayMs = 0, status = 200 } = this.options.behaviours?.[pathOf(request.url ?? '')] ?? {};
      const answer = () => response.writeHead(status).end();
      if (delayMs > 0) {
        setTimeout(answer, delayMs);
      } else {
        answer();
      }
    });
    // Comes after `end`, and also where the sender breaks off.
    request.once('close', () => {
      const received = record(arrivedAt, request, Buffer.concat(chunks));
      this.recorded.push(received);
      this.options.onRequest?.(received);
    });
    request.on('error', () => undefined); // broken off by the sender: recorded as incomplete
  }
}

/** The path of a request's target, without its query. */
export function pathOf(target: string): string {
  return target.split('?')[0];
}

function record(arrivedAt: number, request: IncomingMessage, body: Buffer): ReceivedRequest {
  const raw = request.rawHeaders;
  const headers = Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i], raw[2 * i + 1]] as const);
  return {
    arrivedAt,
    method: request.method ?? '',
    target: request.url ?? '',
    headers,
    cookies: readCookies(request.headers.cookie ?? ''),
    body,
    complete: request.complete,
  };
}

function readCookies(header: string): Record<string, string> {
  const pairs = header.split(';').map((pair) => pair.trim()).filter((pair) => pair !== '');
  return Object.fromEntries(pairs.map((pair) => {
    const equals = pair.indexOf('=');
    return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
  }));
}
