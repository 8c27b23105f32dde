// The examples' own functions, in both languages, at work: producers publish to a scheduler in the local engine, its webhooks arrive at the
// receivers, and what is not ours, or not new, does not get in.
import * as path from 'node:path';
import { CreateTableCommand, DynamoDBClient, GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { Webhook } from 'standardwebhooks';
import { EXAMPLES_DIRECTORY } from './support/examples';
import { PartialSns } from './support/partial-sns';
import { PythonFunction } from './support/python-function';
import { Cleanup } from '../../scripts/support/cleanup';
import { exampleAssembly } from '../../scripts/support/example';
import { FunctionUrl, FunctionUrlHandler } from '../../scripts/support/function-url';
import { secretsClient } from '../../scripts/support/local-clients';
import { LOG_ACTION } from '../../src/core/log-events';
import { LOCAL_CREDENTIALS } from '../../src/local/emulators';
import { EngineEvent, LocalEngine } from '../../src/local/engine';
import { createPythonEnvironment } from '../clients/python-environment';
import { until } from '../support/until';

const TIMEOUT_MS = 120_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const REMIND_BEFORE_MS = 2 * DAY_MS;

const environment = createPythonEnvironment();
const LANGUAGES = ['TypeScript', ...('python' in environment ? ['Python'] : [])];
if ('missing' in environment) {
  console.warn(`Skipped: the functions of the Python examples need boto3 in a virtual environment, and there is none.\n${environment.missing}`);
}

type Invoke = (event: object) => Promise<unknown>;

/** A function of an example, in a language, with these variables besides those of the SDK. */
type Load = (example: string, file: string, env: Record<string, string>) => Promise<Invoke>;

const cleanup = new Cleanup();
const events: EngineEvent[] = [];
let engine: LocalEngine;
let dynamodb: DynamoDBClient;
let variables: Record<string, string>;
let signingSecret: string;

beforeAll(async () => {
  const assembly = await exampleAssembly(cleanup);
  engine = await cleanup.open(() => LocalEngine.start({ assembly, onEvent: (event) => events.push(event) }), (opened) => opened.stop());
  const { region, endpoints, schedulers: [{ inputTopicArn, signingSecretArn }] } = engine;
  variables = {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
    AWS_ENDPOINT_URL_SNS: endpoints.sns,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsmanager,
    NO_PROXY: '127.0.0.1',
    WEBHOOK_SCHEDULER_TOPIC_ARN: inputTopicArn,
    SIGNING_SECRET_ARN: signingSecretArn as string,
  };
  dynamodb = await cleanup.open(
    () => new DynamoDBClient({ region, endpoint: endpoints.dynamodb, credentials: LOCAL_CREDENTIALS }), (client) => client.destroy(),
  );
  const { SecretString } = await (await secretsClient(engine, cleanup)).send(new GetSecretValueCommand({ SecretId: signingSecretArn }));
  signingSecret = SecretString as string;
}, TIMEOUT_MS);
afterAll(async () => {
  await cleanup.run();
  if ('remove' in environment) {
    environment.remove();
  }
});

/** In this process; the modules are new ones, whose clients take their settings from the variables when they are first used. */
const typescript: Load = async (example, file, env) => {
  const loaded: { handler?: Invoke } = {};
  jest.isolateModules(() => {
    loaded.handler = (jest.requireActual<{ handler: Invoke }>(path.join(EXAMPLES_DIRECTORY, 'typescript', example, `${file}.ts`))).handler;
  });
  return async (event) => {
    Object.assign(process.env, variables, env);
    return loaded.handler?.(event);
  };
};
const python: Load = async (example, file, env) => {
  const open = () => new PythonFunction((environment as { python: string }).python, path.join(example, 'function'), file, { ...variables, ...env });
  return (await cleanup.open(open, (opened) => opened.close())).invoke;
};
const loadOf = (language: string): Load => (language === 'Python' ? python : typescript);

describe.each(LANGUAGES)('%s', (language) => {
  const load = loadOf(language);
  const inbox = `Inbox-${language}`;
  let receiver: FunctionUrl;
  let schedule: Invoke;

  beforeAll(async () => {
    await dynamodb.send(new CreateTableCommand({
      TableName: inbox,
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }));
    const handler = await load('signed', 'receiver', { INBOX_TABLE: inbox });
    receiver = await cleanup.open(() => FunctionUrl.start(handler as FunctionUrlHandler), (opened) => opened.close());
    schedule = await load('producer', 'trials', { REMINDER_URL: `${receiver.url}/trials` });
    jest.spyOn(console, 'warn').mockReturnValue(undefined);
    jest.spyOn(console, 'info').mockReturnValue(undefined);
  }, TIMEOUT_MS);

  const stored = async (): Promise<Record<string, { receivedAt: number; body: unknown }>> => {
    const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: inbox, ConsistentRead: true }));
    return Object.fromEntries(Items.map(({ id, receivedAt, body }) => (
      [id.S as string, { receivedAt: Date.parse(receivedAt.S as string), body: JSON.parse(body.S as string) as unknown }]
    )));
  };

  test('reminders arrive two days before their trials end, once each, and not at all where the customer has subscribed', async () => {
    const remindAt = Date.now() + 4_000;
    const endsAt = new Date(remindAt + REMIND_BEFORE_MS).toISOString();
    // More than fit into a batch.
    const customers = Array.from({ length: 12 }, (_, i) => `${language}-${i}`);
    const started = customers.map((customer) => ({ customer, endsAt }));
    const [loyal] = customers;
    const later = { customer: loyal, endsAt: new Date(remindAt + REMIND_BEFORE_MS + DAY_MS).toISOString() };
    expect(await schedule({ started: [later, ...started.slice(1)] })).toEqual({ published: 12 });
    // As where the function was invoked again since its answer got lost.
    expect(await schedule({ started: [later, ...started.slice(1)], subscribed: [loyal] })).toEqual({ published: 13 });

    await until('the cancel', () => events.some((event) => (
      event.type === 'log' && event.record?.message === LOG_ACTION && event.record.webhookId === `trial-${loyal}` && event.record.action === 'cancel'
    )));
    await until('the reminders', async () => Object.keys(await stored()).length === 11);
    const arrived = await stored();
    for (const customer of customers.slice(1)) {
      const { receivedAt, body } = arrived[`trial-${customer}`];
      expect(body).toEqual({ customer, endsAt });
      expect(receivedAt).toBeGreaterThanOrEqual(remindAt);
    }
  }, TIMEOUT_MS);

  interface Request {
    readonly id?: string;
    /** By how much its clock is ahead, when it is sent. */
    readonly aheadMs?: number;
    readonly at?: number;
    readonly key?: string;
    readonly body?: string;
    /** Instead of what is right. */
    readonly headers?: Record<string, string>;
    readonly sent?: string;
  }

  async function send(
    { id = 'msg-1', aheadMs = 0, at = Date.now() + aheadMs, key = signingSecret, body = '{"a":1}', headers = {}, sent = body }: Request,
  ): Promise<number> {
    const signature = new Webhook(key).sign(id, new Date(at), body);
    const all = {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at / 1000)),
      'webhook-signature': signature,
      'content-type': 'application/json',
      ...headers,
    };
    const { status } = await fetch(receiver.url, { method: 'POST', headers: all, body: sent });
    return status;
  }

  const OTHER_KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  test.each<[string, Request]>([
    ['not signed', { headers: { 'webhook-signature': '' } }],
    ['signed with another key', { key: OTHER_KEY }],
    ['changed on the way', { sent: '{"a":2}' }],
    ['under another id than it was signed for', { headers: { 'webhook-id': 'msg-2' } }],
    ['recorded six minutes ago', { aheadMs: -6 * 60_000 }],
    ['recorded, with the time set right', { aheadMs: -6 * 60_000, headers: { 'webhook-timestamp': String(Math.floor(Date.now() / 1000)) } }],
    ['ahead of its time', { aheadMs: 6 * 60_000 }],
    ['signed with something else than the body', { headers: { 'webhook-signature': 'v1,bm90IHRoZSBib2R5' } }],
    ['with a signature that is no base64', { headers: { 'webhook-signature': 'v1,!' } }],
    ['with a version that nobody knows', { headers: { 'webhook-signature': 'v9,bm90IHRoZSBib2R5' } }],
    ['with a time that is no number', { headers: { 'webhook-timestamp': 'now' } }],
  ])('a request %s is refused, and leaves nothing behind', async (_, request) => {
    const before = await stored();
    expect(await send(request)).toBe(401);
    expect(await stored()).toEqual(before);
  });

  test('a genuine one gets in, also with a second signature by a key that is being replaced, and once however often it comes', async () => {
    const id = `genuine-${language}`;
    const at = Date.now();
    const theirs = new Webhook(OTHER_KEY).sign(id, new Date(at), '{"a":1}');
    const ours = new Webhook(signingSecret).sign(id, new Date(at), '{"a":1}');
    expect(await send({ id, at, headers: { 'webhook-signature': `${theirs} ${ours}` } })).toBe(204);
    const { Item: first } = await dynamodb.send(new GetItemCommand({ TableName: inbox, Key: { id: { S: id } }, ConsistentRead: true }));
    expect(first?.body.S).toBe('{"a":1}');
    expect(Number(first?.expiresAt.N)).toBeGreaterThan(at / 1000 + 13 * 24 * 60 * 60);
    // Recorded by somebody and sent again at once, or repeated by the scheduler.
    expect(await send({ id, at })).toBe(204);
    const { Item: second } = await dynamodb.send(new GetItemCommand({ TableName: inbox, Key: { id: { S: id } }, ConsistentRead: true }));
    expect(second).toEqual(first);
  });

  test('a body of bytes, which Lambda hands over as base64, is verified as it came', async () => {
    expect(await send({ id: `bytes-${language}`, body: '"é ☕"', headers: { 'content-type': 'application/octet-stream' } })).toBe(204);
    expect((await stored())[`bytes-${language}`].body).toBe('é ☕');
  });

  describe('an SNS that takes one message of each batch', () => {
    async function produce(count: number, senderFault: boolean): Promise<{ sns: PartialSns; result: Promise<unknown> }> {
      const sns = await cleanup.open(() => PartialSns.start({ senderFault }), (opened) => opened.close());
      const invoke = await load('producer', 'trials', { REMINDER_URL: 'https://api.example.com/', AWS_ENDPOINT_URL_SNS: sns.url });
      const subscribed = Array.from({ length: count }, (_, i) => `c-${i}`);
      return { sns, result: invoke({ subscribed }) };
    }

    test('gets what it has left behind once more', async () => {
      const { sns, result } = await produce(4, false);
      expect(await result).toEqual({ published: 4 });
      expect(sns.calls).toEqual([4, 3, 2, 1]);
      expect(sns.taken.map((message) => (JSON.parse(message) as { id: string }).id)).toEqual(['trial-c-0', 'trial-c-1', 'trial-c-2', 'trial-c-3']);
    });

    test('fails the invocation where messages are left in the end, and names them', async () => {
      const { sns, result } = await produce(6, false);
      await expect(result).rejects.toThrow('SNS did not take trial-c-4 (InternalFailure: a bad day), trial-c-5 (InternalFailure: a bad day)');
      expect(sns.calls).toEqual([6, 5, 4, 3]);
    });

    test('is not asked again for what is the sender\'s own fault', async () => {
      const { sns, result } = await produce(2, true);
      await expect(result).rejects.toThrow('SNS did not take trial-c-1 (InternalFailure: a bad day)');
      expect(sns.calls).toEqual([2]);
    });
  });

  test('a reminder of another stack\'s or account\'s producer arrives as well', async () => {
    const remind = await load('cross-stack', 'remind', { REMINDER_URL: `${receiver.url}/invoices` });
    const payableUntil = new Date(Date.now() + 3_000).toISOString();
    expect(await remind({ number: `${language}-1`, payableUntil })).toEqual({ id: `invoice-${language}-1` });
    const { receivedAt, body } = await until('the reminder', async () => (await stored())[`invoice-${language}-1`]);
    expect(body).toEqual({ number: `${language}-1` });
    expect(receivedAt).toBeGreaterThanOrEqual(Date.parse(payableUntil));
  }, TIMEOUT_MS);
});
