// An HTTP endpoint on loopback that records every request; the demo, the bench and the tests let webhooks go there.
import { once } from 'node:events';
import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

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

/** The end of an answer's connection, whichever side brought it about. */
export interface EndedAnswer {
  /** Path and query of the request. */
  readonly target: string;
  /** Bytes that the system has taken for the connection, headers included. */
  readonly bytes: number;
  /** Whether the answer came to its end. */
  readonly complete: boolean;
  /** When that was, in milliseconds since the epoch. */
  readonly endedAt: number;
}

/**
 * Instead of an answer as it should be:
 *
 * - `hang`: none at all
 * - `reset`: the connection is reset once the request is read
 * - `reset-unread`: the connection is reset before the body is read; the request is recorded as incomplete
 * - `drip-head`: a byte each second, from the status line on
 * - `drip-body`: the head at once, then a byte of the body each second
 * - `flood`: a body of 100 MB, as fast as it is taken
 */
export type Misbehaviour = 'hang' | 'reset' | 'reset-unread' | 'drip-head' | 'drip-body' | 'flood';

/** How a path answers. */
export interface Behaviour {
  /** Milliseconds from the end of the request to the answer. @default 0 */
  readonly delayMs?: number;
  /** HTTP status of the answer. @default 200 */
  readonly status?: number;
  /** Headers of the answer. @default - none */
  readonly headers?: Readonly<Record<string, string>>;
  /** What goes wrong. @default - nothing */
  readonly misbehaviour?: Misbehaviour;
  /** How the first requests are answered, one after the other. @default - as all others */
  readonly first?: readonly Omit<Behaviour, 'first'>[];
}

export interface ReceiverOptions {
  /** By path, without query. @default - every path answers 200, at once */
  readonly behaviours?: Readonly<Record<string, Behaviour>>;
  /** Key and certificate in PEM, for https. @default - http */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Resets every connection before anything is read from it. @default false */
  readonly resetsConnections?: boolean;
  /** Told of every request once it is recorded. @default - nobody is told */
  readonly onRequest?: (request: ReceivedRequest) => void;
}

/** Of a flood. */
const FLOOD_BYTES = 100_000_000;
const FLOOD_CHUNK = Buffer.alloc(64 * 1024, '.');
const DRIP_MS = 1_000;

export class Receiver {
  /** Listens on a free port of 127.0.0.1. */
  public static async start(options: ReceiverOptions = {}): Promise<Receiver> {
    const server = options.tls ? createTlsServer(options.tls) : createServer();
    // A scheduler's worker may keep a connection open between two webhooks; Node.js would close it after five seconds.
    server.keepAliveTimeout = 60_000;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Receiver(server, options);
  }

  /** Base of every URL it answers, without a slash at the end. */
  public readonly url: string;
  /** Connections made to it so far. */
  public connections = 0;
  private readonly recorded: ReceivedRequest[] = [];
  private readonly ended: EndedAnswer[] = [];
  private readonly answered = new Map<string, number>();

  private constructor(private readonly server: Server, private readonly options: ReceiverOptions) {
    this.url = `${options.tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket: Socket) => {
      this.connections++;
      if (options.resetsConnections) {
        socket.resetAndDestroy();
      }
    });
    server.on('request', (request, response) => this.take(Date.now(), request, response));
  }

  /** What has come in so far, in the order in which it was complete. */
  public get requests(): readonly ReceivedRequest[] {
    return this.recorded;
  }

  /** The answers whose end has come so far, in that order. */
  public get answers(): readonly EndedAnswer[] {
    return this.ended;
  }

  public async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private take(arrivedAt: number, request: IncomingMessage, response: ServerResponse): void {
    const behaviour = this.behaviourOf(pathOf(request.url ?? ''));
    const chunks: Buffer[] = [];
    const before = request.socket.bytesWritten;
    request.on('error', () => undefined); // broken off by either side: recorded as incomplete
    // Comes after `end`, and also where the sender breaks off.
    request.once('close', () => {
      const received = record(arrivedAt, request, Buffer.concat(chunks));
      this.recorded.push(received);
      this.options.onRequest?.(received);
    });
    response.once('close', () => this.ended.push({
      target: request.url ?? '', bytes: request.socket.bytesWritten - before, complete: response.writableFinished, endedAt: Date.now(),
    }));
    if (behaviour.misbehaviour === 'reset-unread') {
      request.socket.resetAndDestroy();
      return;
    }
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      if (behaviour.delayMs) {
        setTimeout(() => answer(response, behaviour), behaviour.delayMs);
      } else {
        answer(response, behaviour);
      }
    });
  }

  private behaviourOf(path: string): Behaviour {
    const behaviour = this.options.behaviours?.[path] ?? {};
    const before = this.answered.get(path) ?? 0;
    this.answered.set(path, before + 1);
    return behaviour.first?.[before] ?? behaviour;
  }
}

/** The path of a request's target, without its query. */
export function pathOf(target: string): string {
  return target.split('?')[0];
}

function answer(response: ServerResponse, { status = 200, headers = {}, misbehaviour }: Behaviour): void {
  switch (misbehaviour) {
    case undefined:
      response.writeHead(status, headers).end();
      return;
    case 'hang':
      return;
    case 'reset':
    case 'reset-unread':
      response.socket?.resetAndDestroy();
      return;
    case 'drip-head':
      // Past the response, which would write its head in one piece.
      drip(`HTTP/1.1 ${status} OK\r\ncontent-length: 0\r\n\r\n`, response, (byte) => response.socket?.write(byte));
      return;
    case 'drip-body':
      response.writeHead(status, headers).flushHeaders();
      drip('.'.repeat(3600), response, (byte) => response.write(byte));
      return;
    case 'flood':
      response.writeHead(status, { ...headers, 'content-length': FLOOD_BYTES });
      flood(response, FLOOD_BYTES);
  }
}

function drip(text: string, response: ServerResponse, write: (byte: string) => void): void {
  const bytes = [...text];
  const timer = setInterval(() => {
    const byte = bytes.shift();
    if (byte === undefined) {
      response.socket?.destroy();
    } else {
      write(byte);
    }
  }, DRIP_MS);
  response.once('close', () => clearInterval(timer));
}

function flood(response: ServerResponse, left: number): void {
  for (let rest = left; rest > 0; rest -= FLOOD_CHUNK.length) {
    if (!response.write(FLOOD_CHUNK.subarray(0, rest))) {
      response.once('drain', () => flood(response, rest - FLOOD_CHUNK.length));
      return;
    }
  }
  response.end();
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
