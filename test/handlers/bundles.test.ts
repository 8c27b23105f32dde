// The functions as they are deployed: which of them has the client for secrets, and that it works there.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { Receiver } from '../../scripts/support/receiver';
import { DynamoDbStore } from '../../src/adapters/dynamodb-store';
import { SystemClock } from '../../src/core/clock';
import { firstTurn, turnText } from '../../src/core/webhook';
import { Variable } from '../../src/handlers/environment';
import { accepted } from '../support/accepted';
import { Cloud } from '../support/cloud';
import { RecordingLog } from '../support/recording-log';
import { sqsEvent } from '../support/sqs-events';
import { accepts } from '../support/standard-webhooks';

const bundle = (name: string) => path.join(__dirname, '..', '..', 'assets', 'handlers', `${name}.lambda`, 'index.js');
const textOf = (name: string) => readFileSync(bundle(name), 'utf8');
const CLIENT = 'GetSecretValue';
const KEY = `whsec_${Buffer.alloc(32, 'bundle').toString('base64')}`;

let cloud: Cloud;
let receiver: Receiver;

beforeAll(async () => {
  cloud = await Cloud.start();
  receiver = await Receiver.start();
  cloud.setEnvironment();
});
afterAll(async () => {
  await receiver.close();
  await cloud.stop();
});

test('only the function that sends has the client', () => {
  expect(['ingest', 'load', 'deliver'].map((name) => textOf(name).includes(CLIENT))).toEqual([false, false, true]);
});

const INVOKE = `require(process.argv[1]).handler(JSON.parse(process.argv[2]), { awsRequestId: 'bundle', getRemainingTimeInMillis: () => 60_000 })
  .then((answer) => process.stderr.write(JSON.stringify(answer)))`;

/** Runs a function in a process of its own, as Lambda does, and returns its answer. */
async function invoke(name: string, event: object): Promise<unknown> {
  const { stderr } = await promisify(execFile)(process.execPath, ['--eval', INVOKE, bundle(name), JSON.stringify(event)], { env: { ...process.env } });
  return JSON.parse(stderr);
}

test('what is deployed signs', async () => {
  await cloud.secrets.send(new CreateSecretCommand({ Name: 'bundle', SecretString: KEY }));
  cloud.setEnvironment({ [Variable.SIGNING]: JSON.stringify({ secretId: 'bundle', overlapMs: 86_400_000 }) });
  const store = new DynamoDbStore(cloud.dynamodb, { tableName: cloud.tableName, retentionMs: 86_400_000 }, new SystemClock(), new RecordingLog());
  const webhook = accepted('bundle', { date: new Date().toISOString(), url: `${receiver.url}/`, method: 'post', payload: { a: 1 } });
  await store.put(webhook, 'ingest');
  expect(await invoke('deliver', sqsEvent(turnText(firstTurn(webhook))))).toEqual({ batchItemFailures: [] });
  const [{ headers, body }] = receiver.requests;
  expect(accepts(KEY, { headers: Object.fromEntries(headers), body })).toBe(true);
});
