// Sends turns, and outcomes that the table did not take, to the SQS delay queue.
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import pLimit from 'p-limit';
import { Clock } from '../core/clock';
import { apart, Pack, packsOf } from '../core/packs';
import { DelayQueue, Log, Outcome } from '../core/ports';
import { delayMessageText } from '../core/queue-message';
import { MAX_TURNS_PER_MESSAGE, queueDelaySeconds } from '../core/timing';
import { Turn } from '../core/webhook';

/** SendMessageBatch takes at most this many messages. */
const MAX_BATCH = 10;
/** … of 256 KiB together, in all regions; ten dense ones, or what fits into one, are below that. */
const MAX_BATCH_TURNS = MAX_BATCH * MAX_TURNS_PER_MESSAGE;
/** Of many calls, as many at one time. The delay counts from when SQS gets it: of hundreds that leave together, the last would be seconds later than was thought. */
const MAX_CALLS = 10;

export class SqsDelayQueue implements DelayQueue {
  private readonly limit = pLimit(MAX_CALLS);

  /** @param turnsPerMessage how many turns of a dense second travel in one message, at most */
  public constructor(
    private readonly client: Pick<SQSClient, 'send'>,
    private readonly queueUrl: string,
    private readonly turnsPerMessage: number,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  public send(turns: readonly Turn[], minDelaySeconds = 0): Promise<readonly Turn[]> {
    return this.sendPacks(packsOf(turns, this.turnsPerMessage, this.clock.now()), minDelaySeconds);
  }

  public sendApart(turns: readonly Turn[], minDelaySeconds = 0): Promise<readonly Turn[]> {
    return this.sendPacks(apart(turns), minDelaySeconds);
  }

  public async sendOutcome(outcome: Outcome): Promise<void> {
    await this.client.send(new SendMessageCommand({ QueueUrl: this.queueUrl, MessageBody: delayMessageText({ outcome }) }));
  }

  private async sendPacks(packs: readonly Pack[], minDelaySeconds: number): Promise<readonly Turn[]> {
    const calls = callsOf(packs);
    const unsent = calls.length === 1
      ? [await this.sendBatch(calls[0], minDelaySeconds)] // one turn's retry does not wait for others to fail
      : await Promise.all(calls.map((batch) => this.limit(() => this.sendBatch(batch, minDelaySeconds))));
    return unsent.flat().flatMap(({ turns }) => turns);
  }

  /** Returns the packs that could not be sent. */
  private async sendBatch(packs: readonly Pack[], minDelaySeconds: number): Promise<readonly Pack[]> {
    const now = this.clock.now();
    try {
      const { Failed = [] } = await this.client.send(new SendMessageBatchCommand({
        QueueUrl: this.queueUrl,
        Entries: packs.map(({ turns, leadMs }, i) => ({
          Id: String(i),
          MessageBody: delayMessageText({ turns }),
          DelaySeconds: Math.max(queueDelaySeconds(turns[0].at, now, leadMs), minDelaySeconds),
        })),
      }));
      if (Failed.length > 0) {
        this.log.error('delay queue refused messages', { refused: Failed.length, code: Failed[0].Code });
      }
      return Failed.map(({ Id }) => packs[Number(Id)]);
    } catch (error) {
      this.log.error('delay queue not reached', { messages: packs.length, error });
      return packs;
    }
  }
}

/** As many as fit into one call each. */
function callsOf(packs: readonly Pack[]): Pack[][] {
  const batches: Pack[][] = [];
  let turns = Infinity;
  for (const pack of packs) {
    turns += pack.turns.length;
    if (turns > MAX_BATCH_TURNS || batches[batches.length - 1].length === MAX_BATCH) {
      batches.push([]);
      turns = pack.turns.length;
    }
    batches[batches.length - 1].push(pack);
  }
  return batches;
}
