// What the engine counts: exact numbers for calls of real clients, by the rules of the services' price pages.
import {
  BatchExecuteStatementCommand, BatchGetItemCommand, BatchWriteItemCommand, DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand,
  QueryCommand, ScanCommand, UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { PublishBatchCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient, SendMessageBatchCommand, SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { Stack } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Parts, type Running, removeTemporaryDirectories, start, stopEngines, synthStack, until } from './fixture';
import { accessKeyId } from '../../src/local/iam/security-plan';
import { type RequestUsage, type Usage, itemBytes, messageUnits, readUnits, writeUnits } from '../../src/local/usage';

const clients: { destroy(): void }[] = [];

function keep<T extends { destroy(): void }>(client: T): T {
  clients.push(client);
  return client;
}

const config = (running: Running, endpoint: string, id = 'any') => ({
  endpoint, region: running.engine.region, credentials: { accessKeyId: id, secretAccessKey: 'any' },
});
const tableOf = (running: Running, id?: string): DynamoDBClient => keep(new DynamoDBClient(config(running, running.engine.endpoints.dynamodb, id)));
const queuesOf = (running: Running, id?: string): SQSClient => keep(new SQSClient(config(running, running.engine.endpoints.sqs, id)));
const topicsOf = (running: Running): SNSClient => keep(new SNSClient(config(running, running.engine.endpoints.sns)));

afterEach(async () => {
  clients.splice(0).forEach(client => client.destroy());
  await stopEngines();
});
afterAll(removeTemporaryDirectories);

/** Nothing but topics, queues and a table: whoever calls is outside. */
const bare = (): string => synthStack(stack => {
  new Parts(stack, 'P');
});

type Counted = Pick<RequestUsage, 'requests' | 'units'> & { empty?: number };

/** What callers outside did, by operation. */
function outside({ requests }: Usage): Record<string, Counted> {
  return Object.fromEntries(requests.filter(({ caller }) => caller.kind === 'outside').map(({ operation, requests: count, units, empty }) => [
    operation, { requests: count, units, ...(empty > 0 ? { empty } : {}) },
  ]));
}

const key = (name: string) => ({ pk: { S: name }, sk: { S: 's' } });
/** An item of so many bytes: the keys take 6 with a name of one letter, `p` is the name of the rest. */
const itemOf = (name: string, bytes: number, character = 'x') => ({ ...key(name), p: { S: character.repeat((bytes - 7) / Buffer.byteLength(character)) } });

describe('DynamoDB', () => {
  async function table(): Promise<{ running: Running; send: DynamoDBClient['send']; TableName: string; counts: () => Promise<Record<string, Counted>> }> {
    const running = await start(bare(), { metered: true });
    const client = tableOf(running);
    return {
      running,
      send: client.send.bind(client) as DynamoDBClient['send'],
      TableName: running.engine.schedulers[0].tableName,
      counts: async () => outside(await running.engine.usage()),
    };
  }

  test('bills a put by each begun kilobyte of the item', async () => {
    const { send, TableName, counts } = await table();
    await send(new PutItemCommand({ TableName, Item: itemOf('a', 1024) }));
    expect(await counts()).toEqual({ PutItem: { requests: 1, units: 1 } });
    await send(new PutItemCommand({ TableName, Item: itemOf('b', 1025) }));
    expect(await counts()).toEqual({ PutItem: { requests: 2, units: 3 } });
  });

  test('bills a put by the bytes of its characters', async () => {
    const { send, TableName, counts } = await table();
    await send(new PutItemCommand({ TableName, Item: itemOf('a', 1027, 'é') }));
    expect(await counts()).toEqual({ PutItem: { requests: 1, units: 2 } });
  });

  test('bills a put or an update by the larger of the item that was there and the one that is', async () => {
    const { send, TableName, counts } = await table();
    await send(new PutItemCommand({ TableName, Item: itemOf('a', 3000) }));
    await send(new PutItemCommand({ TableName, Item: itemOf('a', 100) }));
    expect(await counts()).toEqual({ PutItem: { requests: 2, units: 6 } });
    await send(new UpdateItemCommand({
      TableName, Key: key('a'), UpdateExpression: 'SET q = :q', ExpressionAttributeValues: { ':q': { S: 'y'.repeat(1500) } },
    }));
    await send(new UpdateItemCommand({ TableName, Key: key('a'), UpdateExpression: 'REMOVE q' }));
    await send(new UpdateItemCommand({ TableName, Key: key('a'), UpdateExpression: 'REMOVE q' }));
    expect(await counts()).toMatchObject({ UpdateItem: { requests: 3, units: 5 } });
  });

  test('bills a write whose condition fails, by the larger of the item that is there and the one that would have been', async () => {
    const { send, TableName, counts } = await table();
    const fails = (write: Promise<unknown>) => expect(write).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
    await send(new PutItemCommand({ TableName, Item: itemOf('a', 2500) }));
    const isNew = { ConditionExpression: 'attribute_not_exists(pk)' };
    await fails(send(new PutItemCommand({ TableName, Item: itemOf('a', 3500), ...isNew })));
    await fails(send(new PutItemCommand({ TableName, Item: itemOf('a', 500), ...isNew })));
    expect(await counts()).toEqual({ PutItem: { requests: 3, units: 3 + 4 + 3 } });
    await fails(send(new UpdateItemCommand({ TableName, Key: key('a'), UpdateExpression: 'REMOVE q', ...isNew })));
    await fails(send(new UpdateItemCommand({ TableName, Key: key('b'), UpdateExpression: 'REMOVE q', ConditionExpression: 'attribute_exists(pk)' })));
    expect(await counts()).toMatchObject({ UpdateItem: { requests: 2, units: 3 + 1 } });
  });

  test('bills deletes and batches of writes item by item', async () => {
    const { send, TableName, counts } = await table();
    await send(new BatchWriteItemCommand({
      RequestItems: { [TableName]: [{ PutRequest: { Item: itemOf('a', 1500) } }, { PutRequest: { Item: itemOf('b', 100) } }] },
    }));
    await send(new DeleteItemCommand({ TableName, Key: key('a') }));
    await send(new DeleteItemCommand({ TableName, Key: key('c') }));
    expect(await counts()).toEqual({ BatchWriteItem: { requests: 1, units: 3 }, DeleteItem: { requests: 2, units: 3 } });
  });

  test('bills a batch of statements by the write that each is; one that fails by what is there, and one that is not carried out not at all', async () => {
    const { send, TableName, counts } = await table();
    const insertOf = (name: string, bytes: number) => ({
      Statement: `INSERT INTO "${TableName}" VALUE {'pk': ?, 'sk': ?, 'p': ?}`, Parameters: Object.values(itemOf(name, bytes)),
    });
    await send(new BatchExecuteStatementCommand({ Statements: [insertOf('a', 2500), insertOf('b', 100), insertOf('é', 1025)] }));
    expect(await counts()).toEqual({ BatchExecuteStatement: { requests: 1, units: 3 + 1 + 2 } });
    await send(new BatchExecuteStatementCommand({ Statements: [insertOf('a', 3500), insertOf('c', 100)] }));
    await send(new BatchExecuteStatementCommand({ Statements: [insertOf('a', 100), { Statement: 'UPDATE' }] }));
    expect(await counts()).toEqual({ BatchExecuteStatement: { requests: 3, units: 6 + 4 + 1 + 3 } });
    await expect(send(new BatchExecuteStatementCommand({ Statements: [insertOf('d', 100), insertOf('d', 200)] }))).rejects.toThrow('duplicates');
    expect(await counts()).toMatchObject({ BatchExecuteStatement: { requests: 3, units: 14 } });
  });

  test('bills a read by each begun four kilobytes, half of that where it need not be consistent, and what is not found as the least', async () => {
    const { send, TableName, counts } = await table();
    await send(new PutItemCommand({ TableName, Item: itemOf('a', 4097) }));
    for (const ConsistentRead of [true, false]) {
      await send(new GetItemCommand({ TableName, Key: key('a'), ConsistentRead }));
      await send(new GetItemCommand({ TableName, Key: key('z'), ConsistentRead }));
    }
    expect(await counts()).toMatchObject({ GetItem: { requests: 4, units: 2 + 1 + 1 + 0.5 } });
  });

  test('bills a batch of reads item by item', async () => {
    const { send, TableName, counts } = await table();
    await send(new PutItemCommand({ TableName, Item: itemOf('a', 1500) }));
    await send(new PutItemCommand({ TableName, Item: itemOf('b', 6500) }));
    const Keys = ['a', 'b', 'z'].map(key);
    await send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }));
    expect(await counts()).toMatchObject({ BatchGetItem: { requests: 1, units: 1 + 2 + 1 } });
    await send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys } } }));
    expect(await counts()).toMatchObject({ BatchGetItem: { requests: 2, units: 4 + 2 } });
  });

  test('bills a query by the sum of what it looked at, filtered and projected or not, and one that finds nothing as the least', async () => {
    const { send, TableName, counts } = await table();
    for (let i = 0; i < 9; i++) await send(new PutItemCommand({ TableName, Item: { ...itemOf('a', 1000), sk: { S: String(i) } } }));
    const query = { TableName, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': { S: 'a' } } };
    await send(new QueryCommand({ ...query, ConsistentRead: true }));
    await send(new QueryCommand({ ...query, ProjectionExpression: 'sk', FilterExpression: 'attribute_not_exists(p)' }));
    expect(await counts()).toMatchObject({ Query: { requests: 2, units: 3 + 1.5 } });
    const nothing = { ...query, ExpressionAttributeValues: { ':pk': { S: 'z' } } };
    await send(new QueryCommand({ ...nothing, ConsistentRead: true }));
    await send(new QueryCommand(nothing));
    expect(await counts()).toMatchObject({ Query: { requests: 4, units: 4.5 + 1 + 0.5 } });
    await send(new ScanCommand({ TableName }));
    expect(await counts()).toMatchObject({ Scan: { requests: 1, units: 1.5 } });
  });

  test('answers as if nobody counted', async () => {
    const { send, TableName } = await table();
    await send(new PutItemCommand({ TableName, Item: itemOf('a', 100) }));
    expect(await send(new GetItemCommand({ TableName, Key: key('a') }))).toMatchObject({ Item: itemOf('a', 100) });
    await expect(send(new GetItemCommand({ TableName: 'nowhere', Key: key('a') }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('tells what lies in the table now, which counts as no read', async () => {
    const { running, send, TableName, counts } = await table();
    await send(new PutItemCommand({ TableName, Item: itemOf('a', 5000) }));
    await send(new PutItemCommand({ TableName, Item: itemOf('b', 200) }));
    await send(new DeleteItemCommand({ TableName, Key: key('b') }));
    expect((await running.engine.usage()).tables).toEqual([{ tableName: TableName, items: 1, bytes: 5000 }]);
    expect(await counts()).not.toHaveProperty('Scan');
  });
});

describe('SQS', () => {
  test('bills each call as one request for each begun 64 KB, also a receive that brings nothing', async () => {
    const running = await start(bare(), { metered: true });
    const client = queuesOf(running);
    const QueueUrl = running.engine.schedulers[0].delayQueueUrl;
    const body = (kib: number) => 'x'.repeat(kib * 1024);
    await client.send(new ReceiveMessageCommand({ QueueUrl }));
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: body(64) }));
    await client.send(new SendMessageCommand({
      QueueUrl, MessageBody: body(64), MessageAttributes: { name: { DataType: 'String', StringValue: 'value' } },
    }));
    expect(outside(await running.engine.usage())).toEqual({
      ReceiveMessage: { requests: 1, units: 1, empty: 1 }, SendMessage: { requests: 2, units: 1 + 2 },
    });
    const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }));
    expect(Messages).toHaveLength(2);
    const [{ ReceiptHandle }] = Messages;
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 30 }));
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    await client.send(new SendMessageBatchCommand({ QueueUrl, Entries: [1, 2, 3].map(id => ({ Id: String(id), MessageBody: body(30) })) }));
    expect(outside(await running.engine.usage())).toMatchObject({
      ReceiveMessage: { requests: 2, units: 1 + 3, empty: 1 },
      ChangeMessageVisibility: { requests: 1, units: 1 },
      DeleteMessage: { requests: 1, units: 1 },
      SendMessageBatch: { requests: 1, units: 2 },
    });
  });
});

describe('SNS', () => {
  test('bills a call, also of a batch, as one request for each begun 64 KB, and counts what goes to a queue', async () => {
    const running = await start(bare(), { metered: true });
    const client = topicsOf(running);
    const TopicArn = running.engine.schedulers[0].inputTopicArn;
    await client.send(new PublishCommand({ TopicArn, Message: 'x'.repeat(64 * 1024) }));
    await client.send(new PublishCommand({ TopicArn, Message: 'é'.repeat(32 * 1024 + 1) }));
    const batch = (kib: number) => ({
      TopicArn, PublishBatchRequestEntries: Array.from({ length: 10 }, (_, id) => ({ Id: String(id), Message: '"'.repeat(kib * 1024) })),
    });
    await client.send(new PublishBatchCommand(batch(1)));
    await client.send(new PublishBatchCommand(batch(10)));
    const usage = await running.engine.usage();
    expect(outside(usage)).toEqual({ Publish: { requests: 2, units: 1 + 2 }, PublishBatch: { requests: 2, units: 1 + 2 } });
    expect(usage.deliveries).toEqual([{ queueName: expect.stringContaining('IngestQueue'), messages: 22 }]);
  });
});

/** An ingest function that logs a line of ten bytes, and takes a while. */
const INGEST = `
exports.handler = async () => {
  process.stdout.write('"ten byt\\u00e9"\\n');
  await new Promise(resolve => setTimeout(resolve, 50));
};`;

describe('a function', () => {
  const assembly = (): string => synthStack((stack: Stack) => {
    const parts = new Parts(stack, 'P', { ingest: INGEST, functionProps: { memorySize: 256 } });
    parts.ingest.addEventSource(new SqsEventSource(parts.ingestQueue, { batchSize: 1, reportBatchItemFailures: true }));
    parts.table.grantReadWriteData(parts.load);
  });

  test('is billed for its invocations and its log lines; its mapping for what it receives and deletes', async () => {
    const running = await start(assembly(), { metered: true });
    const { inputTopicArn: TopicArn, functions } = running.engine.schedulers[0];
    const client = topicsOf(running);
    for (const Message of ['a', 'b']) await client.send(new PublishCommand({ TopicArn, Message }));
    const ended = () => running.events.filter(event => event.type === 'invocation' && event.functionName === functions.ingest);
    await until('two invocations', () => ended().length === 2);
    const deletes = ({ requests }: Usage) => requests.find(({ operation }) => operation === 'DeleteMessageBatch')?.requests;
    await until('two deletes', async () => deletes(await running.engine.usage()) === 2);
    const usage = await running.engine.usage();
    const ingest = usage.functions.find(({ functionName }) => functionName === functions.ingest);
    const billedMs = ended().reduce((sum, event) => sum + (event.type === 'invocation' ? event.durationMs : 0), 0);
    expect(billedMs).toBeGreaterThanOrEqual(100);
    expect(ingest).toMatchObject({ memoryMb: 256, invocations: 2, billedMs, logLines: 2, logBytes: 22 });
    expect(usage.requests.filter(({ caller }) => caller.kind === 'lambda')).toEqual([
      expect.objectContaining({ caller: { kind: 'lambda', functionName: functions.ingest }, operation: 'ReceiveMessage', requests: 2, units: 2, empty: 0 }),
      expect.objectContaining({ caller: { kind: 'lambda', functionName: functions.ingest }, operation: 'DeleteMessageBatch', requests: 2, units: 2 }),
    ]);
  });

  test('is told from others by its credentials; what is denied is not counted', async () => {
    const running = await start(assembly(), { metered: true });
    const { tableName: TableName, functions } = running.engine.schedulers[0];
    const idOf = (name: string) => accessKeyId(`arn:aws:lambda:${running.engine.region}:000000000000:function:${name}`, 'code');
    await tableOf(running, idOf(functions.load)).send(new PutItemCommand({ TableName, Item: itemOf('a', 100) }));
    await expect(tableOf(running, idOf(functions.deliver)).send(new PutItemCommand({ TableName, Item: itemOf('a', 100) }))).rejects.toThrow('not authorized');
    expect((await running.engine.usage()).requests.filter(({ unit }) => unit === 'dynamodb-write')).toEqual([
      { caller: { kind: 'function', functionName: functions.load }, operation: 'PutItem', unit: 'dynamodb-write', requests: 1, units: 1, empty: 0 },
    ]);
  });
});

test('counts nothing unless asked to', async () => {
  const running = await start(bare());
  await expect(running.engine.usage()).rejects.toThrow('metered: true');
});

test.each([
  [0, 1, 1, 0.5, 1],
  [1024, 1, 1, 0.5, 1],
  [1025, 2, 1, 0.5, 1],
  [4096, 4, 1, 0.5, 1],
  [4097, 5, 2, 1, 1],
  [65536, 64, 16, 8, 1],
  [65537, 65, 17, 8.5, 2],
])('%d bytes are %d write units, %d read units, %d where consistency is not asked for, and %d requests of a queue', (bytes, write, read, eventual, message) => {
  expect([writeUnits(bytes), readUnits(bytes, true), readUnits(bytes, false), messageUnits(bytes)]).toEqual([write, read, eventual, message]);
});

test.each([
  ['text in UTF-8', { a: { S: 'é' } }, 3],
  ['binary', { a: { B: Buffer.alloc(10).toString('base64') } }, 11],
  ['a number by its significant digits', { a: { N: '1200' } }, 3],
  ['a long number', { a: { N: '1764086400123' } }, 1 + 8],
  ['a negative fraction', { a: { N: '-0.05' } }, 1 + 3],
  ['yes, no and nothing', { a: { BOOL: true }, b: { NULL: true } }, 4],
  ['sets', { a: { SS: ['x', 'yz'] }, b: { NS: ['1', '2'] }, c: { BS: [Buffer.alloc(3).toString('base64')] } }, 3 + 3 + 4 + 3],
  ['a list', { a: { L: [{ S: 'xy' }, { S: 'z' }] } }, 1 + 3 + 3 + 2],
  ['a map', { a: { M: { b: { S: 'cd' } } } }, 1 + 3 + 3 + 1],
])('counts %s', (_, item, bytes) => {
  expect(itemBytes(item as Parameters<typeof itemBytes>[0])).toBe(bytes);
});
