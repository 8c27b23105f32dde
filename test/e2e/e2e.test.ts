// The command `npm run e2e`, against the local engine: what it finds by the engine's own file, and by the outputs and variables of an account.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { OUTPUTS } from '../../scripts/end-to-end/deployment';
import { completeOnThisMachine } from '../../scripts/end-to-end/local';
import type { LocalOutputs } from '../../scripts/end-to-end/outputs';
import { Cleanup } from '../../scripts/support/cleanup';
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
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/end-to-end.ts', ...args], { cwd: PROJECT, env: { ...process.env, ...env } });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, output, errors };
}

/** The engine as an account would show itself: by variables of the SDK, and by a file that `cdk deploy` has written. Signed with is another secret. */
async function asAnAccount(): Promise<{ env: NodeJS.ProcessEnv; file: string }> {
  const { region, endpoints } = outputs;
  const at = (endpoint: string) => ({ region, endpoint, credentials: LOCAL_CREDENTIALS });
  const secrets = new SecretsManagerClient(at(endpoints.secretsmanager));
  const clients = {
    sns: new SNSClient(at(endpoints.sns)), sqs: new SQSClient(at(endpoints.sqs)), dynamodb: new DynamoDBClient(at(endpoints.dynamodb)), secrets,
  };
  Object.values(clients).forEach((client) => void cleanup.open(() => client, () => client.destroy()));
  const deployment = await completeOnThisMachine(outputs, clients, cleanup);
  const { ARN } = await secrets.send(new CreateSecretCommand({ Name: 'another', SecretString: `whsec_${Buffer.alloc(32, 1).toString('base64')}` }));
  const { inputTopicArn, failureQueueUrl, receiverUrl, arrivalsTable } = deployment;
  const values = {
    InputTopicArn: inputTopicArn, FailureQueueUrl: failureQueueUrl, ReceiverUrl: `${receiverUrl}/`, ArrivalsTable: arrivalsTable, SigningSecretArn: ARN,
  };
  expect(Object.keys(values)).toEqual(OUTPUTS);
  const file = path.join(directory, 'cdk.json');
  writeFileSync(file, JSON.stringify({ SomeOther: { Bucket: 'b' }, WebhookSchedulerEndToEnd: values }));
  return {
    file,
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

test('says that all is well where it is, and names what is wrong where it is not', async () => {
  const account = await asAnAccount();
  const [well, wrong] = await Promise.all([
    e2e(['--outputs-file', outputsFile]),
    e2e(['--outputs-file', account.file, '--patience', '6'], account.env),
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
}, TIMEOUT_MS);

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
