// What AWS bills for, counted: requests and their units by who made them, invocations by their time, log lines and rows by their bytes.

/** What a service counts a request in. A unit of DynamoDB is a request unit of on-demand capacity; SQS and SNS bill each 64 KB of a request as one. */
export type UnitKind = 'dynamodb-write' | 'dynamodb-read' | 'sqs-request' | 'sns-request';

/** Who makes requests. */
export type Caller =
  /** The code of a function. */
  | { readonly kind: 'function'; readonly functionName: string }
  /** Lambda on behalf of a function: its event source mapping, which receives and deletes, and its dead letters. */
  | { readonly kind: 'lambda'; readonly functionName: string }
  /** Anyone else: producers, and who looks into the table. */
  | { readonly kind: 'outside' };

/** Requests of one kind. */
export interface RequestUsage {
  readonly caller: Caller;
  /** Such as `PutItem` or `SendMessageBatch`. */
  readonly operation: string;
  readonly unit: UnitKind;
  /** Calls of the API that were answered; those that were denied or failed are none, but for failed conditions, which DynamoDB bills. */
  readonly requests: number;
  /** What these come to: a half for an eventually consistent read of up to 4 KB. */
  readonly units: number;
  /** Of them, receives that brought nothing. */
  readonly empty: number;
}

/** Messages that SNS has handed to a queue. */
export interface DeliveryUsage {
  readonly queueName: string;
  readonly messages: number;
}

export interface FunctionUsage {
  readonly functionName: string;
  readonly memoryMb: number;
  readonly invocations: number;
  /** Invocations that had to load the function first. */
  readonly coldStarts: number;
  /** Each from its start to its end, loading included, in whole milliseconds: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
  readonly billedMs: number;
  readonly logLines: number;
  /** Of the lines alone, in UTF-8. What CloudWatch adds to each is for whoever has the price. */
  readonly logBytes: number;
}

export interface TableUsage {
  readonly tableName: string;
  readonly items: number;
  /** Names and values, without the 100 bytes that DynamoDB adds to each item of what it stores. */
  readonly bytes: number;
}

/** Everything since the engine started, but for what the engine itself did to set up. */
export interface Usage {
  readonly requests: readonly RequestUsage[];
  readonly deliveries: readonly DeliveryUsage[];
  readonly functions: readonly FunctionUsage[];
  /** What lies in the tables now. */
  readonly tables: readonly TableUsage[];
}

/** Requests as the emulators see them, who tell callers apart by their access key id. */
export interface CountedRequests extends Omit<RequestUsage, 'caller'> {
  readonly accessKeyId: string;
}

const KIB = 1024;
const WRITE_UNIT_BYTES = KIB;
const READ_UNIT_BYTES = 4 * KIB;
/** https://aws.amazon.com/sqs/pricing/ and https://aws.amazon.com/sns/pricing/ */
const MESSAGE_CHUNK_BYTES = 64 * KIB;

/** Units of a write of an item: each begun kilobyte of it. */
export function writeUnits(bytes: number): number {
  return Math.max(Math.ceil(bytes / WRITE_UNIT_BYTES), 1);
}

/** Units of a read of one item, or of a page of a query; nothing found costs as much as little does. */
export function readUnits(bytes: number, consistent: boolean): number {
  return Math.max(Math.ceil(bytes / READ_UNIT_BYTES), 1) * (consistent ? 1 : 0.5);
}

/** Requests that SQS and SNS bill for one of so many bytes. */
export function messageUnits(payloadBytes: number): number {
  return Math.max(Math.ceil(payloadBytes / MESSAGE_CHUNK_BYTES), 1);
}

/** A value as the API of DynamoDB writes it: binary as base64. */
export type JsonAttribute = Readonly<Record<string, unknown>>;
export type JsonItem = Readonly<Record<string, JsonAttribute>>;

/** Size of an item: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
export function itemBytes(item: JsonItem): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + attributeBytes(value), 0);
}

/** A list or map takes 3 bytes, and one for each of its elements. */
const DOCUMENT_BYTES = 3;
const ELEMENT_BYTES = 1;

function attributeBytes(attribute: JsonAttribute): number {
  const [[type, value]] = Object.entries(attribute);
  const sum = <T>(items: readonly T[], bytesOf: (item: T) => number): number => items.reduce((total, item) => total + bytesOf(item), 0);
  switch (type) {
    case 'S': return Buffer.byteLength(String(value));
    case 'N': return numberBytes(String(value));
    case 'B': return Buffer.byteLength(String(value), 'base64');
    case 'SS': return sum(value as string[], text => Buffer.byteLength(text));
    case 'NS': return sum(value as string[], numberBytes);
    case 'BS': return sum(value as string[], text => Buffer.byteLength(text, 'base64'));
    case 'L': return DOCUMENT_BYTES + sum(value as JsonAttribute[], element => ELEMENT_BYTES + attributeBytes(element));
    case 'M': return DOCUMENT_BYTES + itemBytes(value as JsonItem) + Object.keys(value as object).length * ELEMENT_BYTES;
    default: return 1; // NULL and BOOL
  }
}

/** A byte, and one for two significant digits; zeros at either end are none. */
function numberBytes(text: string): number {
  const [mantissa] = text.toLowerCase().split('e');
  const digits = mantissa.replace(/[^\d]/g, '').replace(/^0+/, '').replace(/0+$/, '');
  return 1 + Math.ceil(digits.length / 2) + (text.startsWith('-') ? 1 : 0);
}
