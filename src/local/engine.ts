// The local engine: runs the schedulers of a synthesized cloud assembly on this machine, as their templates say.

import { MessageAttributeValue, SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
import { readAssembly } from './assembly';
import { ChildScripts } from './child-scripts';
import { Emulators, type Endpoints, LOCAL_CREDENTIALS } from './emulators';
import { EventSource } from './event-source';
import { FunctionMeter, withCallers } from './function-meter';
import { type EngineEvent, FunctionRuntime, type InvocationResult, StartLimit } from './function-runtime';
import { AccessControl, type Judgement } from './iam/access-control';
import { denialMessage, principalArn } from './iam/authorizer';
import type { Context } from './iam/conditions';
import { contextOf } from './iam/deployment';
import { type SecurityPlan, accessKeyId } from './iam/security-plan';
import { LOCAL_ACCOUNT } from './local-account';
import { type EnginePlan, type FunctionPlan, type LocalScheduler, type SchedulePlan, planAssembly } from './plan';
import type { IgnoredResource } from './resources';
import { Schedule, type SendToQueue } from './schedule';
import type { Usage } from './usage';

export type { EngineEvent, InvocationResult } from './function-runtime';
export type { Judgement } from './iam/access-control';
export type { LocalScheduler } from './plan';
export { type IgnoredResource, UnsupportedTemplateError } from './resources';
export type * from './usage';

export interface LocalEngineOptions {
  /** Directory of the cloud assembly, as `cdk synth` writes it. */
  readonly assembly: string;
  /** Port of SNS and SQS on 127.0.0.1. @default a free one */
  readonly port?: number;
  /** Seconds between two ticks of every schedule. @default as the template says */
  readonly tickSeconds?: number;
  /** New values for variables that a function's template sets. @default as the template says */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Puts something between the services and who calls them (the functions and their event sources): takes the URLs of the services and
   * returns those to call instead. For fault tests. @default the services are called directly
   */
  readonly intercept?: (services: Endpoints) => Endpoints | Promise<Endpoints>;
  /** Whether to count what AWS would bill, for {@link LocalEngine.usage}. It takes time of each request. @default false */
  readonly metered?: boolean;
  /** Told of every log line, every invocation and everything that is denied. @default nobody is told */
  readonly onEvent?: (event: EngineEvent) => void;
  /** Told of every kind of request that is judged by the template's policies, allowed ones too. @default nobody is told */
  readonly onJudgement?: (judgement: Judgement) => void;
}

/** What a template says must be known before there is a port. */
const NO_ENDPOINT = 'http://127.0.0.1:0';

export class LocalEngine {
  /** Runs an assembly; resolves when everything in it is ready. Leaves nothing behind if it cannot. */
  public static async start(options: LocalEngineOptions): Promise<LocalEngine> {
    const stacks = readAssembly(options.assembly);
    const overridden = (endpoint: string): EnginePlan => overrideVariables(planAssembly(stacks, endpoint), options.environment ?? {});
    const { schedulers: [{ region }] } = overridden(NO_ENDPOINT);
    if (options.tickSeconds !== undefined && !(options.tickSeconds > 0)) {
      throw new Error(`tickSeconds is ${options.tickSeconds}; expected a number above 0.`);
    }

    const scripts = new ChildScripts();
    let emulators: Emulators | undefined;
    let engine: LocalEngine | undefined;
    try {
      emulators = await Emulators.start(scripts.emulators, options.port, region, options.metered ?? false);
      const called = await options.intercept?.(emulators.endpoints) ?? emulators.endpoints;
      // A client of SQS calls the host that a queue's URL names.
      const plan = overridden(called.sqs);
      await emulators.create(plan);
      const report = reporter(options);
      plan.deployment.forEach(({ request }) => options.onJudgement?.({ request, decision: { allowed: true } }));
      const control = new AccessControl(plan.security, report, options.onJudgement !== undefined);
      await emulators.enforce(plan.security, options.onJudgement !== undefined, report);
      engine = new LocalEngine(plan, options, scripts, emulators, called, control);
      engine.run();
      return engine;
    } catch (error) {
      if (engine) {
        await engine.stop();
      } else {
        await emulators?.stop();
        scripts.remove();
      }
      throw error;
    }
  }

  /** Region of the first scheduler. */
  public readonly region: string;
  /** The services themselves, also where something is put between them and the functions. */
  public readonly endpoints: Endpoints;
  public readonly schedulers: readonly LocalScheduler[];
  public readonly ignored: readonly IgnoredResource[];
  /** Resolves when the engine has stopped; rejects if its emulators end by themselves. */
  public readonly ended: Promise<void>;

  private readonly meter: FunctionMeter | undefined;
  private readonly clients = new Map<string, SQSClient>();
  private readonly functions: readonly FunctionRuntime[];
  private readonly eventSources: readonly EventSource[];
  private readonly schedules: readonly Schedule[];
  private stopping: Promise<void> | undefined;

  private constructor(
    private readonly plan: EnginePlan,
    options: LocalEngineOptions,
    private readonly scripts: ChildScripts,
    private readonly emulators: Emulators,
    called: Endpoints,
    private readonly control: AccessControl,
  ) {
    this.meter = options.metered ? new FunctionMeter(plan.functions) : undefined;
    const onEvent = (event: EngineEvent): void => {
      this.meter?.count(event);
      options.onEvent?.(event);
    };
    this.region = plan.schedulers[0].region;
    this.endpoints = emulators.endpoints;
    this.schedulers = plan.schedulers;
    this.ignored = plan.ignored;
    const starts = new StartLimit();
    this.functions = plan.functions.map(planned => (
      new FunctionRuntime(planned, scripts.functionHost, called, logStream => this.mayLog(planned, logStream), onEvent, starts)));
    const target = (arn: string): FunctionRuntime => found(this.functions.find(other => other.plan.arn === arn), arn);
    const report = (error: unknown): void => {
      if (!this.stopping) console.error(error);
    };
    this.eventSources = plan.eventSources.map(source => {
      const queue = found(plan.queues.find(other => other.arn === source.queueArn), source.queueArn);
      return new EventSource(source, queue, target(source.functionArn), report);
    });
    this.schedules = plan.schedules.map(schedule => {
      const invoked = target(schedule.functionArn);
      const send: SendToQueue = (arn, body, attributes) => this.send(invoked.plan, arn, body, attributes);
      return new Schedule(schedule, invoked, send, () => this.mayInvoke(schedule), report, options.tickSeconds);
    });
    this.ended = emulators.ended.then(async () => {
      const byItself = !this.stopping;
      await this.stop();
      if (byItself) throw new Error('The process of the emulators ended by itself, so the local engine has stopped.');
    });
    // Who does not wait for the end must not be ended by it.
    this.ended.catch(() => undefined);
  }

  /** Processes of the engine besides its own: the emulators and the execution environments of the functions. */
  public get childPids(): readonly number[] {
    return [...(this.emulators.pid === undefined ? [] : [this.emulators.pid]), ...this.functions.flatMap(({ pids }) => pids)];
  }

  /** What requests are judged by. */
  public get security(): SecurityPlan {
    return this.plan.security;
  }

  /** Names of the functions and seconds between their ticks, for those that a schedule invokes. */
  public get ticks(): readonly { readonly functionName: string; readonly seconds: number }[] {
    return this.schedules.map(schedule => ({ functionName: schedule.functionName, seconds: schedule.tickSeconds }));
  }

  /**
   * What AWS would bill for: everything since the engine started, but for what it did itself. A request counts when it is answered, an
   * invocation when it ends.
   */
  public async usage(): Promise<Usage> {
    if (!this.meter) throw new Error('The engine counts nothing; start it with metered: true.');
    const { requests, deliveries, tables } = await this.emulators.usage();
    return { requests: withCallers(requests, this.plan.functions), deliveries, functions: this.meter.functions, tables };
  }

  /** Invokes a function with an event, past its event source. */
  public invoke(functionName: string, event: object): Promise<InvocationResult> {
    return found(this.functions.find(({ plan }) => plan.name === functionName), functionName).invoke(JSON.stringify(event), 0);
  }

  /**
   * Kills every execution environment of a function that is in the middle of an invocation, as a crash would: the invocation fails, and
   * its messages come back when their visibility timeout ends. Returns the events of those invocations, as JSON.
   *
   * @param handling text that the event has to hold; by default, any invocation is crashed
   */
  public crash(functionName: string, handling = ''): readonly string[] {
    return found(this.functions.find(({ plan }) => plan.name === functionName), functionName).crash(handling);
  }

  /** Leaves out the ticks of a function, or of every one; those that fall into the pause are not made up for. */
  public pauseSchedules(functionName?: string): void {
    this.schedulesOf(functionName).forEach(schedule => schedule.pause());
  }

  /** Ends a pause: the next tick comes at its time. */
  public resumeSchedules(functionName?: string): void {
    this.schedulesOf(functionName).forEach(schedule => schedule.resume());
  }

  /** Ends everything; nothing is left running. May be called more than once. */
  public stop(): Promise<void> {
    this.stopping ??= this.stopAll();
    return this.stopping;
  }

  private run(): void {
    this.eventSources.forEach(source => source.start());
    this.schedules.forEach(schedule => schedule.start());
  }

  private schedulesOf(functionName: string | undefined): readonly Schedule[] {
    return this.schedules.filter(schedule => functionName === undefined || schedule.functionName === functionName);
  }

  private async stopAll(): Promise<void> {
    const readers = [...this.eventSources.map(source => source.stop()), ...this.schedules.map(schedule => schedule.stop())];
    await Promise.all(this.functions.map(target => target.stop()));
    await this.emulators.stop();
    await Promise.all(readers);
    this.clients.forEach(client => client.destroy());
    this.scripts.remove();
  }

  /**
   * Lambda writes log lines in the function's role, as if the function did, or not at all.
   * https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
   */
  private mayLog({ arn, roleArn, name, region, logGroup, logGroupExists }: FunctionPlan, logStream: string): boolean {
    const group = `arn:aws:logs:${region}:${LOCAL_ACCOUNT}:log-group:${logGroup}:`;
    const actions = [
      ...(logGroupExists ? [] : [['logs:CreateLogGroup', group]]),
      ...['logs:CreateLogStream', 'logs:PutLogEvents'].map(action => [action, `${group}log-stream:${logStream}`]),
    ];
    const principal = { kind: 'role', roleArn, session: name } as const;
    const context = { ...contextOf(region), 'lambda:sourcefunctionarn': arn };
    return this.control.allows(...actions.map(([action, resource]) => ({ principal, action, resource, context })));
  }

  private mayInvoke({ arn, source, region, functionArn, roleArn }: SchedulePlan): boolean {
    const principal = source === 'aws.scheduler' && roleArn !== undefined
      ? { kind: 'role', roleArn, session: arn.split('/').at(-1) ?? '' } as const
      : { kind: 'service', service: 'events.amazonaws.com' } as const;
    const origin: Context = principal.kind === 'service' ? { 'aws:sourcearn': arn, 'aws:sourceaccount': LOCAL_ACCOUNT } : {};
    return this.control.allows({ principal, action: 'lambda:InvokeFunction', resource: functionArn, context: { ...contextOf(region), ...origin } });
  }

  private async send(by: FunctionPlan, queueArn: string, body: string, attributes: Readonly<Record<string, string>>): Promise<void> {
    const queue = found(this.plan.queues.find(other => other.arn === queueArn), queueArn);
    const messageAttributes: Record<string, MessageAttributeValue> = {};
    for (const [name, value] of Object.entries(attributes)) messageAttributes[name] = { DataType: 'String', StringValue: value };
    const client = this.clients.get(by.arn) ?? new SQSClient({
      endpoint: this.endpoints.sqs,
      region: queue.region,
      credentials: { ...LOCAL_CREDENTIALS, accessKeyId: accessKeyId(by.arn, 'lambda') },
    });
    this.clients.set(by.arn, client);
    try {
      await client.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: body, MessageAttributes: messageAttributes }));
    } catch (error) {
      // Lambda drops what it may not send; the denial has been told where it was judged.
      if (!/AccessDenied/.test(String((error as { Code?: string }).Code))) throw error;
    }
  }
}

/** Passes on what has been judged: all to who wants it all, denials to everyone. */
function reporter({ onEvent, onJudgement }: LocalEngineOptions): (judgement: Judgement) => void {
  return judgement => {
    onJudgement?.(judgement);
    const { request, decision } = judgement;
    if (decision.allowed) return;
    const { principal, action, resource } = request;
    onEvent?.({ type: 'denied', principal: principalArn(principal), action, resource, message: denialMessage(request, decision.reason) });
  };
}

function overrideVariables(plan: EnginePlan, environment: Readonly<Record<string, string>>): EnginePlan {
  const known = new Set(plan.functions.flatMap(({ variables }) => Object.keys(variables)));
  const unknown = Object.keys(environment).filter(name => !known.has(name));
  if (unknown.length > 0) {
    throw new Error(`environment overrides ${unknown.join(', ')}, which no function's template sets; set are ${[...known].sort().join(', ') || 'none'}.`);
  }
  return {
    ...plan,
    functions: plan.functions.map(planned => ({
      ...planned,
      variables: Object.fromEntries(Object.entries(planned.variables).map(([name, value]) => [name, environment[name] ?? value])),
    })),
  };
}

function found<T>(item: T | undefined, arn: string): T {
  if (item === undefined) throw new Error(`${arn} is named in the template but is no part of what runs.`);
  return item;
}
