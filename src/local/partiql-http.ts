// Answers BatchExecuteStatement in front of the DynamoDB emulator, which knows no PartiQL: each of its INSERTs is a PutItem that fails where
// the key exists. How it answers was compared with DynamoDB Local 1.25.

import type { IncomingHttpHeaders, RequestListener, Server } from 'node:http';
import { parse } from './access-control-http';
import { type HttpAnswer, answer, ask, AWS_JSON, bodyOf, operationOf, replaceListener } from './emulator-calls';
import { type BatchStatement, type Insert, DUPLICATE_ITEM, readInsert, refusalOf, repetitionOf } from './partiql';
import type { JsonAttribute } from './usage';

const VALIDATION = 'com.amazon.coral.validate#ValidationException';
const INTERNAL = 'com.amazonaws.dynamodb.v20120810#InternalServerError';
const NO_TABLE = { Error: { Code: 'ResourceNotFound', Message: 'Cannot do operations on a non-existent table' } };

/** What became of a statement, as the API says it. */
interface StatementResponse {
  readonly TableName?: string;
  readonly Error?: { readonly Code: string; readonly Message: string };
}

interface Outcome {
  readonly response: StatementResponse;
  readonly capacity?: object;
}

/** The type of each key attribute by its name, partition key first; `undefined` where there is no such table. */
type Keys = ReadonlyMap<string, string> | undefined;

/** An answer of the emulator that has nothing to do with what is in a statement, such as to a call that nobody has signed. */
class CallFailure extends Error {
  constructor(readonly given: HttpAnswer) {
    super(given.body);
  }
}

/** To be put before the emulator's own listener, and behind whatever refuses or counts calls. */
export function answerPartiQl(server: Server): void {
  const keysOfTables = new Map<string, Keys>();
  replaceListener(server, listener => (request, response) => {
    const operation = operationOf(request);
    if (operation === 'DeleteTable') keysOfTables.clear();
    if (operation !== 'BatchExecuteStatement') {
      listener(request, response);
      return;
    }
    void bodyOf(request)
      .then(body => new StatementBatch(listener, keysOfTables, request.headers, parse(body)).execute())
      .then(outcome => answer(response, outcome), () => answer(response, jsonAnswer(500, { __type: INTERNAL })));
  });
}

class StatementBatch {
  constructor(
    private readonly listener: RequestListener,
    private readonly keysOfTables: Map<string, Keys>,
    private readonly headers: IncomingHttpHeaders,
    private readonly input: Readonly<Record<string, unknown>>,
  ) {}

  public async execute(): Promise<HttpAnswer> {
    const { Statements = [], ReturnConsumedCapacity } = this.input as {
      readonly Statements?: readonly BatchStatement<JsonAttribute>[]; readonly ReturnConsumedCapacity?: string;
    };
    const refusal = refusalOf(Statements);
    if (refusal !== undefined) return jsonAnswer(400, { __type: VALIDATION, message: refusal });
    try {
      const inserts = await Promise.all(Statements.map(statement => this.prepare(statement)));
      const repetition = repetitionOf(inserts.flatMap(insert => 'key' in insert ? insert.key : []));
      if (repetition !== undefined) return jsonAnswer(400, { __type: VALIDATION, message: repetition });
      const outcomes = await Promise.all(inserts.map(insert => 'key' in insert ? this.insert(insert, ReturnConsumedCapacity) : insert));
      const capacities = outcomes.flatMap(({ capacity }) => capacity ?? []);
      return jsonAnswer(200, {
        Responses: outcomes.map(({ response }) => response), ...(capacities.length > 0 ? { ConsumedCapacity: capacities } : {}),
      });
    } catch (error) {
      if (error instanceof CallFailure) return error.given;
      throw error;
    }
  }

  /** What a statement inserts, under which key; or what becomes of one that is not so much as tried. */
  private async prepare(statement: BatchStatement<JsonAttribute>): Promise<PreparedInsert | Outcome> {
    const insert = readInsert(statement);
    if ('invalid' in insert) return invalid(insert.invalid);
    const { tableName, item } = insert;
    const keys = await this.keysOf(tableName);
    if (!keys) return { response: NO_TABLE };
    for (const [name, type] of keys) {
      if (!(name in item)) return invalid(`Key attribute should be present in the item: Key ${name}`);
      if (!(type in item[name])) return invalid(`Key attribute's data type should match its data type in table's schema: Key ${name}`);
    }
    const names = [...keys.keys()];
    return { ...insert, partitionKey: names[0], key: JSON.stringify([tableName, ...names.map(name => item[name])]) };
  }

  private async insert({ tableName, item, partitionKey }: PreparedInsert, ReturnConsumedCapacity: string | undefined): Promise<Outcome> {
    const { status, body } = await this.call('PutItem', {
      TableName: tableName,
      Item: item,
      // The same as the expression `attribute_not_exists`, which takes the emulator longer to compile than to carry out.
      Expected: { [partitionKey]: { Exists: false } },
      ...(ReturnConsumedCapacity === undefined ? {} : { ReturnConsumedCapacity }),
    });
    if (status === 200) return { response: { TableName: tableName }, capacity: (body as { ConsumedCapacity?: object }).ConsumedCapacity };
    const Error = String(body.__type).endsWith('#ConditionalCheckFailedException') ? DUPLICATE_ITEM
      : { Code: 'ValidationError', Message: String(body.message) };
    return { response: { Error, TableName: tableName } };
  }

  private async keysOf(tableName: string): Promise<Keys> {
    if (!this.keysOfTables.has(tableName)) {
      const { status, body } = await this.call('DescribeTable', { TableName: tableName });
      if (status !== 200) return undefined;
      const { KeySchema, AttributeDefinitions } = (body as unknown as DescribedTable).Table;
      this.keysOfTables.set(tableName, new Map(KeySchema.map(({ AttributeName }) => [
        AttributeName, String(AttributeDefinitions.find(defined => defined.AttributeName === AttributeName)?.AttributeType),
      ])));
    }
    return this.keysOfTables.get(tableName);
  }

  /** Has the emulator do what a statement takes, as the one who has sent the statement. */
  private async call(operation: string, input: object): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
    const given = await ask(this.listener, { ...this.headers, 'x-amz-target': `DynamoDB_20120810.${operation}` }, JSON.stringify(input));
    const body = parse(Buffer.from(given.body));
    if (given.status !== 200 && !OF_A_STATEMENT.test(String(body.__type))) throw new CallFailure(given);
    return { status: given.status, body };
  }
}

const OF_A_STATEMENT = /#(ConditionalCheckFailed|ResourceNotFound|Validation)Exception$/;

interface PreparedInsert extends Insert<JsonAttribute> {
  readonly partitionKey: string;
  /** Table and key, to be compared with those of others. */
  readonly key: string;
}

interface DescribedTable {
  readonly Table: {
    readonly KeySchema: readonly { readonly AttributeName: string }[];
    readonly AttributeDefinitions: readonly { readonly AttributeName: string; readonly AttributeType: string }[];
  };
}

function invalid(message: string): Outcome {
  return { response: { Error: { Code: 'ValidationError', Message: message } } };
}

function jsonAnswer(status: number, body: object): HttpAnswer {
  return { status, headers: { 'content-type': AWS_JSON }, body: JSON.stringify(body) };
}
