// This scheduler, whole: published to the topic of the example app's unchanged template, run by the local engine with the real handlers.
import { setTimeout as delay } from 'node:timers/promises';
import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import type { PlannedWebhook, Sender } from './sender';
import type { Cleanup } from '../scripts/support/cleanup';
import { snsClient } from '../scripts/support/local-clients';
import { LOG_DELIVERED, LOG_FAILED } from '../src/core/log-events';
import { EngineEvent, LocalEngine } from '../src/local/engine';
import { ENVIRONMENT_LIMIT } from '../src/local/function-runtime';

/** PublishBatch takes at most this many messages. */
const BATCH = 10;
/** Publishers at one time. */
const PUBLISHERS = 4;
const STORE_MS = 60_000;
const STORE_POLL_MS = 20;

export class ThroughEngine implements Sender {
  /** @param assembly of the example app */
  public static async start(cleanup: Cleanup, assembly: string, url: string, aheadMs: number): Promise<ThroughEngine> {
    const lateMs = new Map<string, number>();
    const stored = { messages: 0, at: 0 };
    const onEvent = (event: EngineEvent) => keep(event, lateMs, stored);
    const engine = await cleanup.open(() => LocalEngine.start({ assembly, onEvent }), (opened) => opened.stop());
    return new ThroughEngine(engine, await snsClient(engine, cleanup), url, aheadMs, lateMs, stored);
  }

  public readonly settings = `published in batches of 10, the example app's template as it is, ${ENVIRONMENT_LIMIT} workers of a function at most`;
  private readonly targets = new Map<string, string>();
  private published = 0;

  private constructor(
    private readonly engine: LocalEngine,
    private readonly sns: SNSClient,
    private readonly url: string,
    public readonly aheadMs: number,
    private readonly lateMsById: ReadonlyMap<string, number>,
    /** Messages that ingest has answered for so far, and when that was. */
    private readonly stored: { readonly messages: number; readonly at: number },
  ) {}

  /** Resolves once everything is published; what is then still on its way to the table is not waited for. */
  public async schedule(planned: readonly PlannedWebhook[]): Promise<void> {
    const left = planned.slice();
    const publisher = async () => {
      for (let batch = left.splice(0, BATCH); batch.length > 0; batch = left.splice(0, BATCH)) {
        await this.publish(batch);
      }
    };
    await Promise.all(Array.from({ length: PUBLISHERS }, publisher));
    this.published += planned.length;
  }

  /** When everything that was published was in the table, in milliseconds before the first date. */
  public notes(first: number): Readonly<Record<string, unknown>> {
    return { storedAheadMs: this.stored.messages >= this.published ? first - this.stored.at : undefined };
  }

  /** Resolves once ingest has stored everything that was published, with when that was. */
  public async whenStored(): Promise<number> {
    for (const until = Date.now() + STORE_MS; this.stored.messages < this.published; await delay(STORE_POLL_MS)) {
      if (Date.now() > until) {
        throw new Error(`${this.published - this.stored.messages} of ${this.published} messages were not stored within ${STORE_MS / 1_000} s`);
      }
    }
    return this.stored.at;
  }

  public processes(): Readonly<Record<string, readonly number[]>> {
    const [emulators, ...functions] = this.engine.childPids;
    return { engine: [process.pid], emulators: [emulators], functions };
  }

  public workerLateMs(): ReadonlyMap<string, number> {
    return new Map([...this.targets].flatMap(([id, target]): [string, number][] => {
      const lateMs = this.lateMsById.get(id);
      return lateMs === undefined ? [] : [[target, lateMs]];
    }));
  }

  private async publish(batch: readonly PlannedWebhook[]): Promise<void> {
    const { Successful = [], Failed = [] } = await this.sns.send(new PublishBatchCommand({
      TopicArn: this.engine.schedulers[0].inputTopicArn,
      PublishBatchRequestEntries: batch.map(({ target, dueAt }, i) => ({
        Id: String(i),
        Message: JSON.stringify({ date: new Date(dueAt).toISOString(), url: this.url + target, method: 'POST', payload: { target } }),
      })),
    }));
    if (Failed.length > 0) {
      throw new Error(`${Failed.length} of ${batch.length} messages could not be published: ${Failed[0].Message ?? Failed[0].Code}`);
    }
    Successful.forEach(({ Id, MessageId }) => this.targets.set(MessageId as string, batch[Number(Id)].target));
  }
}

function keep(event: EngineEvent, lateMs: Map<string, number>, stored: { messages: number; at: number }): void {
  if (event.type === 'log') {
    const { message, webhookId, lateMs: late } = event.record ?? {};
    if (message === LOG_DELIVERED || message === LOG_FAILED) {
      lateMs.set(String(webhookId), Number(late));
    }
  }
  // Ingest answers for a message once its row is in the table.
  if (event.type === 'invocation' && event.error === undefined && /ingest/i.test(event.functionName)) {
    stored.messages += event.records;
    stored.at = Date.now();
  }
}
