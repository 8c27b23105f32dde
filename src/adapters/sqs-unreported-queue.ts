// Takes what SQS has put aside, and moves it on to the dead-letter queue once it is reported.
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DeadLetter, UnreportedQueue } from '../core/ports';

/** ReceiveMessage brings at most this many. */
const MAX_RECEIVED = 10;

export class SqsUnreportedQueue implements UnreportedQueue {
  public constructor(
    private readonly client: Pick<SQSClient, 'send'>, private readonly queueUrl: string, private readonly deadLetterQueueUrl: string,
  ) {}

  public async receive(): Promise<readonly DeadLetter[]> {
    const { Messages = [] } = await this.client.send(new ReceiveMessageCommand({
      QueueUrl: this.queueUrl, MaxNumberOfMessages: MAX_RECEIVED, MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    }));
    return Messages.map(({ MessageId = '', ReceiptHandle = '', Body = '', Attributes }) => ({
      queueMessageId: MessageId, receiptHandle: ReceiptHandle, body: Body, receives: Number(Attributes?.ApproximateReceiveCount ?? 1),
    }));
  }

  public async putAside(letter: DeadLetter): Promise<void> {
    await this.client.send(new SendMessageCommand({ QueueUrl: this.deadLetterQueueUrl, MessageBody: letter.body }));
    await this.drop(letter);
  }

  public async drop({ receiptHandle }: DeadLetter): Promise<void> {
    await this.client.send(new DeleteMessageCommand({ QueueUrl: this.queueUrl, ReceiptHandle: receiptHandle }));
  }
}
