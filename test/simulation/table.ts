// The table: DynamoDB's semantics for the commands that the product uses, with rows that vanish some time after their time to live.
import type {
  AttributeValue, BatchExecuteStatementCommandInput, BatchGetItemCommandInput, BatchStatementResponse, GetItemCommandInput, PutItemCommandInput,
  QueryCommandInput, UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { checkPlaceholders, cloneItem, Item, meets, Placeholders, projected, updated, validationError } from './expressions';
import { Faults } from './faults';
import { Random } from './random';
import { Worker } from './worker';
import { ID_PREFIX } from '../../src/adapters/table-keys';
import { decodeCursor } from '../../src/adapters/table-schema';
import type { Cursor } from '../../src/core/ports';
import { DUPLICATE_ITEM, Insert, InvalidStatement, readInsert, refusalOf, repetitionOf } from '../../src/local/partiql';

export interface TableObserver {
  /** A row was written. */
  wrote(key: RowKey, after: Item, by: Worker): void;
  /** A row was deleted by its time to live. */
  expired(key: RowKey, item: Item): void;
}

export interface RowKey {
  readonly pk: string;
  readonly sk: string;
}

interface Row {
  readonly sk: string;
  item: Item;
  /** What it was before it was last written, which not every reader notices at once. */
  before?: Item;
  writtenAt: number;
  /** When DynamoDB deletes it. */
  vanishesAt: number;
}

const TTL = 'ttl';
/** Where load's own rows lie. */
const LOAD_PARTITION = 'load';
/** DynamoDB deletes expired rows "within a few days". */
const MAX_TTL_LATENESS_MS = 2 * 24 * 60 * 60_000;
const MAX_BATCH_GET = 100;
/** For so long after a write, a read that does not ask for consistency may not notice it. */
const MAX_UNNOTICED_MS = 2_000;

export class SimTable {
  private readonly partitions = new Map<string, Row[]>();

  public constructor(
    private readonly name: string,
    private readonly now: () => number,
    private readonly random: Random,
    private readonly faults: Faults,
    /** Rows on a page of messages, which may be large; those of one id are small, and all on one page. */
    private readonly pageSize: number,
    private readonly observer: TableObserver,
  ) {}

  /** Carries out a command of the SDK; throws what the SDK throws. */
  public execute(command: string, input: { readonly TableName?: string }, by: Worker): object {
    if (input.TableName !== undefined && input.TableName !== this.name) {
      throw Object.assign(new Error(`no table ${input.TableName}`), { name: 'ResourceNotFoundException' });
    }
    switch (command) {
      case 'GetItemCommand':
        return this.get(input as GetItemCommandInput);
      case 'PutItemCommand':
        return this.put(input as PutItemCommandInput, by);
      case 'UpdateItemCommand':
        return this.update(input as UpdateItemCommandInput, by);
      case 'QueryCommand':
        return this.query(input as QueryCommandInput);
      case 'BatchGetItemCommand':
        return this.batchGet(input as BatchGetItemCommandInput, by);
      case 'BatchExecuteStatementCommand':
        return this.statements(input as BatchExecuteStatementCommandInput, by);
      default:
        throw new Error(`the simulated table does not know ${command}`);
    }
  }

  /** The row with this key, if there is one. Not a copy. */
  public peek(pk: string, sk: string): Item | undefined {
    return this.find(pk, sk)?.item;
  }

  /** How far load has come, as it would read it. */
  public cursor(): Cursor | undefined {
    return decodeCursor(this.live(LOAD_PARTITION).map(({ item }) => item));
  }

  /** All rows, each with its key. Not copies. */
  public* rows(): Iterable<[RowKey, Item]> {
    for (const [pk, rows] of this.partitions) {
      for (const { sk, item } of rows) {
        yield [{ pk, sk }, item];
      }
    }
  }

  /** Replaces a row, as if whoever wrote it had done so. */
  public replace(pk: string, sk: string, item: Item): void {
    (this.find(pk, sk) as Row).item = item;
  }

  private get({ Key, ConsistentRead }: GetItemCommandInput): object {
    const row = this.find(...keyOf(Key));
    if (ConsistentRead !== true) {
      throw new Error('the simulated table only knows consistent reads');
    }
    return row ? { Item: cloneItem(row.item) } : {};
  }

  private put(input: PutItemCommandInput, by: Worker): object {
    const [pk, sk] = keyOf(input.Item);
    const before = this.find(pk, sk)?.item;
    this.check(input, before, [input.ConditionExpression]);
    this.write({ pk, sk }, cloneItem(input.Item ?? {}), by);
    return {};
  }

  private update(input: UpdateItemCommandInput, by: Worker): object {
    const [pk, sk] = keyOf(input.Key);
    const before = this.find(pk, sk)?.item;
    this.check(input, before, [input.ConditionExpression, input.UpdateExpression]);
    const after = updated(input.UpdateExpression ?? '', before ?? cloneItem(input.Key ?? {}), placeholders(input));
    this.write({ pk, sk }, after, by);
    switch (input.ReturnValues) {
      case 'ALL_NEW':
        return { Attributes: cloneItem(after) };
      case 'ALL_OLD':
        return before ? { Attributes: cloneItem(before) } : {};
      case undefined:
        return {};
      default:
        throw new Error(`the simulated table does not know ReturnValues ${input.ReturnValues}`);
    }
  }

  private query(input: QueryCommandInput): object {
    const { KeyConditionExpression: keyCondition = '', FilterExpression: filter, ProjectionExpression: projection } = input;
    checkPlaceholders([keyCondition, filter, projection], placeholders(input));
    const pk = Object.values(input.ExpressionAttributeValues ?? {}).find(({ S }) => S !== undefined && this.partitions.has(S))?.S;
    const rows = pk === undefined ? [] : this.live(pk);
    const matching = rows.filter(({ item }) => meets(keyCondition, item, placeholders(input)));
    const ordered = input.ScanIndexForward === false ? matching.reverse() : matching;
    const after = input.ExclusiveStartKey?.sk.S;
    const start = after === undefined ? 0 : ordered.findIndex(({ sk }) => (input.ScanIndexForward === false ? sk < after : sk > after));
    const pageSize = pk === LOAD_PARTITION || pk?.startsWith(ID_PREFIX) ? Infinity : this.pageSize;
    const page = start < 0 ? [] : ordered.slice(start, start + Math.min(pageSize, input.Limit ?? Infinity));
    const last = page[page.length - 1];
    const isLast = last === undefined || last === ordered[ordered.length - 1];
    const items = page.map(({ item }) => item).filter((item) => filter === undefined || meets(filter, item, placeholders(input)));
    return {
      Items: items.map((item) => cloneItem(projection === undefined ? item : projected(projection, item, placeholders(input)))),
      Count: items.length,
      ...(isLast ? {} : { LastEvaluatedKey: { pk: { S: pk as string }, sk: { S: last.sk } } }),
    };
  }

  private batchGet({ RequestItems = {} }: BatchGetItemCommandInput, by: Worker): object {
    const { Keys: keys = [], ConsistentRead: isConsistent = false } = RequestItems[this.name] ?? {};
    if (keys.length === 0 || keys.length > MAX_BATCH_GET) {
      throw validationError(`BatchGetItem of ${keys.length} keys`);
    }
    if (new Set(keys.map((key) => keyOf(key).join(' '))).size < keys.length) {
      throw validationError('provided list of item keys contains duplicates');
    }
    const left = keys.filter(() => this.faults.happens('partial', by));
    const items = keys.filter((key) => !left.includes(key)).flatMap((key) => {
      const row = this.find(...keyOf(key));
      const item = row && (isConsistent ? row.item : this.eventually(row));
      return item ? [item] : [];
    });
    return {
      Responses: { [this.name]: this.random.shuffle(items).map(cloneItem) },
      UnprocessedKeys: left.length > 0 ? { [this.name]: { Keys: left, ConsistentRead: isConsistent } } : {},
    };
  }

  /** Carries out each statement or leaves it, as if it were a call of its own; a call that is invalid as a whole throws before any is. */
  private statements({ Statements: statements = [] }: BatchExecuteStatementCommandInput, by: Worker): { Responses: BatchStatementResponse[] } {
    const inserts = statements.map(readInsert);
    const keys = inserts.flatMap((insert) => ('invalid' in insert ? [] : [keyOf(insert.item).join(' ')]));
    const refusal = refusalOf(statements) ?? repetitionOf(keys);
    if (refusal !== undefined) {
      throw validationError(refusal);
    }
    return { Responses: inserts.map((insert) => this.insert(insert, by)) };
  }

  private insert(insert: Insert<AttributeValue> | InvalidStatement, by: Worker): BatchStatementResponse {
    if ('invalid' in insert) {
      return { Error: { Code: 'ValidationError', Message: insert.invalid } };
    }
    const { tableName: TableName, item } = insert;
    if (TableName !== this.name) {
      return { Error: { Code: 'ResourceNotFound', Message: `no table ${TableName}` } };
    }
    if (this.faults.happens('partial', by)) {
      return { Error: { Code: 'ThrottlingError', Message: 'throttled on purpose' }, TableName };
    }
    const [pk, sk] = keyOf(item);
    if (this.find(pk, sk)) {
      return { Error: DUPLICATE_ITEM, TableName };
    }
    this.write({ pk, sk }, cloneItem(item), by);
    return { TableName };
  }

  /** What a read gives that does not ask for consistency: perhaps what was there a moment ago, which may be nothing. */
  private eventually({ item, before, writtenAt }: Row): Item | undefined {
    return this.now() - writtenAt < MAX_UNNOTICED_MS && this.random.chance(0.5) ? before : item;
  }

  private check(input: PutItemCommandInput | UpdateItemCommandInput, before: Item | undefined, texts: readonly (string | undefined)[]): void {
    checkPlaceholders(texts, placeholders(input));
    if (input.ConditionExpression !== undefined && !meets(input.ConditionExpression, before ?? {}, placeholders(input))) {
      throw conditionFailed();
    }
  }

  private write(key: RowKey, after: Item, by: Worker): void {
    for (const [name, value] of Object.entries(after)) {
      if (Object.values(value).some((part) => part === undefined) || value.N === 'NaN') {
        throw validationError(`attribute ${name} has no value`);
      }
    }
    const expiry = Number(after[TTL]?.N ?? Infinity) * 1000;
    const vanishesAt = this.random.chance(0.2) ? Infinity : expiry + this.random.int(0, MAX_TTL_LATENESS_MS);
    const row = this.find(key.pk, key.sk);
    if (row) {
      Object.assign(row, { item: after, before: row.item, writtenAt: this.now(), vanishesAt });
    } else {
      const rows = this.partitions.get(key.pk) ?? [];
      this.partitions.set(key.pk, rows);
      const index = rows.findIndex(({ sk }) => sk > key.sk);
      rows.splice(index < 0 ? rows.length : index, 0, { sk: key.sk, item: after, writtenAt: this.now(), vanishesAt });
    }
    this.observer.wrote(key, after, by);
  }

  private find(pk: string, sk: string): Row | undefined {
    return this.live(pk).find((row) => row.sk === sk);
  }

  /** The rows of a partition, without those whose time has come. */
  private live(pk: string): Row[] {
    const rows = this.partitions.get(pk);
    if (!rows) {
      return [];
    }
    const now = this.now();
    if (rows.some(({ vanishesAt }) => vanishesAt <= now)) {
      rows.filter(({ vanishesAt }) => vanishesAt <= now).forEach(({ sk, item }) => this.observer.expired({ pk, sk }, item));
      this.partitions.set(pk, rows.filter(({ vanishesAt }) => vanishesAt > now));
    }
    return this.partitions.get(pk) as Row[];
  }
}

/** Without a stack, which takes longer than all the rest. */
function conditionFailed(): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new ConditionalCheckFailedException({ message: 'The conditional request failed', $metadata: { httpStatusCode: 400 } });
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}

function keyOf(item: Item | undefined): [pk: string, sk: string] {
  const [pk, sk] = [item?.pk?.S, item?.sk?.S];
  if (!pk || !sk) {
    throw validationError('one of the required keys was not given a value');
  }
  return [pk, sk];
}

function placeholders(input: { ExpressionAttributeNames?: Record<string, string>; ExpressionAttributeValues?: Item }): Placeholders {
  return { names: input.ExpressionAttributeNames, values: input.ExpressionAttributeValues };
}
