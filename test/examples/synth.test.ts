// Every example app: synthesized in TypeScript as its header says, held against what it is there to show, and against cdk-nag. In Python it has
// to be readable here; test/languages synthesizes it, and holds its template against that of TypeScript.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { Example, EXAMPLES, EXAMPLES_DIRECTORY, INPUT_TOPIC_ARN, Json, NAG_FINDINGS_FILE, OTHER_ACCOUNT, synthTypeScript, TemplateJson } from './support/examples';
import { removeTemporaryDirectories, temporaryDirectory } from '../local/fixture';

const TIMEOUT_MS = 120_000;
const AT_ONCE = 2;

const NAG = path.join(__dirname, 'support', 'nag.ts');

const templates: Record<string, Record<string, TemplateJson>> = {};
const findings: Record<string, string[]> = {};

beforeAll(async () => {
  const left = [...EXAMPLES];
  const synthNext = async (): Promise<void> => {
    for (let example = left.shift(); example; example = left.shift()) {
      const outdir = temporaryDirectory();
      templates[example.name] = await synthTypeScript(example, outdir, NAG);
      findings[example.name] = JSON.parse(readFileSync(path.join(outdir, NAG_FINDINGS_FILE), 'utf8')) as string[];
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, synthNext));
}, TIMEOUT_MS);
afterAll(removeTemporaryDirectories);

interface Found {
  readonly id: string;
  readonly properties: Readonly<Record<string, Json>>;
}

function resources(example: string, stack: string, type: string): Found[] {
  return Object.entries(templates[example][stack].Resources).filter(([, { Type }]) => Type === type)
    .map(([id, { Properties = {} }]) => ({ id, properties: Properties }));
}

/** Actions that the policies of a role allow, those of which the name of the policy begins so. */
function allowed(example: string, stack: string, policy: string): string[] {
  return resources(example, stack, 'AWS::IAM::Policy').filter(({ id }) => id.startsWith(policy)).flatMap(({ properties }) => (
    (properties.PolicyDocument as { Statement: { Action: string | string[] }[] }).Statement.flatMap(({ Action }) => Action)
  ));
}

const functionOf = (example: string, stack: string, id: string): Found => (
  resources(example, stack, 'AWS::Lambda::Function').find((found) => found.id.startsWith(id)) as Found
);
const variablesOf = ({ properties }: Found): Record<string, Json> => (properties.Environment as { Variables: Record<string, Json> }).Variables;

test('all are known here, and there are as many in Python', () => {
  const folders = (language: string): string[] => readdirSync(path.join(EXAMPLES_DIRECTORY, language), { withFileTypes: true })
    .filter((entry) => entry.isDirectory()).map(({ name }) => name).sort();
  const known = [...new Set(EXAMPLES.map(({ typescript }) => path.dirname(typescript)))].sort();
  // The local engine runs `local`.
  expect(folders('typescript')).toEqual([...known, 'local'].sort());
  expect(folders('python')).toEqual(known);
});

test('producer: its function may publish, and knows where', () => {
  expect(allowed('producer', 'ProducerExample', 'TrialsServiceRole')).toEqual(['sns:Publish']);
  const [{ id: topic }] = resources('producer', 'ProducerExample', 'AWS::SNS::Topic').filter(({ id }) => id.includes('InputTopic'));
  expect(variablesOf(functionOf('producer', 'ProducerExample', 'Trials')).WEBHOOK_SCHEDULER_TOPIC_ARN).toEqual({ Ref: topic });
});

test('signed: only the receiver and the scheduler read the secret, and nobody needs credentials to call the receiver', () => {
  expect(allowed('signed', 'SignedExample', 'ReceiverServiceRole').sort()).toEqual(['dynamodb:PutItem', 'secretsmanager:GetSecretValue']);
  const [{ id: secret }] = resources('signed', 'SignedExample', 'AWS::SecretsManager::Secret');
  expect(variablesOf(functionOf('signed', 'SignedExample', 'Receiver')).SIGNING_SECRET_ARN).toEqual({ Ref: secret });
  expect(resources('signed', 'SignedExample', 'AWS::Lambda::Url').map(({ properties }) => properties.AuthType)).toEqual(['NONE']);
});

test('cross-stack: the platform lets the other account in, and each producer may publish to its topic', () => {
  const [{ properties: policy }] = resources('cross-stack', 'PlatformExample', 'AWS::SNS::TopicPolicy').filter(({ id }) => id.includes('InputTopic'));
  expect(JSON.stringify(policy)).toContain(`:iam::${OTHER_ACCOUNT}:root`);
  for (const [example, stack] of [['cross-stack', 'BillingExample'], ['cross-stack, other account', 'ShopExample']] as const) {
    expect(allowed(example, stack, 'InvoiceReminders')).toEqual(['sns:Publish']);
  }
  expect(variablesOf(functionOf('cross-stack, other account', 'ShopExample', 'InvoiceReminders')).WEBHOOK_SCHEDULER_TOPIC_ARN).toBe(INPUT_TOPIC_ARN);
});

test('cross-stack: says what is missing where the topic is not named', async () => {
  const example = EXAMPLES.find(({ name }) => name === 'cross-stack, other account') as Example;
  await expect(synthTypeScript({ ...example, context: {} }, temporaryDirectory())).rejects.toThrow('name the scheduler: -c inputTopicArn=arn:aws:sns:…');
});

test('vpc: there is no way to the internet, and what the function needs of AWS has an endpoint', () => {
  for (const type of ['AWS::EC2::NatGateway', 'AWS::EC2::InternetGateway']) {
    expect(resources('vpc', 'VpcExample', type)).toEqual([]);
  }
  const endpoints = resources('vpc', 'VpcExample', 'AWS::EC2::VPCEndpoint').map(({ id, properties }) => (
    [id.replace(/[0-9A-F]{8}$/, ''), properties.VpcEndpointType]
  ));
  expect(endpoints).toEqual([['VpcDynamoDb', 'Gateway'], ['VpcSqs', 'Interface'], ['VpcSns', 'Interface']]);
  const deliver = functionOf('vpc', 'VpcExample', 'SchedulerDeliver');
  expect(JSON.parse(variablesOf(deliver).NETWORK_POLICY as string)).toMatchObject({
    allowedHosts: ['*.internal.example.com'], allowedCidrs: ['10.20.0.0/16'], allowHttp: false, ports: [[443, 443]],
  });
  expect((deliver.properties.VpcConfig as { SubnetIds: Json[] }).SubnetIds).toHaveLength(2);
});

test('monitoring: every alarm tells the people on call, and so does a webhook that has failed', () => {
  const [{ id: onCall }] = resources('monitoring', 'MonitoringExample', 'AWS::SNS::Topic').filter(({ id }) => id.startsWith('OnCall'));
  const alarms = resources('monitoring', 'MonitoringExample', 'AWS::CloudWatch::Alarm');
  expect(alarms.length).toBeGreaterThan(5);
  for (const { properties } of alarms) {
    expect(properties.AlarmActions).toEqual([{ Ref: onCall }]);
  }
  expect(resources('monitoring', 'MonitoringExample', 'AWS::CloudWatch::Dashboard')).toHaveLength(1);
  const mails = resources('monitoring', 'MonitoringExample', 'AWS::SNS::Subscription').map(({ properties }) => properties)
    .filter(({ Protocol }) => Protocol === 'email');
  expect(mails.map(({ FilterPolicy }) => FilterPolicy)).toEqual(expect.arrayContaining([undefined, { reason: [{ 'anything-but': ['refused'] }] }]));
});

/** What cdk-nag has against the examples, none of it about a scheduler, and why it is as it is. */
const ACCEPTED: readonly [rule: RegExp, reason: string][] = [
  [/^AwsSolutions-IAM4\[.*AWSLambdaBasicExecutionRole\]/, 'What CDK gives a function to write its log with; an app\'s own functions are written as most people write them.'],
  [/^AwsSolutions-DDB3 on SignedExample\/Inbox/, 'What the inbox holds is worked off and forgotten; a backup of it would only cost.'],
  [/^AwsSolutions-VPC7 on VpcExample\/Vpc/, 'Flow logs are for whoever owns the VPC to want; they cost by the gigabyte.'],
  [/^AwsSolutions-EC23\[.*could not be validated.\] on VpcExample\/Vpc\/S[qn]s\/SecurityGroup/, 'It lets the addresses of the VPC in, which the rule cannot see.'],
];

test('cdk-nag has nothing against them but what an example may leave out', () => {
  const found = Object.values(findings).flat();
  expect(found.filter((finding) => !ACCEPTED.some(([rule]) => rule.test(finding)))).toEqual([]);
  // No reason outlives what it is about.
  expect(ACCEPTED.filter(([rule]) => !found.some((finding) => rule.test(finding)))).toEqual([]);
});

test('each says how to deploy it, what it costs and how to remove it', () => {
  const apps = EXAMPLES.flatMap(({ typescript, python }) => [path.join('typescript', typescript), path.join('python', python)])
    .filter((file) => !file.includes('smallest'));
  expect(apps).toHaveLength(12);
  for (const file of apps) {
    const header = readFileSync(path.join(EXAMPLES_DIRECTORY, file), 'utf8').split('\nimport ')[0].split('\nfrom ')[0];
    for (const word of ['Deploy', 'Costs', 'Remove']) {
      expect([file, header.includes(word)]).toEqual([file, true]);
    }
  }
});

const python = spawnSync('python3', ['--version']).status === 0;
if (!python) {
  console.warn('Skipped: there is no python3 to read the Python examples with.');
}
(python ? test : test.skip)('Python reads every file of the Python examples', () => {
  const script = 'import ast, pathlib, sys\nfiles = sorted(pathlib.Path(sys.argv[1]).rglob("*.py"))\n'
    + '[ast.parse(file.read_text(), str(file), feature_version=(3, 10)) for file in files]\nprint(len(files))';
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script, path.join(EXAMPLES_DIRECTORY, 'python')], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(Number(stdout)).toBeGreaterThanOrEqual(12);
  expect(existsSync(path.join(EXAMPLES_DIRECTORY, 'python', 'requirements.txt'))).toBe(true);
});
