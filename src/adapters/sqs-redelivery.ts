// Has messages that could not be handled come back soon, instead of when their visibility timeout ends, minutes later.
import { ChangeMessageVisibilityBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { batchesOf } from './batches';
import { Log } from '../core/ports';
import { comeBackSeconds } from '../core/timing';

export interface Undelivered {
  readonly receiptHandle: string;
  /** How often the message has been received, this time included. */
  readonly receives: number;
}

/** ChangeMessageVisibilityBatch takes at most this many messages. */
const MAX_BATCH = 10;

export class SqsRedelivery {
  public constructor(private readonly client: Pick<SQSClient, 'send'>, private readonly queueUrl: string, private readonly log: Log) {}

  /** Never rejects: a message whose visibility cannot be changed comes back all the same, later. */
  public async comeBack(messages: readonly Undelivered[]): Promise<void> {
    await Promise.all(batchesOf(messages, MAX_BATCH).map((batch) => this.changeVisibility(batch)));
  }

  private async changeVisibility(messages: readonly Undelivered[]): Promise<void> {
    try {
      const { Failed = [] } = await this.client.send(new ChangeMessageVisibilityBatchCommand({
        QueueUrl: this.queueUrl,
        Entries: messages.map(({ receiptHandle, receives }, i) => ({
          Id: String(i), ReceiptHandle: receiptHandle, VisibilityTimeout: comeBackSeconds(receives),
        })),
      }));
      if (Failed.length > 0) {
        this.log.warn('visibility timeout not shortened', { messages: Failed.length, code: Failed[0].Code });
      }
    } catch (error) {
      this.log.warn('visibility timeout not shortened', { messages: messages.length, error });
    }
  }
}
