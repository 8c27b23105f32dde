// AWS for one fuzzed batch, in memory: the simulator's table, queue and failure topic with nothing going wrong, and with the services' own
// checks of what they are sent.
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { BatchStatement, readInsert } from '../../src/local/partiql';
import { EventLoop } from '../simulation/event-loop';
import { Item, validationError } from '../simulation/expressions';
import { FailureTopic } from '../simulation/failure-topic';
import { Faults, NO_FAULTS } from '../simulation/faults';
import { QueueMessage, SimQueue } from '../simulation/queue';
import { Random } from '../simulation/random';
import { Resource, targetOf } from '../simulation/services';
import { FAILURE_TOPIC_ARN, QueueName, queueUrl, Settings, TABLE_NAME } from '../simulation/settings';
import { SimTable } from '../simulation/table';
import { Worker } from '../simulation/worker';

export const QUEUES: readonly QueueName[] = ['ingest', 'delay', 'ingestUnreported', 'delayUnreported', 'ingestDead', 'delayDead'];

/** What SQS takes in a message. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const QUEUE_TEXT = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]+$/u;
/** SQS takes four times as much by now, and less in older regions. */
const MAX_QUEUE_BYTES = 256 * 1024;
const MAX_ITEM_BYTES = 400 * 1024;
const [MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES] = [2048, 1024];

export class FuzzServices {
  public readonly table: SimTable;
  public readonly notices: string[] = [];
  /** What the SDK's clients have in common. */
  public readonly client = {
    send: async (command: { readonly input: object }): Promise<object> => {
      const { constructor: { name }, input } = command;
      checkInput(input);
      return (this.resources.get(targetOf(input)) as Resource).execute(name, input, this.worker);
    },
  };
  private readonly queues = new Map<QueueName, SimQueue>();
  private readonly resources = new Map<string, Resource>();
  private readonly loop: EventLoop;
  private readonly worker: Worker;

  public constructor(settings: Settings, start: number) {
    const random = new Random(1);
    const faults = new Faults(random, NO_FAULTS, [], true);
    const loop = this.loop = new EventLoop(start);
    const ignored = () => undefined;
    this.worker = new Worker('fuzz', 'ingest', 0, { loop, timerLateness: () => 0, waits: ignored, stallOf: () => 0 });
    this.table = new SimTable(TABLE_NAME, () => loop.now, random, faults, 1_000, { wrote: ignored, expired: ignored });
    QUEUES.forEach((name) => this.queues.set(name, new SimQueue(name, settings, loop, random, faults, { queued: ignored, left: ignored })));
    this.resources.set(TABLE_NAME, this.table);
    this.queues.forEach((queue, name) => this.resources.set(queueUrl(name), queue));
    this.resources.set(FAILURE_TOPIC_ARN, new FailureTopic((text) => this.notices.push(text)));
  }

  /** Milliseconds since the epoch. */
  public get now(): number {
    return this.loop.now;
  }

  public set now(instant: number) {
    this.loop.now = instant;
  }

  public messagesOf(name: QueueName): readonly QueueMessage[] {
    return [...(this.queues.get(name) as SimQueue).messages];
  }

  /** Takes everything out of a queue. */
  public drain(name: QueueName): readonly string[] {
    const queue = this.queues.get(name) as SimQueue;
    const messages = [...queue.messages];
    queue.messages.clear();
    return messages.map(({ body }) => body);
  }

  /** Puts a message into a queue as SQS moves it there: with the receives it has had. */
  public moveTo(name: QueueName, body: string, receives: number): void {
    (this.queues.get(name) as SimQueue).send(body).receives = receives;
  }
}

/** What is checked of the parameters of any command. */
interface SentInput {
  readonly Item?: Item;
  readonly Key?: Item;
  readonly MessageBody?: string;
  readonly Entries?: readonly { readonly MessageBody?: string }[];
  readonly Statements?: readonly BatchStatement<AttributeValue>[];
}

/** Throws what the services, or the SDK before them, answer to what they do not take. */
function checkInput(input: object): void {
  for (const text of textsIn(input)) {
    if (/\p{Surrogate}/u.test(text)) {
      throw new URIError('URI malformed'); // what the SDK's serializers throw, or the services make of it
    }
  }
  const { Item: put, Key: key, MessageBody, Entries = [], Statements = [] } = input as SentInput;
  const bodies = [...(MessageBody === undefined ? [] : [MessageBody]), ...Entries.flatMap((entry) => entry.MessageBody ?? [])];
  if (bodies.some((body) => !QUEUE_TEXT.test(body) || Buffer.byteLength(body) > MAX_QUEUE_BYTES)) {
    throw Object.assign(new Error('no message for a queue'), { name: 'InvalidMessageContents' });
  }
  // Of a batch, DynamoDB refuses the one statement only. Here all are refused: whoever sends it must not lose the others either way.
  const inserts = Statements.map(readInsert).flatMap((insert) => ('invalid' in insert ? [] : [insert.item]));
  const items = [...(put ? [put] : []), ...inserts];
  for (const { pk, sk } of [...items, ...(key ? [key] : [])]) {
    if (Buffer.byteLength(pk?.S ?? '') > MAX_PARTITION_KEY_BYTES || Buffer.byteLength(sk?.S ?? '') > MAX_SORT_KEY_BYTES) {
      throw validationError('size of key exceeded');
    }
  }
  if (items.some((item) => textsIn(item).reduce((sum, text) => sum + Buffer.byteLength(text), 0) > MAX_ITEM_BYTES)) {
    throw validationError('item size exceeded');
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') {
    return [value];
  }
  if (value instanceof Uint8Array) {
    return [Buffer.from(value).toString('latin1')];
  }
  return typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([name, part]) => [name, ...textsIn(part)]) : [];
}
