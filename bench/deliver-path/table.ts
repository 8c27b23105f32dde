// A table in memory that speaks as much of DynamoDB's protocol as the deliver function does. It judges no conditions: every write succeeds,
// as it does where no other worker is after the same webhook.
import { BatchStatement, readInsert } from '../../src/local/partiql';

type Value = Readonly<Record<string, unknown>>;
type Row = Readonly<Record<string, Value>>;

export interface TableRequest {
  readonly Key?: Row;
  readonly Item?: Row;
  readonly RequestItems?: Readonly<Record<string, { readonly Keys: readonly Row[] }>>;
  readonly Statements?: readonly BatchStatement<Value>[];
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Row;
  readonly ReturnValues?: string;
}

export class Table {
  private readonly rows = new Map<string, Row>();

  /** The answer to a call; throws where it is one that deliver does not make. */
  public answer(operation: string, request: TableRequest): object {
    switch (operation) {
      case 'PutItem':
        this.rows.set(keyOf(request.Item as Row), request.Item as Row);
        return {};
      case 'GetItem': {
        const row = this.rows.get(keyOf(request.Key as Row));
        return row ? { Item: row } : {};
      }
      case 'BatchGetItem':
        return { Responses: this.batch(request.RequestItems ?? {}), UnprocessedKeys: {} };
      case 'UpdateItem':
        return this.update(request);
      case 'BatchExecuteStatement':
        return { Responses: (request.Statements ?? []).map((statement) => this.insert(statement)) };
      default:
        throw new Error(`the table of the bench does not know ${operation}`);
    }
  }

  private batch(items: NonNullable<TableRequest['RequestItems']>): Record<string, Row[]> {
    return Object.fromEntries(Object.entries(items).map(([name, { Keys }]) => (
      [name, Keys.map((key) => this.rows.get(keyOf(key))).filter((row) => row !== undefined)]
    )));
  }

  private insert(statement: BatchStatement<Value>): object {
    const insert = readInsert(statement);
    if ('invalid' in insert) {
      return { Error: { Code: 'ValidationError', Message: insert.invalid } };
    }
    this.rows.set(keyOf(insert.item), insert.item);
    return { TableName: insert.tableName };
  }

  /** Of update expressions, `SET` to values and `REMOVE`. */
  private update({ Key, UpdateExpression = '', ExpressionAttributeNames = {}, ExpressionAttributeValues = {}, ReturnValues }: TableRequest): object {
    const row: Record<string, Value> = { ...this.rows.get(keyOf(Key as Row)), ...Key };
    const [set, remove = ''] = UpdateExpression.split('REMOVE ');
    for (const [, name, value] of set.matchAll(/([#\w]+) = (:\w+)/g)) {
      row[ExpressionAttributeNames[name] ?? name] = ExpressionAttributeValues[value];
    }
    for (const [name] of remove.matchAll(/[#\w]+/g)) {
      delete row[ExpressionAttributeNames[name] ?? name];
    }
    this.rows.set(keyOf(row), row);
    return ReturnValues === 'ALL_NEW' ? { Attributes: row } : {};
  }
}

function keyOf({ pk, sk }: Row): string {
  return `${String(pk.S)} ${String(sk.S)}`;
}
