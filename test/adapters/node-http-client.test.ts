import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { AddressInfo, connect as connectTo, createServer, Server, Socket } from 'node:net';
import * as path from 'node:path';
import { performance } from 'node:perf_hooks';
import tls from 'node:tls';
import { NodeHttpClient } from '../../src/adapters/node-http-client';
import { SystemClock } from '../../src/core/clock';
import { connectAheadMs } from '../../src/core/timing';
import { FakeClock } from '../support/fake-clock';
import { LOOPBACK_TOO } from '../support/network';

const client = new NodeHttpClient(new SystemClock(), LOOPBACK_TOO);
const servers: { close(): unknown }[] = [];
const sockets = new Set<Socket>();

afterAll(() => {
  client.close();
  sockets.forEach((socket) => socket.destroy());
  servers.forEach((server) => server.close());
});

/** A server that sees raw bytes. */
async function rawServer(onConnection: (socket: Socket) => void): Promise<string> {
  return listen(createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  }));
}

async function listen(server: Server): Promise<string> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const get = (host: string) => ({ url: `http://${host}/`, method: 'GET', headers: {} });

test('connects at once and writes nothing until it is sent', async () => {
  const connections: Socket[] = [];
  let bytes = '';
  const host = await rawServer((socket) => {
    connections.push(socket);
    socket.on('data', (chunk) => {
      bytes += chunk.toString('latin1');
      socket.write(OK);
    });
  });
  const request = client.prepare({ url: `http://${host}/a?b=%20c`, method: 'POST', headers: { 'X-One': 'é', 'webhook-id': '1' }, body: '{"é":1}' });
  await pause(150);
  expect(connections).toHaveLength(1);
  expect(bytes).toBe('');

  const before = Date.now();
  const answer = await request.send(5_000);
  expect(answer).toEqual({ sentAt: expect.any(Number), isWritten: true, durationMs: expect.any(Number), status: 200 });
  expect(answer.sentAt).toBeGreaterThanOrEqual(before);
  const [head, body] = bytes.split('\r\n\r\n');
  expect(head.split('\r\n')).toEqual([
    'POST /a?b=%20c HTTP/1.1', 'X-One: é', 'webhook-id: 1', 'content-length: 8', `Host: ${host}`, 'Connection: keep-alive',
  ]);
  expect(Buffer.from(body, 'latin1').toString()).toBe('{"é":1}');
});

test('a request without a body has none, and a GET may have one', async () => {
  const heads: string[] = [];
  const host = await rawServer((socket) => socket.on('data', (chunk) => {
    heads.push(chunk.toString());
    socket.write(OK);
  }));
  await client.prepare(get(host)).send(5_000);
  await client.prepare({ ...get(host), method: 'POST' }).send(5_000);
  await client.prepare({ ...get(host), body: 'x' }).send(5_000);
  expect(heads[0]).not.toMatch(/content-length|transfer-encoding/i);
  expect(heads[1]).toMatch(/content-length: 0\r\n/i);
  expect(heads[2]).toMatch(/content-length: 1\r\n[^]*\r\n\r\nx$/i);
});

test('connections are used again, and one that went stale meanwhile costs nothing', async () => {
  const connections: Socket[] = [];
  const host = await rawServer((socket) => {
    connections.push(socket);
    socket.on('data', () => socket.write(OK));
  });
  await client.prepare(get(host)).send(5_000);
  await pause(20);
  expect((await client.prepare(get(host)).send(5_000)).status).toBe(200);
  expect(connections).toHaveLength(1);
  await pause(20);
  connections[0].end();
  await pause(50);
  expect((await client.prepare(get(host)).send(5_000)).status).toBe(200);
  expect(connections).toHaveLength(2);
});

test('a connection that was idle while the process stood still, timers and all, is not used again', async () => {
  const connections: Socket[] = [];
  const host = await rawServer((socket) => {
    connections.push(socket);
    socket.on('data', () => socket.write(OK));
  });
  const clock = new FakeClock(Date.now());
  const frozen = new NodeHttpClient(clock, LOOPBACK_TOO);
  const send = async () => {
    expect(await frozen.prepare(get(host)).send(5_000)).toMatchObject({ status: 200 });
    await pause(20);
  };
  await send();
  clock.advance(1_499);
  await send();
  expect(connections).toHaveLength(1);
  clock.advance(1_500);
  await send();
  expect(connections.map(({ destroyed }) => destroyed)).toEqual([true, false]);
  frozen.close();
});

test('a connection that would be idle for too long by its instant is left to a request that is due sooner', async () => {
  let connections = 0;
  const host = await rawServer((socket) => {
    connections++;
    socket.on('data', () => socket.write(OK));
  });
  const clock = new FakeClock(Date.now());
  const own = new NodeHttpClient(clock, LOOPBACK_TOO);
  const holdFor = async (ms: number) => {
    const request = own.prepare(get(host), undefined, clock.now() + ms);
    await pause(50);
    return request;
  };
  expect(await (await holdFor(0)).send(5_000)).toMatchObject({ status: 200 });
  await pause(20);
  clock.advance(500);
  const late = await holdFor(1_000);
  expect(connections).toBe(2);
  const soon = await holdFor(999);
  expect(connections).toBe(2);
  const answers = await Promise.all([late, soon].map(async (request) => request.send(5_000)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  own.close();
});

test('of hundreds of connections, no more are kept for later than leave as many files for others', async () => {
  let connections = 0;
  const host = await rawServer((socket) => {
    connections++;
    socket.on('data', () => socket.write(OK));
  });
  const many = new NodeHttpClient(new SystemClock(), LOOPBACK_TOO);
  const sendAll = async () => {
    const requests = Array.from({ length: 250 }, () => many.prepare(get(host)));
    const answers = await Promise.all(requests.map(async (request) => request.send(20_000)));
    expect(answers.map(({ status }) => status)).toEqual(requests.map(() => 200));
  };
  await sendAll();
  expect(connections).toBe(250);
  await sendAll();
  expect(connections).toBe(250 + 100);
  many.close();
});

test('a connection that the endpoint closes while it is held is made again', async () => {
  let connections = 0;
  const host = await rawServer((socket) => {
    connections++;
    if (connections === 1) {
      setTimeout(() => socket.end(), 20);
    }
    socket.on('data', () => socket.write(OK));
  });
  const request = client.prepare(get(host));
  await pause(150);
  expect((await request.send(5_000)).status).toBe(200);
  expect(connections).toBe(2);
});

test('connections that others have used, and that the endpoint closes while one is held, are replaced before it is sent', async () => {
  const connections: Socket[] = [];
  const host = await rawServer((socket) => {
    connections.push(socket);
    socket.on('data', () => socket.write(OK));
  });
  await Promise.all([client.prepare(get(host)), client.prepare(get(host))].map(async (request) => request.send(5_000)));
  await pause(20);
  const request = client.prepare(get(host));
  await pause(20);
  expect(connections).toHaveLength(2);
  connections.forEach((socket) => socket.end());
  await pause(100);
  expect(connections.map(({ destroyed }) => destroyed)).toEqual([true, true, false]);
  expect(await request.send(5_000)).toMatchObject({ status: 200 });
  expect(connections).toHaveLength(3);
});

test('an endpoint that is down while preparing and up when sending gets the request', async () => {
  const host = await rawServer(() => undefined);
  servers.pop()?.close();
  await pause(50);
  const request = client.prepare(get(host));
  await pause(100);
  const server = createServer((socket) => socket.on('data', () => socket.write(OK)));
  servers.push(server);
  server.listen(Number(host.split(':')[1]), '127.0.0.1');
  await once(server, 'listening');
  expect((await request.send(5_000)).status).toBe(200);
});

/** A server that answers, and keeps what it is sent. */
async function recordingServer(
  onConnection: (socket: Socket, count: number) => void = () => undefined,
): Promise<{ host: string; received: string[] }> {
  const received: string[] = [];
  const host = await rawServer((socket) => {
    const index = received.push('') - 1;
    onConnection(socket, received.length);
    socket.on('data', (chunk) => {
      received[index] += chunk.toString();
      socket.write(OK);
    });
  });
  return { host, received };
}

describe('the request is that of the instant at which it is written', () => {
  const at = (host: string, instant: number) => ({
    ...get(host), method: 'POST', body: 'x', headers: { 'webhook-id': '1', 'webhook-timestamp': String(instant), 'x-a': 'é' },
  });

  test('however long it is held', async () => {
    const { host, received } = await recordingServer();
    const asked: number[] = [];
    const request = client.prepare(at(host, 0), (instant) => {
      asked.push(instant);
      return at(host, instant);
    });
    await pause(50);
    expect(asked).toEqual([]);
    const { sentAt } = await request.send(5_000);
    expect(asked).toEqual([sentAt]);
    expect(received).toEqual([
      `POST / HTTP/1.1\r\nwebhook-id: 1\r\nwebhook-timestamp: ${sentAt}\r\nx-a: é\r\ncontent-length: 1\r\nHost: ${host}\r\nConnection: keep-alive\r\n\r\nx`,
    ].map((text) => Buffer.from(text, 'latin1').toString()));
  });

  test('also where connecting takes long', async () => {
    const { host, received } = await recordingServer();
    const slow = new NodeHttpClient(new SystemClock(), LOOPBACK_TOO, undefined, (_, __, callback) => {
      setTimeout(() => callback(null, [{ address: '127.0.0.1', family: 4 }]), 300);
    });
    const begun = Date.now();
    const { sentAt } = await slow.prepare({ ...at(host, 0), url: `http://slow.example.com:${host.split(':')[1]}/` }, (instant) => at(host, instant)).send(5_000);
    slow.close();
    expect(sentAt).toBeGreaterThanOrEqual(begun + 290);
    expect(received).toEqual([expect.stringContaining(`webhook-timestamp: ${sentAt}\r\n`)]);
  });

  test('also where the connection has to be made again', async () => {
    const { host, received } = await recordingServer((socket, count) => count === 1 && socket.end());
    const request = client.prepare(at(host, 0), (instant) => at(host, instant));
    await pause(100);
    const { sentAt, status } = await request.send(5_000);
    expect(status).toBe(200);
    expect(received).toEqual(['', expect.stringContaining(`webhook-timestamp: ${sentAt}\r\n`)]);
  });
});

describe('an answer that comes before there is a request is none', () => {
  test.each([
    ['a status', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['a time-out of an idle connection', 'HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n'],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'],
  ])('%s: the request goes over another connection, which is made at once', async (_, early) => {
    const { host, received } = await recordingServer((socket, count) => count === 1 && socket.write(early));
    const request = client.prepare(get(host));
    await pause(100);
    expect(received).toEqual(['', '']);
    expect(await request.send(5_000)).toMatchObject({ status: 200 });
    expect(received).toEqual(['', expect.stringMatching(/^GET /)]);
  });

  test('a second time, the attempt has failed without a request', async () => {
    const { host, received } = await recordingServer((socket) => socket.write(OK));
    const request = client.prepare(get(host));
    await pause(150);
    expect(await request.send(5_000)).toEqual({ sentAt: expect.any(Number), isWritten: false, durationMs: expect.any(Number), error: 'ERR_EARLY_ANSWER' });
    await pause(50);
    expect(received).toEqual(['', '']);
    expect([...sockets].slice(-2).map(({ destroyed }) => destroyed)).toEqual([true, true]);
  });

  test('what an earlier request left behind on a connection that is used again is none either', async () => {
    let connections = 0;
    const host = await rawServer((socket) => {
      const isFirst = ++connections === 1;
      socket.on('data', () => {
        socket.write(OK);
        if (isFirst) {
          setTimeout(() => socket.write('HTTP/1.1 500 Late\r\ncontent-length: 0\r\n\r\n'), 100);
        }
      });
    });
    expect(await client.prepare(get(host)).send(5_000)).toMatchObject({ status: 200 });
    await pause(20);
    const request = client.prepare(get(host));
    await pause(200);
    expect(await request.send(5_000)).toMatchObject({ status: 200 });
    expect(connections).toBe(2);
  });
});

test('a status is an answer, whatever it is, and redirects are not followed', async () => {
  for (const status of ['204 No Content', '302 Found\r\nlocation: http://127.0.0.1:1/', '500 Oops']) {
    const host = await rawServer((socket) => socket.on('data', () => socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`)));
    expect(await client.prepare(get(host)).send(5_000)).toMatchObject({ status: Number(status.slice(0, 3)) });
  }
});

test.each([
  ['with an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'],
  ['without', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
])('a 101 %s is an answer like any other', async (_, answer) => {
  const host = await rawServer((socket) => socket.on('data', () => socket.write(answer)));
  expect(await client.prepare(get(host)).send(2_000)).toMatchObject({ status: 101 });
});

test('two interim answers before the final one count for nothing', async () => {
  const interim = 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
  const host = await rawServer((socket) => socket.on('data', () => socket.write(interim + OK)));
  expect(await client.prepare(get(host)).send(2_000)).toMatchObject({ status: 200 });
});

test('an answer counts although its head is larger than Node.js reads by itself', async () => {
  const host = await rawServer((socket) => socket.on('data', () => socket.write(OK.replace('\r\n', `\r\nx: ${'x'.repeat(60_000)}\r\n`))));
  expect(await client.prepare(get(host)).send(5_000)).toMatchObject({ status: 200 });
});

test.each<[string, (socket: Socket) => void, string]>([
  ['hangs', () => undefined, 'timeout'],
  ['resets', (socket) => socket.on('data', () => socket.resetAndDestroy()), 'ECONNRESET'],
  ['closes without an answer', (socket) => socket.on('data', () => socket.end()), 'ECONNRESET'],
  ['answers nonsense', (socket) => socket.on('data', () => socket.end('nonsense\r\n\r\n')), 'HPE_INVALID_CONSTANT'],
  ['says twice where its answer ends', (socket) => socket.on('data', () => socket.write(OK.replace('\r\n\r\n', '\r\ntransfer-encoding: chunked\r\n\r\n'))),
    'HPE_INVALID_TRANSFER_ENCODING'],
  ['drips a header a moment', (socket) => socket.on('data', () => {
    const timer = setInterval(() => socket.write('x'), 20);
    socket.once('close', () => clearInterval(timer));
    socket.write('HTTP/1.1 200 OK\r\nx: ');
  }), 'timeout'],
  ['sends headers without end', (socket) => socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}`)), 'HPE_HEADER_OVERFLOW'],
])('an endpoint that %s is a failure, not an exception', async (_, behave, error) => {
  const host = await rawServer(behave);
  expect(await client.prepare(get(host)).send(300)).toEqual({ sentAt: expect.any(Number), isWritten: true, durationMs: expect.any(Number), error });
});

test('nobody there, and no such name', async () => {
  const host = await rawServer(() => undefined);
  servers.pop()?.close();
  expect(await client.prepare(get(host)).send(2_000)).toMatchObject({ error: 'ECONNREFUSED' });
  expect((await client.prepare({ ...get('no-such-host.invalid') }).send(10_000)).error).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
});

test('a status counts although its body never ends, and of the body only so much is read', async () => {
  let sent = 0;
  const host = await rawServer((socket) => socket.on('data', () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const flood = () => {
      while (!socket.destroyed && socket.write('x'.repeat(65_536))) {
        sent += 65_536;
      }
    };
    socket.on('drain', flood);
    flood();
    socket.once('close', () => socket.emit('flooded'));
  }));
  expect(await client.prepare(get(host)).send(5_000)).toMatchObject({ status: 200 });
  await pause(300);
  expect(sent).toBeLessThan(16 * 1024 * 1024); // what socket buffers hold, not the endless body
  expect([...sockets].pop()?.destroyed).toBe(true);
});

describe('an address that does not answer', () => {
  /** Listens, but takes no connections: what fits into its queue is filled, so that no more are answered. */
  const SILENT = `const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.3', backlog: 1 }, () => {
      process.stdout.write(String(server.address().port), () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
    });`;
  let child: ChildProcess;
  let queued: Socket[];
  let port: number;

  beforeAll(async () => {
    const silent = child = spawn(process.execPath, ['--eval', SILENT], { stdio: ['ignore', 'pipe', 'inherit'] });
    port = await new Promise<number>((resolve) => silent.stdout.once('data', (text) => resolve(Number(text))));
    queued = [1, 2].map(() => connectTo(port, '127.0.0.3'));
    await Promise.all(queued.map((socket) => once(socket, 'connect')));
  });
  afterAll(() => {
    queued.forEach((socket) => socket.destroy());
    child.kill('SIGKILL');
  });

  test.each(['http', 'https'])('has half of the time for which connections are made ahead, before the next one is tried, over %s', async (protocol) => {
    let connectedAt = 0;
    const server = createServer((socket) => {
      connectedAt = performance.now();
      socket.destroy();
    });
    servers.push(server);
    server.listen(port, '127.0.0.2');
    await once(server, 'listening');
    const several = new NodeHttpClient(new SystemClock(), LOOPBACK_TOO, undefined, (_, __, callback) => {
      callback(null, ['127.0.0.3', '127.0.0.2'].map((address) => ({ address, family: 4 })));
    });
    const begunAt = performance.now();
    expect(await several.prepare({ ...get(''), url: `${protocol}://several.example.com:${port}/` }).send(5_000)).toMatchObject({ error: 'ECONNRESET' });
    expect(connectedAt - begunAt).toBeGreaterThanOrEqual(connectAheadMs(1) / 2 - 5); // a timer may end a little early
    several.close();
    server.close();
  });
});

describe('what is connecting when it is sent', () => {
  test('is under way once it is written: until then it takes our thread', async () => {
    const order: string[] = [];
    const connections: Socket[] = [];
    // Names are looked up on the way to a connection, and this one is slow.
    const slow = new NodeHttpClient(new SystemClock(), LOOPBACK_TOO, undefined, (_, __, callback) => {
      setTimeout(() => {
        order.push('connecting');
        callback(null, [{ address: '127.0.0.1', family: 4 }]);
      }, 100);
    });
    const host = await rawServer((socket) => {
      connections.push(socket);
      socket.on('data', () => socket.write(OK));
    });
    const answer = slow.prepare({ ...get(host), url: `http://localhost:${host.split(':')[1]}/` }).send(5_000, undefined, () => order.push('under way'));
    expect(await answer).toMatchObject({ status: 200 });
    expect(order).toEqual(['connecting', 'under way']);
    expect(connections).toHaveLength(1);
    slow.close();
  });

  test('for long waits for the network, and is under way', async () => {
    const order: string[] = [];
    const unanswered = new NodeHttpClient(new SystemClock(), LOOPBACK_TOO, undefined, () => undefined);
    const answer = await unanswered.prepare(get('localhost')).send(1_000, undefined, () => order.push('under way'));
    expect(answer).toMatchObject({ error: 'timeout', isWritten: false });
    expect(order).toEqual(['under way']);
    unanswered.close();
  });
});

describe('with TLS', () => {
  const file = (name: string) => readFileSync(path.join(__dirname, '..', 'support', 'tls', name));
  let host: string;
  let requests = 0;

  beforeAll(async () => {
    host = await listen(createTlsServer({ key: file('key.pem'), cert: file('cert.pem') }, (_, response) => {
      requests++;
      response.end();
    }));
  });

  test('a certificate that cannot be trusted is a failure, and nothing is sent', async () => {
    expect(await client.prepare({ ...get(host), url: `https://${host}/` }).send(5_000)).toMatchObject({ error: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(requests).toBe(0);
  });

  function trustIt(): jest.SpyInstance {
    const connect = tls.connect.bind(tls) as (options: tls.ConnectionOptions) => tls.TLSSocket;
    return jest.spyOn(tls, 'connect').mockImplementation(((options: tls.ConnectionOptions) => (
      connect({ ...options, ca: file('cert.pem') })
    )) as typeof tls.connect);
  }

  test('the handshake is over before the request is sent', async () => {
    const trusting = trustIt();
    try {
      const request = client.prepare({ ...get(host), url: `HTTPS://${host}/` });
      await pause(200);
      const answer = request.send(5_000);
      expect(requests).toBe(0);
      expect(await answer).toMatchObject({ status: 200 });
      expect(requests).toBe(1);
    } finally {
      trusting.mockRestore();
    }
  });

  test('of those with TLS and those without, together no more are kept than of either', async () => {
    let connections = 0;
    const plain = await rawServer((socket) => {
      connections++;
      socket.on('data', () => socket.write(OK));
    });
    const many = new NodeHttpClient(new SystemClock(), LOOPBACK_TOO);
    const sendAll = async (url: string) => {
      const held = Array.from({ length: 100 }, () => many.prepare({ ...get(plain), url }));
      const answers = await Promise.all(held.map(async (request) => request.send(20_000)));
      expect(answers.map(({ status }) => status)).toEqual(held.map(() => 200));
    };
    const trusting = trustIt();
    try {
      await sendAll(`https://${host}/`);
      await sendAll(`http://${plain}/`);
      await sendAll(`http://${plain}/`);
      expect(connections).toBe(100 + 50);
    } finally {
      trusting.mockRestore();
      many.close();
    }
  });
});

test('a request that Node.js refuses to make is a failure, not an exception', async () => {
  const host = await rawServer(() => undefined);
  const request = client.prepare({ ...get(host), headers: { 'x-bad': 'one\r\ntwo' } });
  expect(await request.send(5_000)).toMatchObject({ error: 'ERR_INVALID_CHAR' });
});
