// Many requests that are due at the same moment at one endpoint, over real connections.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, RequestListener, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import * as path from 'node:path';
import tls from 'node:tls';
import { BURST_CONNECTIONS } from '../../src/adapters/bursts';
import { NodeHttpClient } from '../../src/adapters/node-http-client';
import { SystemClock } from '../../src/core/clock';
import type { HttpAnswer, PreparedRequest } from '../../src/core/ports';
import { LOOPBACK_TOO } from '../support/network';

/** When they are due: it has come, so that a connection which has just become free is young enough for them. */
const NOW = Date.parse('2020-01-01T00:00:00Z');
const IN_LINE = 50;
const tlsFile = (name: string) => readFileSync(path.join(__dirname, '..', 'support', 'tls', name));

let client: NodeHttpClient;
let server: Server;
let url: string;
let connections: Set<Socket>;

beforeEach(() => {
  client = new NodeHttpClient(new SystemClock(), LOOPBACK_TOO);
  connections = new Set();
});

afterEach(() => {
  client.close();
  server.close();
  server.closeAllConnections();
});

/** Answers requests, each with its number, from 1. */
async function serve(answer: (number: number, ...request: Parameters<RequestListener>) => void, isTls = false): Promise<void> {
  let number = 0;
  const listener: RequestListener = (request, response) => answer(++number, request, response);
  server = isTls ? createTlsServer({ key: tlsFile('key.pem'), cert: tlsFile('cert.pem') }, listener) : createServer(listener);
  server.on('connection', (socket: Socket) => connections.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `${isTls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function prepare(count: number, dueAt = NOW): PreparedRequest[] {
  return Array.from({ length: count }, () => client.prepare({ url, method: 'POST', headers: {}, body: '{}' }, undefined, dueAt));
}

function sendAll(requests: readonly PreparedRequest[]): Promise<readonly HttpAnswer[]> {
  return Promise.all(requests.map((request) => request.send(10_000)));
}

async function connected(count: number): Promise<void> {
  while (connections.size < count) {
    await pause(5);
  }
  await pause(100); // for those that would come too many
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const statuses = (answers: readonly HttpAnswer[]) => [...new Set(answers.map(({ status, error }) => status ?? error))];

test('the first have a connection each, the others take those that have become free', async () => {
  await serve((_, __, response) => response.end());
  const requests = prepare(BURST_CONNECTIONS + IN_LINE);
  await connected(BURST_CONNECTIONS);
  expect(statuses(await sendAll(requests))).toEqual([200]);
  expect(connections.size).toBe(BURST_CONNECTIONS);
});

test('over TLS as well', async () => {
  await serve((_, __, response) => response.end(), true);
  const connect = tls.connect.bind(tls) as (options: tls.ConnectionOptions) => tls.TLSSocket;
  const trusting = jest.spyOn(tls, 'connect').mockImplementation(((options: tls.ConnectionOptions) => (
    connect({ ...options, ca: tlsFile('cert.pem') })
  )) as typeof tls.connect);
  try {
    expect(statuses(await sendAll(prepare(BURST_CONNECTIONS + IN_LINE)))).toEqual([200]);
    expect(connections.size).toBe(BURST_CONNECTIONS);
  } finally {
    trusting.mockRestore();
  }
});

test('an endpoint that answers none before it has all of them gets all of them', async () => {
  const count = BURST_CONNECTIONS + IN_LINE;
  const waiting: (() => void)[] = [];
  await serve((number, _, response) => {
    waiting.push(() => response.end());
    if (number === count) {
      waiting.forEach((answer) => answer());
    }
  });
  expect(statuses(await sendAll(prepare(count)))).toEqual([200]);
  expect(connections.size).toBe(count);
});

test('some that never get an answer do not keep those from theirs that come after them', async () => {
  await serve((number, _, response) => number > BURST_CONNECTIONS && response.end());
  const answers = await Promise.all(prepare(BURST_CONNECTIONS + IN_LINE).map((request) => request.send(1_000)));
  expect(statuses(answers.slice(0, BURST_CONNECTIONS))).toEqual(['timeout']);
  expect(statuses(answers.slice(BURST_CONNECTIONS))).toEqual([200]);
});

test('an endpoint that closes each connection after its answer has others made in their place', async () => {
  await serve((_, __, response) => response.setHeader('connection', 'close').end());
  expect(statuses(await sendAll(prepare(BURST_CONNECTIONS + IN_LINE)))).toEqual([200]);
  expect(connections.size).toBe(BURST_CONNECTIONS + IN_LINE);
});

test('what is due at another moment waits for none of them', async () => {
  await serve((_, __, response) => response.end());
  const held = prepare(BURST_CONNECTIONS, NOW + 20);
  const [other] = prepare(1);
  await connected(BURST_CONNECTIONS + 1);
  expect(connections.size).toBe(BURST_CONNECTIONS + 1);
  expect((await other.send(1_000)).status).toBe(200);
  expect(statuses(await sendAll(held))).toEqual([200]);
});

test('a burst leaves nothing behind: the next one is told from it', async () => {
  await serve((_, __, response) => response.end());
  await sendAll(prepare(BURST_CONNECTIONS + IN_LINE));
  const before = connections.size;
  expect(statuses(await sendAll(prepare(10)))).toEqual([200]);
  expect(connections.size).toBe(before);
});

test('a request is under way once it is written, after its wait in line', async () => {
  await serve((_, __, response) => response.end());
  const requests = prepare(BURST_CONNECTIONS + 1);
  await connected(BURST_CONNECTIONS);
  const underWay: number[] = [];
  const last = requests[BURST_CONNECTIONS].send(5_000, undefined, () => underWay.push(BURST_CONNECTIONS));
  await pause(10);
  expect(underWay).toEqual([]);
  const first = requests[0].send(5_000, undefined, () => underWay.push(0));
  expect(statuses([await first, await last])).toEqual([200]);
  expect(underWay).toEqual([0, BURST_CONNECTIONS]);
  await sendAll(requests.slice(1, BURST_CONNECTIONS));
});

test('an endpoint that closes connections unannounced has few attempts fail of it, not those of the whole burst', async () => {
  await serve((_, request, response) => {
    response.end();
    setTimeout(() => request.socket.destroy(), 1);
  });
  const answers = await sendAll(prepare(5 * BURST_CONNECTIONS));
  expect(answers.filter(({ error }) => error !== undefined).length).toBeLessThanOrEqual(10);
});

test('an endpoint has all its time, however long its request has waited in line', async () => {
  await serve((_, __, response) => setTimeout(() => response.end(), 900));
  const requests = prepare(4 * BURST_CONNECTIONS);
  // A thread that is always busy lets nobody go on for an endpoint's slowness.
  const busy = setInterval(() => {
    for (const until = performance.now() + 14; performance.now() < until;);
  }, 20);
  const answers = await Promise.all(requests.map((request) => request.send(3_000)));
  clearInterval(busy);
  expect(statuses(answers)).toEqual([200]);
});

test('… unless the invocation ends before', async () => {
  await serve(() => undefined);
  const [request] = prepare(1);
  expect(await request.send(60_000, Date.now() + 200)).toMatchObject({ isWritten: true, error: 'timeout' });
});

test('an endpoint that answers without reading the request does not keep its connection for ever', async () => {
  await serve((_, __, response) => response.end());
  const big = client.prepare({ url, method: 'POST', headers: {}, body: 'x'.repeat(32 * 1024 * 1024) }, undefined, NOW);
  server.on('connection', (socket: Socket) => socket.pause());
  const closed = new Promise((resolve) => server.once('connection', (socket: Socket) => socket.once('close', resolve)));
  await big.send(5_000);
  await closed;
});
