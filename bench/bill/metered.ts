// Runs webhooks through the local engine while it counts what AWS would bill.
import { setTimeout as delay } from 'node:timers/promises';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { messageText, MessageShape } from './messages';
import type { Cleanup } from '../../scripts/support/cleanup';
import { snsClient } from '../../scripts/support/local-clients';
import { ReceiverProcess } from '../../scripts/support/receiver-process';
import { batchesOf } from '../../src/adapters/batches';
import { Variable } from '../../src/handlers/environment';
import { FunctionUsage, LocalEngine, RequestUsage, Usage } from '../../src/local/engine';
import { publishBatch } from '../publish-batch';

export interface Work {
  readonly name: string;
  readonly count: number;
  /** How many are published, and how many are due, in a minute. Which of them is due when is random. */
  readonly ratePerMinute: number;
  /** Messages to a PublishBatch, at most ten; 1 for Publish. */
  readonly batchSize: number;
  /** Webhooks to a message. @default - one, without a list around it */
  readonly listSize?: number;
  /** `soon`: ingest sends them to the delay queue. `later`: they wait in the table, and load does. */
  readonly due: 'soon' | 'later';
  readonly message: MessageShape;
  /** For how many seconds ingest's mapping gathers messages. @default - none: they are taken at once, by tens at most */
  readonly windowSeconds?: number;
  /** Provisioned pollers of the ingest queue, always as many. @default - none: Lambda has readers of its own */
  readonly pollers?: number;
}

export interface MeteredRun {
  readonly work: Work;
  /** What the webhooks of the work have used. */
  readonly usage: Usage;
  /** What load uses in a tick, or a few, that finds nothing due; only of works that are due later. */
  readonly idleTicks?: Usage;
  /** Names that the template gives the functions. */
  readonly functions: Readonly<Record<'ingest' | 'load' | 'deliver', string>>;
  readonly arrived: number;
}

/** How long every endpoint of the bill takes to answer, ours and the others'. */
export const ANSWER_MS = 200;

const WORK_PATH = '/work';
const WARM_UP_PATH = '/warm-up';
const WARM_UP_COUNT = 100;
/** From the last publish to the first date: enough for the way through ingest and for the lead, and for a tick of load where there is one. */
const AHEAD_MS = { soon: 7_000, later: 13_000 } as const;
/** Between the ticks while there are any. */
const TICK_SECONDS = 4;
/** What has not come this long after the last date is lost. */
const PATIENCE_MS = 60_000;
/** After the last arrival its outcome is written, and its message deleted. */
const SETTLE_MS = 2_000;
const POLL_MS = 200;
/** Whoever is due later than this is left to load, where works are to be due later without a wait of ten minutes. */
const SHORT_INGEST_HORIZON_SECONDS = '1';

/** @param assembly with one scheduler, as {@link Work.windowSeconds} and {@link Work.pollers} ask for it */
export async function runMetered(work: Work, assembly: string, cleanup: Cleanup): Promise<MeteredRun> {
  const behaviour = { delayMs: ANSWER_MS };
  const receiver = await cleanup.open(
    () => ReceiverProcess.start({ [WORK_PATH]: behaviour, [WARM_UP_PATH]: behaviour }), (opened) => opened.close(),
  );
  const counts = new Counts();
  const engine = await cleanup.open(() => LocalEngine.start({
    assembly,
    metered: true,
    tickSeconds: TICK_SECONDS,
    environment: work.due === 'later' ? { [Variable.INGEST_HORIZON_SECONDS]: SHORT_INGEST_HORIZON_SECONDS } : {},
    onEvent: (event) => {
      if (event.type === 'invocation') {
        counts.add(event.functionName, event.records);
      }
    },
  }), (opened) => opened.stop());
  const [{ inputTopicArn, functions }] = engine.schedulers;
  engine.pauseSchedules();
  const publisher = new Publisher(await snsClient(engine, cleanup), inputTopicArn, receiver.url);
  // Not under the ids of the work: those would be taken then.
  const warmUp: Work = {
    ...work, count: WARM_UP_COUNT, batchSize: 10, listSize: 1, ratePerMinute: Infinity, message: { ...work.message, ownId: false },
  };
  await publisher.publish(warmUp, WARM_UP_PATH, () => Date.now());
  await until(async () => await receiver.count(WARM_UP_PATH) >= WARM_UP_COUNT, Date.now() + PATIENCE_MS);
  await delay(SETTLE_MS);

  const before = await engine.usage();
  const stored = counts.records(functions.ingest) + Math.ceil(work.count / (work.listSize ?? 1));
  const spanMs = work.count / work.ratePerMinute * 60_000;
  const firstDue = Date.now() + spanMs + AHEAD_MS[work.due] + (work.windowSeconds ?? 0) * 1000;
  await publisher.publish(work, WORK_PATH, () => Math.floor(firstDue + Math.random() * spanMs));
  if (work.due === 'later') {
    await until(async () => counts.records(functions.ingest) >= stored, firstDue);
    await oneTick(engine, counts, functions.load);
  }
  const lastDue = firstDue + spanMs;
  await delay(Math.max(0, lastDue - Date.now()));
  await until(async () => await receiver.count(WORK_PATH) >= work.count, lastDue + PATIENCE_MS);
  await delay(SETTLE_MS);
  const after = await engine.usage();

  let idleTicks: Usage | undefined;
  if (work.due === 'later') {
    await oneTick(engine, counts, functions.load);
    idleTicks = usageBetween(after, await engine.usage());
  }
  return { work, usage: usageBetween(before, after), idleTicks, functions, arrived: await receiver.count(WORK_PATH) };
}

async function oneTick(engine: LocalEngine, counts: Counts, load: string): Promise<void> {
  const ticks = counts.invocations(load);
  engine.resumeSchedules();
  await until(async () => counts.invocations(load) > ticks, Date.now() + PATIENCE_MS);
  engine.pauseSchedules();
}

/** Invocations so far, by function. */
class Counts {
  private readonly byName = new Map<string, { invocations: number; records: number }>();

  public add(name: string, records: number): void {
    const count = this.of(name);
    this.byName.set(name, { invocations: count.invocations + 1, records: count.records + records });
  }

  public invocations(name: string): number {
    return this.of(name).invocations;
  }

  public records(name: string): number {
    return this.of(name).records;
  }

  private of(name: string): { readonly invocations: number; readonly records: number } {
    return this.byName.get(name) ?? { invocations: 0, records: 0 };
  }
}

class Publisher {
  public constructor(private readonly sns: SNSClient, private readonly topicArn: string, private readonly url: string) {}

  public async publish({ count, batchSize, listSize = 1, ratePerMinute, message }: Work, path: string, dueAt: () => number): Promise<void> {
    const start = Date.now();
    const webhooks = batchSize * listSize;
    for (let index = 0; index < count; index += webhooks) {
      await delay(Math.max(0, start + index / ratePerMinute * 60_000 - Date.now()));
      const texts = Array.from({ length: Math.min(webhooks, count - index) }, (_, i) => messageText({
        ...message, index: index + i, dueAt: dueAt(), url: this.url + path,
      }));
      await this.send(listSize === 1 ? texts : batchesOf(texts, listSize).map((list) => `[${list.join(',')}]`));
    }
  }

  private async send(texts: readonly string[]): Promise<void> {
    if (texts.length === 1) {
      await this.sns.send(new PublishCommand({ TopicArn: this.topicArn, Message: texts[0] }));
      return;
    }
    await publishBatch(this.sns, this.topicArn, texts);
  }
}

async function until(done: () => Promise<boolean>, deadline: number): Promise<void> {
  while (!await done() && Date.now() < deadline) {
    await delay(POLL_MS);
  }
}

/** What was used in between; of the tables, what was added. */
export function usageBetween(before: Usage, after: Usage): Usage {
  const requestKey = ({ caller, operation, unit }: RequestUsage) => JSON.stringify([caller, operation, unit]);
  const seen = new Map(before.requests.map((usage) => [requestKey(usage), usage]));
  const functions = new Map(before.functions.map((usage) => [usage.functionName, usage]));
  const deliveries = new Map(before.deliveries.map(({ queueName, messages }) => [queueName, messages]));
  const tables = new Map(before.tables.map((usage) => [usage.tableName, usage]));
  return {
    requests: after.requests.map((usage) => {
      const { requests = 0, units = 0, empty = 0 } = seen.get(requestKey(usage)) ?? {};
      return { ...usage, requests: usage.requests - requests, units: usage.units - units, empty: usage.empty - empty };
    }).filter(({ requests }) => requests > 0),
    deliveries: after.deliveries.map(({ queueName, messages }) => ({ queueName, messages: messages - (deliveries.get(queueName) ?? 0) })),
    functions: after.functions.map((usage): FunctionUsage => {
      const { invocations = 0, coldStarts = 0, billedMs = 0, logLines = 0, logBytes = 0 } = functions.get(usage.functionName) ?? {};
      return {
        ...usage,
        invocations: usage.invocations - invocations,
        coldStarts: usage.coldStarts - coldStarts,
        billedMs: usage.billedMs - billedMs,
        logLines: usage.logLines - logLines,
        logBytes: usage.logBytes - logBytes,
      };
    }),
    tables: after.tables.map((usage) => {
      const { items = 0, bytes = 0 } = tables.get(usage.tableName) ?? {};
      return { ...usage, items: usage.items - items, bytes: usage.bytes - bytes };
    }),
  };
}
