// Runs a function the way Lambda does: execution environments on demand, reused while warm, one invocation at a time in each.

import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import type { Endpoints } from './emulators';
import { LOCAL_CREDENTIALS } from './emulators';
import type { HandlerError, HostReply, Invocation } from './function-host';
import { accessKeyId } from './iam/security-plan';
import { lambdaFlags } from './lambda-flags';
import type { FunctionPlan } from './plan';

/** What the engine tells about its functions. */
export type EngineEvent =
  /** A line that a function wrote to stdout or stderr; `record` is the line parsed, where it is a JSON object. */
  | { readonly type: 'log'; readonly functionName: string; readonly line: string; readonly record?: Record<string, unknown> }
  /** Something was not allowed, by the policies of the template; `message` is how AWS words it. */
  | { readonly type: 'denied'; readonly principal: string; readonly action: string; readonly resource: string; readonly message: string }
  /** An invocation ended; `error` tells why it failed: by the handler's error, by its timeout or by a crash. */
  | {
    readonly type: 'invocation';
    readonly functionName: string;
    /** Records of its event; 0 for events that are not a batch. */
    readonly records: number;
    /** Loading included, rounded up as Lambda does for its bill. */
    readonly durationMs: number;
    readonly coldStart: boolean;
    readonly error?: string;
  };

/** How an invocation ended. */
export type InvocationResult =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly error: HandlerError };

/** Lambda gives a function up to 10 s to load; a busy machine gets three times that. */
const LOAD_LIMIT_MS = 30_000;
/**
 * A machine is no fleet: environments of one function at most, where AWS would go to a thousand. What waits for an instant holds its environment
 * meanwhile, so that with too few of them the rest of what is due then begins late. With too many, each has less of the machine, and the emulated
 * table more to do than it can: measured on two cores, the last of 1,000 webhooks of one instant are answered after 0.5 s with 16, and after 1.5 s
 * with 12; of 10,000, none are lost with 16, and with 20 some requests to the table wait longer than the SDK's timeout.
 */
export const ENVIRONMENT_LIMIT = 8 * availableParallelism();

/**
 * Lets few execution environments load at one time, of all functions together: AWS has a core for each of them, a machine has not, and what
 * all start at once starves, and with it what runs already. Who waits for one takes the first that becomes free instead.
 */
export class StartLimit {
  private loading = 0;
  private waiting: (() => void)[] = [];

  private readonly limit = availableParallelism();

  /** Starts one, or returns `undefined` if as many load as may. */
  public start<T extends { readonly loaded: Promise<unknown> }>(create: () => T): T | undefined {
    if (this.loading >= this.limit) return undefined;
    const started = create();
    this.loading++;
    void started.loaded.finally(() => {
      this.loading--;
      this.changed();
    });
    return started;
  }

  /** Resolves when there may be an environment for who waits. */
  public wait(): Promise<void> {
    return new Promise(resolve => this.waiting.push(resolve));
  }

  /** An environment has become free, or nobody needs one any more. */
  public changed(): void {
    this.waiting.splice(0).forEach(look => look());
  }
}

export class FunctionRuntime {
  private readonly idle: Environment[] = [];
  private readonly environments = new Set<Environment>();
  private readonly waiting: (() => void)[] = [];
  private busy = 0;
  private stopped = false;

  constructor(
    public readonly plan: FunctionPlan,
    private readonly hostScript: string,
    private readonly endpoints: Endpoints,
    /** Whether what the function writes gets into a log stream. */
    private readonly mayLog: (logStream: string) => boolean,
    private readonly onEvent: (event: EngineEvent) => void,
    private readonly starts: StartLimit,
  ) {}

  /** Invocations at one time at most. */
  public get concurrencyLimit(): number {
    return Math.min(this.plan.reservedConcurrency ?? ENVIRONMENT_LIMIT, ENVIRONMENT_LIMIT);
  }

  public get pids(): number[] {
    return [...this.environments].flatMap(environment => environment.pid ?? []);
  }

  /** Runs the handler once; waits while as many invocations as may run at one time do. Never rejects. */
  public async invoke(event: string, records: number): Promise<InvocationResult> {
    if (this.busy >= this.concurrencyLimit) await new Promise<void>(resolve => this.waiting.push(resolve));
    else this.busy++;
    try {
      return await this.invokeNow(event, records);
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.busy--;
    }
  }

  /** Kills the environments that run an invocation whose event holds a text; the invocation fails. Returns the events. */
  public crash(handling: string): readonly string[] {
    const busy = [...this.environments].filter(environment => environment.busy && environment.event.includes(handling));
    busy.forEach(environment => environment.crashNow());
    return busy.map(({ event }) => event);
  }

  /** Ends every environment, in the middle of an invocation too. */
  public async stop(): Promise<void> {
    this.stopped = true;
    this.waiting.splice(0).forEach(resume => resume());
    this.starts.changed();
    await Promise.all([...this.environments].map(environment => environment.kill()));
  }

  private async invokeNow(event: string, records: number): Promise<InvocationResult> {
    const taken = await this.take();
    if (!taken) return failure('Engine.Stopped', 'the engine is stopping');
    const { environment, coldStart } = taken;
    const started = performance.now();
    const result = await environment.invoke(event);
    if (environment.usable) this.idle.push(environment);
    else this.environments.delete(environment);
    this.starts.changed();
    if (!this.stopped) {
      this.onEvent({
        type: 'invocation',
        functionName: this.plan.name,
        records,
        durationMs: Math.ceil(performance.now() - started),
        coldStart,
        ...(result.ok ? {} : { error: `${result.error.errorType}: ${result.error.errorMessage}` }),
      });
    }
    return result;
  }

  /** An environment for one invocation; `undefined` once the engine stops. */
  private async take(): Promise<{ readonly environment: Environment; readonly coldStart: boolean } | undefined> {
    while (!this.stopped) {
      // The one used last is the one whose caches are warm.
      const warm = this.idle.pop();
      if (warm?.usable) return { environment: warm, coldStart: false };
      if (warm) {
        this.environments.delete(warm);
        continue;
      }
      const started = this.starts.start(() => this.newEnvironment());
      if (started) {
        this.environments.add(started);
        return { environment: started, coldStart: true };
      }
      await this.starts.wait();
    }
    return undefined;
  }

  private newEnvironment(): Environment {
    const logStream = `local/[$LATEST]${randomUUID().replaceAll('-', '')}`;
    let logs: boolean | undefined;
    return new Environment(this.plan, this.hostScript, environmentVariables(this.plan, this.endpoints, logStream), line => {
      logs ??= this.mayLog(logStream);
      if (logs) this.onEvent(logEvent(this.plan.name, line));
    });
  }
}

class Environment {
  /** Of its invocation, or of the latest one, as JSON. */
  public event = '';
  /** Resolves once it has loaded its handler, or cannot: with why not. */
  public readonly loaded: Promise<InvocationResult | undefined>;
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;
  private receive: ((reply: HostReply) => void) | undefined;
  private crash: ((error: HandlerError) => void) | undefined;
  private end: HandlerError | undefined;

  constructor(private readonly plan: FunctionPlan, hostScript: string, variables: Record<string, string>, onLine: (line: string) => void) {
    this.child = fork(hostScript, [], {
      cwd: plan.codeDirectory,
      execArgv: [...lambdaFlags(plan.memoryMb)],
      env: variables,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream) createInterface({ input: stream, crlfDelay: Infinity }).on('line', onLine);
    }
    this.child.on('message', reply => this.receive?.(reply as HostReply));
    this.exited = new Promise(resolve => {
      const ended = (description: string): void => {
        this.end ??= { errorType: 'Runtime.ExitError', errorMessage: description };
        this.crash?.(this.end);
        resolve();
      };
      this.child.once('exit', (code, signal) => ended(`the function's process ended with ${signal ?? `exit code ${code}`}`));
      this.child.once('error', error => ended(`the function's process failed: ${error.message}`));
    });
    this.loaded = this.exchange(LOAD_LIMIT_MS, 'loading');
  }

  public get pid(): number | undefined {
    return this.child.pid;
  }

  /** Whether it can take another invocation. */
  public get usable(): boolean {
    return this.end === undefined;
  }

  /** Whether it loads its handler or runs an invocation. */
  public get busy(): boolean {
    return this.usable && this.receive !== undefined;
  }

  public async invoke(event: string): Promise<InvocationResult> {
    this.event = event;
    const notLoaded = await this.loaded;
    if (notLoaded) {
      await this.kill();
      return notLoaded;
    }
    const timeoutMs = this.plan.timeoutSeconds * 1000;
    const invocation: Invocation = { requestId: randomUUID(), event, functionArn: this.plan.arn, timeoutMs };
    const result = this.exchange(timeoutMs, 'invocation');
    // A failed send means that the process has ended, which settles the exchange.
    if (this.usable) this.child.send(invocation, () => undefined);
    return await result ?? failure('Runtime.Protocol', 'the function answered out of turn');
  }

  /** Ends the process as if it had crashed: an answer that it has not yet given is never given. */
  public crashNow(): void {
    this.end = { errorType: 'Runtime.ExitError', errorMessage: "the function's process ended with SIGKILL" };
    this.receive = undefined;
    this.child.kill('SIGKILL');
  }

  public async kill(): Promise<void> {
    this.end ??= { errorType: 'Engine.Stopped', errorMessage: 'the engine ended the function' };
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** Waits for the next reply; `undefined` for the one that says the handler is loaded. */
  private exchange(limitMs: number, what: 'loading' | 'invocation'): Promise<InvocationResult | undefined> {
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        this.end = {
          errorType: 'Sandbox.Timedout',
          errorMessage: what === 'loading' ? `the function did not load within ${limitMs / 1000} seconds` : `Task timed out after ${limitMs / 1000} seconds`,
        };
        this.child.kill('SIGKILL');
      }, limitMs);
      const settle = (result: InvocationResult | undefined): void => {
        clearTimeout(timer);
        this.receive = undefined;
        this.crash = undefined;
        resolve(result);
      };
      this.crash = error => settle({ ok: false, error });
      this.receive = reply => {
        switch (reply.type) {
          case 'loaded': return settle(undefined);
          case 'returned': return settle({ ok: true, payload: reply.result === undefined ? undefined : JSON.parse(reply.result) as unknown });
          case 'failed': return settle({ ok: false, error: reply.error });
        }
      };
      if (this.end) settle({ ok: false, error: this.end });
    });
  }
}

/** What a function sees: the variables of the template, those of Lambda, and nothing of this machine but the way to programs. */
function environmentVariables(plan: FunctionPlan, endpoints: Endpoints, logStream: string): Record<string, string> {
  return {
    // An old Node.js is no news to who runs this, and its warning would be taken for a log line of the function.
    NODE_NO_WARNINGS: '1',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    ...plan.variables,
    PATH: process.env.PATH ?? '',
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
    AWS_REGION: plan.region,
    AWS_DEFAULT_REGION: plan.region,
    // No signature is checked: the id alone says whose call it is.
    AWS_ACCESS_KEY_ID: accessKeyId(plan.arn, 'code'),
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    AWS_SESSION_TOKEN: 'local',
    AWS_ENDPOINT_URL_SNS: endpoints.sns,
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsmanager,
    AWS_EXECUTION_ENV: `AWS_Lambda_${plan.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: plan.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(plan.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: plan.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    ...(plan.logFormat ? { AWS_LAMBDA_LOG_FORMAT: plan.logFormat } : {}),
    ...(plan.logLevel ? { AWS_LAMBDA_LOG_LEVEL: plan.logLevel } : {}),
    LAMBDA_TASK_ROOT: plan.codeDirectory,
    _HANDLER: plan.handler,
  };
}

function logEvent(functionName: string, line: string): EngineEvent {
  const record = parseObject(line);
  return { type: 'log', functionName, line, ...(record ? { record } : {}) };
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}

function failure(errorType: string, errorMessage: string): InvocationResult {
  return { ok: false, error: { errorType, errorMessage } };
}
