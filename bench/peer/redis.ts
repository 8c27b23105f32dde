// A Redis of the bench's own, on loopback and in memory alone, where `redis-server` is installed.
import { ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';

const HOST = '127.0.0.1';
/**
 * How often a second Redis looks whose wait has ended, where it has nothing else to do. By default it is ten times, and a worker of BullMQ waits in Redis
 * for the date of the next job: up to 100 ms too long. 100 is what `redis.conf` advises where latency matters, and is as much as it advises.
 */
export const REDIS_HZ = 100;
const START_MS = 10_000;
const POLL_MS = 50;

export class RedisServer {
  /** What `redis-server --version` says, such as `7.0.15`; `undefined` where it is not installed. */
  public static version(): string | undefined {
    const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
    return /v=([\d.]+)/.exec(stdout ?? '')?.[1];
  }

  public static async start(): Promise<RedisServer> {
    const port = await freePort();
    // Persistence off: what it would cost is no part of what is compared.
    const child = spawn('redis-server', [
      '--port', String(port), '--bind', HOST, '--save', '', '--appendonly', 'no', '--hz', String(REDIS_HZ),
    ], { stdio: 'ignore' });
    const server = new RedisServer(child, port);
    try {
      await server.answering();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  private constructor(private readonly child: ChildProcess, private readonly port: number) {}

  public get pid(): number {
    return this.child.pid as number;
  }

  /** For a client of it; BullMQ asks of its workers' clients to try a command as often as it takes. */
  public get connection(): { readonly host: string; readonly port: number; readonly maxRetriesPerRequest: null } {
    return { host: HOST, port: this.port, maxRetriesPerRequest: null };
  }

  public async close(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGKILL'); // there is nothing to save
      await exited;
    }
  }

  private async answering(): Promise<void> {
    const client = new Redis({ ...this.connection, lazyConnect: true, retryStrategy: null });
    client.on('error', () => undefined); // until it listens
    try {
      for (const until = Date.now() + START_MS; ; await delay(POLL_MS)) {
        try {
          await client.connect();
          await client.ping();
          return;
        } catch (error) {
          if (this.child.exitCode !== null || Date.now() > until) {
            throw new Error(`redis-server did not start on port ${this.port}: ${(error as Error).message}`);
          }
        }
      }
    } finally {
      client.disconnect();
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
