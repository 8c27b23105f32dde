// A function in a process of its own, with the variables of its template and the machine's services in place of AWS.
import type { Look, WorkerCommand, WorkerReply, Usage } from './worker-child';
import { Child } from '../../scripts/support/child';
import { lambdaFlags } from '../../src/local/lambda-flags';
import type { FunctionPlan } from '../../src/local/plan';

export interface WorkerOptions {
  /** The compiled `worker-child.ts`. */
  readonly script: string;
  readonly plan: Pick<FunctionPlan, 'variables' | 'memoryMb' | 'region'>;
  readonly bundle: string;
  /** Where all AWS services listen. */
  readonly endpoint: string;
  /** File in PEM with a certificate to trust. */
  readonly trusted: string;
  readonly variables?: Readonly<Record<string, string>>;
}

/** What functions find in their environment. */
export const LAMBDA_VARIABLES = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  // What Node.js and the SDK have to say of this machine's Node.js is not said on Lambda.
  NODE_NO_WARNINGS: '1',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
} as const;

export class Worker {
  /** Starts the process and loads the bundle in it. */
  public static async start(options: WorkerOptions): Promise<Worker> {
    const worker = new Worker(options);
    try {
      await worker.ask({ type: 'load', bundle: options.bundle });
      return worker;
    } catch (error) {
      await worker.close();
      throw error;
    }
  }

  private readonly child: Child<WorkerCommand>;

  private constructor({ script, plan, endpoint, trusted, variables }: WorkerOptions) {
    this.child = new Child(script, {
      execArgv: [...lambdaFlags(plan.memoryMb)],
      env: {
        ...plan.variables,
        ...variables,
        PATH: process.env.PATH,
        NODE_EXTRA_CA_CERTS: trusted,
        ...LAMBDA_VARIABLES,
        AWS_REGION: plan.region,
        AWS_ENDPOINT_URL: endpoint,
        AWS_LAMBDA_LOG_FORMAT: 'JSON',
        AWS_LAMBDA_FUNCTION_NAME: 'bench',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(plan.memoryMb),
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
  }

  public get pid(): number {
    return this.child.pid;
  }

  /**
   * Runs the handler; resolves with what the process has taken so far.
   *
   * @param looksAtMemory whether to collect all garbage now and then, to see what is left. It takes processor time that the handler lacks.
   * @param looksAt when to look at its processor time meanwhile, in milliseconds since the epoch
   */
  public async invoke(
    event: unknown, timeoutMs: number, looksAtMemory = false, looksAt: readonly number[] = [],
  ): Promise<{ readonly result: unknown; readonly usage: Usage; readonly looks: readonly Look[] }> {
    return this.ask({ type: 'invoke', event, timeoutMs, looksAtMemory, looksAt });
  }

  public async usage(): Promise<Usage> {
    return (await this.ask({ type: 'usage' })).usage;
  }

  public close(): Promise<void> {
    return this.child.close();
  }

  private async ask(command: WorkerCommand): Promise<WorkerReply & { result: unknown }> {
    const reply = await this.child.ask<WorkerReply>(command);
    if (reply.error !== undefined) {
      throw new Error(`the function failed: ${reply.error}`);
    }
    return { ...reply, result: reply.result };
  }
}
