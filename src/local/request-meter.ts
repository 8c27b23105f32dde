// Counts requests in the process of the emulators, in the units that their services bill.

import type { IncomingHttpHeaders } from 'node:http';
import { signer } from './access-control-http';
import { type BatchStatement, DUPLICATE_ITEM, readInsert } from './partiql';
import {
  type CountedRequests, type DeliveryUsage, type JsonAttribute, type JsonItem, type TableUsage, type UnitKind, itemBytes, messageUnits, readUnits,
  writeUnits,
} from './usage';

type Json = Readonly<Record<string, unknown>>;

/** A call of an API, and who has made it. */
export interface MeteredCall {
  readonly accessKeyId: string;
  readonly operation: string;
  readonly input: Json;
}

/** Calls the table emulator on the meter's own account, which is not billed. */
export type ReadTable = (operation: string, input: Json) => Promise<Json>;

const READS = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan']);
const WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);
/** Billed by what is in its statements. */
const STATEMENTS = 'BatchExecuteStatement';
const FAILED_CONDITION = 'ConditionalCheckFailedException';

export class RequestMeter {
  private readonly counts = new Map<string, { -readonly [K in keyof CountedRequests]: CountedRequests[K] }>();
  private readonly deliveries = new Map<string, number>();
  private readonly pending = new Set<Promise<void>>();

  public get requests(): readonly CountedRequests[] {
    return [...this.counts.values()];
  }

  public get delivered(): readonly DeliveryUsage[] {
    return [...this.deliveries].map(([queueName, messages]) => ({ queueName, messages }));
  }

  /** Whether DynamoDB bills an operation by its capacity. */
  public isBilled(operation: string): boolean {
    return READS.has(operation) || WRITES.has(operation);
  }

  /** Counts an answer of DynamoDB; `input` is as it was asked, the answer holds the consumed capacity. */
  public dynamoDb(call: MeteredCall, status: number, answer: Json, read: ReadTable): void {
    const { operation, input } = call;
    const unit = READS.has(operation) ? 'dynamodb-read' : WRITES.has(operation) ? 'dynamodb-write' : undefined;
    if (operation === STATEMENTS && status === 200) this.countLater(this.statements(call, answer, read));
    if (!unit) return;
    if (status === 200) {
      this.count(call, unit, unit === 'dynamodb-read' ? readCapacity(operation, input, answer) : writeCapacity(input, answer));
    } else if (String(answer.__type).endsWith(FAILED_CONDITION)) {
      this.countLater(this.failedCondition(call, read));
    }
  }

  /** Counts an answer of SQS or SNS; `payload` is its body. */
  public messaging({ headers, body }: { readonly headers: IncomingHttpHeaders; readonly body: unknown }, payload: string): void {
    const [input, target, accessKeyId = ''] = [(body ?? {}) as Json, headers['x-amz-target'], signer(headers)[0]];
    if (target === undefined) this.sns({ accessKeyId, operation: String(input.Action), input });
    else this.sqs({ accessKeyId, operation: String(target).split('.')[1], input }, payload);
  }

  /** Counts a message that SNS has handed to a queue. */
  public delivery(queueArn: string): void {
    const name = queueArn.split(':').at(-1) ?? queueArn;
    this.deliveries.set(name, (this.deliveries.get(name) ?? 0) + 1);
  }

  /** Resolves when everything that has been answered is counted. */
  public async settled(): Promise<void> {
    await Promise.all(this.pending);
  }

  private countLater(counted: Promise<void>): void {
    const counting = counted.finally(() => this.pending.delete(counting));
    this.pending.add(counting);
  }

  private async failedCondition(call: MeteredCall, read: ReadTable): Promise<void> {
    this.count(call, 'dynamodb-write', await failedWriteUnits(call.input as unknown as ConditionalWrite, read));
  }

  /** Each statement is billed as the write that it is; one that was not so much as tried costs nothing. */
  private async statements(call: MeteredCall, answer: Json, read: ReadTable): Promise<void> {
    const { Statements } = call.input as unknown as { readonly Statements: readonly BatchStatement<JsonAttribute>[] };
    const { Responses } = answer as unknown as { readonly Responses: readonly { readonly Error?: { readonly Code: string } }[] };
    const units = await Promise.all(Statements.map((statement, i) => {
      const [insert, code] = [readInsert(statement), Responses[i].Error?.Code];
      if ('invalid' in insert) return 0;
      if (code === DUPLICATE_ITEM.Code) return failedWriteUnits({ TableName: insert.tableName, Item: insert.item }, read);
      return code === undefined ? writeUnits(itemBytes(insert.item)) : 0;
    }));
    this.count(call, 'dynamodb-write', units.reduce((sum, one) => sum + one, 0));
  }

  private sqs(call: MeteredCall, payload: string): void {
    const { operation, input } = call;
    if (operation === 'ReceiveMessage') {
      const { Messages = [] } = JSON.parse(payload) as { Messages?: readonly Message[] };
      this.count(call, 'sqs-request', messageUnits(bytesOf(Messages)), Messages.length === 0);
    } else {
      const { Entries = [] } = input as { Entries?: readonly Message[] };
      this.count(call, 'sqs-request', messageUnits(bytesOf([input, ...Entries])));
    }
  }

  /** The input of SNS is the fields of a form. */
  private sns(call: MeteredCall): void {
    const published = Object.entries(call.input).filter(([name]) => SNS_PAYLOAD.test(name));
    this.count(call, 'sns-request', messageUnits(published.reduce((sum, [, value]) => sum + Buffer.byteLength(String(value)), 0)));
  }

  private count({ accessKeyId, operation }: MeteredCall, unit: UnitKind, units: number, empty = false): void {
    const key = `${accessKeyId} ${unit} ${operation}`;
    const counted = this.counts.get(key) ?? { accessKeyId, operation, unit, requests: 0, units: 0, empty: 0 };
    counted.requests++;
    counted.units += units;
    counted.empty += empty ? 1 : 0;
    this.counts.set(key, counted);
  }
}

/** What lies in every table. */
export async function readTables(read: ReadTable): Promise<TableUsage[]> {
  const { TableNames } = await read('ListTables', {}) as { TableNames: readonly string[] };
  const usage: TableUsage[] = [];
  for (const tableName of TableNames) {
    let [items, bytes] = [0, 0];
    let startKey: unknown;
    do {
      const page = await read('Scan', { TableName: tableName, ...(startKey === undefined ? {} : { ExclusiveStartKey: startKey }) });
      const found = page.Items as readonly JsonItem[];
      items += found.length;
      bytes += found.reduce((sum, item) => sum + itemBytes(item), 0);
      startKey = page.LastEvaluatedKey;
    } while (startKey !== undefined);
    usage.push({ tableName, items, bytes });
  }
  return usage;
}

interface ConditionalWrite {
  readonly TableName: string;
  readonly Key?: JsonItem;
  readonly Item?: JsonItem;
}

/** What a failed write would have been, or what is there, whichever is larger: as much as DynamoDB bills for it. */
async function failedWriteUnits({ TableName, Key, Item = {} }: ConditionalWrite, read: ReadTable): Promise<number> {
  const existing = (await read('GetItem', { TableName, Key: Key ?? await keyOf(TableName, Item, read), ConsistentRead: true })).Item;
  return Math.max(writeUnits(itemBytes(Item)), writeUnits(itemBytes((existing ?? {}) as JsonItem)));
}

async function keyOf(tableName: string, item: JsonItem, read: ReadTable): Promise<JsonItem> {
  const { Table } = await read('DescribeTable', { TableName: tableName }) as { Table: { KeySchema: readonly { AttributeName: string }[] } };
  return Object.fromEntries(Table.KeySchema.map(({ AttributeName }): [string, JsonAttribute] => [AttributeName, item[AttributeName]]));
}

interface Capacity {
  readonly CapacityUnits: number;
}

/** The emulator's own sum, over all tables of a batch. */
function capacityOf({ ConsumedCapacity = [] }: { readonly ConsumedCapacity?: Capacity | readonly Capacity[] }): number {
  return [ConsumedCapacity].flat().reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0);
}

function readCapacity(operation: string, { ConsistentRead }: Json, answer: Json): number {
  // The emulator takes nothing for a query that finds nothing.
  const least = operation === 'BatchGetItem' ? 0 : readUnits(0, ConsistentRead === true);
  return Math.max(capacityOf(answer), least);
}

function writeCapacity({ Item }: Json, answer: Json): number {
  // The emulator knows the item that was there, but counts characters where DynamoDB counts bytes.
  return Math.max(capacityOf(answer), Item === undefined ? 0 : writeUnits(itemBytes(Item as JsonItem)));
}

interface Message {
  readonly Body?: string;
  readonly MessageBody?: string;
  readonly MessageAttributes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Bodies and attributes: what counts against the size limit of a message. */
function bytesOf(messages: readonly Message[]): number {
  return messages.reduce((total, { Body, MessageBody, MessageAttributes = {} }) => {
    const attributes = Object.entries(MessageAttributes).flatMap(([name, value]) => [name, ...Object.values(value)]);
    return total + [Body ?? MessageBody ?? '', ...attributes].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  }, 0);
}

/** Fields of a publication, or of its entries, that hold what is published. */
const SNS_PAYLOAD = /(^|\.)(Message|Subject|MessageAttributes\.entry\.\d+\..+)$/;
