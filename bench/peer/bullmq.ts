// The peer: delayed jobs of BullMQ on Redis, sent by a worker in a process of its own.
import * as path from 'node:path';
import { Queue } from 'bullmq';
import { version } from 'bullmq/package.json';
import type { WorkerCommand } from './bullmq-worker';
import { REDIS_HZ, RedisServer } from './redis';
import { Child } from '../../scripts/support/child';
import type { Cleanup } from '../../scripts/support/cleanup';
import { batchesOf } from '../../src/adapters/batches';
import type { PlannedWebhook, Sender } from '../sender';

/** Adding 10,000 jobs takes it about a second on two cores. */
const AHEAD_MS = 5_000;
const BULK = 1_000;
const QUEUE = 'webhooks';

export class BullMq implements Sender {
  public static readonly label = `BullMQ ${version}`;

  public static async start(cleanup: Cleanup, url: string, concurrency: number, warmUp: string): Promise<BullMq> {
    const redis = await cleanup.open(() => RedisServer.start(), (opened) => opened.close());
    const { connection } = redis;
    const queue = await cleanup.open(() => new Queue<string>(QUEUE, { connection }), (opened) => opened.close());
    const worker = await cleanup.open(() => new Child<WorkerCommand>(path.join(__dirname, 'bullmq-worker.ts')), (opened) => opened.close());
    await worker.ask({ connection, queue: QUEUE, concurrency, url, warmUp });
    return new BullMq(redis, queue, worker, concurrency);
  }

  public readonly aheadMs = AHEAD_MS;

  private constructor(
    private readonly redis: RedisServer,
    private readonly queue: Queue<string>,
    private readonly worker: Child<WorkerCommand>,
    private readonly concurrency: number,
  ) {}

  public get settings(): string {
    return `one worker of concurrency ${this.concurrency}, Redis ${RedisServer.version()} with hz ${REDIS_HZ} and without persistence, jobs removed once done`;
  }

  public processes(): Readonly<Record<string, readonly number[]>> {
    return { worker: [this.worker.pid], redis: [this.redis.pid] };
  }

  public async schedule(planned: readonly PlannedWebhook[]): Promise<void> {
    for (const some of batchesOf(planned, BULK)) {
      const timestamp = Date.now();
      await this.queue.addBulk(some.map(({ target, dueAt }) => ({
        // Due at its creation plus the delay.
        name: 'webhook', data: target, opts: { timestamp, delay: dueAt - timestamp, removeOnComplete: true, removeOnFail: true },
      })));
    }
  }
}
