// Batches off a queue: what of them can be read, and what has to come again.
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { SqsRedelivery } from '../adapters/sqs-redelivery';
import { Log } from '../core/ports';

/** Reads every record of an event. One that cannot be read is poison: it comes again until SQS puts it aside. */
export function readRecords<T>(event: SQSEvent, read: (record: SQSRecord) => T, log: Log): { items: T[]; poison: string[] } {
  const items: T[] = [];
  const poison: string[] = [];
  for (const record of event.Records) {
    try {
      items.push(read(record));
    } catch (error) {
      // The class alone: the message of a JSON error quotes what it could not read.
      log.error('queue message cannot be read', { queueMessageId: record.messageId, error: (error as Error).name });
      poison.push(record.messageId);
    }
  }
  return { items, poison };
}

/**
 * The partial batch response: the messages it names come again, the others are deleted. Those that could not be handled now come again
 * later each time; poison at once, so that it is put aside, and reported, soon.
 */
export async function answerBatch(
  { Records }: SQSEvent, poison: readonly string[], comeAgain: readonly string[], redelivery: SqsRedelivery,
): Promise<SQSBatchResponse> {
  const failed = new Set([...poison, ...comeAgain]);
  await redelivery.comeBack(Records.filter(({ messageId }) => failed.has(messageId)).map(({ messageId, receiptHandle, attributes }) => ({
    receiptHandle, receives: poison.includes(messageId) ? 0 : Number(attributes.ApproximateReceiveCount),
  })));
  return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
}
