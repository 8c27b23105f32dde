// How long a message takes from its publication until it is stored.
import { Account, Consumer, ConsumerUsage } from './consumer';
import type { Costs } from './costs';
import { EventQueue } from './event-queue';
import { QUOTAS } from './quotas';
import { FIXED, processorShare, SchedulerSettings } from './scheduler-settings';
import { TableCapacity } from './table-capacity';
import { comeBackSeconds } from '../../src/core/timing';
import { Random } from '../../test/simulation/random';

interface Message {
  readonly publishedAt: number;
  readonly receives: number;
}

export interface Ingestion {
  /** From publishing to being stored, in milliseconds, in ascending order. */
  readonly acceptedMs: Float64Array;
  readonly lost: number;
  readonly usage: ConsumerUsage;
}

export interface IngestionOptions {
  readonly settings: SchedulerSettings;
  readonly costs: Costs;
  /** In ascending order. */
  readonly publishedAt: Float64Array;
  /** What was published before this is not counted. Default: all counts. */
  readonly countFrom?: number;
  readonly isGrown: boolean;
  /** Whether all are due in one minute, whose partitions then take them all. */
  readonly dueTogether: boolean;
  readonly seed: number;
}

export function ingest({ settings, costs, publishedAt, countFrom = -Infinity, isGrown, dueTogether, seed }: IngestionOptions): Ingestion {
  const events = new EventQueue();
  const { latency, patienceMs } = costs;
  const hot = dueTogether ? settings.partitions * QUOTAS.dynamodb.partitionWrites.value : Infinity;
  const table = new TableCapacity(Math.min(settings.tableWrites, hot), publishedAt[0]);
  const messageMs = costs.ingest / processorShare(FIXED.ingestMemoryMib);
  const acceptedMs = new Float64Array(publishedAt.length);
  let [stored, counted] = [0, 0];

  const invoke = (batch: readonly Message[], startsAt: number) => {
    const sent: [Message[], number][] = [];
    let endsAt = startsAt;
    batch.forEach(({ publishedAt: at, receives }, i) => {
      const triedAt = startsAt + (i + 1) * messageMs;
      const takenAt = table.write(triedAt, patienceMs);
      if (takenAt === undefined) {
        sent.push([[{ publishedAt: at, receives: receives + 1 }], triedAt + patienceMs + comeBackSeconds(receives) * 1000]);
        endsAt = Math.max(endsAt, triedAt + patienceMs);
        return;
      }
      const storedAt = takenAt + latency.write;
      stored++;
      if (at >= countFrom) {
        acceptedMs[counted++] = storedAt - at;
      }
      endsAt = Math.max(endsAt, storedAt);
    });
    return { endsAt, sent };
  };

  const consumer = new Consumer<Message>(events, {
    polling: settings.ingestPolling,
    account: new Account(settings.accountConcurrency),
    handover: costs.handover,
    coldStartMs: latency.coldStart,
    random: new Random(seed),
    isGrown,
    invoke,
  });
  for (let i = 0; i < publishedAt.length;) {
    const at = publishedAt[i];
    const together: Message[] = [];
    for (; i < publishedAt.length && publishedAt[i] - at < TOGETHER_MS; i++) {
      together.push({ publishedAt: publishedAt[i], receives: 1 });
    }
    consumer.arrive(together[together.length - 1].publishedAt, together);
  }
  events.run();
  return { acceptedMs: acceptedMs.subarray(0, counted).sort(), lost: publishedAt.length - stored, usage: consumer.usage };
}

/** How long an invocation of ingest takes for a full batch, where the table takes all of it at once. */
export function ingestBatchMs({ ingest: messageMs, latency }: Costs): number {
  return QUOTAS.sqs.batch.value * messageMs / processorShare(FIXED.ingestMemoryMib) + latency.write + latency.send;
}

/** What is published within this time is looked at as one event. */
const TOGETHER_MS = 5;
