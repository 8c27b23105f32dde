import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { CfnOutput } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Parts, isAlive, removeTemporaryDirectories, synthStack, temporaryDirectory, until } from './fixture';
import { LOG_DELIVERED, LOG_FAILED, LOG_REJECTED, LOG_SCHEDULED } from '../../src/core/log-events';

const PROJECT = path.join(__dirname, '..', '..');

interface Cli {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  output(): string;
  errors(): string;
}

const started: ChildProcess[] = [];

/** The command in a process group of its own, as a terminal starts it. What it leaves when it is killed goes with the test's own files. */
function cli(...args: string[]): Cli {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/local/cli.ts', ...args], {
    cwd: PROJECT, detached: true, env: { ...process.env, TMPDIR: temporaryDirectory() },
  });
  started.push(child);
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString(); });
  return { child, output: () => output, errors: () => errors, exit: once(child, 'exit').then(([code]) => code as number | null) };
}

/** All processes below this one. */
function descendants(pid: number): number[] {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n').map(row => row.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] => rows.filter(([, ppid]) => ppid === parent).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  }
});
afterAll(removeTemporaryDirectories);

/** An ingest function that logs whatever line it is sent. */
const LOG_WHAT_COMES = `exports.handler = async event => {
  for (const record of event.Records) {
    const { Message } = JSON.parse(record.body);
    if (Message === 'throw') throw new Error('it broke');
    console.log(Message);
  }
};`;

function assembly(): string {
  return synthStack(stack => {
    const parts = new Parts(stack, 'P', { ingest: LOG_WHAT_COMES });
    parts.ingest.addEventSource(new SqsEventSource(parts.ingestQueue));
    // A queue that does not let the topic in.
    const closed = new sqs.Queue(stack, 'Closed', { queueName: 'closed' });
    new sns.CfnSubscription(stack, 'ToClosed', { topicArn: parts.inputTopic.topicArn, protocol: 'sqs', endpoint: closed.queueArn });
    new CfnOutput(stack, 'Bucket', { value: new s3.Bucket(stack, 'Pictures').bucketName });
  });
}

interface Outputs {
  readonly region: string;
  readonly inputTopicArn: string;
  readonly endpoints: Record<'sns' | 'sqs' | 'dynamodb' | 'secretsmanager', string>;
}

test('shows what runs and what happens, writes its outputs, and stops without a trace on SIGINT', async () => {
  const outputsFile = path.join(temporaryDirectory(), 'outputs.json');
  writeFileSync(outputsFile, 'of an earlier run');
  const running = cli('--assembly', assembly(), '--outputs-file', outputsFile);
  await until('the ready block', () => running.output().includes('Ctrl+C'));

  const outputs = JSON.parse(readFileSync(outputsFile, 'utf8')) as Outputs;
  expect(outputs).toEqual({
    stack: 'Stack',
    region: 'us-east-1',
    inputTopicArn: expect.stringMatching(/^arn:aws:sns:us-east-1:000000000000:Stack-PInputTopic/),
    failureTopicArn: expect.stringMatching(/^arn:aws:sns:us-east-1:000000000000:Stack-PFailureTopic/),
    tableName: expect.stringMatching(/^Stack-PTable/),
    delayQueueUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/000000000000\/Stack-PDelayQueue/),
    endpoints: {
      sns: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      sqs: outputs.endpoints.sns,
      dynamodb: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      secretsmanager: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    },
  });
  expect(running.output()).toContain(`aws sns publish --endpoint-url ${outputs.endpoints.sns} --region us-east-1 --topic-arn ${outputs.inputTopicArn}`);
  expect(running.output()).toContain(`boto3.client('sns', endpoint_url='${outputs.endpoints.sns}', region_name='us-east-1'`);
  expect(running.output()).toMatch(/AWS::S3::Bucket +Pictures/);

  const client = new SNSClient({ endpoint: outputs.endpoints.sns, region: outputs.region, credentials: { accessKeyId: 'any', secretAccessKey: 'any' } });
  const webhook = { webhookId: 'id-1', method: 'POST', host: 'example.com:8443', due: '2030-01-01T00:00:00.000Z' };
  for (const message of [
    JSON.stringify({ level: 'INFO', message: LOG_SCHEDULED, ...webhook, owner: 'load' }),
    JSON.stringify({ level: 'INFO', message: LOG_DELIVERED, ...webhook, lateMs: 4, durationMs: 12, status: 204 }),
    JSON.stringify({ level: 'WARN', message: LOG_FAILED, ...webhook, reason: 'exhausted', attempt: 1, lateMs: 5, durationMs: 13, error: 'ECONNREFUSED' }),
    JSON.stringify({ level: 'WARN', message: LOG_REJECTED, webhookId: 'id-2', fields: ['date', 'url'] }),
    JSON.stringify({ level: 'INFO', message: 'nothing to show' }),
    JSON.stringify({ _aws: { CloudWatchMetrics: [] }, Delivered: 1 }),
    'no JSON',
    'throw',
  ]) {
    await client.send(new PublishCommand({ TopicArn: outputs.inputTopicArn, Message: message }));
  }
  client.destroy();
  for (const line of [
    /scheduled +POST example\.com:8443 +due 2030-01-01T00:00:00\.000Z, load sends it on +id-1/,
    /delivered +POST example\.com:8443 +4 ms late +status 204 in 12 ms +id-1/,
    /failed +POST example\.com:8443 +exhausted: ECONNREFUSED in 13 ms +id-1/,
    /rejected +wrong: date, url +id-2/,
    /output +ingest: no JSON/,
    /ERROR +function ingest failed: Error: it broke/,
    /DENIED +User: sns\.amazonaws\.com is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:.*:closed because no resource-based policy/,
  ]) {
    await until(`a line like ${line}`, () => line.test(running.output()));
  }
  expect(running.output()).not.toContain('nothing to show');
  expect(running.output()).not.toContain('_aws'); // metrics
  expect(running.errors()).toBe('');

  const below = descendants(running.child.pid!);
  expect(below.length).toBeGreaterThanOrEqual(2);
  // As Ctrl+C does: to the whole group.
  process.kill(-running.child.pid!, 'SIGINT');
  expect(await running.exit).toBe(0);
  await until('the end of all processes', () => !below.some(isAlive));
});

test('stops without a trace on SIGTERM, sent to the command alone and twice', async () => {
  const running = cli('--assembly', assembly());
  await until('the ready block or the exit', () => running.output().includes('Ctrl+C') || running.errors() !== '');
  expect(running.errors()).toBe('');
  const below = descendants(running.child.pid!);
  running.child.kill('SIGTERM');
  running.child.kill('SIGTERM');
  expect(await running.exit).toBe(0);
  await until('the end of all processes', () => !below.some(isAlive));
});

test('ends its children when it is killed', async () => {
  const running = cli('--assembly', assembly());
  await until('the ready block', () => running.output().includes('Ctrl+C'));
  const below = descendants(running.child.pid!);
  running.child.kill('SIGKILL');
  await running.exit;
  await until('the end of all processes', () => !below.some(isAlive));
});

test.each([
  [['--colour'], /Unknown option '--colour'/],
  [['--port', 'many'], /--port is 'many'; expected a number from 1 to 65535/],
  [['--port', '70000'], /--port is '70000'/],
  [['--assembly'], /--assembly/],
  [['extra'], /Unexpected argument 'extra'/],
])('explains itself when it is called with %j', async (args, message) => {
  const running = cli(...args);
  expect(await running.exit).toBe(2);
  expect(running.errors()).toMatch(message);
  expect(running.errors()).toContain('Usage: npm run local');
  expect(running.output()).toBe('');
});

test('shows its options', async () => {
  const running = cli('--help');
  expect(await running.exit).toBe(0);
  expect(running.output()).toMatch(/--assembly DIR[^]*--port N[^]*--outputs-file F/);
});

test('ends with 1 and the reason when it cannot run', async () => {
  const outputsFile = path.join(temporaryDirectory(), 'outputs.json');
  const running = cli('--assembly', temporaryDirectory(), '--outputs-file', outputsFile);
  expect(await running.exit).toBe(1);
  expect(running.errors()).toMatch(/is not a cloud assembly/);
  expect(existsSync(outputsFile)).toBe(false);
});
