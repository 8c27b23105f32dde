// The clients of AWS, before a service that never answers.
import { once } from 'node:events';
import { createServer, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { bounds } from '../../src/adapters/aws-clients';

const MAX_IN_FLIGHT = 100;

let service: Server;
let received: number;
let client: DynamoDBClient;

beforeEach(async () => {
  received = 0;
  service = createServer(() => received++).listen(0, '127.0.0.1');
  await once(service, 'listening');
  const endpoint = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  client = new DynamoDBClient({ ...bounds(), endpoint, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
});
afterEach(() => {
  client.destroy();
  service.closeAllConnections();
  service.close();
});

const call = (abortSignal?: AbortSignal) => client.send(new GetItemCommand({ TableName: 'Table', Key: { pk: { S: 'a' } } }), { abortSignal });

test('who is given up while a hundred others hang does not wait for them', async () => {
  const controllers = Array.from({ length: MAX_IN_FLIGHT }, () => new AbortController());
  let settled = 0;
  const hanging = controllers.map(({ signal }) => call(signal).catch((error: Error) => {
    settled++;
    return error.name;
  }));
  while (received < MAX_IN_FLIGHT) {
    await new Promise(setImmediate);
  }
  await expect(call(AbortSignal.timeout(20))).rejects.toMatchObject({ name: 'AbortError' });
  expect({ received, settled }).toEqual({ received: MAX_IN_FLIGHT, settled: 0 });

  controllers.forEach((controller) => controller.abort());
  expect(new Set(await Promise.all(hanging))).toEqual(new Set(['AbortError']));
});
