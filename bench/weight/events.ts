// Events as the mappings of queues hand them to functions.
import { randomUUID } from 'node:crypto';
import { delayMessageText } from '../../src/core/queue-message';
import { BATCH_SIZE } from '../../src/core/timing';
import type { Turn } from '../../src/core/webhook';

const PARTITIONS = 16;

/**
 * A batch of the delay queue: so many webhooks of one instant, in ten packs or, if there are fewer webhooks than that, one for each.
 *
 * @param turn which attempt of theirs it is
 */
export function deliverEvent(at: number, webhooks: number, turn = 0): object {
  const turns = turnsOf(webhooks, () => at, turn);
  const packs = Math.min(BATCH_SIZE, webhooks);
  return eventOf(Array.from({ length: packs }, (_, pack) => delayMessageText({ turns: turns.filter((_turn, i) => i % packs === pack) })));
}

/** One pack, of webhooks that are due one after the other within so long. */
export function packEvent(at: number, webhooks: number, spanMs: number): object {
  return eventOf([delayMessageText({ turns: turnsOf(webhooks, (i) => at + Math.floor(i * spanMs / webhooks), 0) })]);
}

function turnsOf(webhooks: number, dueAt: (index: number) => number, turn: number): Turn[] {
  return Array.from({ length: webhooks }, (_, i) => {
    const at = dueAt(i);
    return { id: randomUUID(), dueAt: at, partition: i % PARTITIONS, turn, at };
  });
}

/** A batch of the ingest queue: webhooks of a kilobyte, nearly. */
export function ingestEvent(at: number, webhooks: number): object {
  const message = { date: new Date(at).toISOString(), url: 'https://127.0.0.1/', method: 'POST', payload: { text: '.'.repeat(700) } };
  return eventOf(Array.from({ length: webhooks }, () => JSON.stringify({
    Type: 'Notification', MessageId: randomUUID(), Message: JSON.stringify(message), Timestamp: new Date().toISOString(),
  })));
}

function eventOf(bodies: readonly string[]): object {
  return {
    Records: bodies.map((body) => ({
      messageId: randomUUID(),
      receiptHandle: randomUUID(),
      body,
      attributes: { ApproximateReceiveCount: '1', ApproximateFirstReceiveTimestamp: String(Date.now()) },
    })),
  };
}
