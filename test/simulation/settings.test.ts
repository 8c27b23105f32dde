// What the simulator takes for granted is what the construct deploys: settings, timeouts, queues and permissions, read from a template.
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import {
  DAY, environmentOf, FAILURE_TOPIC_ARN, FunctionName, INPUT_TOPIC_NAME, mappingOf, PERMISSIONS, QUEUE_RETENTION_MS, QueueName, queueUrl, REDRIVE,
  SECOND, Settings, TABLE_NAME, TICK_MS, timeoutOf, visibilityTimeoutOf,
} from './settings';
import { RetryPolicy, WebhookScheduler } from '../../src';

const SETTINGS: Settings = {
  partitions: 16,
  turnsPerMessage: 10,
  turnsPerInvocation: 100,
  retentionMs: 30 * DAY,
  maxHorizonMs: 200 * DAY,
  requestTimeoutMs: 20 * SECOND,
  retry: { delaysMs: [5_000, 60_000], jitter: 0.2 },
  maxSkewMs: 0,
  pageSize: 1,
  receivesCarryOver: true,
};

/** A part of a template. */
type Json = Record<string, any>;

describe.each([
  ['without a batching window', SETTINGS],
  ['with a batching window for ingest', { ...SETTINGS, ingestWindowMs: 5 * SECOND }],
])('%s', (_, settings) => {
  const scheduler = new WebhookScheduler(new Stack(new App(), 'Stack'), 'Scheduler', {
    requestTimeout: Duration.millis(settings.requestTimeoutMs),
    maxHorizon: Duration.millis(settings.maxHorizonMs),
    retention: Duration.millis(settings.retentionMs),
    ingestBatchingWindow: settings.ingestWindowMs === undefined ? undefined : Duration.millis(settings.ingestWindowMs),
    retryPolicy: RetryPolicy.fixed(settings.retry.delaysMs.map((ms) => Duration.millis(ms))),
  });
  const resources = Template.fromStack(Stack.of(scheduler)).toJSON().Resources as Record<string, Json>;

  const FUNCTIONS = { ingest: scheduler.ingestFunction, load: scheduler.loadFunction, deliver: scheduler.deliverFunction };
  const QUEUES: Record<QueueName, { readonly node: { readonly defaultChild?: unknown } }> = {
    ingest: scheduler.ingestQueue,
    delay: scheduler.delayQueue,
    ingestUnreported: scheduler.ingestUnreportedQueue,
    delayUnreported: scheduler.delayUnreportedQueue,
    ingestDead: scheduler.ingestDeadLetterQueue,
    delayDead: scheduler.delayDeadLetterQueue,
  };

  /** What the parts are called here, by their logical ids. */
  const names = new Map<string, string>([
    [idOf(scheduler.table), TABLE_NAME],
    [idOf(scheduler.failureTopic), FAILURE_TOPIC_ARN],
    [idOf(scheduler.inputTopic), INPUT_TOPIC_NAME],
    ...Object.entries(QUEUES).map(([name, queue]) => [idOf(queue), queueUrl(name as QueueName)] as const),
  ]);

  function idOf(construct: { readonly node: { readonly defaultChild?: unknown } }): string {
    return Stack.of(scheduler).getLogicalId(construct.node.defaultChild as never);
  }

  /** The name of what a template refers to. */
  function resolve(value: unknown): string {
    const { Ref: ref, 'Fn::GetAtt': attribute } = value as { 'Ref'?: string; 'Fn::GetAtt'?: [string, string] };
    return names.get(ref ?? attribute?.[0] ?? '') ?? String(value);
  }

  describe.each(Object.keys(FUNCTIONS) as FunctionName[])('%s', (name) => {
    const id = idOf(FUNCTIONS[name]);
    const properties = resources[id].Properties as Json;

    test('has this timeout', () => {
      expect(properties.Timeout * SECOND).toBe(timeoutOf(name, settings));
    });

    test('has these environment variables', () => {
      const { UV_THREADPOOL_SIZE, ...variables } = properties.Environment.Variables as Json;
      const resolved = Object.entries(variables).map(([variable, value]) => [variable, typeof value === 'string' ? value : resolve(value)]);
      expect(Object.fromEntries(resolved)).toEqual(environmentOf(name, settings));
    });

    test('is allowed this, and what its event source mapping and its log need', () => {
      const role = properties.Role['Fn::GetAtt'][0] as string;
      const policies = Object.values(resources).filter(({ Type, Properties }) => Type === 'AWS::IAM::Policy' && Properties.Roles.some(({ Ref }: Json) => Ref === role));
      const allowed: Record<string, Set<string>> = {};
      for (const { Action, Resource } of policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Json[])) {
        const actions = [Action].flat().map((action: string) => action.split(':')[1]);
        for (const resource of [Resource].flat().map(resolve)) {
          actions.forEach((action: string) => (allowed[resource] ??= new Set()).add(action));
        }
      }
      for (const [resource, actions] of Object.entries(PERMISSIONS[name])) {
        expect([...allowed[resource]]).toEqual(expect.arrayContaining([...actions]));
      }
      const simulated = new Set(Object.entries(PERMISSIONS[name]).flatMap(([resource, actions]) => actions.map((action) => `${action} ${resource}`)));
      const beyond = Object.entries(allowed).filter(([resource]) => [...names.values()].includes(resource))
        .flatMap(([resource, actions]) => [...actions].map((action) => `${action} ${resource}`)).filter((permission) => !simulated.has(permission));
      const source = name === 'load' ? undefined : queueUrl(name === 'ingest' ? 'ingest' : 'delay');
      expect(beyond.sort()).toEqual(source === undefined ? [] : ['DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'].map((action) => `${action} ${source}`));
    });
  });

  test.each(Object.keys(QUEUES) as QueueName[])('queue %s is like this', (name) => {
    const { VisibilityTimeout = 30, MessageRetentionPeriod, RedrivePolicy: redrive } = resources[idOf(QUEUES[name])].Properties as Json;
    expect(VisibilityTimeout * SECOND).toBe(visibilityTimeoutOf(name, settings));
    expect(MessageRetentionPeriod * SECOND).toBe(QUEUE_RETENTION_MS);
    const expected = REDRIVE[name];
    expect(redrive && { to: resolve(redrive.deadLetterTargetArn), maxReceiveCount: redrive.maxReceiveCount }).toEqual(
      expected && { to: queueUrl(expected.to), maxReceiveCount: expected.maxReceiveCount });
  });

  test.each(['ingest', 'deliver'] as const)('the mapping of %s takes batches of this size, gathers them for so long, and answers in part', (name) => {
    const mappings = Object.values(resources).filter(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping');
    expect(mappings).toHaveLength(2);
    const [{ Properties }] = mappings.filter(({ Properties: { FunctionName: { Ref } } }) => Ref === idOf(FUNCTIONS[name]));
    const { BatchSize, FunctionResponseTypes, MaximumBatchingWindowInSeconds: window } = Properties as Json;
    expect({ batchSize: BatchSize, windowMs: window ? window * SECOND : undefined }).toEqual(mappingOf(name, settings));
    expect(FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
  });

  test('load is invoked this often', () => {
    const [rule] = Object.values(resources).filter(({ Type }) => Type === 'AWS::Events::Rule');
    expect(rule.Properties.ScheduleExpression).toBe(`rate(${TICK_MS / 60_000} minute)`);
  });

  test('what the input topic cannot hand on goes where the simulator puts it', () => {
    const [subscription] = Object.values(resources).filter(({ Type }) => Type === 'AWS::SNS::Subscription');
    expect(resolve(subscription.Properties.RedrivePolicy.deadLetterTargetArn)).toBe(queueUrl('ingestUnreported'));
  });
});
