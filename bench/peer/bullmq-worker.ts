// Child process that runs a worker of BullMQ, which sends each job with the bare HTTP client. Ends when its parent does.
import { Worker } from 'bullmq';
import type { RedisServer } from './redis';
import { obeyParent } from '../../scripts/support/obey-parent';
import { BareClient } from '../bare-client';

export interface WorkerCommand {
  readonly connection: RedisServer['connection'];
  readonly queue: string;
  /** Jobs at one time at most, and connections to the endpoint. */
  readonly concurrency: number;
  readonly url: string;
  readonly warmUp: string;
}

async function work({ connection, queue, concurrency, url, warmUp }: WorkerCommand): Promise<void> {
  const client = new BareClient(url, concurrency);
  await client.warmUp(warmUp);
  const worker = new Worker<string>(queue, async ({ data }) => client.send(data), { connection, concurrency });
  worker.on('error', (error) => console.error(error));
  await worker.waitUntilReady();
}

obeyParent(work);
