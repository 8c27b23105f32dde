// Sends webhook keys to the SQS delay queue, ten a request.
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DelayQueue, Log } from '../core/ports';
import { queueDelaySeconds } from '../core/timing';
import { keyText, WebhookKey } from '../core/webhook';

/** SendMessageBatch takes at most this many messages. */
const MAX_BATCH = 10;

export class SqsDelayQueue implements DelayQueue {
  public constructor(private readonly client: SQSClient, private readonly queueUrl: string, private readonly log: Log) {}

  public async send(keys: readonly WebhookKey[], now: number): Promise<readonly WebhookKey[]> {
    const batches = Array.from({ length: Math.ceil(keys.length / MAX_BATCH) }, (_, i) => keys.slice(i * MAX_BATCH, (i + 1) * MAX_BATCH));
    return (await Promise.all(batches.map((batch) => this.sendBatch(batch, now)))).flat();
  }

  private async sendBatch(keys: readonly WebhookKey[], now: number): Promise<WebhookKey[]> {
    try {
      const { Failed = [] } = await this.client.send(new SendMessageBatchCommand({
        QueueUrl: this.queueUrl,
        Entries: keys.map((key, i) => ({ Id: String(i), MessageBody: keyText(key), DelaySeconds: queueDelaySeconds(key.dueAt, now) })),
      }));
      if (Failed.length > 0) {
        this.log.error('delay queue refused messages', { refused: Failed.length, code: Failed[0].Code });
      }
      return Failed.map(({ Id }) => keys[Number(Id)]);
    } catch (error) {
      this.log.error('delay queue not reached', { messages: keys.length, error });
      return [...keys];
    }
  }
}
