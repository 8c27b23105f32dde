// Turns the resources that must run into what the engine creates: topics, queues, tables, functions and what connects them.

import { existsSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { type StackTemplate } from './assembly';
import { Authorizer, denialMessage } from './iam/authorizer';
import { type DeploymentRequest, functionRequests, keyRequests, mappingRequests, scheduleRequests } from './iam/deployment';
import type { SecurityPlan } from './iam/security-plan';
import { readSecurity } from './iam/template-security';
import { Intrinsics, type ResourceRef, regionOf } from './intrinsics';
import { type Json, asBoolean, asNumber, asString, isObject, show } from './json';
import { PhysicalNames } from './physical-names';
import { type FoundScheduler, type IgnoredResource, type OwnedResource, UnsupportedTemplateError, classify, nameOf } from './resources';
import { ratePeriodSeconds } from './supported';
import { parseSigningPlan } from '../core/signing';
import { Variable } from '../handlers/environment';

export interface QueuePlan {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  readonly region: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface TopicPlan {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
}

export interface SubscriptionPlan {
  readonly topicArn: string;
  readonly queueArn: string;
  readonly region: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface TablePlan {
  readonly name: string;
  readonly region: string;
  readonly keys: readonly { readonly name: string; readonly keyType: 'HASH' | 'RANGE'; readonly attributeType: 'S' | 'N' | 'B' }[];
}

export interface SecretPlan {
  readonly name: string;
  readonly region: string;
  /** The value, where the template gives it. */
  readonly string?: string;
  /** How the value is made, where it is: as `GetRandomPassword` takes it, and the JSON object into which it is put, under a key. */
  readonly generate?: {
    readonly password: Readonly<Record<string, Json>>;
    readonly template?: Readonly<Record<string, Json>>;
    readonly key?: string;
  };
}

export interface FunctionPlan {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  readonly runtime: string;
  readonly codeDirectory: string;
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly reservedConcurrency?: number;
  readonly roleArn: string;
  /** Subnets and security groups that its role has to be allowed to use, `subnet/…`; none outside a VPC. */
  readonly vpcResources: readonly string[];
  readonly logGroup: string;
  /** Whether the template makes the log group; if not, the first function that writes to it does. */
  readonly logGroupExists: boolean;
  readonly logFormat?: string;
  readonly logLevel?: string;
  readonly async: AsyncInvokePlan;
}

/** What happens to an asynchronous invocation that fails. */
export interface AsyncInvokePlan {
  readonly retries: number;
  readonly maxAgeSeconds: number;
  /** Queue of the function's dead-letter configuration: gets the event. */
  readonly deadLetterQueueArn?: string;
  /** Queue of the on-failure destination: gets a record of the invocation. */
  readonly failureQueueArn?: string;
}

export interface EventSourcePlan {
  readonly queueArn: string;
  readonly functionArn: string;
  readonly batchSize: number;
  readonly windowSeconds: number;
  readonly maximumConcurrency?: number;
  /** Invocations that may begin at once, before their number grows. */
  readonly initialConcurrency: number;
  /** By how many it grows in a minute while messages are waiting. */
  readonly growthPerMinute: number;
  /** Calls of ReceiveMessage in a second, at most, for each invocation that may run. Absent: as many as there are. */
  readonly receivesPerSecond?: number;
  readonly partialResponses: boolean;
}

export interface SchedulePlan {
  readonly arn: string;
  readonly source: 'aws.events' | 'aws.scheduler';
  readonly region: string;
  readonly functionArn: string;
  readonly periodSeconds: number;
  readonly input?: string;
  /** Of EventBridge Scheduler: the role in which it invokes. A rule invokes by the function's permission. */
  readonly roleArn?: string;
}

/** One scheduler of the assembly, under the names that its parts have on this machine. */
export interface LocalScheduler {
  readonly stack: string;
  readonly region: string;
  readonly inputTopicArn: string;
  readonly failureTopicArn: string;
  /** Where requests are signed: what a receiver verifies them with. */
  readonly signingSecretArn?: string;
  readonly tableName: string;
  readonly ingestQueueUrl: string;
  readonly delayQueueUrl: string;
  /** Names of the functions. */
  readonly functions: { readonly ingest: string; readonly load: string; readonly deliver: string };
}

export interface EnginePlan {
  readonly topics: readonly TopicPlan[];
  readonly queues: readonly QueuePlan[];
  readonly subscriptions: readonly SubscriptionPlan[];
  readonly tables: readonly TablePlan[];
  readonly secrets: readonly SecretPlan[];
  readonly functions: readonly FunctionPlan[];
  readonly eventSources: readonly EventSourcePlan[];
  readonly schedules: readonly SchedulePlan[];
  readonly schedulers: readonly LocalScheduler[];
  readonly ignored: readonly IgnoredResource[];
  readonly security: SecurityPlan;
  /** What AWS asks for when it creates the resources; all of it is allowed. */
  readonly deployment: readonly DeploymentRequest[];
}

const QUEUE_ATTRIBUTES = [
  'DelaySeconds', 'VisibilityTimeout', 'MessageRetentionPeriod', 'MaximumMessageSize', 'ReceiveMessageWaitTimeSeconds',
] as const;
const DEFAULT_VISIBILITY_SECONDS = 30;
const LARGEST_BATCH_WITHOUT_WINDOW = 10;
// How a mapping scales, by itself and in provisioned mode: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
const SCALING = { initialConcurrency: 5, growthPerMinute: 300 };
const PROVISIONED = { minimumPollers: 2, maximumPollers: 200, invocationsOfAPoller: 10, receivesOfAPoller: 10, growthPerMinute: 1000 };

/** What the engine is to run; throws {@link UnsupportedTemplateError} with every obstacle. `endpoint` is where SQS will listen. */
export function planAssembly(stacks: readonly StackTemplate[], endpoint: string): EnginePlan {
  const names = new PhysicalNames(endpoint);
  const intrinsics = new Intrinsics(stacks, (ref, attribute) => names.lookup(ref, attribute));
  names.intrinsics = intrinsics;
  const { owned, ignored, schedulers } = classify(stacks, intrinsics);
  const of = (...types: string[]): OwnedResource[] => owned.filter(resource => types.includes(resource.type));
  const problems: string[] = [];
  const check = (resource: ResourceRef, action: () => void): void => {
    try {
      action();
    } catch (error) {
      problems.push(`${nameOf(resource)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const collect = <R extends ResourceRef, T>(resources: readonly R[], plan: (resource: R) => T | undefined): T[] => {
    const plans: T[] = [];
    for (const resource of resources) {
      check(resource, () => {
        const planned = plan(resource);
        if (planned !== undefined) plans.push(planned);
      });
    }
    return plans;
  };

  const queues = collect(of('AWS::SQS::Queue'), resource => queuePlan(resource, names));
  const invokeConfigs = of('AWS::Lambda::EventInvokeConfig');
  const roles = of('AWS::IAM::Role').map(role => names.arn(role));
  const logGroups = of('AWS::Logs::LogGroup').map(group => names.name(group));
  const functions = collect(of('AWS::Lambda::Function'), resource => functionPlan(resource, names, invokeConfigs, roles, logGroups));
  const topics = of('AWS::SNS::Topic').map(resource => ({ name: names.name(resource), arn: names.arn(resource), region: regionOf(resource.stack) }));
  const security = readSecurity(owned, functions, names, intrinsics, check);
  const plan: Omit<EnginePlan, 'deployment'> = {
    queues,
    functions,
    topics,
    subscriptions: of('AWS::SNS::Subscription').map(subscriptionPlan),
    tables: collect(of('AWS::DynamoDB::Table'), resource => tablePlan(resource, names)),
    secrets: collect(of('AWS::SecretsManager::Secret'), resource => secretPlan(resource, names)),
    eventSources: collect(of('AWS::Lambda::EventSourceMapping'), resource => eventSourcePlan(resource, queues, functions)),
    schedules: of('AWS::Events::Rule', 'AWS::Scheduler::Schedule').flatMap(resource => schedulePlans(resource, names)),
    schedulers: collect(
      schedulers.map(found => ({ ...found, logicalId: found.manifest.inputTopic })), found => localScheduler(found, names, functions, topics),
    ),
    ignored: [...ignored, ...security.ignored, ...functions.flatMap(target => foreignSecrets(target, owned, names))],
    security: security.plan,
  };
  problems.push(...sameNames('queue', plan.queues), ...sameNames('table', plan.tables), ...sameNames('function', plan.functions));
  problems.push(...sameNames('secret', plan.secrets));
  const deployment = deploymentOf(plan);
  // What could not be read would only be refused once more.
  if (problems.length === 0) problems.push(...refusals(plan.security, deployment));
  if (problems.length > 0) throw new UnsupportedTemplateError(problems);
  return { ...plan, deployment: deployment.flatMap(({ requests }) => requests) };
}

interface Deployed {
  readonly arn: string;
  readonly requests: readonly DeploymentRequest[];
}

function deploymentOf({ functions, eventSources, schedules, security }: Omit<EnginePlan, 'deployment'>): Deployed[] {
  return [
    ...functions.map(target => ({ arn: target.arn, requests: functionRequests(target, { vpcResources: target.vpcResources, ...target.async }) })),
    ...eventSources.flatMap(({ functionArn, queueArn }) => functions.filter(({ arn }) => arn === functionArn).map(target => (
      { arn: `event source mapping of ${target.arn}`, requests: mappingRequests(target, queueArn) }))),
    ...schedules.flatMap(({ arn, roleArn }) => (roleArn === undefined ? [] : [{ arn, requests: scheduleRequests({ arn, name: arn, roleArn }) }])),
    ...keyRequests(security).map(request => ({ arn: request.request.resource, requests: [request] })),
  ];
}

/** AWS would not create what is named here. */
function refusals(security: SecurityPlan, deployment: readonly Deployed[]): string[] {
  const authorizer = new Authorizer(security.policies);
  return deployment.flatMap(({ arn, requests }) => {
    const refused = requests.flatMap(({ request, refusal }) => {
      const decision = authorizer.decide(request);
      return decision.allowed ? [] : [`${refusal} (${denialMessage(request, decision.reason)})`];
    });
    return [...new Set(refused)].map(refusal => `${arn}: ${refusal}`);
  });
}

function localScheduler(
  { stack, manifest }: FoundScheduler, names: PhysicalNames, functions: readonly FunctionPlan[], topics: readonly TopicPlan[],
): LocalScheduler {
  const part = (logicalId: string): ResourceRef => ({ stack, logicalId });
  const deliver = names.name(part(manifest.deliverFunction));
  const planned = functions.find(({ name }) => name === deliver);
  const signing = planned?.variables[Variable.SIGNING];
  return {
    stack: stack.id,
    region: regionOf(stack),
    inputTopicArn: names.arn(part(manifest.inputTopic)),
    failureTopicArn: manifest.failureTopic === undefined
      ? foreignFailureTopic(planned, topics)
      : names.arn(part(manifest.failureTopic)),
    tableName: names.name(part(manifest.table)),
    ingestQueueUrl: names.queueUrl(part(manifest.ingestQueue)),
    delayQueueUrl: names.queueUrl(part(manifest.delayQueue)),
    ...(signing === undefined ? {} : { signingSecretArn: parseSigningPlan(signing).secretId }),
    functions: { ingest: names.name(part(manifest.ingestFunction)), load: names.name(part(manifest.loadFunction)), deliver },
  };
}

/** The failure topic of a scheduler that was given one of another template. */
function foreignFailureTopic(deliver: FunctionPlan | undefined, topics: readonly TopicPlan[]): string {
  const arn = deliver?.variables[Variable.FAILURE_TOPIC_ARN];
  if (arn === undefined || !topics.some(topic => topic.arn === arn)) {
    throw new Error(`its functions publish failure notices to ${show(arn)}; supported is a topic of the assembly`);
  }
  return arn;
}

/** Secrets that are made elsewhere, and that a function would look for in vain. */
function foreignSecrets({ name, variables }: FunctionPlan, owned: readonly OwnedResource[], names: PhysicalNames): IgnoredResource[] {
  const here = owned.filter(({ type }) => type === 'AWS::SecretsManager::Secret').map(secret => names.arn(secret));
  const named = Object.values(variables).flatMap(value => value.match(/arn:aws[\w-]*:secretsmanager:[^"\s,]+/g) ?? []);
  // An ARN may come without the hyphen and the six characters at its end.
  return [...new Set(named)].filter(arn => !here.some(own => own === arn || own.slice(0, -7) === arn)).map(arn => ({ stack: name, logicalId: arn, type: 'AWS::SecretsManager::Secret' }));
}

function queuePlan(resource: OwnedResource, names: PhysicalNames): QueuePlan {
  const attributes: Record<string, string> = {};
  for (const name of QUEUE_ATTRIBUTES) {
    const value = asString(resource.properties[name]);
    if (value !== undefined) attributes[name] = value;
  }
  const redrive = resource.properties.RedrivePolicy;
  if (isObject(redrive)) {
    attributes.RedrivePolicy = JSON.stringify({
      deadLetterTargetArn: redrive.deadLetterTargetArn, maxReceiveCount: asNumber(redrive.maxReceiveCount),
    });
  }
  return { name: names.name(resource), arn: names.arn(resource), url: names.queueUrl(resource), region: regionOf(resource.stack), attributes };
}

function subscriptionPlan({ stack, properties }: OwnedResource): SubscriptionPlan {
  const attributes: Record<string, string> = {};
  if (properties.RawMessageDelivery !== undefined) attributes.RawMessageDelivery = String(asBoolean(properties.RawMessageDelivery));
  if (properties.FilterPolicy !== undefined) attributes.FilterPolicy = JSON.stringify(properties.FilterPolicy);
  if (properties.RedrivePolicy !== undefined) attributes.RedrivePolicy = JSON.stringify(properties.RedrivePolicy);
  if (properties.FilterPolicyScope !== undefined) attributes.FilterPolicyScope = String(properties.FilterPolicyScope);
  return { topicArn: String(properties.TopicArn), queueArn: String(properties.Endpoint), region: regionOf(stack), attributes };
}

function tablePlan(resource: OwnedResource, names: PhysicalNames): TablePlan {
  const items = (name: string): readonly Readonly<Record<string, Json>>[] => {
    const value = resource.properties[name];
    return Array.isArray(value) ? value.filter(isObject) : [];
  };
  const types = new Map(items('AttributeDefinitions').map(item => [item.AttributeName, item.AttributeType]));
  const keys = items('KeySchema').map((item): TablePlan['keys'][number] => {
    const attributeType = types.get(item.AttributeName);
    if (attributeType !== 'S' && attributeType !== 'N' && attributeType !== 'B') {
      throw new Error(`property KeySchema names ${show(item.AttributeName)}, which AttributeDefinitions does not define`);
    }
    return { name: String(item.AttributeName), keyType: item.KeyType === 'HASH' ? 'HASH' : 'RANGE', attributeType };
  });
  if (keys.length === 0) throw new Error('property KeySchema is missing; expected at least a HASH key');
  return { name: names.name(resource), region: regionOf(resource.stack), keys };
}

function secretPlan(resource: OwnedResource, names: PhysicalNames): SecretPlan {
  const { SecretString, GenerateSecretString } = resource.properties;
  const named = { name: names.name(resource), region: regionOf(resource.stack) };
  if (!isObject(GenerateSecretString)) return { ...named, string: asString(SecretString) };
  const { SecretStringTemplate, GenerateStringKey, ...password } = GenerateSecretString;
  if ((SecretStringTemplate === undefined) !== (GenerateStringKey === undefined)) {
    throw new Error('property GenerateSecretString has one of SecretStringTemplate and GenerateStringKey; expected both, or neither');
  }
  if (SecretStringTemplate === undefined) return { ...named, generate: { password } };
  const template: unknown = JSON.parse(String(SecretStringTemplate));
  if (!isObject(template)) throw new Error(`property GenerateSecretString.SecretStringTemplate is ${show(SecretStringTemplate)}; expected a JSON object`);
  return { ...named, generate: { password, template, key: String(GenerateStringKey) } };
}

function functionPlan(
  resource: OwnedResource, names: PhysicalNames, invokeConfigs: readonly OwnedResource[], roles: readonly string[], logGroups: readonly string[],
): FunctionPlan {
  const { properties } = resource;
  const arn = names.arn(resource);
  const name = names.name(resource);
  const roleArn = asString(properties.Role);
  if (roleArn === undefined || !roles.includes(roleArn)) {
    throw new Error(`property Role is ${show(roleArn)}; supported is a role of the assembly, since the engine enforces its policies`);
  }
  const field = (property: string, key: string): Json | undefined => {
    const value = properties[property];
    return isObject(value) ? value[key] : undefined;
  };
  const variables = field('Environment', 'Variables');
  const logGroup = asString(field('LoggingConfig', 'LogGroup')) ?? `/aws/lambda/${name}`;
  const invokeConfig = invokeConfigs.find(config => [arn, name].includes(String(config.properties.FunctionName)))?.properties ?? {};
  const destination = invokeConfig.DestinationConfig;
  const onFailure = isObject(destination) && isObject(destination.OnFailure) ? asString(destination.OnFailure.Destination) : undefined;
  return {
    name,
    arn,
    region: regionOf(resource.stack),
    runtime: asString(properties.Runtime) ?? 'nodejs',
    codeDirectory: codeDirectory(resource),
    handler: asString(properties.Handler) ?? missing('Handler'),
    timeoutSeconds: asNumber(properties.Timeout) ?? 3,
    memoryMb: asNumber(properties.MemorySize) ?? 128,
    variables: Object.fromEntries(Object.entries(isObject(variables) ? variables : {}).map(([key, value]) => [key, asString(value) ?? ''])),
    reservedConcurrency: asNumber(properties.ReservedConcurrentExecutions),
    roleArn,
    vpcResources: [
      ...textsOf(field('VpcConfig', 'SubnetIds')).map(id => `subnet/${id}`), ...textsOf(field('VpcConfig', 'SecurityGroupIds')).map(id => `security-group/${id}`),
    ],
    logGroup,
    logGroupExists: logGroups.includes(logGroup),
    logFormat: asString(field('LoggingConfig', 'LogFormat')),
    logLevel: asString(field('LoggingConfig', 'ApplicationLogLevel')),
    async: {
      retries: asNumber(invokeConfig.MaximumRetryAttempts) ?? 2,
      maxAgeSeconds: asNumber(invokeConfig.MaximumEventAgeInSeconds) ?? 21_600,
      deadLetterQueueArn: asString(field('DeadLetterConfig', 'TargetArn')),
      failureQueueArn: onFailure,
    },
  };
}

function textsOf(value: Json | undefined): string[] {
  return (Array.isArray(value) ? value : []).map(item => asString(item) ?? show(item));
}

function codeDirectory({ stack, properties, metadata }: OwnedResource): string {
  const key = isObject(properties.Code) ? asString(properties.Code.S3Key) : undefined;
  const assetPath = asString(metadata['aws:asset:path']);
  const staged = assetPath === undefined ? undefined : path.resolve(stack.directory, assetPath);
  const directory = (key === undefined ? undefined : stack.assets.get(key)) ?? staged;
  if (directory === undefined) {
    throw new Error(`property Code names ${show(key)}, which is no asset of the assembly; supported is code from a directory asset`);
  }
  if (!existsSync(directory)) throw new Error(`property Code: its asset ${directory} does not exist; synthesize with asset staging on`);
  if (!statSync(directory).isDirectory()) throw new Error(`property Code: its asset ${directory} is a file; supported is code from a directory asset`);
  return directory;
}

function eventSourcePlan(resource: OwnedResource, queues: readonly QueuePlan[], functions: readonly FunctionPlan[]): EventSourcePlan | undefined {
  const { properties } = resource;
  if (asBoolean(properties.Enabled) === false) return undefined;
  const queueArn = asString(properties.EventSourceArn) ?? missing('EventSourceArn');
  const functionName = asString(properties.FunctionName) ?? missing('FunctionName');
  const queue = queues.find(other => other.arn === queueArn);
  const target = functions.find(other => other.arn === functionName || other.name === functionName);
  if (!queue) throw new Error(`property EventSourceArn is ${show(queueArn)}; supported is a queue of the assembly`);
  if (!target) throw new Error(`property FunctionName is ${show(functionName)}; supported is a function of the assembly that can run here`);
  const batchSize = asNumber(properties.BatchSize) ?? 10;
  const windowSeconds = asNumber(properties.MaximumBatchingWindowInSeconds) ?? 0;
  // The next two are refused by AWS as well, but only when the stack is deployed.
  if (batchSize > LARGEST_BATCH_WITHOUT_WINDOW && windowSeconds < 1) {
    throw new Error(`property BatchSize is ${batchSize}; supported is up to ${LARGEST_BATCH_WITHOUT_WINDOW} `
      + 'unless MaximumBatchingWindowInSeconds is at least 1');
  }
  const visibility = Number(queue.attributes.VisibilityTimeout ?? DEFAULT_VISIBILITY_SECONDS);
  if (visibility < target.timeoutSeconds) {
    throw new Error(`property EventSourceArn: the queue's VisibilityTimeout of ${visibility} s is less than the function's Timeout `
      + `of ${target.timeoutSeconds} s; supported is at least that`);
  }
  const responseTypes = properties.FunctionResponseTypes;
  return {
    queueArn,
    functionArn: target.arn,
    batchSize,
    windowSeconds,
    ...scalingOf(properties),
    partialResponses: Array.isArray(responseTypes) && responseTypes.includes('ReportBatchItemFailures'),
  };
}

function scalingOf({ ScalingConfig, ProvisionedPollerConfig }: OwnedResource['properties']) {
  const maximumConcurrency = isObject(ScalingConfig) ? asNumber(ScalingConfig.MaximumConcurrency) : undefined;
  if (!isObject(ProvisionedPollerConfig)) return { ...SCALING, maximumConcurrency };
  if (maximumConcurrency !== undefined) {
    throw new Error('properties ScalingConfig and ProvisionedPollerConfig are both set; AWS takes one of them');
  }
  const { minimumPollers, maximumPollers, invocationsOfAPoller, receivesOfAPoller, growthPerMinute } = PROVISIONED;
  return {
    initialConcurrency: (asNumber(ProvisionedPollerConfig.MinimumPollers) ?? minimumPollers) * invocationsOfAPoller,
    maximumConcurrency: (asNumber(ProvisionedPollerConfig.MaximumPollers) ?? maximumPollers) * invocationsOfAPoller,
    growthPerMinute,
    receivesPerSecond: receivesOfAPoller / invocationsOfAPoller,
  };
}

function schedulePlans(resource: OwnedResource, names: PhysicalNames): SchedulePlan[] {
  const { properties, type, stack } = resource;
  const periodSeconds = ratePeriodSeconds(asString(properties.ScheduleExpression));
  if (periodSeconds === undefined || properties.State === 'DISABLED') return [];
  const targets = type === 'AWS::Events::Rule' ? properties.Targets : [properties.Target];
  return (Array.isArray(targets) ? targets : []).filter(isObject).map(target => ({
    arn: names.arn(resource),
    source: type === 'AWS::Events::Rule' ? 'aws.events' : 'aws.scheduler',
    region: regionOf(stack),
    functionArn: String(target.Arn),
    periodSeconds,
    input: asString(target.Input),
    roleArn: type === 'AWS::Scheduler::Schedule' ? asString(target.RoleArn) : undefined,
  }));
}

function missing(property: string): never {
  throw new Error(`property ${property} is missing`);
}

function sameNames(what: string, items: readonly { readonly name: string }[]): string[] {
  const names = items.map(item => item.name);
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
    .map(name => `more than one ${what} is named ${show(name)}; all stacks and regions run as one account here, so names must differ`);
}
