// Sends webhooks with Node.js's own HTTP client, connected before the instant so that only the request itself is left to write, and to no address
// but those that the network policy allows.
import { lookup as systemLookup } from 'node:dns';
import { Agent as HttpAgent, ClientRequest, IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import { urlToHttpOptions } from 'node:url';
import { BurstMember, Bursts } from './bursts';
import { IdleConnections, KEEP_ALIVE_MS } from './idle-connections';
import { Lookup, SharedLookups } from './shared-lookups';
import { Clock } from '../core/clock';
import { AddressGuard, NetworkRules, portOf, urlRefusal } from '../core/network';
import { HttpAnswer, HttpClient, PreparedRequest } from '../core/ports';
import { HttpRequest } from '../core/request';
import { MAX_ADDRESS_MS } from '../core/timing';

/**
 * Of an answer's head, at most this much is read. Some are larger than the 16 KiB that Node.js reads by itself, and their endpoint has done its work;
 * those of 500 requests at one time, as many as an invocation has, are 32 MiB of memory.
 */
const MAX_HEAD_BYTES = 64 * 1024;
/** Of an answer's body, at most this much is read, only to free its connection for another request. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_BODY_MS = 1_000;
/** Who is still not connected so long after its date waits for the network: a handshake takes our thread, which others leave to it until then. */
const MAX_CONNECTING_MS = 500;

const AGENT_OPTIONS = {
  keepAlive: true,
  timeout: KEEP_ALIVE_MS,
  maxSockets: Infinity,
  autoSelectFamilyAttemptTimeout: MAX_ADDRESS_MS,
  // No proxies, whatever the environment says (NODE_USE_ENV_PROXY of Node.js 24): through one, what is connected to is not what is called.
  proxyEnv: {},
  // Certificates are verified, also where NODE_TLS_REJECT_UNAUTHORIZED is 0.
  rejectUnauthorized: true,
};

const FRESH_OPTIONS = { ...AGENT_OPTIONS, keepAlive: false };

type Header = readonly [name: string, value: string];

interface Target {
  readonly origin: string;
  /** Makes the request, which begins to connect; `isFresh`: over a connection that nobody has used, nor will; `instant`: when it is to be written. */
  readonly open: (isFresh: boolean, instant: number) => ClientRequest;
}

export class NodeHttpClient implements HttpClient {
  private readonly agents = { http: new HttpAgent(AGENT_OPTIONS), https: new HttpsAgent(AGENT_OPTIONS) };
  private readonly idle: IdleConnections;
  /** For connections that are used once. */
  private readonly freshAgents = { http: new HttpAgent(FRESH_OPTIONS), https: new HttpsAgent(FRESH_OPTIONS) };
  private readonly bursts = new Bursts();
  private readonly guard: AddressGuard;
  private readonly lookups: SharedLookups;

  /** @param runtimeApi host and port of Lambda's runtime API, which is never called; absent elsewhere */
  public constructor(
    private readonly clock: Clock, private readonly rules: NetworkRules, runtimeApi?: string, lookup: Lookup = systemLookup,
  ) {
    this.idle = new IdleConnections(Object.values(this.agents), clock);
    this.guard = new AddressGuard(rules, runtimeApi);
    this.lookups = new SharedLookups(lookup, clock);
  }

  public prepare(
    request: HttpRequest, requestAt: (instant: number) => HttpRequest = () => request, dueAt: number = this.clock.now(),
  ): PreparedRequest {
    // As bytes: Node.js writes a text body and the headers in one piece, and then the headers too in UTF-8 instead of Latin-1.
    const body = request.body === undefined ? undefined : Buffer.from(request.body);
    const headersAt = (instant: number) => {
      const { headers } = requestAt(instant);
      return headers === request.headers ? [] : Object.entries(headers).filter(([name, value]) => request.headers[name] !== value);
    };
    const { origin, open } = this.target(request, body);
    return new HeldRequest(open, headersAt, body, this.bursts.join(origin, dueAt), dueAt, this.clock);
  }

  /** Closes all connections. */
  public close(): void {
    [this.agents, this.freshAgents].forEach(({ http, https }) => {
      http.destroy();
      https.destroy();
    });
  }

  /** Where a request goes, and what opens it, or throws what is wrong with it: all that can be found out ahead is. */
  private target({ url: text, method, headers }: HttpRequest, body: Buffer | undefined): Target {
    try {
      const url = new URL(text);
      if (urlRefusal(url, this.rules, this.guard) !== undefined) {
        throw errorOf('ERR_URL_NOT_ALLOWED');
      }
      const options = {
        ...urlToHttpOptions(url),
        method,
        headers: body === undefined ? headers : { ...headers, 'content-length': body.length },
        lookup: this.guardedLookup(portOf(url)),
        maxHeaderSize: MAX_HEAD_BYTES,
      };
      const [scheme, makeRequest] = url.protocol === 'https:' ? ['https', httpsRequest] as const : ['http', httpRequest] as const;
      const open: Target['open'] = (isFresh, instant) => {
        const agent = (isFresh ? this.freshAgents : this.agents)[scheme];
        return this.judged(this.idle.open(agent, instant, () => makeRequest({ ...options, agent })));
      };
      return { origin: url.origin, open };
    } catch (error) {
      return { origin: text, open: () => { throw error; } };
    }
  }

  private judged(request: ClientRequest): ClientRequest {
    request.once('socket', (socket) => {
      if (!request.reusedSocket) {
        this.judge(socket);
      }
    });
    return request;
  }

  /**
   * Finds the addresses of a name: all of them allowed, or none. What is judged here is what is connected to; nothing is looked up again. Who shares
   * a lookup judges for itself, since its port counts.
   */
  private guardedLookup(port: number): LookupFunction {
    return (hostname, options, callback) => this.lookups.find(hostname, { ...options, all: true }, (error, addresses) => {
      const refused = error ?? (addresses.every(({ address }) => this.guard.allows(address, port)) ? null : errorOf('ERR_ADDRESS_NOT_ALLOWED'));
      if (refused || options.all) {
        callback(refused, addresses);
      } else {
        callback(null, addresses[0].address, addresses[0].family);
      }
    });
  }

  /** A second lock: a new connection is broken off, before its first byte, if it leads elsewhere than it may. */
  private judge(socket: Socket): void {
    const check = () => {
      if (!this.guard.allows(socket.remoteAddress ?? '', socket.remotePort ?? 0)) {
        socket.destroy(errorOf('ERR_ADDRESS_NOT_ALLOWED'));
      }
    };
    if (socket.connecting) {
      socket.prependOnceListener('connect', check); // before TLS says hello
    } else {
      check();
    }
  }
}

/** A request whose connection is made, unless it waits in line for one, and whose first byte is not yet written. */
class HeldRequest implements PreparedRequest {
  private connection?: Connection;
  private isHeld = true;

  /** @param headersAt the headers that have other values if it is written at this instant than they were opened with */
  public constructor(
    private readonly open: Target['open'],
    private readonly headersAt: (instant: number) => readonly Header[],
    private readonly body: Buffer | undefined,
    private readonly member: BurstMember,
    private readonly dueAt: number,
    private readonly clock: Clock,
  ) {
    if (member.isIn) {
      this.connect();
    }
  }

  public async send(timeoutMs: number, until = Infinity, onUnderWay: () => void = () => undefined): Promise<HttpAnswer> {
    this.isHeld = false;
    if (!this.member.isIn) {
      await this.member.enter();
    }
    const connecting = setTimeout(onUnderWay, MAX_CONNECTING_MS);
    let timer: NodeJS.Timeout | undefined;
    let sentAt = this.clock.now();
    let isWritten = false;
    try {
      if (!this.connection || (this.connection.error && !this.connection.answeredEarly)) {
        // The endpoint was not there a moment ago, or closed the connection while we held it: the attempt only begins now.
        this.connection = this.connectionOf(this.open(this.member.isFresh, this.clock.now()));
      }
      timer = setTimeout(() => this.connection?.fail('timeout'), Math.max(Math.min(timeoutMs, until - this.clock.now()), 0));
      const connection = await this.ready(this.connection);
      sentAt = this.clock.now();
      connection.write(this.headersAt(sentAt), this.body);
      isWritten = true;
      onUnderWay();
      const { statusCode, headers } = await connection.answer;
      this.member.settle(false);
      return { sentAt, isWritten, durationMs: this.clock.now() - sentAt, status: statusCode, retryAfter: headers['retry-after'] };
    } catch (error) {
      this.member.settle(isWritten && this.connection?.isReused === true && errorClass(error) === 'ECONNRESET');
      if (!isWritten) {
        this.connection?.drop(); // nobody else is to have it
      }
      return { sentAt, isWritten, durationMs: this.clock.now() - sentAt, error: errorClass(error) };
    } finally {
      clearTimeout(connecting);
      clearTimeout(timer);
      if (!this.connection || this.connection.isClosed) {
        this.member.leave(); // there is none any more to become free
      }
    }
  }

  /** Resolves with the connection once the request can be written to it, or with a fresh one if it was closed since others have used it. */
  private async ready(connection: Connection): Promise<Connection> {
    try {
      await connection.whenReady;
      return connection;
    } catch (error) {
      if (!connection.isReused || errorClass(error) !== 'ECONNRESET') {
        throw error;
      }
      const fresh = this.connection = this.connectionOf(this.open(true, this.clock.now()));
      await fresh.whenReady;
      return fresh;
    }
  }

  private connectionOf(request: ClientRequest, onLost?: (lost: Connection) => void): Connection {
    const connection = new Connection(request, onLost);
    // Comes whatever becomes of the request; a moment later its connection is free, if it can be used again.
    request.once('close', () => process.nextTick(() => {
      if (this.connection === connection && !this.isHeld) {
        this.member.leave();
      }
    }));
    return connection;
  }

  /** @param hadEarlyAnswer whether there was a connection before, on which an answer came too early */
  private connect(hadEarlyAnswer = false): void {
    try {
      this.connection = this.connectionOf(this.open(false, this.dueAt), (lost) => {
        // Another connection while there is time. One that others have used may be closed when it has been idle for too long for the endpoint; what
        // came early may say so, or be meant for an earlier request, but once only.
        if (this.isHeld && (lost.answeredEarly ? !hadEarlyAnswer : lost.isReused)) {
          this.connect(hadEarlyAnswer || lost.answeredEarly);
        }
      });
    } catch {
      // Node.js refuses the request as it stands; `send` makes the same try, and answers with the reason.
    }
  }
}

/** A promise that is rejected from outside. */
class Deferred {
  public reject!: (error: unknown) => void;
  public readonly promise = new Promise<never>((_, reject) => {
    this.reject = reject;
  });
}

/** One try at connecting and being answered. */
class Connection {
  /** Set once the connection cannot be used any more. */
  public error?: unknown;
  /** Whether that is since an answer came before there was a request. */
  public answeredEarly = false;
  public readonly whenReady: Promise<void>;
  public readonly answer: Promise<IncomingMessage>;
  /** Whether it is over, or free for another request. */
  public isClosed = false;
  private readonly failure = new Deferred();
  private isWritten = false;
  private isAnswered = false;

  /** @param onLost called if it cannot be used any more before the request is written */
  public constructor(private readonly request: ClientRequest, private readonly onLost: (lost: Connection) => void = () => undefined) {
    const answers = () => {
      this.isAnswered = true;
      if (!this.isWritten) {
        this.answeredEarly = true;
        this.fail('ERR_EARLY_ANSWER');
      }
    };
    request.once('response', answers);
    request.once('upgrade', answers);
    request.on('error', (error) => this.broken(error));
    // Comes without an error where the answer is none that Node.js passes on.
    request.once('close', () => {
      this.isClosed = true;
      if (!this.isAnswered) {
        this.broken(errorOf('ECONNRESET'));
      }
    });
    const failed = this.failure.promise;
    this.whenReady = Promise.race([failed, connected(request)]);
    this.answer = Promise.race([failed, answered(request)]);
    // Both are awaited only once the request is sent; until then an error is kept in `error`.
    this.whenReady.catch(() => undefined);
    this.answer.catch(() => undefined);
  }

  /** Whether another request has used it. */
  public get isReused(): boolean {
    return this.request.reusedSocket;
  }

  /** Writes the request; throws what makes that impossible. */
  public write(headers: readonly Header[], body: Buffer | undefined): void {
    if (this.error) {
      throw this.error;
    }
    headers.forEach(([name, value]) => this.request.setHeader(name, value));
    this.isWritten = true;
    this.request.end(body);
  }

  /** Ends it, whatever Node.js makes of that. */
  public fail(code: string): void {
    this.broken(errorOf(code));
    this.drop();
  }

  public drop(): void {
    this.request.destroy(); // with an error, a socket that has been upgraded would emit it, where nobody listens
  }

  private broken(error: unknown): void {
    if (this.error) {
      return;
    }
    this.error = error;
    this.failure.reject(error);
    if (!this.isWritten) {
      this.onLost(this);
    }
  }
}

function answered(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve) => {
    request.once('response', (answer) => {
      discardBody(answer, request);
      resolve(answer);
    });
    // 101 Switching Protocols: the endpoint wants to speak something else. It is an answer like any other, and the end of the connection.
    request.once('upgrade', (answer, socket) => {
      socket.destroy();
      resolve(answer);
    });
  });
}

function errorOf(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

async function connected(request: ClientRequest): Promise<void> {
  const socket = request.socket ?? await new Promise<NonNullable<ClientRequest['socket']>>((resolve) => request.once('socket', resolve));
  if (request.reusedSocket) {
    // The other side may have closed it while it was idle; a turn of the event loop lets that news in.
    await new Promise((resolve) => setImmediate(resolve));
  } else if (socket.connecting || 'encrypted' in socket) {
    await new Promise((resolve) => socket.once('encrypted' in socket ? 'secureConnect' : 'connect', resolve));
  }
}

/**
 * The status alone decides; the rest is read within bounds, in the background, and the connection closed beyond them. So it is where the endpoint
 * has answered without reading all of the request.
 */
function discardBody(answer: IncomingMessage, request: ClientRequest): void {
  const timer = setTimeout(() => request.destroy(), MAX_BODY_MS);
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      answer.destroy();
    }
  });
  answer.on('error', () => undefined); // cut off by either side: the status has been received
  request.once('close', () => clearTimeout(timer));
}

/** Node.js's error code (`ECONNREFUSED`, `ENOTFOUND`, `CERT_HAS_EXPIRED`…). Never the message, which can hold the URL. */
function errorClass(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException;
  return code ?? name;
}
