// Batches of PartiQL statements, by the SDK's client. What DynamoDB answers is as DynamoDB Local 1.25 answers it.
import {
  type AttributeValue, BatchExecuteStatementCommand, type BatchStatementRequest, CreateTableCommand, DeleteTableCommand, DescribeTableCommand,
  DynamoDBClient, GetItemCommand, PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Parts, type Running, removeTemporaryDirectories, start, stopEngines, synthStack, until } from './fixture';
import { accessKeyId } from '../../src/local/iam/security-plan';
import { readInsert } from '../../src/local/partiql';

const clients: DynamoDBClient[] = [];

afterEach(async () => {
  clients.splice(0).forEach(client => client.destroy());
  await stopEngines();
});
afterAll(removeTemporaryDirectories);

function clientOf({ engine }: Running, id = 'any'): DynamoDBClient {
  const client = new DynamoDBClient({
    endpoint: engine.endpoints.dynamodb, region: engine.region, credentials: { accessKeyId: id, secretAccessKey: 'any' },
  });
  clients.push(client);
  return client;
}

const key = (pk: string) => ({ pk: { S: pk }, sk: { S: 's' } });

interface Table {
  readonly TableName: string;
  readonly insertOf: (item: Record<string, AttributeValue>) => BatchStatementRequest;
  /** Without what the client adds. */
  readonly execute: (...statements: BatchStatementRequest[]) => Promise<object>;
  readonly send: DynamoDBClient['send'];
  /** The item of a key, which ends in `s`. */
  readonly read: (pk: string) => Promise<object | undefined>;
}

async function table(): Promise<Table> {
  const running = await start(synthStack(stack => {
    new Parts(stack, 'P');
  }));
  return tableOf(running, clientOf(running));
}

function tableOf({ engine }: Running, client: DynamoDBClient): Table {
  const { tableName: TableName } = engine.schedulers[0];
  return {
    TableName,
    insertOf: item => ({
      Statement: `INSERT INTO "${TableName}" VALUE {${Object.keys(item).map(name => `'${name.replaceAll('\'', '\'\'')}': ?`).join(', ')}}`,
      Parameters: Object.values(item),
    }),
    execute: async (...Statements) => {
      const { $metadata: _, ...answer } = await client.send(new BatchExecuteStatementCommand({ Statements }));
      return answer;
    },
    send: client.send.bind(client) as DynamoDBClient['send'],
    read: async pk => (await client.send(new GetItemCommand({ TableName, Key: key(pk), ConsistentRead: true }))).Item,
  };
}

const DUPLICATE = { Code: 'DuplicateItem', Message: 'Duplicate primary key exists in table' };
const error = (Code: string, Message: unknown) => ({ Error: { Code, Message } });

test('inserts items, each value as it is, under any name', async () => {
  const { TableName, insertOf, execute, read } = await table();
  const item = {
    ...key('a'),
    'status': { S: 'delivering' },
    'it\'s, "?": {}': { N: '12345678901234567890' },
    'list': { L: [{ S: 'x' }, { M: { n: { N: '1.5' }, none: { NULL: true as const } } }] },
    'bytes': { B: new Uint8Array([0, 1]) },
    'set': { SS: ['a', 'b'] },
    'yes': { BOOL: true },
  };
  expect(await execute(insertOf(item), insertOf(key('b')))).toEqual({ Responses: [{ TableName }, { TableName }] });
  expect(await read('a')).toEqual(item);
  expect(await read('b')).toEqual(key('b'));
});

test('tells of an item that exists, leaves it as it is, and inserts the others', async () => {
  const { TableName, insertOf, execute, send, read } = await table();
  const existing = { ...key('a'), n: { N: '1' } };
  await send(new PutItemCommand({ TableName, Item: existing }));
  const answer = await execute(insertOf({ ...key('a'), n: { N: '2' } }), insertOf(key('b')));
  expect(answer).toEqual({ Responses: [{ Error: DUPLICATE, TableName }, { TableName }] });
  expect(await read('a')).toEqual(existing);
  expect(await read('b')).toEqual(key('b'));
});

test('lets one of many that insert the same item at once have it', async () => {
  const { TableName, insertOf, execute } = await table();
  const answers = await Promise.all(Array.from({ length: 8 }, () => execute(insertOf(key('a')))));
  const won = answers.filter(answer => JSON.stringify(answer) === JSON.stringify({ Responses: [{ TableName }] }));
  expect(won).toHaveLength(1);
});

test('has an error for each statement that it cannot carry out, and carries out the others', async () => {
  const { TableName, insertOf, execute, read } = await table();
  const insert = insertOf(key('a'));
  expect(await execute(
    { ...insert, Parameters: [{ S: 'a' }] },
    { ...insert, Statement: insert.Statement?.replace(TableName, 'Absent') },
    insertOf({ pk: { S: 'a' } }),
    insertOf({ pk: { S: 'a' }, sk: { N: '1' } }),
    { Statement: `INSERT INTO "${TableName}" VALUE {'pk': ?, 'sk': ?, 'pk': ?}`, Parameters: [{ S: 'a' }, { S: 's' }, { S: 'b' }] },
    insertOf({ ...key('c'), large: { S: 'x'.repeat(410 * 1024) } }),
    insertOf(key('b')),
  )).toEqual({
    Responses: [
      error('ValidationError', 'Number of parameters in request and statement don\'t match.'),
      error('ResourceNotFound', 'Cannot do operations on a non-existent table'),
      error('ValidationError', 'Key attribute should be present in the item: Key sk'),
      error('ValidationError', 'Key attribute\'s data type should match its data type in table\'s schema: Key sk'),
      error('ValidationError', 'Duplicate keys in tuple. Key: pk'),
      { ...error('ValidationError', 'Item size has exceeded the maximum allowed size'), TableName },
      { TableName },
    ],
  });
  expect(await read('a')).toBeUndefined();
  expect(await read('b')).toEqual(key('b'));
});

test('says of any other PartiQL that it is not known, and does nothing of it', async () => {
  const { TableName, execute, send, read } = await table();
  await send(new PutItemCommand({ TableName, Item: key('a') }));
  const unknown = error('ValidationError', expect.stringMatching(/^No PartiQL is known here but INSERT INTO/));
  expect(await execute(
    { Statement: `DELETE FROM "${TableName}" WHERE pk = 'a' AND sk = 's'` },
    { Statement: `INSERT INTO "${TableName}" VALUE {'pk': 'b', 'sk': 's'}` },
  )).toEqual({ Responses: [unknown, unknown] });
  expect(await read('a')).toEqual(key('a'));
  expect(await read('b')).toBeUndefined();
});

test.each<[string, (insertOf: Table['insertOf']) => BatchStatementRequest[], string]>([
  ['no statements', () => [], 'The statement was empty.'],
  ['an empty statement', insertOf => [insertOf(key('a')), { Statement: '' }], 'The statement was empty.'],
  [
    'more than 25 statements',
    insertOf => Array.from({ length: 26 }, (_, i) => insertOf(key(i === 0 ? 'a' : `${i}`))),
    'BatchWriteItem cannot write more than 25 items',
  ],
  [
    'two of one key',
    insertOf => [insertOf(key('a')), insertOf({ ...key('a'), n: { N: '1' } })],
    'Provided list of item keys contains duplicates',
  ],
  [
    'reads and writes',
    insertOf => [insertOf(key('a')), { Statement: 'SELECT * FROM "T"' }],
    'Read and write requests together in the same batch is not supported.',
  ],
  [
    'too long a statement',
    insertOf => [insertOf(key('a')), insertOf({ ...key('b'), ['x'.repeat(8192)]: { S: '' } })],
    'Member must have length less than or equal to 8192',
  ],
])('refuses a call of %s as a whole', async (_, statements, message) => {
  const { insertOf, execute, read } = await table();
  await expect(execute(...statements(insertOf))).rejects.toMatchObject({ name: 'ValidationException', message });
  expect(await read('a')).toBeUndefined();
});

test('takes 25 statements, and says what they take where that is asked for', async () => {
  const { TableName, insertOf, send, read } = await table();
  const Statements = Array.from({ length: 25 }, (_, i) => insertOf({ ...key(`${i}`), p: { S: 'x'.repeat(i === 3 ? 1500 : 1) } }));
  const { Responses, ConsumedCapacity } = await send(new BatchExecuteStatementCommand({ Statements, ReturnConsumedCapacity: 'TOTAL' }));
  expect(Responses).toEqual(Array.from({ length: 25 }, () => ({ TableName })));
  expect(ConsumedCapacity).toEqual(Array.from({ length: 25 }, (_, i) => ({ TableName, CapacityUnits: i === 3 ? 2 : 1 })));
  expect(await read('24')).toBeDefined();
});

test('knows no table any more that has been deleted, and its keys anew where there is another', async () => {
  const { TableName, insertOf, execute, send } = await table();
  expect(await execute(insertOf(key('a')))).toEqual({ Responses: [{ TableName }] });
  await send(new DeleteTableCommand({ TableName }));
  const described = () => send(new DescribeTableCommand({ TableName })).then(() => true, () => false);
  await until('the end of the table', async () => !await described());
  expect(await execute(insertOf(key('b')))).toEqual({ Responses: [error('ResourceNotFound', 'Cannot do operations on a non-existent table')] });
  await send(new CreateTableCommand({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'N' }],
  }));
  await until('the table', described);
  expect(await execute(insertOf(key('b')), insertOf({ id: { N: '1' } }))).toEqual({
    Responses: [error('ValidationError', 'Key attribute should be present in the item: Key id'), { TableName }],
  });
});

test('a statement that a role may not make has an error of its own, beside the outcomes of the others', async () => {
  const running = await start(synthStack(stack => {
    const parts = new Parts(stack, 'P');
    const [actions, resources] = [['dynamodb:PartiQLInsert'], [parts.table.tableArn]];
    parts.deliver.addToRolePolicy(new iam.PolicyStatement({ actions, resources }));
    parts.ingest.addToRolePolicy(new iam.PolicyStatement({
      actions, resources, conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['own-*'] } },
    }));
    parts.load.addToRolePolicy(new iam.PolicyStatement({ actions: ['dynamodb:PutItem'], resources }));
  }));
  const { region, schedulers: [{ functions, tableName: TableName }] } = running.engine;
  const as = (name: string) => tableOf(running, clientOf(running, accessKeyId(`arn:aws:lambda:${region}:000000000000:function:${name}`, 'code')));
  const arn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`;
  const denied = error('AccessDenied', expect.stringMatching(
    `is not authorized to perform: dynamodb:PartiQLInsert on resource: ${arn} `
    + 'because no identity-based policy allows the dynamodb:PartiQLInsert action',
  ));

  const { insertOf, read } = tableOf(running, clientOf(running));
  const batch = (name: string) => [insertOf(key(`other-${name}`)), insertOf(key(`own-${name}`)), { Statement: 'HELLO' }];
  const unknown = error('ValidationError', expect.stringContaining('No PartiQL is known here'));
  expect(await as(functions.deliver).execute(...batch('deliver'))).toEqual({ Responses: [{ TableName }, { TableName }, unknown] });
  expect(await as(functions.ingest).execute(...batch('ingest'))).toEqual({ Responses: [denied, { TableName }, unknown] });
  expect(await as(functions.load).execute(...batch('load').slice(0, 2))).toEqual({ Responses: [denied, denied] });
  expect(await read('other-deliver')).toBeDefined();
  expect(await read('other-ingest')).toBeUndefined();
  expect(await read('own-ingest')).toBeDefined();
  expect(await read('own-load')).toBeUndefined();
});

test.each([
  ['INSERT INTO "T" VALUE {\'pk\': ?, \'a\': ?}', { pk: 1, a: 2 }],
  [' insert\n into"T"value{ \'pk\' :?,\'a\': ? } ', { pk: 1, a: 2 }],
  ['INSERT INTO "T" VALUE {\'it\'\'s\': ?}', { 'it\'s': 1 }],
])('reads %s', (Statement, item) => {
  expect(readInsert({ Statement, Parameters: [1, 2] })).toEqual({ tableName: 'T', item });
});

test.each([
  'INSERT INTO T VALUE {\'pk\': ?}', 'INSERT INTO "T" VALUES {\'pk\': ?}', 'INSERT INTO "T" VALUE {\'pk\': 1}', 'INSERT INTO "T" VALUE {"pk": ?}',
  'INSERT INTO "T" VALUE {}', 'INSERT INTO "T" VALUE {\'\': ?}', 'INSERT INTO "T" VALUE {\'pk\': ?,}', 'INSERT INTO "T" VALUE {\'pk\': ? \'sk\': ?}',
  'INSERT INTO "T" VALUE {\'pk\': ?} ON CONFLICT DO NOTHING', 'UPDATE "T" SET a = ?', '',
])('does not read %s', Statement => {
  expect(readInsert({ Statement, Parameters: [1, 2] })).toEqual({ invalid: expect.stringContaining(`another statement: ${Statement}`) });
});
