// Where functions are measured: their plans as the example app's template has them, and everything they call.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { buildSync } from 'esbuild';
import { bundleOf, FunctionName } from './bundles';
import { functionsOf } from './stacks';
import { Worker } from './worker';
import type { Counts, WorldCommand, WorldOptions, WorldReply } from './world-child';
import { Child } from '../../scripts/support/child';
import type { Cleanup } from '../../scripts/support/cleanup';
import { exampleAssembly } from '../../scripts/support/example';
import { Variable } from '../../src/handlers/environment';
import { readAssembly } from '../../src/local/assembly';
import { FunctionPlan, planAssembly } from '../../src/local/plan';

const TLS = path.join(__dirname, '..', '..', 'test', 'support', 'tls');
const CERTIFICATE = path.join(TLS, 'cert.pem');

/** AWS speaks of single-digit milliseconds, on average. https://aws.amazon.com/dynamodb/features/ */
export const TABLE_MS = 5;
/**
 * What AWS counts with for a client in the same region.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-throughput-horizontal-scaling-and-batching.html
 */
export const QUEUE_MS = 20;
/** Whatever the memory is, deliver takes as much as it is given. */
const EVERYTHING = { [Variable.TURNS_PER_INVOCATION]: String(Number.MAX_SAFE_INTEGER) };
const NO_ROWS: WorldOptions['rows'] = { from: 0, count: 0, partitions: 16, rowBytes: 1_100 };

export type Scheme = 'http' | 'https';

export interface WorkerSettings {
  /** @default what the template gives the function */
  readonly memoryMib?: number;
  readonly variables?: Readonly<Record<string, string>>;
}

export class World {
  public static async start(cleanup: Cleanup): Promise<World> {
    const directory = await cleanup.open(
      () => mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-weight-')), (opened) => rmSync(opened, { recursive: true }),
    );
    const child = await cleanup.open(() => new Child<WorldCommand>(path.join(__dirname, 'world-child.ts')), (opened) => opened.close());
    const urls = await child.ask<WorldReply>({
      type: 'start', options: { tableMs: TABLE_MS, queueMs: QUEUE_MS, key: path.join(TLS, 'key.pem'), cert: CERTIFICATE, rows: NO_ROWS },
    });
    const plans = functionsOf(planAssembly(readAssembly(await exampleAssembly(cleanup)), urls.services));
    return new World(child, directory, urls, plans);
  }

  private readonly script: string;

  private constructor(
    private readonly child: Child<WorldCommand>,
    private readonly directory: string,
    private readonly urls: Omit<WorldReply, 'counts'>,
    public readonly plans: Readonly<Record<FunctionName, FunctionPlan>>,
  ) {
    this.script = path.join(directory, 'worker.cjs');
    buildSync({
      entryPoints: [path.join(__dirname, 'worker-child.ts')], outfile: this.script, bundle: true, format: 'cjs', platform: 'node', target: 'node20',
    });
  }

  public get pid(): number {
    return this.child.pid;
  }

  /** An empty directory of its own. */
  public newDirectory(name: string): string {
    const created = path.join(this.directory, name);
    mkdirSync(created);
    return created;
  }

  /** Runs something with a function in a new process, which ends with it. */
  public async withWorker<T>(name: FunctionName, settings: WorkerSettings, use: (worker: Worker) => Promise<T>): Promise<T> {
    const { memoryMib: memoryMb = this.plans[name].memoryMb, variables } = settings;
    const { script, urls: { services: endpoint } } = this;
    const worker = await Worker.start({
      script,
      bundle: bundleOf(name),
      plan: { ...this.plans[name], memoryMb },
      endpoint,
      trusted: CERTIFICATE,
      variables: { ...EVERYTHING, ...variables },
    });
    try {
      return await use(worker);
    } finally {
      await worker.close();
    }
  }

  /**
   * Forgets what was counted so far.
   *
   * @param answerMs how long endpoints take from now on
   */
  public async reset(scheme: Scheme, rows = NO_ROWS, answerMs = 0): Promise<void> {
    await this.child.ask({ type: 'reset', url: this.urls[scheme], rows, answerMs });
  }

  public async counts(): Promise<Counts> {
    return (await this.child.ask<WorldReply>({ type: 'counts' })).counts;
  }
}
