// The table of the deliver path, by the real store and its client of DynamoDB.
import * as path from 'node:path';
import { BatchExecuteStatementCommand, DescribeTableCommand, DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { TableCommand } from '../../bench/deliver-path/table-child';
import { Child } from '../../scripts/support/child';
import { DynamoDbStore } from '../../src/adapters/dynamodb-store';
import { SystemClock } from '../../src/core/clock';
import { State } from '../../src/core/state';
import { firstTurn, rowKey, Webhook } from '../../src/core/webhook';
import { LOCAL_CREDENTIALS } from '../../src/local/emulators';
import { RecordingLog } from '../support/recording-log';

const LATENCY_MS = 5;
const child = new Child<TableCommand>(path.join(__dirname, '../../bench/deliver-path/table-child.ts'));
let client: DynamoDBClient;
let store: DynamoDbStore;

const webhook = (id: string): Webhook => {
  const dueAt = 2_000_000_000_000;
  return { id, dueAt, partition: 3, date: new Date(dueAt).toISOString(), url: `http://127.0.0.1/${id}`, method: 'POST', payload: '{"a":1}', ownId: false };
};

beforeAll(async () => {
  const endpoint = await child.ask<string>({ latencyMs: LATENCY_MS });
  client = new DynamoDBClient({ region: 'eu-west-1', endpoint, credentials: LOCAL_CREDENTIALS, maxAttempts: 1 });
  store = new DynamoDbStore(client, { tableName: 'Table', retentionMs: 60_000 }, new SystemClock(), new RecordingLog());
});

afterAll(async () => {
  client.destroy();
  await child.close();
});

test('returns the messages that were stored, many at once, and leaves out those that were not', async () => {
  const webhooks = Array.from({ length: 120 }, (_, i) => webhook(`many-${i}`));
  await Promise.all(webhooks.map((one) => store.put(one, 'ingest')));
  const found = await store.get([...webhooks, webhook('absent')].map(firstTurn));
  expect(found).toEqual(new Map(webhooks.map((one) => [rowKey(one), one])));
});

test.each([1, 3])('takes claims and their outcomes, %d at once, and returns the state that each leads to', async (count) => {
  const turns = Array.from({ length: count }, (_, i) => ({ turn: firstTurn(webhook(`claimed-${i}-of-${count}`)), claimant: `me-${i}` }));
  const claims = await Promise.all(store.claim(turns, 1_000, 2_000, 5_000));
  for (const [i, { turn, claimant }] of turns.entries()) {
    const expected = {
      id: turn.id, status: 'delivering', turn: 0, at: turn.at, dueAt: turn.dueAt, partition: 3, claimant, leaseUntil: 2_000, attempts: [],
    };
    expect(claims[i]).toEqual({ claimed: expect.objectContaining(expected) });
    const { claimed } = claims[i] as { readonly claimed: State };
    const attempt = { at: new Date(turn.at).toISOString(), lateMs: 1, durationMs: 2, status: 200 };
    const delivered = { ...claimed, status: 'delivered', endedAt: turn.at, attempts: [attempt], leaseUntil: undefined } as const;
    expect(await store.replaceState(claimed, delivered)).toBe(true);
    expect(await store.readState(turn.id)).toMatchObject({ status: 'delivered', attempts: [attempt] });
  }
});

test('inserts by statements', async () => {
  const { Responses } = await client.send(new BatchExecuteStatementCommand({
    Statements: [
      { Statement: 'INSERT INTO "Table" VALUE {\'pk\': ?, \'sk\': ?, \'n\': ?}', Parameters: [{ S: 'inserted' }, { S: 's' }, { N: '1' }] },
      { Statement: 'DELETE FROM "Table"' },
    ],
  }));
  expect(Responses).toEqual([{ TableName: 'Table' }, { Error: { Code: 'ValidationError', Message: expect.stringContaining('DELETE FROM') } }]);
  const key = { pk: { S: 'inserted' }, sk: { S: 's' } };
  const { Item } = await client.send(new GetItemCommand({ TableName: 'Table', Key: key }));
  expect(Item).toEqual({ ...key, n: { N: '1' } });
});

test('has no state of a webhook that nobody has claimed', async () => {
  expect(await store.readState('unclaimed')).toBeUndefined();
});

test('refuses what deliver does not ask', async () => {
  await expect(client.send(new DescribeTableCommand({ TableName: 'Table' }))).rejects.toThrow('the table of the bench does not know DescribeTable');
});
