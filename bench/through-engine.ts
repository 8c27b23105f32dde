// This scheduler, whole: published to the topic of the example app's unchanged template, run by the local engine with the real handlers.
import { setTimeout as delay } from 'node:timers/promises';
import type { SNSClient } from '@aws-sdk/client-sns';
import { MAX_PUBLISHED, publishBatch } from './publish-batch';
import type { PlannedWebhook, Sender } from './sender';
import { keepLateness } from './worker-lateness';
import type { Cleanup } from '../scripts/support/cleanup';
import { snsClient } from '../scripts/support/local-clients';
import { EngineEvent, LocalEngine } from '../src/local/engine';
import { ENVIRONMENT_LIMIT } from '../src/local/function-runtime';

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
      for (let batch = left.splice(0, MAX_PUBLISHED); batch.length > 0; batch = left.splice(0, MAX_PUBLISHED)) {
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
    const ids = await publishBatch(this.sns, this.engine.schedulers[0].inputTopicArn, batch.map(({ target, dueAt }) => (
      JSON.stringify({ date: new Date(dueAt).toISOString(), url: this.url + target, method: 'POST', payload: { target } })
    )));
    ids.forEach((id, i) => this.targets.set(id, batch[i].target));
  }
}

function keep(event: EngineEvent, lateMs: Map<string, number>, stored: { messages: number; at: number }): void {
  keepLateness(event, lateMs);
  // Ingest answers for a message once its row is in the table.
  if (event.type === 'invocation' && event.error === undefined && /ingest/i.test(event.functionName)) {
    stored.messages += event.records;
    stored.at = Date.now();
  }
}
