// What the HTTP client connects to, and what not: real connections on loopback, where only the answers of DNS are made up.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { AddressInfo, createServer, getDefaultAutoSelectFamily, Server, setDefaultAutoSelectFamily, Socket } from 'node:net';
import * as path from 'node:path';
import tls, { createServer as createTlsServer } from 'node:tls';
import { NodeHttpClient } from '../../src/adapters/node-http-client';
import { Lookup } from '../../src/adapters/shared-lookups';
import { AddressGuard, NetworkRules } from '../../src/core/network';
import { FakeClock } from '../support/fake-clock';
import { LOOPBACK_TOO, PUBLIC_INTERNET } from '../support/network';

/** Plain HTTP to any port, but to public addresses only. */
const PUBLIC_OVER_HTTP: NetworkRules = { ...LOOPBACK_TOO, allowedCidrs: [] };
/** Of 127.0.0.0/8, which is all loopback, only one address. */
const ONE_ADDRESS: NetworkRules = { ...LOOPBACK_TOO, allowedCidrs: ['127.0.0.2/32'] };

/** Stands still, but for the tests that move it. */
const clock = new FakeClock(Date.now());
/** An answer of DNS is used for so long. */
const SHARED_MS = 1_000;

const clients: NodeHttpClient[] = [];
const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(() => {
  clients.splice(0).forEach((client) => client.close());
  sockets.forEach((socket) => socket.destroy());
  servers.splice(0).forEach((server) => server.close());
});

/** An endpoint that keeps count of what reaches it. */
interface Endpoint {
  readonly port: number;
  connections: number;
  bytes: string;
}

async function endpoint(
  address = '127.0.0.1', makeServer: (onConnection: (socket: Socket) => void) => Server = createServer, port = 0,
): Promise<Endpoint> {
  const seen = { connections: 0, bytes: '' };
  const server = makeServer((socket) => {
    sockets.add(socket);
    seen.connections++;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      seen.bytes += chunk.toString('latin1');
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
  });
  servers.push(server);
  server.listen(port, address);
  await once(server, 'listening');
  return Object.assign(seen, { port: (server.address() as AddressInfo).port });
}

const file = (name: string) => readFileSync(path.join(__dirname, '..', 'support', 'tls', name));
const tlsServer = (onConnection: (socket: Socket) => void) => createTlsServer({ key: file('key.pem'), cert: file('cert.pem') }, onConnection);

/** A name server that gives one answer after the other, and the last one again and again; `null`: there is no such name. */
function answering(...answers: readonly (readonly string[] | null)[]): Lookup & { asked: string[] } {
  const asked: string[] = [];
  const lookup: Lookup = (hostname, _, callback) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(hostname);
    setImmediate(() => (answer
      ? callback(null, answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
      : callback(Object.assign(new Error(), { code: 'ENOTFOUND' }), [])));
  };
  return Object.assign(lookup, { asked });
}

function clientOf(rules: NetworkRules, { lookup, runtimeApi }: { lookup?: Lookup; runtimeApi?: string } = {}): NodeHttpClient {
  const client = new NodeHttpClient(clock, rules, runtimeApi, lookup);
  clients.push(client);
  return client;
}

const send = (client: NodeHttpClient, url: string, timeoutMs = 2_000) => client.prepare({ url, method: 'GET', headers: {} }).send(timeoutMs);
const REFUSED = { sentAt: expect.any(Number), isWritten: false, durationMs: expect.any(Number), error: 'ERR_ADDRESS_NOT_ALLOWED' };
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a name', () => {
  test('that leads to an address that is allowed is called there, with its own name, and looked up once', async () => {
    const server = await endpoint();
    const lookup = answering(['127.0.0.1']);
    expect(await send(clientOf(LOOPBACK_TOO, { lookup }), `http://hooks.example.com:${server.port}/a`)).toMatchObject({ status: 200 });
    expect(server.bytes).toMatch(new RegExp(`^GET /a HTTP/1.1\r\n[^]*Host: hooks.example.com:${server.port}\r\n`));
    expect(lookup.asked).toEqual(['hooks.example.com']);
  });

  test.each([
    ['to one that is not', ['127.0.0.1']],
    ['to several, of which the last is not', ['93.184.215.14', '2606:4700::1', '127.0.0.1']],
    ['to several, of which the first is not', ['127.0.0.1', '93.184.215.14']],
    ['to a mapped one', ['::ffff:127.0.0.1']],
    ['to the instance metadata', ['169.254.169.254']],
    ['to one with a zone', ['fe80::1%lo']],
    ['to nothing that is an address', ['localhost']],
  ])('that leads %s is not called', async (_, addresses) => {
    const server = await endpoint();
    expect(await send(clientOf(PUBLIC_OVER_HTTP, { lookup: answering(addresses) }), `http://hooks.example.com:${server.port}/`)).toEqual(REFUSED);
    expect(server.connections).toBe(0);
  });

  test('is looked up by the system, and judged by every address that it knows', async () => {
    const server = await endpoint();
    const url = `http://localhost:${server.port}/`;
    expect(await send(clientOf(PUBLIC_OVER_HTTP), url)).toMatchObject({ error: 'ERR_URL_NOT_ALLOWED' }); // this one needs no lookup
    expect(await send(clientOf({ ...LOOPBACK_TOO, allowedCidrs: ['::1/128'] }), url)).toEqual(REFUSED);
    expect(server.connections).toBe(0);
    expect(await send(clientOf(LOOPBACK_TOO), url)).toMatchObject({ status: 200 });
  });

  test('that is not found stays so', async () => {
    expect(await send(clientOf(LOOPBACK_TOO, { lookup: answering(null) }), 'http://hooks.example.com/')).toMatchObject({ error: 'ENOTFOUND' });
  });

  test('that leads to several allowed ones is called at one that answers', async () => {
    const server = await endpoint('127.0.0.2');
    const lookup = answering(['127.0.0.3', '127.0.0.2']);
    expect(await send(clientOf(LOOPBACK_TOO, { lookup }), `http://hooks.example.com:${server.port}/`)).toMatchObject({ status: 200 });
    expect(lookup.asked).toHaveLength(1);
  });
});

test('where Node.js is told to take the first address of a name, all of them are judged all the same', async () => {
  const server = await endpoint();
  const before = getDefaultAutoSelectFamily();
  setDefaultAutoSelectFamily(false);
  try {
    const lookup = answering(['127.0.0.1', '127.0.0.9'], ['127.0.0.1', '10.0.0.1']);
    const client = clientOf(LOOPBACK_TOO, { lookup });
    expect(await send(client, `http://one.example.com:${server.port}/`)).toMatchObject({ status: 200 });
    expect(await send(client, `http://two.example.com:${server.port}/`)).toEqual(REFUSED);
    expect(server.connections).toBe(1);
  } finally {
    setDefaultAutoSelectFamily(before);
  }
});

describe('rebinding', () => {
  test('between two requests: the second one is refused', async () => {
    const [allowed, inside] = [await endpoint('127.0.0.2'), await endpoint('127.0.0.1')];
    const client = clientOf(ONE_ADDRESS, { lookup: answering(['127.0.0.2'], ['127.0.0.1']) });
    expect(await send(client, `http://rebinding.example.com:${allowed.port}/`)).toMatchObject({ status: 200 });
    clock.advance(SHARED_MS);
    expect(await send(client, `http://rebinding.example.com:${inside.port}/`)).toEqual(REFUSED);
    expect(inside.connections).toBe(0);
  });

  test('while the request is held: the connection stays where it was judged', async () => {
    const server = await endpoint('127.0.0.2');
    const lookup = answering(['127.0.0.2'], ['127.0.0.1']);
    const request = clientOf(ONE_ADDRESS, { lookup }).prepare({ url: `http://rebinding.example.com:${server.port}/`, method: 'GET', headers: {} });
    await pause(100);
    expect(await request.send(2_000)).toMatchObject({ status: 200 });
    expect(lookup.asked).toHaveLength(1);
  });

  test('while the request is held, and the endpoint closes the connection: the new one is judged anew', async () => {
    const inside = await endpoint('127.0.0.1');
    const closing = createServer((socket) => socket.end());
    servers.push(closing);
    closing.listen(inside.port, '127.0.0.2');
    await once(closing, 'listening');
    const lookup = answering(['127.0.0.2'], ['127.0.0.1']);
    const request = clientOf(ONE_ADDRESS, { lookup }).prepare({ url: `http://rebinding.example.com:${inside.port}/`, method: 'GET', headers: {} });
    await pause(100);
    clock.advance(SHARED_MS);
    expect(await request.send(2_000)).toEqual(REFUSED);
    expect(lookup.asked).toHaveLength(2);
    expect(inside.connections).toBe(0);
  });

  test('a name that is refused now may lead elsewhere at the next attempt', async () => {
    const server = await endpoint('127.0.0.2');
    const client = clientOf(ONE_ADDRESS, { lookup: answering(['127.0.0.1'], ['127.0.0.2']) });
    expect(await send(client, `http://moving.example.com:${server.port}/`)).toEqual(REFUSED);
    clock.advance(SHARED_MS);
    expect(await send(client, `http://moving.example.com:${server.port}/`)).toMatchObject({ status: 200 });
  });

  test('a connection that is kept alive serves its own host and port only', async () => {
    const [first, second] = [await endpoint(), await endpoint()];
    const client = clientOf(LOOPBACK_TOO, { lookup: answering(['127.0.0.1']) });
    await send(client, `http://one.example.com:${first.port}/`);
    await pause(20);
    await send(client, `http://two.example.com:${first.port}/`);
    await pause(20);
    await send(client, `http://one.example.com:${second.port}/`);
    expect([first.connections, second.connections]).toEqual([2, 1]);
    await pause(20);
    await send(client, `http://one.example.com:${first.port}/`);
    expect([first.connections, second.connections]).toEqual([2, 1]);
  });
});

describe('a lookup is shared', () => {
  const times = (count: number) => Array.from({ length: count }, (_, i) => i);
  const sendAll = (client: NodeHttpClient, urls: readonly string[]) => Promise.all(urls.map((url) => send(client, url)));
  const statuses = (answers: readonly { status?: number }[]) => answers.map(({ status }) => status);

  /** A name server that answers when it is told to. */
  function hesitating(): Lookup & { answers: ((...addresses: readonly string[]) => void)[] } {
    const answers: ((...addresses: readonly string[]) => void)[] = [];
    const lookup: Lookup = (_, __, callback) => {
      answers.push((...addresses) => callback(null, addresses.map((address) => ({ address, family: 4 }))));
    };
    return Object.assign(lookup, { answers });
  }

  test('by a hundred webhooks for one host', async () => {
    const server = await endpoint();
    const lookup = answering(['127.0.0.1']);
    const answers = await sendAll(clientOf(LOOPBACK_TOO, { lookup }), times(100).map((i) => `http://hooks.example.com:${server.port}/${i}`));
    expect(statuses(answers)).toEqual(times(100).map(() => 200));
    expect(server.connections).toBe(100);
    expect(lookup.asked).toEqual(['hooks.example.com']);
  });

  test('by nobody else: another host has its own', async () => {
    const [one, two] = [await endpoint('127.0.0.2'), await endpoint('127.0.0.3')];
    const lookup = answering(['127.0.0.2'], ['127.0.0.3']);
    const answers = await sendAll(clientOf(LOOPBACK_TOO, { lookup }), [
      `http://one.example.com:${one.port}/`, `http://two.example.com:${two.port}/`, `http://one.example.com:${one.port}/`,
    ]);
    expect(statuses(answers)).toEqual([200, 200, 200]);
    expect(lookup.asked).toEqual(['one.example.com', 'two.example.com']);
  });

  test('by those who come within a second, and no longer', async () => {
    const [first, second] = [await endpoint('127.0.0.2'), await endpoint('127.0.0.3')];
    const lookup = answering(['127.0.0.2'], ['127.0.0.3']);
    const client = clientOf(LOOPBACK_TOO, { lookup });
    expect(await send(client, `http://moving.example.com:${first.port}/`)).toMatchObject({ status: 200 });
    clock.advance(SHARED_MS - 1);
    expect(await send(client, `http://moving.example.com:${second.port}/`)).toMatchObject({ error: 'ECONNREFUSED' });
    clock.advance(1);
    expect(await send(client, `http://moving.example.com:${second.port}/`)).toMatchObject({ status: 200 });
    expect(lookup.asked).toHaveLength(2);
  });

  test('counted from when it was asked for: while the process was frozen, too', async () => {
    const server = await endpoint();
    const lookup = hesitating();
    const client = clientOf(LOOPBACK_TOO, { lookup });
    const before = send(client, `http://hooks.example.com:${server.port}/`);
    clock.advance(3_600_000);
    lookup.answers[0]('127.0.0.1');
    expect(await before).toMatchObject({ status: 200 });
    // Over a connection that was idle meanwhile there would be no lookup at all.
    sockets.forEach((socket) => socket.destroy());
    await pause(20);
    const after = send(client, `http://hooks.example.com:${server.port}/`);
    expect(lookup.answers).toHaveLength(2);
    lookup.answers[1]('127.0.0.1');
    expect(await after).toMatchObject({ status: 200 });
  });

  test('but one that has been under way for long holds up nobody else', async () => {
    const server = await endpoint();
    const lookup = hesitating();
    const client = clientOf(LOOPBACK_TOO, { lookup });
    const stuck = send(client, `http://hooks.example.com:${server.port}/`);
    clock.advance(SHARED_MS);
    const later = send(client, `http://hooks.example.com:${server.port}/`);
    lookup.answers[1]('127.0.0.1');
    expect(await later).toMatchObject({ status: 200 });
    lookup.answers[0]('127.0.0.1');
    expect(await stuck).toMatchObject({ status: 200 });
    expect(lookup.answers).toHaveLength(2);
  });

  test('a failure is that of all who waited for it, and of nobody after', async () => {
    const server = await endpoint();
    const lookup = answering(null, ['127.0.0.1']);
    const client = clientOf(LOOPBACK_TOO, { lookup });
    const url = `http://hooks.example.com:${server.port}/`;
    expect((await sendAll(client, [url, url, url])).map(({ error }) => error)).toEqual(['ENOTFOUND', 'ENOTFOUND', 'ENOTFOUND']);
    expect(lookup.asked).toHaveLength(1);
    expect(await send(client, url)).toMatchObject({ status: 200 });
    expect(lookup.asked).toHaveLength(2);
  });

  test('an address that is refused is refused for all', async () => {
    const server = await endpoint();
    const lookup = answering(['127.0.0.2', '127.0.0.1']);
    const url = `http://hooks.example.com:${server.port}/`;
    expect(await sendAll(clientOf(ONE_ADDRESS, { lookup }), times(10).map(() => url))).toEqual(times(10).map(() => REFUSED));
    expect(server.connections).toBe(0);
    expect(lookup.asked).toHaveLength(1);
  });

  test('and judged by each for its own port', async () => {
    const server = await endpoint();
    const lookup = answering(['127.0.0.1']);
    const answers = await sendAll(clientOf(LOOPBACK_TOO, { lookup }), [server.port, 9001].map((port) => `http://hooks.example.com:${port}/`));
    expect(answers).toEqual([expect.objectContaining({ status: 200 }), REFUSED]); // at 9001 there would be Lambda's runtime API
    expect(lookup.asked).toHaveLength(1);
  });

  test('those who share it are spread over its addresses', async () => {
    const one = await endpoint('127.0.0.2');
    const [two, three] = [await endpoint('127.0.0.3', createServer, one.port), await endpoint('127.0.0.4', createServer, one.port)];
    const lookup = answering(['127.0.0.2', '127.0.0.3', '127.0.0.4']);
    const answers = await sendAll(clientOf(LOOPBACK_TOO, { lookup }), times(9).map(() => `http://hooks.example.com:${one.port}/`));
    expect(statuses(answers)).toEqual(times(9).map(() => 200));
    expect([one.connections, two.connections, three.connections]).toEqual([3, 3, 3]);
    expect(lookup.asked).toHaveLength(1);
  });
});

describe('a URL that the policy does not allow, or no longer', () => {
  test.each([
    ['http', PUBLIC_INTERNET, (port: number) => `http://127.0.0.1:${port}/`],
    ['a port', { ...LOOPBACK_TOO, ports: [[443, 443]] as const }, (port: number) => `http://127.0.0.1:${port}/`],
    ['a host', { ...LOOPBACK_TOO, deniedHosts: ['hooks.example.com'] }, (port: number) => `http://HOOKS.example.com.:${port}/`],
    ['an address', PUBLIC_OVER_HTTP, (port: number) => `http://127.0.0.1:${port}/`],
    ['an address in other digits', PUBLIC_OVER_HTTP, (port: number) => `http://0x7f000001:${port}/`],
    ['an IPv6 address', PUBLIC_OVER_HTTP, (port: number) => `http://[::1]:${port}/`],
    ['a mapped address', LOOPBACK_TOO, (port: number) => `http://[::ffff:127.0.0.1]:${port}/`],
    ['a user name', LOOPBACK_TOO, (port: number) => `http://user@127.0.0.1:${port}/`],
  ])('for %s is not called', async (_, rules, urlOf) => {
    const server = await endpoint();
    const lookup = answering(['127.0.0.1']);
    expect(await send(clientOf(rules, { lookup }), urlOf(server.port))).toMatchObject({ error: 'ERR_URL_NOT_ALLOWED' });
    expect([server.connections, lookup.asked]).toEqual([0, []]);
  });
});

describe('Lambda\'s runtime API', () => {
  test.each(['127.0.0.1', 'localhost', '0x7f.1', 'runtime.example.com', '127.0.0.1.'])('as %s gets no byte, although the rules allow loopback', async (host) => {
    const runtimeApi = await endpoint();
    const client = clientOf(LOOPBACK_TOO, { lookup: answering(['127.0.0.1']), runtimeApi: `127.0.0.1:${runtimeApi.port}` });
    const { error } = await send(client, `http://${host}:${runtimeApi.port}/2018-06-01/runtime/invocation/next`);
    expect(error).toBe(host === 'runtime.example.com' ? 'ERR_ADDRESS_NOT_ALLOWED' : 'ERR_URL_NOT_ALLOWED');
    expect(runtimeApi.connections).toBe(0);
  });

  test('at its usual port is not called without its variable either', async () => {
    for (const url of ['http://127.0.0.1:9001/', 'http://169.254.100.1:9001/', 'http://localhost:9001/']) {
      expect(await send(clientOf(LOOPBACK_TOO), url)).toMatchObject({ error: 'ERR_URL_NOT_ALLOWED' });
    }
    expect(await send(clientOf(LOOPBACK_TOO, { lookup: answering(['127.0.0.1']) }), 'http://runtime.example.com:9001/')).toEqual(REFUSED);
  });
});

describe('should a connection still lead where it may not', () => {
  /** Has every address pass when it is looked up, and none when it is connected to. */
  function outwitFirstLock(checksBefore: number): jest.SpyInstance {
    let checks = 0;
    return jest.spyOn(AddressGuard.prototype, 'allows').mockImplementation(() => ++checks <= checksBefore);
  }

  test.each(['http', 'https'])('no byte of it is written, over %s', async (protocol) => {
    const server = await endpoint();
    const guard = outwitFirstLock(1);
    try {
      const request = clientOf(LOOPBACK_TOO, { lookup: answering(['127.0.0.1']) })
        .prepare({ url: `${protocol}://hooks.example.com:${server.port}/`, method: 'GET', headers: {} });
      await pause(200);
      expect(server).toMatchObject({ connections: 1, bytes: '' });
      expect(await request.send(2_000)).toEqual(REFUSED);
      expect(guard.mock.calls.slice(0, 2)).toEqual([['127.0.0.1', server.port], ['127.0.0.1', server.port]]);
    } finally {
      guard.mockRestore();
    }
    expect(server.bytes).toBe('');
  });

  test('over https, a connection that may be is judged twice and used', async () => {
    const server = await endpoint('127.0.0.1', tlsServer);
    const connect = tls.connect.bind(tls) as (options: tls.ConnectionOptions) => tls.TLSSocket;
    const trusting = jest.spyOn(tls, 'connect').mockImplementation(((options: tls.ConnectionOptions) => (
      connect({ ...options, ca: file('cert.pem'), checkServerIdentity: () => undefined })
    )) as typeof tls.connect);
    const guard = jest.spyOn(AddressGuard.prototype, 'allows');
    try {
      const client = clientOf(LOOPBACK_TOO, { lookup: answering(['127.0.0.1']) });
      expect(await send(client, `https://hooks.example.com:${server.port}/`)).toMatchObject({ status: 200 });
      expect(guard.mock.calls).toEqual([['127.0.0.1', server.port], ['127.0.0.1', server.port]]);
    } finally {
      trusting.mockRestore();
      guard.mockRestore();
    }
  });
});

describe('the environment of the process', () => {
  /** Sends a request from a process of its own: Node.js reads much of its environment when it starts. */
  async function sendWith(variables: Readonly<Record<string, string>>, url: string): Promise<unknown> {
    const child = spawn(process.execPath, ['--no-warnings', '--import', 'tsx', path.join(__dirname, '..', 'support', 'send.ts'), url], {
      env: { ...process.env, ...variables }, stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => { output += String(chunk); });
    await once(child, 'close');
    return JSON.parse(output);
  }

  test('brings in no proxies', async () => {
    const [proxy, server] = [await endpoint(), await endpoint()];
    const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];
    const proxies = Object.fromEntries(names.map((name) => [name, `http://127.0.0.1:${proxy.port}`]));
    expect(await sendWith({ ...proxies, NODE_USE_ENV_PROXY: '1' }, `http://127.0.0.1:${server.port}/`)).toMatchObject({ status: 200 });
    expect([proxy.connections, server.connections]).toEqual([0, 1]);
  });

  test('nor has certificates trusted that cannot be', async () => {
    const server = await endpoint('127.0.0.1', tlsServer);
    expect(await sendWith({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, `https://127.0.0.1:${server.port}/`)).toMatchObject({ error: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(server.bytes).toBe('');
  });
});

test('no agent would take up a proxy of the environment, should Node.js come to give them to all that are told nothing', () => {
  const { agents } = clientOf(LOOPBACK_TOO) as unknown as { agents: Record<string, { options: { proxyEnv?: unknown } }> };
  expect(Object.values(agents).map(({ options }) => options.proxyEnv)).toEqual([{}, {}]);
});
