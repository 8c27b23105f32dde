// Small CDK apps with the parts of a scheduler, built from plain resources, and helpers to run them.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { MANIFEST_KEY, type SchedulerManifest } from '../../src/core/manifest';
import { type EngineEvent, LocalEngine, type LocalEngineOptions } from '../../src/local/engine';

export { until } from '../support/until';

const directories: string[] = [];

/** A new directory that {@link removeTemporaryDirectories} removes. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'local-engine-test-'));
  directories.push(directory);
  return directory;
}

export function removeTemporaryDirectories(): void {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
}

/** A handler that does nothing and succeeds. */
export const SUCCEED = 'exports.handler = async () => ({});';

/** A handler that logs the bodies of its event as one JSON line. */
export const LOG_BODIES = `
exports.handler = async event => {
  console.log(JSON.stringify({ bodies: event.Records.map(record => record.body) }));
};`;

/** An asset of one file: `index.js`, or `index.mjs` for an ES module. */
export function code(source: string, file = source.includes('export const') ? 'index.mjs' : 'index.js'): lambda.Code {
  const directory = temporaryDirectory();
  writeFileSync(path.join(directory, file), source);
  return lambda.Code.fromAsset(directory);
}

export interface PartsProps {
  readonly ingest?: string;
  readonly load?: string;
  readonly deliver?: string;
  readonly functionProps?: Partial<lambda.FunctionProps>;
  readonly ingestQueue?: sqs.QueueProps;
}

/** The parts of a scheduler without its logic: handlers are given as source text. */
export class Parts extends Construct {
  public readonly inputTopic: sns.Topic;
  public readonly failureTopic: sns.Topic;
  public readonly table: dynamodb.Table;
  public readonly ingestQueue: sqs.Queue;
  public readonly delayQueue: sqs.Queue;
  public readonly ingest: lambda.Function;
  public readonly load: lambda.Function;
  public readonly deliver: lambda.Function;

  constructor(scope: Construct, id: string, props: PartsProps = {}) {
    super(scope, id);
    this.inputTopic = new sns.Topic(this, 'InputTopic');
    this.failureTopic = new sns.Topic(this, 'FailureTopic');
    this.table = new dynamodb.Table(this, 'Table', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'ttl',
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.ingestQueue = new sqs.Queue(this, 'IngestQueue', { enforceSSL: true, ...props.ingestQueue });
    this.delayQueue = new sqs.Queue(this, 'DelayQueue', { visibilityTimeout: Duration.seconds(30) });
    this.ingest = this.fn('Ingest', props.ingest, props);
    this.load = this.fn('Load', props.load, props);
    this.deliver = this.fn('Deliver', props.deliver, props);
    this.inputTopic.addSubscription(new subscriptions.SqsSubscription(this.ingestQueue));
    const logicalId = (construct: Construct): string => Stack.of(this).getLogicalId(construct.node.defaultChild as sns.CfnTopic);
    const manifest: SchedulerManifest = {
      inputTopic: logicalId(this.inputTopic),
      failureTopic: logicalId(this.failureTopic),
      table: logicalId(this.table),
      ingestQueue: logicalId(this.ingestQueue),
      delayQueue: logicalId(this.delayQueue),
      ingestFunction: logicalId(this.ingest),
      loadFunction: logicalId(this.load),
      deliverFunction: logicalId(this.deliver),
    };
    (this.inputTopic.node.defaultChild as sns.CfnTopic).addMetadata(MANIFEST_KEY, manifest);
  }

  private fn(id: string, source: string | undefined, props: PartsProps): lambda.Function {
    return new lambda.Function(this, id, {
      runtime: lambda.Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: code(source ?? SUCCEED),
      timeout: Duration.seconds(10),
      ...props.functionProps,
    });
  }
}

/** Synthesizes what `build` adds to an app, and returns the directory of the assembly. */
export function synth(build: (app: App) => void, context: Record<string, unknown> = {}): string {
  const app = new App({ outdir: path.join(temporaryDirectory(), 'cdk.out'), context, analyticsReporting: false });
  build(app);
  return app.synth().directory;
}

/** Synthesizes one stack, named `Stack`. */
export function synthStack(build: (stack: Stack) => void): string {
  return synth(app => build(new Stack(app, 'Stack')));
}

/** Writes an assembly by hand: one stack with this template. */
export function writeAssembly(template: object, options: { assets?: object; environment?: string } = {}): string {
  const directory = temporaryDirectory();
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'manifest.json'), JSON.stringify({
    version: '99.0.0',
    artifacts: {
      'Stack': {
        type: 'aws:cloudformation:stack',
        environment: options.environment ?? 'aws://unknown-account/unknown-region',
        properties: { templateFile: 'Stack.template.json' },
      },
      'Stack.assets': { type: 'cdk:asset-manifest', properties: { file: 'Stack.assets.json' } },
    },
  }));
  writeFileSync(path.join(directory, 'Stack.template.json'), JSON.stringify(template));
  writeFileSync(path.join(directory, 'Stack.assets.json'), JSON.stringify(options.assets ?? { files: {} }));
  return directory;
}

/** An engine that is running, and what it told so far. */
export interface Running {
  readonly engine: LocalEngine;
  readonly events: EngineEvent[];
}

const running: LocalEngine[] = [];

export async function start(assembly: string, options: Omit<LocalEngineOptions, 'assembly' | 'onEvent'> = {}): Promise<Running> {
  const events: EngineEvent[] = [];
  const engine = await LocalEngine.start({ assembly, ...options, onEvent: event => events.push(event) });
  running.push(engine);
  return { engine, events };
}

/** Stops every engine that {@link start} started. */
export async function stopEngines(): Promise<void> {
  await Promise.all(running.splice(0).map(engine => engine.stop()));
}

/** The JSON lines that functions logged, in order. */
export function records({ events }: Running): Record<string, unknown>[] {
  return events.flatMap(event => (event.type === 'log' && event.record ? [event.record] : []));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
