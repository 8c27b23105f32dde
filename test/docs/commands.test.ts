// Every shell and Python block of the README and the guides, and every TypeScript block that is a module, is run against the local engine, or it is
// named here why not.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { SecretsManagerClient, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { RemovalPolicy } from 'aws-cdk-lib';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as ts from 'typescript';
import { FunctionUrl } from '../../scripts/support/function-url';
import { Receiver } from '../../scripts/support/receiver';
import { RetryPolicy, WebhookScheduler, WebhookSigning } from '../../src';
import { createPythonEnvironment } from '../clients/python-environment';
import { records, removeTemporaryDirectories, Running, start, stopEngines, synthStack, until } from '../local/fixture';
import { LOOPBACK_POLICY } from '../support/local-scheduler';
import { SCHEMA_FILE } from '../support/message-schema';
import { Block, blocksOf, PROJECT } from './support/blocks';

const TIMEOUT_MS = 60_000;
/** Under this name the guides know an endpoint. */
const ENDPOINT = 'https://api.example.com';
/** And at this instant they schedule. */
const DATE = /2030-01-31T09:30:00Z/g;

/** Blocks that are not run here, each by a text of its own, and the test that runs what they show. */
const EXEMPT: readonly (readonly [page: string, mark: string, test: string])[] = [
  ['README.md', 'npm ci && npm run demo', 'test/demo/demo.test.ts'],
  ['README.md', 'npm run local', 'test/local/cli.test.ts'],
  ['README.md', "const scheduler = new WebhookScheduler(stack, 'Scheduler')", 'test/examples/synth.test.ts'],
  ['README.md', 'scheduler = WebhookScheduler(stack, "Scheduler")', 'test/languages/python.test.ts'],
  ['docs/security.md', 'git clone --branch', 'test/package/reproducible.test.ts'],
];

/** Commands for what no emulator here has, and the calls that the command line makes of them: it checks what it is given before it makes one. */
const CALLS: readonly (readonly [page: string, mark: string, ...calls: string[]])[] = [
  ['docs/failures.md', 'start-message-move-task', 'AmazonSQS.StartMessageMoveTask', 'AmazonSQS.StartMessageMoveTask', 'AmazonSQS.ListMessageMoveTasks'],
  ['docs/operations.md', 'delete-table', 'DynamoDB_20120810.UpdateTable', 'DynamoDB_20120810.DeleteTable', 'secretsmanager.DeleteSecret'],
  [
    'docs/operations.md', 'list-backups', 'DynamoDB_20120810.ListBackups', 'DynamoDB_20120810.RestoreTableFromBackup',
    'DynamoDB_20120810.UpdateTimeToLive', 'DynamoDB_20120810.UpdateContinuousBackups', 'DynamoDB_20120810.UpdateTable',
  ],
  ['docs/operations.md', 'restore-table-to-point-in-time', 'DynamoDB_20120810.RestoreTableToPointInTime', 'DynamoDB_20120810.CreateBackup'],
];

const covered = new Set<string>();

/** All that could be run: a TypeScript block that stands within a fixture only says how something is written. */
const RUNNABLE = blocksOf('sh', 'python', 'ts').filter(({ language, options }) => language !== 'ts' || options === 'nofixture');

/** The one block of a page that holds a text. */
function blockWith(page: string, mark: string): Block {
  const [block, ...others] = RUNNABLE.filter((one) => one.page === page && one.code.includes(mark));
  if (!block || others.length > 0) {
    throw new Error(`${page}: expected one block with ${mark}, not ${block ? others.length + 1 : 0}`);
  }
  covered.add(block.place);
  return block;
}

const hasAws = spawnSync('aws', ['--version']).status === 0;
const environment = createPythonEnvironment('jsonschema', 'standardwebhooks', ...(hasAws ? [] : ['awscli']));
const withPython = 'python' in environment ? test : test.skip;
if ('missing' in environment) {
  console.warn(`Skipped: the shell and Python blocks of the guides need the AWS command line and boto3 in a virtual environment, and there is none.\n${environment.missing}`);
}
const binaries = 'directory' in environment ? path.join(environment.directory, 'bin') : '';

let running: Running;
let receiver: Receiver;
let variables: Record<string, string>;

beforeAll(async () => {
  receiver = await Receiver.start({ behaviours: { '/refused': { first: [{ status: 410 }] } } });
  running = await start(synthStack((stack) => {
    const scheduler = new WebhookScheduler(stack, 'Scheduler', {
      networkPolicy: LOOPBACK_POLICY,
      signing: WebhookSigning.generated(),
      retryPolicy: RetryPolicy.none(),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    scheduler.failureTopic.addSubscription(new subscriptions.SqsSubscription(new sqs.Queue(stack, 'Failures', { queueName: 'failures' })));
  }));
  const { engine } = running;
  const [scheduler] = engine.schedulers;
  const queues = client(SQSClient, engine.endpoints.sqs);
  const { QueueUrl: failures } = await queues.send(new GetQueueUrlCommand({ QueueName: 'failures' }));
  queues.destroy();
  variables = {
    WEBHOOK_SCHEDULER_TOPIC_ARN: scheduler.inputTopicArn,
    WEBHOOK_TABLE: scheduler.tableName,
    SIGNING_SECRET_ARN: scheduler.signingSecretArn!,
    FAILURES_QUEUE_URL: failures!,
    SCHEMA: SCHEMA_FILE,
    AWS_ENDPOINT_URL_SNS: engine.endpoints.sns,
    AWS_ENDPOINT_URL_SQS: engine.endpoints.sqs,
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoints.dynamodb,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: engine.endpoints.secretsmanager,
    AWS_REGION: engine.region,
    AWS_DEFAULT_REGION: engine.region,
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
    NO_PROXY: '127.0.0.1',
  };
}, TIMEOUT_MS);

afterAll(async () => {
  await stopEngines();
  await receiver.close();
  removeTemporaryDirectories();
  if ('remove' in environment) {
    environment.remove();
  }
});

/** Runs a text with what stands in for AWS and for the endpoint; rejects where it fails. */
async function run(language: string, text: string, more: Record<string, string> = {}): Promise<string> {
  const env = { ...process.env, ...variables, PATH: `${binaries}${path.delimiter}${process.env.PATH}`, ...more };
  const [command, ...args] = language === 'python' ? [path.join(binaries, 'python'), '-c'] : ['bash', '-euo', 'pipefail', '-c'];
  const { stdout } = await promisify(execFile)(command, [...args, text.replaceAll(ENDPOINT, receiver.url)], { env, timeout: TIMEOUT_MS });
  return stdout;
}

const runBlock = ({ language, code }: Block, secondsAhead = 4) => (
  run(language, code.replace(DATE, new Date(Date.now() + secondsAhead * 1000).toISOString()))
);
/** What a module of TypeScript exports, loaded with what stands in for AWS in its environment. */
function load({ code }: Block): Record<string, (...args: never[]) => unknown> {
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true };
  const { outputText } = ts.transpileModule(code, { compilerOptions });
  const exports = {};
  const requireFrom = (name: string): unknown => createRequire(__filename)(name.replace(/^cdk-webhook-scheduler\//, `${PROJECT}/`));
  new Function('require', 'exports', outputText)(requireFrom, exports);
  return exports;
}

const requestsTo = (target: string) => receiver.requests.filter((request) => request.target.split('?')[0] === target);
const client = <T>(Client: new (options: object) => T, endpoint: string) => (
  new Client({ endpoint, region: running.engine.region, credentials: { accessKeyId: 'any', secretAccessKey: 'any' } })
);

async function publishSigned(target: string): Promise<void> {
  const sns = client(SNSClient, running.engine.endpoints.sns);
  await sns.send(new PublishCommand({
    TopicArn: variables.WEBHOOK_SCHEDULER_TOPIC_ARN,
    Message: JSON.stringify({ date: new Date().toISOString(), url: `${receiver.url}${target}`, method: 'POST', payload: { order: 4711 } }),
  }));
  sns.destroy();
}

async function secretString(): Promise<string> {
  const secrets = client(SecretsManagerClient, running.engine.endpoints.secretsmanager);
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: variables.SIGNING_SECRET_ARN }));
  secrets.destroy();
  return SecretString!;
}

const arrived = (target: string) => until(`a request to ${target}`, () => requestsTo(target)[0]);

describe('the README', () => {
  withPython('publishes in Python, for in 36 hours', async () => {
    await runBlock(blockWith('README.md', 'boto3.client("sns").publish'));
    const host = new URL(receiver.url).host;
    const { due, owner } = await until('the webhook to be scheduled', () => records(running).find((record) => record.message === 'webhook scheduled' && record.host === host));
    expect(owner).toBe('load');
    expect(Date.parse(due as string) - Date.now()).toBeGreaterThan(35.9 * 3_600_000);
  }, TIMEOUT_MS);
});

describe('message.md', () => {
  withPython('publishes in a shell', async () => {
    await runBlock(blockWith('docs/message.md', '/from-a-shell'));
    const { method, body } = await arrived('/from-a-shell');
    expect([method, body.toString()]).toEqual(['POST', '{"order": 4711}']);
  }, TIMEOUT_MS);

  withPython('publishes in Python', async () => {
    await runBlock(blockWith('docs/message.md', '/from-python'));
    const { method, body } = await arrived('/from-python');
    expect([method, body.toString()]).toEqual(['POST', '{"order": 4711}']);
  }, TIMEOUT_MS);

  withPython('publishes lists in batches, twice without firing twice', async () => {
    // The same dates the second time, as the guide asks for.
    const { language, code } = blockWith('docs/message.md', 'publish_batch');
    const date = new Date(Date.now() + 6_000).toISOString();
    const fixed = code.replace(/^date = .*$/m, `date = "${date}"`);
    expect(fixed).not.toBe(code);
    await run(language, fixed);
    await run(language, fixed);
    const targets = Array.from({ length: 125 }, (_, order) => `/batch/${order}`); // twelve whole lists and half a one, in two calls
    await until('the batch', () => targets.every((target) => requestsTo(target).length > 0));
    expect(targets.flatMap(requestsTo)).toHaveLength(targets.length);
  }, TIMEOUT_MS);

  withPython('checks messages by the schema', async () => {
    await expect(runBlock(blockWith('docs/message.md', 'Draft202012Validator'))).resolves.toBe('');
  }, TIMEOUT_MS);

  withPython('cancels, and outcomes.md reads what became of it', async () => {
    await runBlock(blockWith('docs/message.md', '"action": "cancel"'), 3600);
    const query = blockWith('docs/outcomes.md', 'aws dynamodb query');
    const items = await until('the state', async () => {
      const { Items } = JSON.parse(await runBlock(query)) as { Items: { status?: { S: string } }[] };
      return Items.some(({ status }) => status) && Items;
    });
    expect(items.map(({ status }) => status?.S).filter((status) => status !== undefined)).toEqual(['cancelled']);
    expect(requestsTo('/cancelled')).toEqual([]);
  }, TIMEOUT_MS);
});

describe('security.md', () => {
  withPython('verifies a signature in Python', async () => {
    const { code } = blockWith('docs/security.md', 'from standardwebhooks');
    await publishSigned('/signed');
    const { headers, body } = await arrived('/signed');
    const before = await secretString();
    const call = '\nimport json, os\nprint(verified(os.environ["KEY"], os.environ["BODY"], json.loads(os.environ["HEADERS"])))\n';
    const request = { KEY: before, BODY: body.toString(), HEADERS: JSON.stringify(Object.fromEntries(headers)) };
    expect(await run('python', code + call, request)).toBe('{\'order\': 4711}\n');
    await expect(run('python', code + call, { ...request, BODY: '{"order": 4712}' })).rejects.toThrow(/WebhookVerificationError/);
  }, TIMEOUT_MS);
});

describe('modules of TypeScript', () => {
  const before = { ...process.env };
  beforeAll(() => Object.assign(process.env, variables));
  afterAll(() => {
    process.env = before;
  });

  test('publish, and read what became of a webhook', async () => {
    const { schedule } = load(blockWith('docs/message.md', 'PublishCommand')) as { schedule: (webhook: object) => Promise<void> };
    const { outcomeOf } = load(blockWith('docs/outcomes.md', 'QueryCommand')) as { outcomeOf: (key: string) => Promise<Record<string, { S?: string }> | undefined> };
    expect(await outcomeOf('.from-typescript')).toBeUndefined();
    await schedule({ id: 'from-typescript', date: new Date(), url: `${receiver.url}/from-typescript`, method: 'POST', payload: ['a'] });
    expect((await arrived('/from-typescript')).body.toString()).toBe('["a"]');
    const state = await until('the outcome', async () => {
      const found = await outcomeOf('.from-typescript');
      return found?.status?.S === 'delivered' && found;
    });
    expect(state.sk.S).toBe('state');
  }, TIMEOUT_MS);

  test('verify a signature', async () => {
    const { verified } = load(blockWith('docs/security.md', "from 'standardwebhooks'")) as { verified: (...texts: [string, string, object]) => unknown };
    await publishSigned('/signed-for-typescript');
    const { headers, body } = await arrived('/signed-for-typescript');
    const arguments_ = [await secretString(), body.toString(), Object.fromEntries(headers)] as const;
    expect(verified(...arguments_)).toEqual({ order: 4711 });
    expect(() => verified(arguments_[0], '{"order": 4712}', arguments_[2])).toThrow('No matching signature found');
  }, TIMEOUT_MS);

  test('check messages by the schema', () => {
    const { requireMessage } = load(blockWith('docs/message.md', 'Ajv2020')) as { requireMessage: (message: unknown) => void };
    expect(() => requireMessage({ action: 'cancel', id: 'order-4711' })).not.toThrow();
    const webhook = { date: '2030-01-31T09:30:00Z', url: 'https://api.example.com/reminders', method: 'POST' };
    expect(() => requireMessage([webhook, webhook])).not.toThrow();
    expect(() => requireMessage([webhook, { ...webhook, date: 'tomorrow' }])).toThrow(/^\/1\/date must match pattern [^\n]*$/);
    expect(() => requireMessage({ ...webhook, date: 'tomorrow' })).toThrow(/^\/date must match pattern [^\n]*$/);
    expect(() => requireMessage({ date: 'tomorrow', url: '/reminders', method: 'POST' })).toThrow(/^\/date must match pattern .*\n\/url must match pattern /);
  });
});

describe('security.md, once nothing is to be verified any more', () => {
  withPython('rotates the key', async () => {
    const before = await secretString();
    await runBlock(blockWith('docs/security.md', 'put-secret-value'));
    expect(await secretString()).toMatch(/^whsec_.{44}$/);
    expect(await secretString()).not.toBe(before);
  }, TIMEOUT_MS);
});

describe('operations.md', () => {
  withPython('redrives what has failed', async () => {
    const redrive = blockWith('docs/operations.md', '"action": "redrive"');
    await run('sh', 'aws sns publish --topic-arn "$WEBHOOK_SCHEDULER_TOPIC_ARN" '
      + `--message '{"id": "refused-1", "date": "${new Date().toISOString()}", "url": "${ENDPOINT}/refused", "method": "PUT"}'`);
    await arrived('/refused');
    await until('the webhook to be redriven', async () => {
      await runBlock(redrive);
      return requestsTo('/refused').length > 1;
    });
    expect(requestsTo('/refused').map(({ method }) => method)).toEqual(['PUT', 'PUT']);
  }, TIMEOUT_MS);
});

describe('commands for AWS alone', () => {
  withPython.each(CALLS)('%s: %s makes the calls it should', async (page, mark, ...calls) => {
    const made: unknown[] = [];
    // Takes every call, and answers none of what was asked.
    const server = await FunctionUrl.start(async ({ headers }) => {
      made.push(headers['x-amz-target']);
      return { headers: { 'content-type': 'application/x-amz-json-1.0' }, body: '{}' };
    });
    const arns = ['INGEST_QUEUE', 'DELAY_QUEUE', 'INGEST_DEAD_LETTER_QUEUE', 'DELAY_DEAD_LETTER_QUEUE']
      .map((name) => [`${name}_ARN`, `arn:aws:sqs:us-east-1:111122223333:${name}`]);
    const { language, code } = blockWith(page, mark);
    try {
      // As an option, since version 1 of the command line takes no variable for SQS.
      await run(language, `aws() { command aws --endpoint-url ${server.url} "$@"; }\n${code}`, {
        ...Object.fromEntries(arns) as Record<string, string>,
        BACKUP_ARN: 'arn:aws:dynamodb:us-east-1:111122223333:table/Webhooks/backup/01489602797149-73d8d5bc',
        RESTORE_TO: '2030-01-31T09:30:00Z',
      });
    } finally {
      await server.close();
    }
    expect(made).toEqual(calls);
  }, TIMEOUT_MS);
});

withPython('no block is left out', () => {
  const exempt = EXEMPT.map(([page, mark]) => blockWith(page, mark).place);
  expect(exempt).toHaveLength(EXEMPT.length);
  expect(RUNNABLE.map(({ place }) => place).filter((place) => !covered.has(place))).toEqual([]);
});

test('what is not run here is in a test elsewhere', () => {
  expect(EXEMPT.filter(([, , file]) => !existsSync(path.join(PROJECT, file)))).toEqual([]);
});
