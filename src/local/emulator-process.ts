// Child process of the engine: runs the emulators of SNS and SQS, DynamoDB and Secrets Manager on loopback until the engine is gone.

import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import dynalite from 'dynalite';
import { guardDynamoDb } from './access-control-http';
import { type Subscription, guardDeliveries, messagingRefusal } from './access-control-messaging';
import { AccessControl, type Judgement } from './iam/access-control';
import type { SecurityPlan } from './iam/security-plan';
import { LOCAL_ACCOUNT } from './local-account';
import { answerPartiQl } from './partiql-http';
import { type ReadTable, RequestMeter, readTables } from './request-meter';
import { SecretsManager } from './secrets-manager';
import { secretsManagerListener } from './secrets-manager-http';
import { meterDynamoDb } from './table-meter';
import type { CountedRequests, Usage } from './usage';

/**
 * Sent by the engine: first to start the emulators, then to have calls judged. Until then, everything is allowed, and nothing is counted. After
 * that, to be told what has been counted.
 */
export type EmulatorRequest =
  | { readonly type: 'start'; /** Port for SNS and SQS; 0 for a free one. */ readonly port: number; /** Whether to count requests. */ readonly metered: boolean }
  | { readonly type: 'usage' }
  | { readonly type: 'enforce'; readonly plan: SecurityPlan; /** Whether to tell of what is allowed, too. */ readonly everything: boolean };

/** What the process counts of it. */
export type EmulatorUsage = { readonly requests: readonly CountedRequests[] } & Pick<Usage, 'deliveries' | 'tables'>;

/** Sent to the engine once all listen, or when they cannot; once calls are judged; for each denial, or also for what is allowed; and when asked for what was counted. */
export type EmulatorReply =
  | { readonly usage: EmulatorUsage }
  | { readonly enforced: true }
  | { readonly judged: Judgement }
  | { readonly ready: { readonly messagingPort: number; readonly dynamodbPort: number; readonly secretsManagerPort: number } }
  | { readonly failed: { readonly code?: string; readonly message: string } };

/** The parts of the emulator's stores that are used here. Their classes are not exported, only the option that takes instances. */
interface QueueStore {
  host: string;
  createQueue(...args: unknown[]): Queue;
  getQueue(url: string): Queue | undefined;
  getQueueByArn(arn: string): Queue | undefined;
  buildQueueUrl(name: string, port: string, requestHost: string, region: string): string;
  processAllTimers(): void;
}
interface Queue {
  readonly arn: string;
  enqueue(message: { readonly delayUntil?: number }): void;
}

interface TopicStore {
  getSubscription(arn: string): Subscription | undefined;
}

const LOOPBACK = '127.0.0.1';
/** Beside this script when it runs: see `ChildScripts`. */
const STORES = 'node_modules/fauxqs/dist';

let control: AccessControl | undefined;
let meter: { readonly counts: RequestMeter; readonly read: ReadTable } | undefined;

async function storeOf<T>(file: string, name: string): Promise<T> {
  const stores = await import(pathToFileURL(path.join(__dirname, STORES, file)).href) as Record<string, new () => T>;
  return new stores[name]();
}

async function loopbackStore(): Promise<QueueStore> {
  const store = await storeOf<QueueStore>('sqs/sqsStore.js', 'SqsStore');
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

async function start(port: number, metered: boolean): Promise<EmulatorReply> {
  try {
    // `startFauxqs` would listen on every interface.
    const { buildApp } = await import('fauxqs');
    const [sqsStore, snsStore] = [await loopbackStore(), await storeOf<TopicStore>('sns/snsStore.js', 'SnsStore')];
    const stores = { sqsStore, snsStore } as unknown as NonNullable<Parameters<typeof buildApp>[0]>['stores'];
    const messaging = buildApp({ logger: false, stores });
    messaging.addHook('preHandler', async (request, response) => {
      const refusal = control && isCall(request) ? messagingRefusal(control, sqsStore, request) : undefined;
      if (refusal) await response.code(refusal.status).headers(refusal.headers).send(refusal.body);
    });
    const counts = metered ? new RequestMeter() : undefined;
    if (counts) {
      messaging.addHook('onSend', async (request, response, payload) => {
        if (control && isCall(request) && response.statusCode === 200) counts.messaging(request, String(payload));
        return payload;
      });
    }
    guardDeliveries(snsStore, sqsStore, () => control, queueArn => counts?.delivery(queueArn));
    await messaging.listen({ port, host: LOOPBACK });
    const dynamodb: Server = dynalite({ createTableMs: 0 });
    answerPartiQl(dynamodb);
    if (counts) meter = { counts, read: meterDynamoDb(dynamodb, counts, () => control !== undefined) };
    guardDynamoDb(dynamodb, () => control);
    const secretsManager = createServer(secretsManagerListener(new SecretsManager(LOCAL_ACCOUNT), () => control));
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

/** Both services are called there; elsewhere are a health check and what is not used here. */
function isCall({ method, url }: { readonly method: string; readonly url: string }): boolean {
  return method === 'POST' && url === '/';
}

async function usage(): Promise<EmulatorUsage> {
  if (!meter) return { requests: [], deliveries: [], tables: [] };
  const { counts, read } = meter;
  await counts.settled();
  return { requests: counts.requests, deliveries: counts.delivered, tables: await readTables(read) };
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
const reply = (message: EmulatorReply): boolean | undefined => process.send?.(message);
process.on('message', (request: EmulatorRequest) => {
  switch (request.type) {
    case 'start': return void start(request.port, request.metered).then(reply);
    case 'usage': return void usage().then(counted => reply({ usage: counted }));
    case 'enforce':
      control = new AccessControl(request.plan, judged => reply({ judged }), request.everything);
      return void reply({ enforced: true });
  }
});
