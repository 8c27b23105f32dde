// Messages that this project itself publishes and shows are valid by the schema that it ships.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { demoWebhooks, invalidMessage } from '../../scripts/demo/webhooks';
import { schemaFaults } from '../support/message-schema';

test('those of the demo', () => {
  const webhooks = demoWebhooks('http://127.0.0.1:8080', Date.parse('2030-01-01T00:00:00Z'), 30_000);
  expect(webhooks.length).toBeGreaterThan(8);
  expect(webhooks.flatMap(({ name, message }) => schemaFaults(message).map((field) => `${name}: ${field}`))).toEqual([]);
});

test('but for the one that is not, whose URL is for the network policy to refuse', () => {
  const { message, wrongFields } = invalidMessage();
  expect(schemaFaults(message).sort()).toEqual(wrongFields.filter((field) => field !== 'url').sort());
});

test('the one that the older system\'s client publishes', () => {
  const client = readFileSync(path.join(__dirname, '..', 'clients', 'older_client.py'), 'utf8');
  const [, fields] = /event = \{([^]*?)\n\}/.exec(client) ?? [];
  expect([...fields.matchAll(/'(\w+)': /g)].map(([, name]) => name)).toEqual(['date', 'url', 'method']);
  const message = { date: '2030-01-31T09:30:00.123456', url: 'https://api.example.com/bot1234:abcd/sendMessage?chat_id=42&text=The kettle has boiled!', method: 'post' };
  expect(schemaFaults(JSON.stringify(message))).toEqual([]);
});
