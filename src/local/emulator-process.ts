// Child process of the engine: runs the emulators of SNS and SQS, DynamoDB and Secrets Manager on loopback until the engine is gone.

import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import dynalite from 'dynalite';
import { LOCAL_ACCOUNT } from './local-account';
import { SecretsManager } from './secrets-manager';
import { secretsManagerListener } from './secrets-manager-http';

/** Sent by the engine to start the emulators. */
export interface EmulatorRequest {
  /** Port for SNS and SQS; 0 for a free one. */
  readonly port: number;
}

/** Sent to the engine once all listen, or when they cannot. */
export type EmulatorReply =
  | { readonly ready: { readonly messagingPort: number; readonly dynamodbPort: number; readonly secretsManagerPort: number } }
  | { readonly failed: { readonly code?: string; readonly message: string } };

/** The part of the emulator's queue store that is used here. Its class is not exported, only the option that takes an instance. */
interface QueueStore {
  host: string;
  createQueue(...args: unknown[]): Queue;
  getQueue(url: string): Queue | undefined;
  buildQueueUrl(name: string, port: string, requestHost: string, region: string): string;
  processAllTimers(): void;
}
interface Queue {
  enqueue(message: { readonly delayUntil?: number }): void;
}

const LOOPBACK = '127.0.0.1';
/** Beside this script when it runs: see `ChildScripts`. */
const STORE_MODULE = 'node_modules/fauxqs/dist/sqs/sqsStore.js';

async function loopbackStore(): Promise<QueueStore> {
  const { SqsStore } = await import(pathToFileURL(path.join(__dirname, STORE_MODULE)).href) as { SqsStore: new () => QueueStore };
  const store = new SqsStore();
  let origin = '';

  // Its own URLs are on sqs.<region>.localhost, which not every system resolves, and it finds a queue by its exact URL only.
  store.buildQueueUrl = (name, port) => {
    origin = `http://${LOOPBACK}:${port}`;
    return `${origin}/${LOCAL_ACCOUNT}/${name}`;
  };
  const getQueue = store.getQueue.bind(store);
  store.getQueue = url => getQueue(url) ?? (URL.canParse(url) ? getQueue(origin + new URL(url).pathname) : undefined);

  // A long poll only looks every 20 ms for messages whose delay is over; looking at that very millisecond as well keeps the
  // emulator's part of a webhook's lateness at about one.
  const wakeUps = new Set<number>();
  const wakeAt = (instant: number): void => {
    if (wakeUps.has(instant)) return;
    wakeUps.add(instant);
    setTimeout(() => {
      if (Date.now() < instant) {
        wakeUps.delete(instant);
        wakeAt(instant);
        return;
      }
      wakeUps.delete(instant);
      store.processAllTimers();
    }, Math.max(instant - Date.now(), 1)).unref();
  };
  const createQueue = store.createQueue.bind(store);
  store.createQueue = (...args) => {
    const queue = createQueue(...args);
    const enqueue = queue.enqueue.bind(queue);
    queue.enqueue = message => {
      enqueue(message);
      if (message.delayUntil !== undefined) wakeAt(message.delayUntil);
    };
    return queue;
  };
  return store;
}

async function start({ port }: EmulatorRequest): Promise<EmulatorReply> {
  try {
    // `startFauxqs` would listen on every interface.
    const { buildApp } = await import('fauxqs');
    const stores = { sqsStore: await loopbackStore() } as unknown as NonNullable<Parameters<typeof buildApp>[0]>['stores'];
    const messaging = buildApp({ logger: false, stores });
    await messaging.listen({ port, host: LOOPBACK });
    const dynamodb: Server = dynalite({ createTableMs: 0 });
    const secretsManager = createServer(secretsManagerListener(new SecretsManager(LOCAL_ACCOUNT)));
    return {
      ready: {
        messagingPort: (messaging.server.address() as AddressInfo).port,
        dynamodbPort: await listen(dynamodb),
        secretsManagerPort: await listen(secretsManager),
      },
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { failed: { code, message } };
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, LOOPBACK, resolve));
  return (server.address() as AddressInfo).port;
}

// Ctrl+C reaches the whole process group; the engine decides when the emulators end.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(0));
// A function that is killed in the middle of a request resets its connection, which the DynamoDB emulator throws as an error.
process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return;
  console.error(error);
  process.exit(1);
});
process.once('message', (request: EmulatorRequest) => {
  void start(request).then(reply => process.send?.(reply));
});
