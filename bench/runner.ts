// Runs a work: through the topic, the real handlers and the unchanged template to a receiver in a process of its own.
import { setTimeout as delay } from 'node:timers/promises';
import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import type { Sample } from './measure';
import type { Work } from './work';
import type { Cleanup } from '../scripts/support/cleanup';
import { exampleAssembly } from '../scripts/support/example';
import { snsClient } from '../scripts/support/local-clients';
import { ReceiverProcess } from '../scripts/support/receiver-process';
import { LOG_DELIVERED, LOG_FAILED } from '../src/core/log-events';
import { EngineEvent, LocalEngine } from '../src/local/engine';

/** Between publishing and the first date: the way through ingest, the delay queue and into the worker. */
const AHEAD_MS = 5_000;
/** What has not come this long after the last date is lost. */
const PATIENCE_MS = 60_000;
/** A second copy would be on the heels of the first. */
const COPY_MS = 3_000;
const POLL_MS = 250;

/** Loads the functions, fills their caches and opens their connections; not measured. */
const WARM_UP: Work = { description: 'warm-up', dueMs: Array.from({ length: 60 }, (_, i) => i * 100), batchSize: 10, endpoint: {} };
const WARM_UP_PATH = '/warm-up';
const WORK_PATH = '/work';

interface PlannedWebhook {
  /** Path and query, which tell the webhooks apart. */
  readonly target: string;
  readonly dueAt: number;
}

/** Publishes one work and returns what became of each of its webhooks. */
export async function runWork(work: Work, cleanup: Cleanup, onProgress: (text: string) => void): Promise<Sample[]> {
  const receiver = await cleanup.open(() => ReceiverProcess.start({ [WORK_PATH]: work.endpoint }), (opened) => opened.close());
  const assembly = await exampleAssembly(cleanup);
  const workerLateMs = new Map<string, number>();
  const onEvent = (event: EngineEvent) => keepLateness(event, workerLateMs);
  const engine = await cleanup.open(() => LocalEngine.start({ assembly, onEvent }), (opened) => opened.stop());
  const producer = new Producer(await snsClient(engine, cleanup), engine.schedulers[0].inputTopicArn, receiver.url);

  onProgress('warming up');
  const warmUp = plan(WARM_UP, WARM_UP_PATH);
  await producer.publish(warmUp, WARM_UP.batchSize);
  await untilArrived(receiver, warmUp);

  onProgress('publishing');
  const planned = plan(work, WORK_PATH);
  const ids = await producer.publish(planned, work.batchSize);
  onProgress(`published, the last is due in ${Math.ceil((lastOf(planned) - Date.now()) / 1000)} s`);
  await untilArrived(receiver, planned);
  await delay(COPY_MS);

  const arrivals = await arrivalsOf(receiver);
  return planned.map(({ target, dueAt }) => ({
    dueAt, arrivals: arrivals.get(target) ?? [], workerLateMs: workerLateMs.get(ids.get(target) ?? ''),
  }));
}

class Producer {
  public constructor(private readonly sns: SNSClient, private readonly topicArn: string, private readonly url: string) {}

  /** Returns the id of each webhook by its target. */
  public async publish(planned: readonly PlannedWebhook[], batchSize: number): Promise<Map<string, string>> {
    const ids = new Map<string, string>();
    for (let start = 0; start < planned.length; start += batchSize) {
      const batch = planned.slice(start, start + batchSize);
      const { Successful = [], Failed = [] } = await this.sns.send(new PublishBatchCommand({
        TopicArn: this.topicArn,
        PublishBatchRequestEntries: batch.map(({ target, dueAt }, i) => ({
          Id: String(i),
          Message: JSON.stringify({ date: new Date(dueAt).toISOString(), url: this.url + target, method: 'POST', payload: { target } }),
        })),
      }));
      if (Failed.length > 0) {
        throw new Error(`${Failed.length} of ${batch.length} messages could not be published: ${Failed[0].Message ?? Failed[0].Code}`);
      }
      Successful.forEach(({ Id, MessageId }) => ids.set(batch[Number(Id)].target, MessageId as string));
    }
    return ids;
  }
}

function plan(work: Work, path: string): PlannedWebhook[] {
  const first = Date.now() + AHEAD_MS;
  return work.dueMs.map((ms, i) => ({ target: `${path}?n=${i}`, dueAt: first + ms }));
}

function keepLateness(event: EngineEvent, lateMs: Map<string, number>): void {
  const record = event.type === 'log' ? event.record : undefined;
  if (record?.message === LOG_DELIVERED || record?.message === LOG_FAILED) {
    lateMs.set(String(record.webhookId), Number(record.lateMs));
  }
}

/** Asks nothing of the receiver before the last date, since answering takes its time. */
async function untilArrived(receiver: ReceiverProcess, planned: readonly PlannedWebhook[]): Promise<void> {
  const last = lastOf(planned);
  await delay(Math.max(0, last - Date.now()));
  for (;;) {
    const arrivals = await arrivalsOf(receiver);
    if (planned.every(({ target }) => arrivals.has(target)) || Date.now() > last + PATIENCE_MS) {
      return;
    }
    await delay(POLL_MS);
  }
}

async function arrivalsOf(receiver: ReceiverProcess): Promise<Map<string, number[]>> {
  const arrivals = new Map<string, number[]>();
  for (const { target, arrivedAt } of await receiver.requests()) {
    arrivals.set(target, [...arrivals.get(target) ?? [], arrivedAt]);
  }
  return arrivals;
}

function lastOf(planned: readonly PlannedWebhook[]): number {
  return Math.max(...planned.map(({ dueAt }) => dueAt));
}
