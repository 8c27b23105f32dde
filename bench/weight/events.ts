// Events as the mappings of queues hand them to functions.
import { randomUUID } from 'node:crypto';
import { delayMessageText } from '../../src/core/queue-message';
import { BATCH_SIZE } from '../../src/core/timing';
import type { Turn } from '../../src/core/webhook';

const PARTITIONS = 16;

/**
 * A batch of the delay queue: so many webhooks of one instant, in as few packs as can be, but as many as ten of them.
 *
 * @param turn which attempt of theirs it is
 */
export function deliverEvent(at: number, webhooks: number, turn = 0): object {
  const turns = Array.from({ length: webhooks }, (_, i): Turn => ({ id: randomUUID(), dueAt: at, partition: i % PARTITIONS, turn, at }));
  const packs = Math.min(BATCH_SIZE, webhooks);
  return eventOf(Array.from({ length: packs }, (_, pack) => delayMessageText({ turns: turns.filter((_turn, i) => i % packs === pack) })));
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
