// This scheduler's deliver function alone: the bundle that ships, with its SDK and its HTTP client, given queue messages as the delay queue
// would give them, and a table that answers when DynamoDB would. The emulated table would else be what is measured.
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import * as path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { TableCommand } from './table-child';
import { Child } from '../../scripts/support/child';
import type { Cleanup } from '../../scripts/support/cleanup';
import { batchesOf } from '../../src/adapters/batches';
import { DynamoDbStore } from '../../src/adapters/dynamodb-store';
import { createLog } from '../../src/adapters/logger';
import { SystemClock } from '../../src/core/clock';
import { packsOf } from '../../src/core/packs';
import { delayMessageText } from '../../src/core/queue-message';
import { turnsPerMessageOf } from '../../src/core/timing';
import { firstTurn, partitionOf, Turn, Webhook } from '../../src/core/webhook';
import { Variable } from '../../src/handlers/environment';
import { LOCAL_CREDENTIALS } from '../../src/local/emulators';
import { EngineEvent, LocalEngine } from '../../src/local/engine';
import type { PlannedWebhook, Sender } from '../sender';
import type { Load } from '../work';
import { keepLateness } from '../worker-lateness';

/**
 * Milliseconds that the table takes for an answer: the most that AWS's "single-digit millisecond" average for PutItem and GetItem can mean.
 * https://repost.aws/knowledge-center/dynamodb-high-latency, November 2026.
 */
const LATENCY_MS = 9;
/**
 * Workers at one time, one for each processor. AWS would run a hundred of them for 10,000 webhooks, each with processor time of its own; here they
 * share that of one machine, so that fewer of them hold more each.
 */
const WORKERS = availableParallelism();
/** Of the construct's default memory for deliver, 512 MiB. */
const TURNS_PER_MESSAGE = turnsPerMessageOf(512);
/** Storing 10,000 webhooks takes less on two cores, and the workers come to rest. */
const AHEAD_MS = 15_000;
const WRITES_AT_ONCE = 50;
const RETENTION_MS = 24 * 60 * 60_000;
const PARTITIONS = 16;

export class DeliverPath implements Sender {
  /** @param assembly of the example app */
  public static async start(cleanup: Cleanup, assembly: string, url: string): Promise<DeliverPath> {
    const child = await cleanup.open(() => new Child<TableCommand>(path.join(__dirname, 'table-child.ts')), (opened) => opened.close());
    const dynamodb = await child.ask<string>({ latencyMs: LATENCY_MS });
    const lateMs = new Map<string, number>();
    const onEvent = (event: EngineEvent) => keepLateness(event, lateMs);
    const engine = await cleanup.open(
      () => LocalEngine.start({
        assembly,
        onEvent,
        environment: { [Variable.TURNS_PER_INVOCATION]: String(Number.MAX_SAFE_INTEGER) },
        intercept: (services) => ({ ...services, dynamodb }),
      }),
      (opened) => opened.stop(),
    );
    engine.pauseSchedules();
    const { region } = engine;
    const client = await cleanup.open(
      () => new DynamoDBClient({ region, endpoint: dynamodb, credentials: LOCAL_CREDENTIALS }), (opened) => opened.destroy(),
    );
    const [{ tableName }] = engine.schedulers;
    const store = new DynamoDbStore(client, { tableName, retentionMs: RETENTION_MS }, new SystemClock(), createLog());
    return new DeliverPath(engine, store, child.pid, url, lateMs);
  }

  public readonly aheadMs = AHEAD_MS;
  public readonly settings = `${WORKERS} workers, packs of ${TURNS_PER_MESSAGE} as the delay queue carries them, the table answers after ${LATENCY_MS} ms`;
  /** All at one instant, as the works it is for: a worker holds them, and takes no others until it has sent them. */
  public readonly warmUp: Load = { dueMs: Array.from({ length: 800 }, () => 0) };
  private readonly failures: string[] = [];

  private constructor(
    private readonly engine: LocalEngine,
    private readonly store: DynamoDbStore,
    private readonly tablePid: number,
    private readonly url: string,
    /** By the id of the webhook, which is its target in a form that an id may have. */
    private readonly lateMsById: ReadonlyMap<string, number>,
  ) {}

  public processes(): Readonly<Record<string, readonly number[]>> {
    const [emulators, ...workers] = this.engine.childPids;
    return { workers, table: [this.tablePid], engine: [process.pid, emulators] };
  }

  public workerLateMs(): ReadonlyMap<string, number> {
    return new Map([...this.lateMsById].map(([id, lateMs]) => [targetOf(id), lateMs]));
  }

  public notes(): Readonly<Record<string, unknown>> {
    return { failedInvocations: this.failures.splice(0) };
  }

  /** Stores the webhooks as ingest does, and has each worker given its share when the delay queue would hand it out at the latest. */
  public async schedule(planned: readonly PlannedWebhook[]): Promise<void> {
    const webhooks = planned.map((webhook) => this.webhookOf(webhook));
    for (const some of batchesOf(webhooks, WRITES_AT_ONCE)) {
      await Promise.all(some.map((webhook) => this.store.put(webhook, 'ingest')));
    }
    const packs = packsOf(webhooks.map(firstTurn), TURNS_PER_MESSAGE, Date.now());
    const visibleAt = Math.min(...packs.map(({ turns, leadMs }) => turns[0].at - leadMs));
    const events = batchesOf(packs, Math.ceil(packs.length / WORKERS)).map((share) => ({ Records: share.map(({ turns }) => recordOf(turns)) }));
    void delay(visibleAt - Date.now()).then(() => events.forEach((event) => void this.invoke(event)));
  }

  private async invoke(event: object): Promise<void> {
    const result = await this.engine.invoke(this.engine.schedulers[0].functions.deliver, event);
    if (!result.ok) {
      this.failures.push(result.error.errorMessage);
    }
  }

  private webhookOf({ target, dueAt }: PlannedWebhook): Webhook {
    const id = idOf(target);
    return {
      id,
      dueAt,
      partition: partitionOf(id, PARTITIONS),
      date: new Date(dueAt).toISOString(),
      url: this.url + target,
      method: 'POST',
      payload: JSON.stringify({ target }),
      ownId: false,
    };
  }
}

function recordOf(turns: readonly Turn[]): object {
  return {
    messageId: randomUUID(), receiptHandle: randomUUID(), body: delayMessageText({ turns }), attributes: { ApproximateReceiveCount: '1' },
  };
}

/** An id may have no `?` and no `&`. */
function idOf(target: string): string {
  return target.replace('?', '@').replaceAll('&', '+');
}

function targetOf(id: string): string {
  return id.replace('@', '?').replaceAll('+', '&');
}
