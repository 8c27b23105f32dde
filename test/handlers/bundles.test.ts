// The functions as they are deployed: what of the client for secrets is in them, and that it is loaded only where there are secrets.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { Receiver } from '../../scripts/support/receiver';
import { DynamoDbStore } from '../../src/adapters/dynamodb-store';
import { SystemClock } from '../../src/core/clock';
import { firstTurn, turnText } from '../../src/core/webhook';
import type { createDeliverHandler } from '../../src/handlers/deliver-handler';
import { Variable } from '../../src/handlers/environment';
import { accepted } from '../support/accepted';
import { Cloud } from '../support/cloud';
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

/** Starts the function that sends in a process of its own, and says whether any of the client's code has run. */
function startsClient(variables: Record<string, string>): boolean {
  const directory = mkdtempSync(path.join(tmpdir(), 'coverage-'));
  try {
    const { status, stderr } = spawnSync(process.execPath, ['--eval', `require(${JSON.stringify(bundle('deliver'))})`], {
      env: { ...process.env, ...variables, NODE_V8_COVERAGE: directory }, encoding: 'utf8', timeout: 30_000,
    });
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    const [file] = readdirSync(directory);
    const { result } = JSON.parse(readFileSync(path.join(directory, file), 'utf8')) as { result: ScriptCoverage[] };
    const { functions } = result.find(({ url }) => url.endsWith('deliver.lambda/index.js'))!;
    const position = textOf('deliver').indexOf(CLIENT);
    const around = functions.flatMap(({ ranges }) => ranges).filter(({ startOffset, endOffset }) => startOffset <= position && position < endOffset);
    const [innermost] = around.sort((a, b) => (a.endOffset - a.startOffset) - (b.endOffset - b.startOffset));
    return innermost.count > 0;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[] }[];
}

test('it is loaded while the function starts where there are secrets, and nowhere else', () => {
  expect(startsClient({})).toBe(false);
  expect(startsClient({ [Variable.SIGNING]: JSON.stringify({ secretId: 'bundle', overlapMs: 0 }) })).toBe(true);
  expect(startsClient({ [Variable.SECRET_HEADERS]: JSON.stringify([{ header: 'a', secretId: 'bundle', hosts: ['api.example.com'] }]) })).toBe(true);
});

test('what is deployed signs', async () => {
  await cloud.secrets.send(new CreateSecretCommand({ Name: 'bundle', SecretString: KEY }));
  cloud.setEnvironment({ [Variable.SIGNING]: JSON.stringify({ secretId: 'bundle', overlapMs: 86_400_000 }) });
  const { handler } = jest.requireActual<{ handler: ReturnType<typeof createDeliverHandler> }>(bundle('deliver'));
  const store = new DynamoDbStore(cloud.dynamodb, { tableName: cloud.tableName, retentionMs: 86_400_000 }, new SystemClock());
  const webhook = accepted('bundle', { date: new Date().toISOString(), url: `${receiver.url}/`, method: 'post', payload: { a: 1 } });
  await store.put(webhook, 'ingest');
  expect(await handler(sqsEvent(turnText(firstTurn(webhook))), { awsRequestId: 'bundle', getRemainingTimeInMillis: () => 60_000 }))
    .toEqual({ batchItemFailures: [] });
  const [{ headers, body }] = receiver.requests;
  expect(accepts(KEY, { headers: Object.fromEntries(headers), body })).toBe(true);
});
