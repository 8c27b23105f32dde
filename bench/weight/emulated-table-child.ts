// Child process with the emulated table, filled with the rows of a minute before it is asked for them. Ends when its parent does.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { BatchWriteItemCommand, CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { DueRows, DueRowsOptions } from './due-rows';
import { obeyParent } from '../../scripts/support/obey-parent';
import { batchesOf } from '../../src/adapters/batches';
import { PARTITION_KEY, SORT_KEY } from '../../src/adapters/table-keys';
import { LOCAL_CREDENTIALS } from '../../src/local/emulators';

export interface EmulatedTableCommand {
  readonly tableName: string;
  readonly rows: DueRowsOptions;
}

/** BatchWriteItem takes at most this many. */
const BATCH = 25;
const WRITERS = 4;
const WAIT_SECONDS = 10;

async function serve({ tableName, rows }: EmulatedTableCommand): Promise<string> {
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: LOCAL_CREDENTIALS });
  await client.send(new CreateTableCommand({
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [PARTITION_KEY, SORT_KEY].map((name) => ({ AttributeName: name, AttributeType: 'S' })),
    KeySchema: [{ AttributeName: PARTITION_KEY, KeyType: 'HASH' }, { AttributeName: SORT_KEY, KeyType: 'RANGE' }],
  }));
  await waitUntilTableExists({ client, minDelay: 1, maxDelay: 1, maxWaitTime: WAIT_SECONDS }, { TableName: tableName });
  const due = new DueRows(rows);
  const batches = batchesOf([...due.cursor(), ...due.items()], BATCH);
  await Promise.all(Array.from({ length: WRITERS }, async () => {
    for (let batch = batches.pop(); batch; batch = batches.pop()) {
      await client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: batch.map((Item) => ({ PutRequest: { Item } })) } }));
    }
  }));
  client.destroy();
  return endpoint;
}

obeyParent(serve);
