// Sends turns, and outcomes that the table did not take, to the SQS delay queue.
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { batchesOf } from './batches';
import { Clock } from '../core/clock';
import { DelayQueue, Log, Outcome } from '../core/ports';
import { delayMessageText } from '../core/queue-message';
import { queueDelaySeconds } from '../core/timing';
import { Turn } from '../core/webhook';

/** SendMessageBatch takes at most this many messages. */
const MAX_BATCH = 10;

export class SqsDelayQueue implements DelayQueue {
  public constructor(
    private readonly client: Pick<SQSClient, 'send'>, private readonly queueUrl: string, private readonly clock: Clock, private readonly log: Log,
  ) {}

  public async send(turns: readonly Turn[], minDelaySeconds = 0): Promise<readonly Turn[]> {
    return (await Promise.all(batchesOf(turns, MAX_BATCH).map((batch) => this.sendBatch(batch, minDelaySeconds)))).flat();
  }

  public async sendOutcome(outcome: Outcome): Promise<void> {
    await this.client.send(new SendMessageCommand({ QueueUrl: this.queueUrl, MessageBody: delayMessageText({ outcome }) }));
  }

  private async sendBatch(turns: readonly Turn[], minDelaySeconds: number): Promise<Turn[]> {
    const now = this.clock.now();
    try {
      const { Failed = [] } = await this.client.send(new SendMessageBatchCommand({
        QueueUrl: this.queueUrl,
        Entries: turns.map((turn, i) => ({
          Id: String(i), MessageBody: delayMessageText({ turn }), DelaySeconds: Math.max(queueDelaySeconds(turn.at, now), minDelaySeconds),
        })),
      }));
      if (Failed.length > 0) {
        this.log.error('delay queue refused messages', { refused: Failed.length, code: Failed[0].Code });
      }
      return Failed.map(({ Id }) => turns[Number(Id)]);
    } catch (error) {
      this.log.error('delay queue not reached', { messages: turns.length, error });
      return [...turns];
    }
  }
}
