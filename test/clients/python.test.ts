// A client that knows nothing of this project: the older system's Python producer, against the command `npm run local`.
import { ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { createPythonEnvironment } from './python-environment';
import { Receiver } from '../../scripts/support/receiver';
import { until } from '../support/until';

interface Outputs {
  readonly region: string;
  readonly inputTopicArn: string;
  readonly endpoints: { readonly sns: string };
}

const PROJECT = path.join(__dirname, '..', '..');
const SECONDS_AHEAD = 6;
const TIMEOUT_MS = 120_000;

const environment = createPythonEnvironment();
const withPython = 'python' in environment ? test : test.skip;
if ('missing' in environment) {
  console.warn(`Skipped: the Python client needs boto3 in a virtual environment, and there is none.\n${environment.missing}`);
}

let directory: string | undefined;
let scheduler: ChildProcess | undefined;
let receiver: Receiver | undefined;

afterAll(async () => {
  if (scheduler?.exitCode === null) {
    const exited = once(scheduler, 'exit');
    scheduler.kill('SIGINT');
    await exited;
  }
  await receiver?.close();
  if (directory !== undefined) {
    rmSync(directory, { recursive: true, force: true });
  }
  if ('remove' in environment) {
    environment.remove();
  }
});

withPython('a producer written for the older scheduler works as it is', async () => {
  const { python } = environment as { python: string };
  receiver = await Receiver.start();
  const outputs = await startScheduler();

  const { stdout } = await promisify(execFile)(
    python,
    [path.join(__dirname, 'older_client.py'), receiver.url, outputs.inputTopicArn, String(SECONDS_AHEAD)],
    {
      env: {
        ...process.env,
        AWS_ENDPOINT_URL_SNS: outputs.endpoints.sns,
        AWS_DEFAULT_REGION: outputs.region,
        AWS_ACCESS_KEY_ID: 'any',
        AWS_SECRET_ACCESS_KEY: 'any',
        NO_PROXY: '127.0.0.1',
      },
    },
  );
  const date = stdout.trim();
  expect(date).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{6})?$/); // no offset: the older system failed on it

  await until('the request', () => receiver?.requests.length === 1);
  const [request] = receiver.requests;
  expect(request.method).toBe('POST');
  expect(request.body).toHaveLength(0);
  const url = new URL(request.target, receiver.url);
  expect(url.pathname).toBe('/bot1234:abcd/sendMessage');
  expect([...url.searchParams]).toEqual([['chat_id', '42'], ['text', 'The kettle has boiled!']]);
  expect(request.arrivedAt).toBeGreaterThanOrEqual(milliseconds(date));
}, TIMEOUT_MS);

/** Microseconds rounded up: the millisecond in which they lie begins before them. */
function milliseconds(utcDate: string): number {
  return Date.parse(`${utcDate.slice(0, 23)}Z`) + (Number(utcDate.slice(23)) > 0 ? 1 : 0);
}

async function startScheduler(): Promise<Outputs> {
  directory = mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-python-test-'));
  const file = path.join(directory, 'outputs.json');
  scheduler = spawn(process.execPath, ['--import', 'tsx', 'src/local/cli.ts', '--outputs-file', file], {
    cwd: PROJECT, stdio: ['ignore', 'ignore', 'inherit'],
  });
  await until('the scheduler to have started', () => existsSync(file) || scheduler?.exitCode !== null, 60);
  return JSON.parse(readFileSync(file, 'utf8')) as Outputs;
}
