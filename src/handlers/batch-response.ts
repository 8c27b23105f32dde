// Partial batch responses: the messages named here come again, the others are deleted.
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { Log } from '../core/ports';

export function batchResponse(messageIds: readonly string[]): SQSBatchResponse {
  return { batchItemFailures: messageIds.map((itemIdentifier) => ({ itemIdentifier })) };
}

/** Reads every record of an event; those that cannot be read are poison, and come again until they land in the dead-letter queue. */
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
