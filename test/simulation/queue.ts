// A standard SQS queue: at least once, in no order, with delays, visibility timeouts and a redrive policy.
import type {
  ChangeMessageVisibilityBatchCommandInput, DeleteMessageCommandInput, ReceiveMessageCommandInput, SendMessageBatchCommandInput,
  SendMessageCommandInput,
} from '@aws-sdk/client-sqs';
import { EventLoop } from './event-loop';
import { Faults } from './faults';
import { isPack } from './oracle/queue-bodies';
import { Random } from './random';
import { QUEUE_RETENTION_MS, QueueName, REDRIVE, Settings, visibilityTimeoutOf } from './settings';
import { Worker } from './worker';

export interface QueueMessage {
  readonly id: string;
  readonly body: string;
  /** When it was first sent, also of one that SQS has moved: retention counts from then. */
  readonly sentAt: number;
  visibleAt: number;
  receives: number;
  /** When it was received for the first time. */
  firstReceivedAt?: number;
  /** The latest: what was given out before is no longer good. */
  receiptHandle?: string;
}

export interface QueueObserver {
  queued(queue: QueueName, message: QueueMessage, by: Worker | undefined): void;
  /** Always after {@link queued} of the queue that it was moved to. */
  left(queue: QueueName, message: QueueMessage, why: 'deleted' | 'moved' | 'expired'): void;
}

const MAX_DELAY_SECONDS = 900;
const MAX_BATCH = 10;
/** A message that is delivered twice comes again within this, one that is late by up to that. */
const DUPLICATE_WITHIN_MS = 5_000;
const MAX_LATE_MS = 90_000;

export class SimQueue {
  public readonly messages = new Set<QueueMessage>();
  /** Where messages go that are received too often. */
  public deadLetterQueue?: SimQueue;
  /** Told when a message will become visible. */
  public onVisible?: (at: number) => void;
  private readonly maxReceiveCount: number;

  public constructor(
    public readonly name: QueueName,
    private readonly settings: Settings,
    private readonly loop: EventLoop,
    private readonly random: Random,
    private readonly faults: Faults,
    private readonly observer: QueueObserver,
  ) {
    this.maxReceiveCount = REDRIVE[name]?.maxReceiveCount ?? Infinity;
  }

  /** Carries out a command of the SDK; throws what the SDK throws. */
  public execute(command: string, input: object, by: Worker): object {
    switch (command) {
      case 'SendMessageCommand': {
        const { MessageBody = '', DelaySeconds } = input as SendMessageCommandInput;
        return { MessageId: this.send(MessageBody, DelaySeconds, by).id };
      }
      case 'SendMessageBatchCommand':
        return this.sendBatch(input as SendMessageBatchCommandInput, by);
      case 'ReceiveMessageCommand': {
        const { MaxNumberOfMessages = 1 } = input as ReceiveMessageCommandInput;
        const messages = this.receive(MaxNumberOfMessages);
        return messages.length === 0 ? {} : {
          Messages: messages.map(({ id, body, receiptHandle, receives }) => ({
            MessageId: id, Body: body, ReceiptHandle: receiptHandle, Attributes: { ApproximateReceiveCount: String(receives) },
          })),
        };
      }
      case 'DeleteMessageCommand':
        this.delete((input as DeleteMessageCommandInput).ReceiptHandle ?? '');
        return {};
      case 'ChangeMessageVisibilityBatchCommand':
        return this.changeVisibility(input as ChangeMessageVisibilityBatchCommandInput);
      default:
        throw new Error(`the simulated queue does not know ${command}`);
    }
  }

  public send(body: string, delaySeconds = 0, by?: Worker): QueueMessage {
    if (!Number.isInteger(delaySeconds) || delaySeconds < 0 || delaySeconds > MAX_DELAY_SECONDS) {
      throw invalid(`DelaySeconds is ${delaySeconds}`);
    }
    if (body === '') {
      throw invalid('MessageBody is empty');
    }
    const { now } = this.loop;
    return this.add({ id: this.random.uuid(), body, sentAt: now, visibleAt: now + delaySeconds * 1000 + this.lateness(), receives: 0 }, by);
  }

  /** Takes up to `most` visible messages, in any order. */
  public receive(most: number): QueueMessage[] {
    if (!Number.isInteger(most) || most < 1 || most > MAX_BATCH) {
      throw invalid(`MaxNumberOfMessages is ${most}`);
    }
    const received: QueueMessage[] = [];
    for (const message of this.random.shuffle([...this.messages].filter(({ visibleAt }) => visibleAt <= this.loop.now))) {
      if (this.loop.now - message.sentAt >= QUEUE_RETENTION_MS) {
        this.remove(message, 'expired');
      } else if (this.deadLetterQueue && this.isTooOften(message)) {
        const receives = this.settings.receivesCarryOver ? message.receives : 0;
        this.deadLetterQueue.add({ ...message, visibleAt: this.loop.now, receives, receiptHandle: undefined });
        this.remove(message, 'moved');
      } else if (received.length < most) {
        this.hide(message);
        received.push(message);
      }
    }
    return received;
  }

  /** An operator moves what lies here back to where it failed, where it counts as new. */
  public moveTo(queue: SimQueue, which: (body: string) => boolean): void {
    for (const message of [...this.messages].filter(({ body }) => which(body))) {
      if (this.loop.now - message.sentAt >= QUEUE_RETENTION_MS) {
        this.remove(message, 'expired');
      } else {
        queue.send(message.body);
        this.remove(message, 'moved');
      }
    }
  }

  public delete(receiptHandle: string): void {
    for (const message of this.messages) {
      if (message.receiptHandle === receiptHandle) {
        this.remove(message, 'deleted');
        return;
      }
    }
  }

  /** When the next message becomes visible; `Infinity` if there is none. */
  public nextVisibleAt(): number {
    let next = Infinity;
    for (const { visibleAt } of this.messages) {
      next = Math.min(next, visibleAt);
    }
    return next;
  }

  private sendBatch({ Entries = [] }: SendMessageBatchCommandInput, by: Worker): object {
    requireBatch(Entries);
    const failed = Entries.filter(() => this.faults.happens('partial', by));
    const sent = Entries.filter((entry) => !failed.includes(entry));
    return {
      Successful: sent.map(({ Id, MessageBody = '', DelaySeconds }) => ({ Id, MessageId: this.send(MessageBody, DelaySeconds, by).id })),
      Failed: failed.length === 0 ? undefined : failed.map(({ Id }) => ({ Id, Code: 'ServiceUnavailable', SenderFault: false })),
    };
  }

  private changeVisibility({ Entries = [] }: ChangeMessageVisibilityBatchCommandInput): object {
    requireBatch(Entries);
    for (const { ReceiptHandle, VisibilityTimeout = NaN } of Entries) {
      if (!Number.isInteger(VisibilityTimeout) || VisibilityTimeout < 0 || VisibilityTimeout > 43_200) {
        throw invalid(`VisibilityTimeout is ${VisibilityTimeout}`);
      }
      for (const message of this.messages) {
        if (message.receiptHandle === ReceiptHandle) {
          this.showAt(message, this.loop.now + VisibilityTimeout * 1000);
        }
      }
    }
    return { Successful: Entries.map(({ Id }) => ({ Id })) };
  }

  private isTooOften({ receives, body }: QueueMessage): boolean {
    // A pack that comes again is taken apart at once, unless it could not be for hours. What load looks through goes on as it counts.
    const isCandidate = (receives > 0 || isPack(body)) && this.deadLetterQueue?.deadLetterQueue !== undefined;
    return receives >= this.maxReceiveCount || (isCandidate && this.faults.happens('putAside'));
  }

  private hide(message: QueueMessage): void {
    message.receives++;
    message.firstReceivedAt ??= this.loop.now;
    message.receiptHandle = this.random.uuid();
    this.showAt(message, this.loop.now + (this.faults.happens('duplicate') ? this.random.int(0, DUPLICATE_WITHIN_MS) : visibilityTimeoutOf(this.name, this.settings)));
  }

  private showAt(message: QueueMessage, instant: number): void {
    message.visibleAt = instant;
    this.onVisible?.(instant);
  }

  private lateness(): number {
    return this.faults.happens('late') ? this.random.int(1, MAX_LATE_MS) : 0;
  }

  private add(message: QueueMessage, by?: Worker): QueueMessage {
    this.messages.add(message);
    this.observer.queued(this.name, message, by);
    this.onVisible?.(message.visibleAt);
    return message;
  }

  private remove(message: QueueMessage, why: 'deleted' | 'moved' | 'expired'): void {
    this.messages.delete(message);
    this.observer.left(this.name, message, why);
  }
}

function requireBatch(entries: readonly { readonly Id: string | undefined }[]): void {
  if (entries.length === 0 || entries.length > MAX_BATCH || new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    throw invalid(`a batch of ${entries.length} entries`);
  }
}

function invalid(message: string): Error {
  return Object.assign(new Error(message), { name: 'InvalidParameterValue' });
}
