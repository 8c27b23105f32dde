// The command `npm run local`: runs a scheduler on this machine until Ctrl+C.

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { eventLine, readyBlock, roles } from './console';
import { type EngineEvent, LocalEngine } from './engine';
import { EXAMPLE_APP, synthExample } from './example-app';

const USAGE = `Usage: npm run local -- [options]

Runs the schedulers of a synthesized CDK app on this machine, without an AWS account.

  --assembly DIR       directory that \`cdk synth\` wrote (default: that of ${EXAMPLE_APP})
  --port N             port of SNS and SQS on 127.0.0.1 (default: a free one)
  --outputs-file F     write what a client needs to know to this JSON file, when ready
  --help               show this
`;
const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

class UsageError extends Error {}

interface CliOptions {
  readonly help: boolean;
  readonly assembly?: string;
  readonly port?: number;
  readonly outputsFile?: string;
}

function parse(argv: readonly string[]): CliOptions {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        'assembly': { type: 'string' },
        'port': { type: 'string' },
        'outputs-file': { type: 'string' },
        'help': { type: 'boolean' },
      },
    });
    return {
      help: values.help ?? false,
      assembly: values.assembly,
      port: values.port === undefined ? undefined : parsePort(values.port),
      outputsFile: values['outputs-file'],
    };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parsePort(value: string): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port < 1 || port > 65_535) throw new UsageError(`--port is '${value}'; expected a number from 1 to 65535.`);
  return port;
}

async function run(options: CliOptions, interrupted: AbortSignal): Promise<void> {
  // Whoever waits for the file must not find that of an earlier run.
  if (options.outputsFile !== undefined) rmSync(options.outputsFile, { force: true });
  if (options.assembly !== undefined) {
    await runAssembly(options.assembly, options, interrupted);
    return;
  }
  const example = mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-example-'));
  try {
    await synthExample(example);
    if (!interrupted.aborted) await runAssembly(example, options, interrupted);
  } finally {
    rmSync(example, { recursive: true, force: true });
  }
}

async function runAssembly(assembly: string, { port, outputsFile }: CliOptions, interrupted: AbortSignal): Promise<void> {
  let roleOf = (functionName: string): string => functionName;
  const onEvent = (event: EngineEvent): void => {
    const line = eventLine(event, roleOf);
    if (line !== undefined) console.log(line);
  };
  const engine = await LocalEngine.start({ assembly, port, onEvent });
  try {
    roleOf = roles(engine.schedulers);
    if (outputsFile !== undefined) writeOutputs(outputsFile, engine);
    console.log(readyBlock(engine));
    await Promise.race([engine.ended, whenAborted(interrupted)]);
  } finally {
    await engine.stop();
  }
}

/** Writes the file at once, so that a reader never sees a part of it. */
function writeOutputs(file: string, engine: LocalEngine): void {
  const outputs = engine.schedulers.map(({ stack, region, inputTopicArn, failureTopicArn, signingSecretArn, tableName, delayQueueUrl }) => (
    { stack, region, inputTopicArn, failureTopicArn, signingSecretArn, tableName, delayQueueUrl }));
  const unfinished = `${file}.${process.pid}.tmp`;
  writeFileSync(unfinished, `${JSON.stringify({
    ...outputs[0],
    endpoints: engine.endpoints,
    ...(outputs.length > 1 ? { schedulers: outputs } : {}),
  }, undefined, 2)}\n`);
  renameSync(unfinished, file);
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}

async function main(): Promise<number> {
  // Whoever runs this has chosen a Node.js; the SDK's advice about it would only stand between the lines below.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const interruption = new AbortController();
  // A signal may come twice: to the process group, and forwarded by npm or tsx.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());
  try {
    const options = parse(process.argv.slice(2));
    if (options.help) console.log(USAGE);
    else await run(options, interruption.signal);
    return 0;
  } catch (error) {
    if (interruption.signal.aborted) return 0;
    console.error(error instanceof Error ? error.message : String(error));
    if (!(error instanceof UsageError)) return EXIT_FAILURE;
    console.error(`\n${USAGE}`);
    return EXIT_USAGE;
  }
}

void main().then(code => process.exit(code));
