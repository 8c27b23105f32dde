// The command `npm run e2e`, against the local engine: what it finds by the engine's own file, and by the outputs and variables of an account.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { OUTPUTS, PROBE_OUTPUTS } from '../../scripts/end-to-end/deployment';
import { completeOnThisMachine } from '../../scripts/end-to-end/local';
import type { LocalOutputs } from '../../scripts/end-to-end/outputs';
import { handler as probe } from '../../scripts/end-to-end/probe';
import { handler as receive } from '../../scripts/end-to-end/receiver';
import { Cleanup } from '../../scripts/support/cleanup';
import { FunctionUrl } from '../../scripts/support/function-url';
import { LOCAL_CREDENTIALS } from '../../src/local/emulators';
import { removeTemporaryDirectories, temporaryDirectory, until } from '../local/fixture';

const PROJECT = path.join(__dirname, '..', '..');
/** Half a minute on an idle machine. */
const TIMEOUT_MS = 120_000;

const cleanup = new Cleanup();
let directory: string;
let outputsFile: string;
let outputs: LocalOutputs;

beforeAll(async () => {
  directory = temporaryDirectory();
  outputsFile = path.join(directory, 'local.json');
  await cleanup.open(
    () => spawn(process.execPath, ['--import', 'tsx', 'src/local/cli.ts', '--outputs-file', outputsFile], { cwd: PROJECT, stdio: ['ignore', 'ignore', 'inherit'] }),
    async (child) => {
      const exited = once(child, 'exit');
      child.kill('SIGINT');
      await exited;
    },
  );
  await until('the local engine', () => existsSync(outputsFile));
  outputs = JSON.parse(readFileSync(outputsFile, 'utf8')) as LocalOutputs;
}, TIMEOUT_MS);
afterAll(async () => {
  await cleanup.run();
  removeTemporaryDirectories();
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

async function e2e(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = await cleanup.open(
    () => spawn(process.execPath, ['--import', 'tsx', 'scripts/end-to-end.ts', ...args], { cwd: PROJECT, env: { ...process.env, ...env } }),
    (opened) => { opened.kill(); }, // where a test has given up waiting for it
  );
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, output, errors };
}

type StackOutputs = Record<typeof OUTPUTS[number], string>;

interface Account {
  /** Leads the SDK to it. */
  readonly env: NodeJS.ProcessEnv;
  /** As the stack's would be, whose receiver runs here. */
  readonly values: StackOutputs;
  /** The ARN of a secret that nothing is signed with. */
  readonly otherSecretArn: string;
}

/** The engine as an account would show itself: by variables of the SDK, and by the outputs of a stack. */
async function asAnAccount(): Promise<Account> {
  const { region, endpoints } = outputs;
  const at = (endpoint: string) => ({ region, endpoint, credentials: LOCAL_CREDENTIALS });
  const secrets = new SecretsManagerClient(at(endpoints.secretsmanager));
  const clients = {
    sns: new SNSClient(at(endpoints.sns)), sqs: new SQSClient(at(endpoints.sqs)), dynamodb: new DynamoDBClient(at(endpoints.dynamodb)), secrets,
  };
  Object.values(clients).forEach((client) => void cleanup.open(() => client, () => client.destroy()));
  const deployment = await completeOnThisMachine(outputs, clients, cleanup);
  const { ARN } = await secrets.send(new CreateSecretCommand({ Name: `another-${deployment.arrivalsTable}`, SecretString: `whsec_${Buffer.alloc(32, 1).toString('base64')}` }));
  const { inputTopicArn, failureQueueUrl, receiverUrl, arrivalsTable, signingSecretArn } = deployment;
  return {
    values: {
      InputTopicArn: inputTopicArn,
      FailureQueueUrl: failureQueueUrl,
      ReceiverUrl: `${receiverUrl}/`,
      ArrivalsTable: arrivalsTable,
      SigningSecretArn: signingSecretArn,
    },
    otherSecretArn: ARN as string,
    env: {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: 'any',
      AWS_SECRET_ACCESS_KEY: 'any',
      AWS_ENDPOINT_URL: endpoints.sns, // of SQS too
      AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsmanager,
    },
  };
}

/** As `cdk deploy --outputs-file` writes it. */
function outputsFileOf(values: StackOutputs): string {
  const file = path.join(directory, 'cdk.json');
  writeFileSync(file, JSON.stringify({ SomeOther: { Bucket: 'b' }, WebhookSchedulerEndToEnd: values }));
  return file;
}

/** The functions of the integration test, as Lambda would run them: the receiver behind its URL, and the probe, called again until it is done. */
async function integrationTest({ values, env }: Account): Promise<unknown> {
  Object.assign(process.env, env, { ARRIVALS_TABLE: values.ArrivalsTable });
  const receiver = await cleanup.open(() => FunctionUrl.start(receive), (opened) => opened.close());
  process.env[PROBE_OUTPUTS] = JSON.stringify({ ...values, ReceiverUrl: `${receiver.url}/` });
  expect(await probe({ action: 'publish' })).toEqual({ published: 13 });
  return until('the end of the test', async () => {
    const result = await probe({ action: 'look' });
    return result.complete && result;
  }, 90);
}

test('says that all is well where it is, and names what is wrong where it is not', async () => {
  const [account, another] = [await asAnAccount(), await asAnAccount()];
  const [well, wrong, asserted] = await Promise.all([
    e2e(['--outputs-file', outputsFile]),
    e2e(['--outputs-file', outputsFileOf({ ...account.values, SigningSecretArn: account.otherSecretArn }), '--patience', '6'], account.env),
    integrationTest(another),
  ]);
  const rows = ({ output }: Ended, mark: string) => output.split('\n').filter((line) => line.includes(mark)).map((line) => line.trim().split(/ {2,}/)[0]);
  const arriving = ['JSON', 'form', 'string', 'GET', 'naive date', 'past date', 'failing once', 'published twice', 'failing for good'];

  expect(well.errors).toBe('');
  expect(well.output).toContain('Published 13 messages');
  expect(well.output).toContain('✔ All arrived as they should');
  expect(rows(well, '✔ yes').sort()).toEqual([...arriving, 'cancelled'].sort());
  expect(well.output).toMatch(/failing once .* and 1 more +\d+ ms/);
  expect(well.code).toBe(0);

  expect(wrong.errors).toBe('');
  expect(rows(wrong, '✘ no').sort()).toEqual([...arriving].sort());
  const problems = wrong.output.split('\n').filter((line) => /^ +✘ /.test(line));
  expect(problems).toHaveLength(arriving.length + 1); // one was attempted twice
  expect(problems.every((line) => line.endsWith('the signature does not hold: No matching signature found.'))).toBe(true);
  expect(wrong.code).toBe(1);

  expect(asserted).toEqual({ complete: true, problems: [], late: expect.any(Object) });
  const { late } = asserted as { late: Record<string, number> };
  expect(Object.keys(late).sort()).toEqual(arriving.filter((name) => name !== 'past date').sort());
  expect(Math.min(...Object.values(late))).toBeGreaterThanOrEqual(0);
}, TIMEOUT_MS);

test('an emulator\'s receiver may be called where it is, and in an account no address but public ones', () => {
  const policyOf = (env: NodeJS.ProcessEnv): string => {
    const outdir = temporaryDirectory();
    const { status } = spawnSync(process.execPath, [require.resolve('tsx/cli'), '--tsconfig', 'tsconfig.dev.json', 'scripts/end-to-end/app.ts'], {
      cwd: PROJECT, env: { ...process.env, AWS_ENDPOINT_URL: undefined, CDK_OUTDIR: outdir, ...env },
    });
    expect(status).toBe(0);
    return /NETWORK_POLICY": "(.*)"/.exec(readFileSync(path.join(outdir, 'WebhookSchedulerEndToEnd.template.json'), 'utf8'))?.[1] ?? '';
  };
  const inAnAccount = policyOf({});
  expect(inAnAccount).toContain('\\"allowHttp\\":false,\\"ports\\":[[443,443]]');
  expect(inAnAccount).toContain('\\"allowedCidrs\\":[]');
  expect(policyOf({ AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' })).toContain('\\"172.16.0.0/12\\"');
});

test('finds a stack by its name, and says which outputs it lacks', async () => {
  const asked: string[] = [];
  const members = OUTPUTS.slice(1).map((name) => `<member><OutputKey>${name}</OutputKey><OutputValue>v</OutputValue></member>`);
  const cloudFormation = await cleanup.open(() => FunctionUrl.start(async ({ body = '' }) => {
    asked.push(body);
    return {
      headers: { 'content-type': 'text/xml' },
      body: '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackName>Mine</StackName>'
        + `<CreationTime>2030-01-31T09:30:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${members.join('')}</Outputs></member></Stacks>`
        + '</DescribeStacksResult></DescribeStacksResponse>',
    };
  }), (opened) => opened.close());
  const { code, errors } = await e2e(['--stack', 'Mine'], {
    AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any', AWS_ENDPOINT_URL: undefined, AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
  });
  expect(asked).toEqual([expect.stringContaining('Action=DescribeStacks')]);
  expect(asked[0]).toContain('StackName=Mine');
  expect(errors).toBe('The stack has no output InputTopicArn: it is not that of scripts/end-to-end/app.ts.\n');
  expect(code).toBe(2);
});

test.each<[readonly string[], string]>([
  [[], 'Expected one of --outputs-file and --stack.'],
  [['--outputs-file', 'a', '--stack', 'b'], 'Expected one of --outputs-file and --stack.'],
  [['--stack', 'a', '--patience', 'long'], '--patience is \'long\', expected whole seconds.'],
  [['--outputs-file', '/nowhere/outputs.json'], '/nowhere/outputs.json cannot be read as JSON: ENOENT'],
  [['--outputs-file', 'package-lock.json'], 'The stack has no output InputTopicArn, FailureQueueUrl, ReceiverUrl, ArrivalsTable, SigningSecretArn'],
])('refuses %j with a sentence', async (args, message) => {
  const { code, output, errors } = await e2e(args);
  expect(errors).toContain(message);
  expect(output).toBe('');
  expect(code).toBe(2);
});
