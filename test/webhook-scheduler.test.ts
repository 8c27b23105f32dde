import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Duration, Fn, Lazy, RemovalPolicy, Size, Stack, Stage } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { RetryPolicy, WebhookScheduler, WebhookSchedulerProps } from '../src';
import { idPartition } from '../src/adapters/table-schema';
import { ACTION_PATIENCE_MS } from '../src/core/actions';
import { MANIFEST_KEY, SchedulerManifest } from '../src/core/manifest';
import { parseRetryPlan } from '../src/core/retry';
import { comeBackSeconds, MAX_CLOCK_SKEW_MS, MAX_HOLD_MS, MAX_QUEUE_DELAY_SECONDS, NOTICE_MS, RECORD_MS } from '../src/core/timing';
import { createDeliverHandler } from '../src/handlers/deliver-handler';
import { Environment } from '../src/handlers/environment';
import { createIngestHandler } from '../src/handlers/ingest-handler';
import { createLoadHandler } from '../src/handlers/load-handler';
import { Services } from '../src/handlers/services';

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, never>;
  readonly DeletionPolicy?: string;
  readonly Metadata?: Record<string, SchedulerManifest>;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

function synth(props?: WebhookSchedulerProps) {
  const stack = new Stack(new App(), 'Stack');
  return parts(stack, new WebhookScheduler(stack, 'Sched', props));
}

function parts(stack: Stack, scheduler: WebhookScheduler) {
  const template = Template.fromStack(stack);
  const { Resources: resources } = template.toJSON() as { Resources: Record<string, Resource> };
  const manifest = Object.values(resources).find(({ Metadata }) => Metadata?.[MANIFEST_KEY])!.Metadata![MANIFEST_KEY];
  const ofType = (type: string) => Object.entries(resources).filter(([, { Type }]) => Type === type);
  return { stack, scheduler, template, resources, manifest, ofType };
}

const { resources: RESOURCES, manifest: MANIFEST, template: TEMPLATE, ofType } = synth();
const arnOf = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });
const propertiesOf = (logicalId: string) => RESOURCES[logicalId].Properties as Record<string, unknown>;
const environmentOf = (logicalId: string) => (propertiesOf(logicalId).Environment as { Variables: Record<string, unknown> }).Variables;
const secondsOf = (logicalId: string, variable: string) => Number(environmentOf(logicalId)[variable]);

/** With a window and little traffic: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
const LONGEST_WAIT_SECONDS = 20;

/** Of whom nothing is asked here. */
const NOBODY: never = new Proxy({}, { get: (_, name) => { throw new Error(`unexpected use of ${String(name)}`); } }) as never;

/** What a role may do, statement by statement. */
function statementsOf(roleId: string, resources: Record<string, Resource> = RESOURCES): Statement[] {
  expect(resources[roleId].Properties).not.toHaveProperty('ManagedPolicyArns');
  return Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::IAM::Policy')
    .map(({ Properties }) => Properties as unknown as { Roles: { Ref: string }[]; PolicyDocument: { Statement: Statement[] } })
    .filter(({ Roles }) => Roles.some(({ Ref }) => Ref === roleId))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

/** What the role of a function may do: resource → actions. */
function permissionsOf(functionId: string, resources: Record<string, Resource> = RESOURCES): Map<string, string[]> {
  const [roleId] = (resources[functionId].Properties.Role as { 'Fn::GetAtt': string[] })['Fn::GetAtt'];
  const permissions = new Map<string, string[]>();
  for (const { Effect, Resource: resource, Action, Condition } of statementsOf(roleId, resources)) {
    expect({ Effect, Condition }).toEqual({ Effect: 'Allow', Condition: undefined });
    const key = JSON.stringify(resource);
    permissions.set(key, [...permissions.get(key) ?? [], ...[Action].flat()].sort());
  }
  return permissions;
}

/** The failure topic as the functions know it. */
const failureTopicsOf = ({ resources, manifest }: Pick<ReturnType<typeof synth>, 'resources' | 'manifest'>) => (
  [manifest.ingestFunction, manifest.loadFunction, manifest.deliverFunction].map((id) => (
    (resources[id].Properties.Environment as { Variables: Record<string, unknown> }).Variables.FAILURE_TOPIC_ARN
  ))
);

const logGroupOf = (functionId: string) => (propertiesOf(functionId).LoggingConfig as { LogGroup: { Ref: string } }).LogGroup.Ref;
const redriveOf = (queueId: string) => (
  propertiesOf(queueId).RedrivePolicy as { deadLetterTargetArn: { 'Fn::GetAtt': string[] }; maxReceiveCount: number } | undefined
);
/** Where SQS puts what was received too often. */
const nextQueueOf = (queueId: string) => redriveOf(queueId)?.deadLetterTargetArn['Fn::GetAtt'][0] ?? '';
const CHAINS = (['ingest', 'delay'] as const).map((name) => {
  const queue = MANIFEST[`${name}Queue`];
  const unreported = nextQueueOf(queue);
  return { name, queue, unreported, deadLetters: nextQueueOf(unreported) };
});

test('needs no props, and exposes its parts', () => {
  const { scheduler, stack, manifest } = synth();
  expect(stack.resolve(scheduler.inputTopic.topicArn)).toEqual({ Ref: manifest.inputTopic });
  expect(stack.resolve(scheduler.failureTopic.topicArn)).toEqual({ Ref: manifest.failureTopic });
  expect(stack.resolve(scheduler.table.tableName)).toEqual({ Ref: manifest.table });
  expect(stack.resolve(scheduler.ingestQueue.queueUrl)).toEqual({ Ref: manifest.ingestQueue });
  expect(stack.resolve(scheduler.delayQueue.queueUrl)).toEqual({ Ref: manifest.delayQueue });
  expect(stack.resolve(scheduler.ingestFunction.functionName)).toEqual({ Ref: manifest.ingestFunction });
  expect(stack.resolve(scheduler.loadFunction.functionName)).toEqual({ Ref: manifest.loadFunction });
  expect(stack.resolve(scheduler.deliverFunction.functionName)).toEqual({ Ref: manifest.deliverFunction });
  const [ingest, delay] = CHAINS;
  expect(stack.resolve(scheduler.ingestUnreportedQueue.queueArn)).toEqual(arnOf(ingest.unreported));
  expect(stack.resolve(scheduler.ingestDeadLetterQueue.queueArn)).toEqual(arnOf(ingest.deadLetters));
  expect(stack.resolve(scheduler.delayUnreportedQueue.queueArn)).toEqual(arnOf(delay.unreported));
  expect(stack.resolve(scheduler.delayDeadLetterQueue.queueArn)).toEqual(arnOf(delay.deadLetters));
});

describe('who may publish', () => {
  const publishStatement = (resource: unknown) => ({
    PolicyDocument: Match.objectLike({ Statement: [{ Action: 'sns:Publish', Effect: 'Allow', Resource: resource }] }),
  });

  test('nobody, but who is granted', () => {
    const publishers = (template: Template) => Object.values(template.findResources('AWS::IAM::Policy', {
      Properties: publishStatement({ Ref: MANIFEST.inputTopic }),
    }));
    expect(publishers(TEMPLATE)).toEqual([]);
    const stack = new Stack(new App(), 'Stack');
    const producer = new iam.Role(stack, 'Producer', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
    new WebhookScheduler(stack, 'Sched').grantPublish(producer).assertSuccess();
    expect(publishers(Template.fromStack(stack))).toEqual([expect.objectContaining({
      Properties: expect.objectContaining({ Roles: [{ Ref: expect.stringMatching(/^Producer/) }] }),
    })]);
  });

  test('a producer in a stack that imports the scheduler', () => {
    const stack = new Stack(new App(), 'Producers', { env: { account: '111111111111', region: 'eu-west-1' } });
    const arn = 'arn:aws:sns:us-east-1:222222222222:Input';
    const scheduler = WebhookScheduler.fromInputTopicArn(stack, 'Sched', arn);
    const producer = new iam.Role(stack, 'Producer', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
    scheduler.grantPublish(producer);
    expect(scheduler.inputTopic.topicArn).toBe(arn);
    expect(scheduler.env).toEqual({ account: '222222222222', region: 'us-east-1' });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::IAM::Policy', publishStatement(arn));
    template.resourceCountIs('AWS::SNS::Topic', 0);
  });

  test('a producer in another stack of the app', () => {
    const app = new App();
    const scheduler = new WebhookScheduler(new Stack(app, 'Schedulers'), 'Sched');
    const producers = new Stack(app, 'Producers');
    scheduler.grantPublish(new iam.Role(producers, 'Producer', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') }));
    Template.fromStack(producers).hasResourceProperties('AWS::IAM::Policy', publishStatement({ 'Fn::ImportValue': Match.anyValue() }));
  });

  test.each([
    'Input', 'arn:aws:sqs:eu-west-1:111122223333:Input', 'arn:aws:sns:eu-west-1:111122223333:Input.fifo',
    'arn:aws:sns:eu-west-1:111122223333:Input:0a1b2c3d-0000-4000-8000-000000000000',
  ])('%s is no scheduler to import', (inputTopicArn) => {
    expect(() => WebhookScheduler.fromInputTopicArn(new Stack(), 'Sched', inputTopicArn)).toThrow(
      `inputTopicArn is ${JSON.stringify(inputTopicArn)}, expected the ARN of a standard SNS topic`,
    );
  });

  test.each(['arn:aws-us-gov:sns:us-gov-west-1:111122223333:Input', Fn.importValue('InputTopicArn')])('%s is one', (inputTopicArn) => {
    expect(() => WebhookScheduler.fromInputTopicArn(new Stack(), 'Sched', inputTopicArn)).not.toThrow();
  });

  test('no topic and no queue without TLS', () => {
    const guarded = ofType('AWS::SNS::TopicPolicy').concat(ofType('AWS::SQS::QueuePolicy')).flatMap(([, { Properties }]) => {
      const { PolicyDocument, Topics, Queues } = Properties as unknown as {
        PolicyDocument: { Statement: (Statement & { Condition: unknown })[] }; Topics?: { Ref: string }[]; Queues?: { Ref: string }[];
      };
      expect(PolicyDocument.Statement).toContainEqual(expect.objectContaining({
        Effect: 'Deny', Action: Topics ? 'sns:Publish' : 'sqs:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }));
      return (Topics ?? Queues ?? []).map(({ Ref }) => Ref);
    });
    expect(guarded.sort()).toEqual([...ofType('AWS::SNS::Topic'), ...ofType('AWS::SQS::Queue')].map(([id]) => id).sort());
  });
});

describe('what each function may do, and no more', () => {
  const [ingest, delay] = CHAINS;
  const table = JSON.stringify(arnOf(MANIFEST.table));
  const queue = (logicalId: string) => JSON.stringify(arnOf(logicalId));
  const failureTopic = JSON.stringify({ Ref: MANIFEST.failureTopic });
  const log = (functionId: string): [string, string[]] => (
    [JSON.stringify(arnOf(logGroupOf(functionId))), ['logs:CreateLogStream', 'logs:PutLogEvents']]
  );
  /** As Lambda's poller asks for it, and for the messages that are to come back sooner. */
  const CONSUME = ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'];

  test('ingest', () => {
    expect(permissionsOf(MANIFEST.ingestFunction)).toEqual(new Map([
      log(MANIFEST.ingestFunction),
      [table, ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem']],
      [queue(ingest.queue), CONSUME],
      [queue(delay.queue), ['sqs:SendMessage']],
      [failureTopic, ['sns:Publish']],
    ]));
  });

  test('load', () => {
    expect(permissionsOf(MANIFEST.loadFunction)).toEqual(new Map([
      log(MANIFEST.loadFunction),
      [table, ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem']],
      [queue(delay.queue), ['sqs:SendMessage']],
      [queue(ingest.unreported), ['sqs:DeleteMessage', 'sqs:ReceiveMessage']],
      [queue(delay.unreported), ['sqs:DeleteMessage', 'sqs:ReceiveMessage']],
      [queue(ingest.deadLetters), ['sqs:SendMessage']],
      [queue(delay.deadLetters), ['sqs:SendMessage']],
      [failureTopic, ['sns:Publish']],
    ]));
  });

  test('deliver', () => {
    expect(permissionsOf(MANIFEST.deliverFunction)).toEqual(new Map([
      log(MANIFEST.deliverFunction),
      [table, ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:PartiQLInsert', 'dynamodb:PutItem', 'dynamodb:UpdateItem']],
      // It takes from the queue, and sends to it: what comes too early, retries, and outcomes that the table does not take.
      [queue(delay.queue), [...CONSUME, 'sqs:SendMessage']],
      [failureTopic, ['sns:Publish']],
    ]));
  });

  test('none shares its role', () => {
    const roles = [MANIFEST.ingestFunction, MANIFEST.loadFunction, MANIFEST.deliverFunction].map((id) => JSON.stringify(propertiesOf(id).Role));
    expect(new Set(roles).size).toBe(3);
  });

  test('only deliver, which sends to the queue that invokes it, may do so as often as the retry policy says', () => {
    expect(propertiesOf(MANIFEST.deliverFunction).RecursiveLoop).toBe('Allow');
    expect(propertiesOf(MANIFEST.ingestFunction)).not.toHaveProperty('RecursiveLoop');
    expect(propertiesOf(MANIFEST.loadFunction)).not.toHaveProperty('RecursiveLoop');
  });
});

describe('what can be granted', () => {
  function granted(grant: (scheduler: WebhookScheduler, role: iam.Role) => iam.Grant): Statement[] {
    const stack = new Stack(new App(), 'Stack');
    const scheduler = new WebhookScheduler(stack, 'Sched');
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
    grant(scheduler, role).assertSuccess();
    return statementsOf(stack.getLogicalId(role.node.defaultChild as iam.CfnRole), parts(stack, scheduler).resources);
  }

  test('reading outcomes: rows under ids, never a message', () => {
    expect(granted((scheduler, role) => scheduler.grantRead(role))).toEqual([{
      Effect: 'Allow',
      Action: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
      Resource: arnOf(MANIFEST.table),
      Condition: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [idPartition('*')] },
        'Null': { 'dynamodb:LeadingKeys': 'false' },
      },
    }]);
  });

  test('moving dead letters back, and nothing else', () => {
    const [ingest, delay] = CHAINS;
    expect(granted((scheduler, role) => scheduler.grantRedrive(role))).toEqual([
      {
        Effect: 'Allow',
        Action: [
          'sqs:StartMessageMoveTask', 'sqs:ListMessageMoveTasks', 'sqs:CancelMessageMoveTask',
          'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes',
        ],
        Resource: [arnOf(ingest.deadLetters), arnOf(delay.deadLetters)],
      },
      { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: [arnOf(ingest.queue), arnOf(delay.queue)] },
    ]);
  });
});

describe('queues', () => {
  test('each is encrypted and keeps messages for 14 days', () => {
    TEMPLATE.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 86_400 });
  });

  test('what cannot be handled goes by way of a queue that is reported into one that is kept', () => {
    const chained = CHAINS.flatMap(({ queue, unreported, deadLetters }) => [queue, unreported, deadLetters]);
    expect(ofType('AWS::SQS::Queue').map(([id]) => id).sort()).toEqual([...chained].sort());
    for (const { queue, unreported, deadLetters } of CHAINS) {
      expect(redriveOf(queue)).toEqual({ deadLetterTargetArn: arnOf(unreported), maxReceiveCount: 50 });
      // SQS moves messages back only out of a queue that is the dead-letter queue of another one; and it counts receives across queues, so
      // that with a count of 50 here, too, it would move them on before load gets to see them.
      expect(redriveOf(unreported)).toEqual({ deadLetterTargetArn: arnOf(deadLetters), maxReceiveCount: 70 });
      expect(propertiesOf(deadLetters)).not.toHaveProperty('RedrivePolicy');
    }
  });

  test('a dependency that fails for an hour puts nothing aside', () => {
    const seconds = Array.from({ length: redriveOf(MANIFEST.ingestQueue)!.maxReceiveCount }, (_, i) => comeBackSeconds(i + 1));
    expect(seconds.reduce((sum, delay) => sum + delay, 0)).toBeGreaterThan(3600);
  });

  test('what is being reported is left alone by the next ticks', () => {
    for (const { unreported } of CHAINS) {
      expect(propertiesOf(unreported).VisibilityTimeout).toBeGreaterThanOrEqual(propertiesOf(MANIFEST.loadFunction).Timeout as number);
    }
  });

  test('load knows each of the queues by its role', () => {
    const [ingest, delay] = CHAINS;
    expect(environmentOf(MANIFEST.loadFunction)).toMatchObject({
      INGEST_UNREPORTED_QUEUE_URL: { Ref: ingest.unreported },
      INGEST_DEAD_LETTER_QUEUE_URL: { Ref: ingest.deadLetters },
      DELAY_UNREPORTED_QUEUE_URL: { Ref: delay.unreported },
      DELAY_DEAD_LETTER_QUEUE_URL: { Ref: delay.deadLetters },
    });
  });

  test('what the input topic cannot hand on is reported like what ingest cannot handle', () => {
    const [{ queue, unreported }] = CHAINS;
    TEMPLATE.hasResourceProperties('AWS::SNS::Subscription', {
      TopicArn: { Ref: MANIFEST.inputTopic },
      Protocol: 'sqs',
      Endpoint: arnOf(queue),
      RedrivePolicy: { deadLetterTargetArn: arnOf(unreported) },
      RawMessageDelivery: Match.absent(), // the envelope carries the MessageId
    });
    for (const queueId of [queue, unreported]) {
      TEMPLATE.hasResourceProperties('AWS::SQS::QueuePolicy', {
        Queues: [{ Ref: queueId }],
        PolicyDocument: {
          Statement: Match.arrayWith([Match.objectLike({
            Effect: 'Allow',
            Action: 'sqs:SendMessage',
            Principal: { Service: 'sns.amazonaws.com' },
            Resource: arnOf(queueId),
            Condition: { ArnEquals: { 'aws:SourceArn': { Ref: MANIFEST.inputTopic } } },
          })]),
        },
      });
    }
  });

  test.each(CHAINS)('an alarm can be put on the dead letters of the $name queue', ({ name, deadLetters }) => {
    const stack = new Stack(new App(), 'Stack');
    const scheduler = new WebhookScheduler(stack, 'Sched');
    new cloudwatch.Alarm(stack, 'Alarm', {
      metric: scheduler[`${name}DeadLetterQueue`].metricApproximateNumberOfMessagesVisible(), threshold: 1, evaluationPeriods: 1,
    });
    Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [deadLetters, 'QueueName'] } }],
    });
  });

  test('the visibility timeout is six times the timeout of the function that takes from it', () => {
    const visibilityOf = (queueId: string) => propertiesOf(queueId).VisibilityTimeout as number;
    expect(visibilityOf(MANIFEST.ingestQueue)).toBe(6 * (propertiesOf(MANIFEST.ingestFunction).Timeout as number));
    expect(visibilityOf(MANIFEST.delayQueue)).toBe(6 * (propertiesOf(MANIFEST.deliverFunction).Timeout as number));
  });

  test('mappings report partial failures, and do not wait for a batch to fill', () => {
    TEMPLATE.resourceCountIs('AWS::Lambda::EventSourceMapping', 2);
    TEMPLATE.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: arnOf(MANIFEST.ingestQueue),
      FunctionName: { Ref: MANIFEST.ingestFunction },
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: 0, // said, so that an update takes away one that there was
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    TEMPLATE.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: arnOf(MANIFEST.delayQueue),
      FunctionName: { Ref: MANIFEST.deliverFunction },
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: Match.absent(), // with little traffic Lambda would wait up to 20 s
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });

  test.each<[number | undefined, unknown]>([[undefined, { MaximumConcurrency: 100 }], [50, { MaximumConcurrency: 50 }]])('maxConcurrency %j bounds both mappings', (given, config) => {
    const mappings = synth({ maxConcurrency: given }).ofType('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => Properties as { ScalingConfig?: unknown });
    expect(mappings.map(({ ScalingConfig }) => ScalingConfig)).toEqual([config, config]);
  });

  test.each<[WebhookSchedulerProps['ingestPollers'], unknown]>([
    [{}, { MinimumPollers: 2, MaximumPollers: 10 }],
    [{ minimum: 30 }, { MinimumPollers: 30, MaximumPollers: 30 }],
    [{ minimum: 20, maximum: 2000 }, { MinimumPollers: 20, MaximumPollers: 2000 }],
  ])('pollers %j poll the queue that they are given for; maxConcurrency bounds the other', (pollers, config) => {
    const mappingsOf = (props: WebhookSchedulerProps) => Object.fromEntries(synth(props).ofType('AWS::Lambda::EventSourceMapping').map(([id, { Properties }]) => {
      const { ProvisionedPollerConfig, ScalingConfig } = Properties as { ProvisionedPollerConfig?: unknown; ScalingConfig?: unknown };
      return [/^Sched(Ingest|Deliver)/.exec(id)![1], ProvisionedPollerConfig ?? ScalingConfig];
    }));
    expect(mappingsOf({ ingestPollers: pollers })).toEqual({ Ingest: config, Deliver: { MaximumConcurrency: 100 } });
    expect(mappingsOf({ deliverPollers: pollers, maxConcurrency: 7 })).toEqual({ Ingest: { MaximumConcurrency: 7 }, Deliver: config });
    const both = mappingsOf({ ingestPollers: {}, deliverPollers: pollers });
    expect(both).toEqual({ Ingest: { MinimumPollers: 2, MaximumPollers: 10 }, Deliver: config });
  });
});

describe.each([1, 5, 20])('with a batching window of %d s', (window) => {
  const windowed = synth({ ingestBatchingWindow: Duration.seconds(window) });
  const propertiesThere = (logicalId: string) => windowed.resources[logicalId].Properties as Record<string, unknown>;

  test('ingest waits for up to a hundred messages, and deliver for none', () => {
    windowed.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: arnOf(MANIFEST.ingestQueue),
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: window,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    windowed.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: arnOf(MANIFEST.delayQueue),
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: Match.absent(),
    });
  });

  test('the visibility timeout of the ingest queue has room for it, which an action waits for', () => {
    const visibility = propertiesThere(MANIFEST.ingestQueue).VisibilityTimeout as number;
    expect(visibility).toBe(6 * (propertiesThere(MANIFEST.ingestFunction).Timeout as number) + window);
    expect(1000 * visibility).toBeLessThan(ACTION_PATIENCE_MS);
  });

  test('ingest and deliver count lateness from when the longest wait is over', () => {
    const notices = [MANIFEST.ingestFunction, MANIFEST.loadFunction, MANIFEST.deliverFunction].map((id) => (
      (propertiesThere(id).Environment as { Variables: Record<string, string> }).Variables.NOTICE_SECONDS
    ));
    const notice = String(NOTICE_MS / 1000 + Math.max(window, LONGEST_WAIT_SECONDS));
    expect(notices).toEqual([notice, undefined, notice]);
  });

  test('nothing else is different', () => {
    const different = Object.keys(windowed.resources).filter((id) => JSON.stringify(windowed.resources[id]) !== JSON.stringify(RESOURCES[id]));
    const idOf = (prefix: string) => expect.stringMatching(new RegExp(`^${prefix}[0-9A-F]{8}$`)) as string;
    expect(different.sort()).toEqual([idOf('SchedDeliver'), idOf('SchedIngest'), idOf('SchedIngestQueue'), idOf('SchedIngestSource')]);
  });
});

test('a batching window goes with pollers that are provisioned', () => {
  const { ofType: resourcesOf } = synth({ ingestBatchingWindow: Duration.seconds(5), ingestPollers: {} });
  expect(resourcesOf('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => Properties as object)).toContainEqual(
    expect.objectContaining({ MaximumBatchingWindowInSeconds: 5, ProvisionedPollerConfig: { MinimumPollers: 2, MaximumPollers: 10 } }),
  );
});

test('the table is on demand, expires rows, can be restored, and stays when the stack goes', () => {
  TEMPLATE.hasResource('AWS::DynamoDB::Table', {
    DeletionPolicy: 'Retain',
    Properties: {
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      GlobalSecondaryIndexes: Match.absent(),
      StreamSpecification: Match.absent(),
    },
  });
});

describe('functions', () => {
  const functionIds = [MANIFEST.ingestFunction, MANIFEST.loadFunction, MANIFEST.deliverFunction];

  test('run on arm64 and the newest Node.js that the minimum CDK knows, with JSON logs in a log group of their own that expires', () => {
    TEMPLATE.resourceCountIs('AWS::Lambda::Function', 3);
    TEMPLATE.allResourcesProperties('AWS::Lambda::Function', {
      Architectures: ['arm64'], Runtime: lambda.Runtime.NODEJS_24_X.name, LoggingConfig: Match.objectLike({ LogFormat: 'JSON' }),
    });
    expect(new Set(functionIds.map(logGroupOf)).size).toBe(3);
    TEMPLATE.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });

  test('know the names of things, and no secret', () => {
    const names = functionIds.flatMap((id) => Object.keys(environmentOf(id)));
    expect([...new Set(names)].sort()).toEqual([
      'DELAY_DEAD_LETTER_QUEUE_URL', 'DELAY_QUEUE_URL', 'DELAY_UNREPORTED_QUEUE_URL', 'FAILURE_TOPIC_ARN',
      'INGEST_DEAD_LETTER_QUEUE_URL', 'INGEST_HORIZON_SECONDS', 'INGEST_QUEUE_URL', 'INGEST_UNREPORTED_QUEUE_URL', 'INPUT_TOPIC_NAME',
      'LEASE_BEYOND_SECONDS', 'LOAD_HORIZON_SECONDS', 'MAX_HORIZON_SECONDS', 'NETWORK_POLICY', 'PARTITIONS', 'REQUEST_TIMEOUT_SECONDS', 'RETENTION_SECONDS',
      'RETRY_POLICY',
      'TABLE_NAME', 'TURNS_PER_INVOCATION', 'TURNS_PER_MESSAGE', 'UV_THREADPOOL_SIZE',
    ]);
  });

  test.each<[keyof SchedulerManifest, (environment: Environment, services: Services) => unknown]>([
    ['ingestFunction', createIngestHandler],
    ['loadFunction', createLoadHandler],
    ['deliverFunction', (environment, services) => createDeliverHandler(environment, services, () => NOBODY, () => NOBODY)],
  ])('%s finds every variable that it reads', (part, createHandler) => {
    // The values that only a deployment gives become text here; nothing is called.
    const environment = Object.fromEntries(Object.entries(environmentOf(MANIFEST[part]!)).map(([name, value]) => (
      [name, typeof value === 'string' ? value : JSON.stringify(value)]
    )));
    const read = new Set<string>();
    const watched = new Proxy(environment, { get: (target, name: string) => (read.add(name), target[name]) });
    createHandler(watched, { clock: NOBODY, dynamodb: NOBODY, sqs: NOBODY, sns: NOBODY, log: NOBODY, metrics: () => NOBODY, random: NOBODY });
    expect([...read, ...(part === 'deliverFunction' ? ['UV_THREADPOOL_SIZE'] : [])].sort()).toEqual(Object.keys(environment).sort());
  });

  test('agree on what they share', () => {
    const shared = [
      'TABLE_NAME', 'RETENTION_SECONDS', 'DELAY_QUEUE_URL', 'FAILURE_TOPIC_ARN', 'INPUT_TOPIC_NAME', 'INGEST_HORIZON_SECONDS', 'RETRY_POLICY',
      'TURNS_PER_MESSAGE',
    ];
    for (const name of shared) {
      const values = functionIds.map((id) => JSON.stringify(environmentOf(id)[name])).filter((value) => value !== undefined);
      expect({ name, functions: values.length > 1, values: new Set(values).size }).toEqual({ name, functions: true, values: 1 });
    }
  });
});

test('an invocation of deliver has time to start, to hold a webhook, to wait for the endpoint and to write the outcome down', () => {
  const spare = (props: WebhookSchedulerProps) => {
    const { resources, manifest } = synth(props);
    const properties = resources[manifest.deliverFunction].Properties as unknown as {
      Timeout: number; Environment: { Variables: Record<string, string> };
    };
    expect(properties.Timeout).toBeLessThanOrEqual(15 * 60); // as much as Lambda gives
    return properties.Timeout - (Number(properties.Environment.Variables.REQUEST_TIMEOUT_SECONDS) + (MAX_HOLD_MS + RECORD_MS) / 1000);
  };
  expect(spare({})).toBe(4);
  expect(spare({ requestTimeout: Duration.seconds(1) })).toBe(4);
  expect(spare({ requestTimeout: Duration.minutes(14) })).toBe(4);
});

test('one owner: what ingest leaves to load is in the table before load looks, and what ingest sends SQS can delay', () => {
  const ingestHorizon = secondsOf(MANIFEST.ingestFunction, 'INGEST_HORIZON_SECONDS');
  const loadHorizon = secondsOf(MANIFEST.loadFunction, 'LOAD_HORIZON_SECONDS');
  const ingestTimeout = propertiesOf(MANIFEST.ingestFunction).Timeout as number;
  expect(ingestHorizon - loadHorizon).toBeGreaterThan(ingestTimeout + MAX_CLOCK_SKEW_MS / 1000);
  expect(ingestHorizon).toBeLessThanOrEqual(MAX_QUEUE_DELAY_SECONDS);
  expect(loadHorizon).toBeGreaterThanOrEqual(180); // two ticks may be missed
});

test('load is invoked each minute; what a tick that fails has left, the next one takes up', () => {
  TEMPLATE.hasResourceProperties('AWS::Events::Rule', {
    ScheduleExpression: 'rate(1 minute)',
    State: 'ENABLED',
    Targets: [Match.objectLike({
      Arn: arnOf(MANIFEST.loadFunction), DeadLetterConfig: Match.absent(), RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 1 },
    })],
  });
  TEMPLATE.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
    FunctionName: { Ref: MANIFEST.loadFunction }, MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60,
  });
  expect(propertiesOf(MANIFEST.loadFunction)).not.toHaveProperty('DeadLetterConfig');
});

describe('a failure topic that exists', () => {
  const ENV = { account: '111111111111', region: 'eu-west-1' };
  const TOPIC_ARN = 'arn:aws:sns:eu-west-1:111111111111:Failures';

  function withTopic(create: (stack: Stack) => sns.ITopic, env: { account: string; region: string } | undefined = ENV) {
    const stack = new Stack(new App(), 'Stack', { env });
    const failureTopic = create(stack);
    const scheduler = new WebhookScheduler(stack, 'Sched', { failureTopic });
    expect(scheduler.failureTopic).toBe(failureTopic);
    return parts(stack, scheduler);
  }

  /** What the functions may do on a resource: the same for all three. */
  function allowedOn(resource: unknown, { resources, manifest }: ReturnType<typeof withTopic>): string[] | undefined {
    const functions = [manifest.ingestFunction, manifest.loadFunction, manifest.deliverFunction];
    const [first, ...others] = functions.map((id) => permissionsOf(id, resources).get(JSON.stringify(resource)));
    others.forEach((other) => expect(other).toEqual(first));
    return first;
  }

  test('of the same stack is used instead of a new one, and named in the manifest', () => {
    const result = withTopic((stack) => new sns.Topic(stack, 'Mine'));
    result.template.resourceCountIs('AWS::SNS::Topic', 2);
    const { failureTopic } = result.manifest;
    expect(failureTopic).toMatch(/^Mine/);
    expect(failureTopicsOf(result)).toEqual([{ Ref: failureTopic }, { Ref: failureTopic }, { Ref: failureTopic }]);
    expect(allowedOn({ Ref: failureTopic }, result)).toEqual(['sns:Publish']);
  });

  test('imported', () => {
    const result = withTopic((stack) => sns.Topic.fromTopicArn(stack, 'Imported', TOPIC_ARN));
    result.template.resourceCountIs('AWS::SNS::Topic', 1);
    expect(result.manifest).not.toHaveProperty('failureTopic');
    expect(failureTopicsOf(result)).toEqual([TOPIC_ARN, TOPIC_ARN, TOPIC_ARN]);
    expect(allowedOn(TOPIC_ARN, result)).toEqual(['sns:Publish']);
  });

  test('of another account', () => {
    const arn = 'arn:aws:sns:eu-west-1:222222222222:Failures';
    expect(allowedOn(arn, withTopic((stack) => sns.Topic.fromTopicArn(stack, 'Imported', arn)))).toEqual(['sns:Publish']);
  });

  test('of another stack of the app', () => {
    const app = new App();
    const failureTopic = new sns.Topic(new Stack(app, 'Owner', { env: ENV }), 'Mine');
    const stack = new Stack(app, 'Stack', { env: ENV });
    const result = parts(stack, new WebhookScheduler(stack, 'Sched', { failureTopic }));
    result.template.resourceCountIs('AWS::SNS::Topic', 1);
    expect(result.manifest).not.toHaveProperty('failureTopic');
    expect(failureTopicsOf(result)[0]).toEqual({ 'Fn::ImportValue': expect.stringContaining('Mine') as string });
    expect(allowedOn(failureTopicsOf(result)[0], result)).toEqual(['sns:Publish']);
  });

  test('a FIFO topic is refused', () => {
    const message = 'failureTopic is a FIFO topic, expected a standard topic';
    expect(() => withTopic((stack) => new sns.Topic(stack, 'Mine', { fifo: true }))).toThrow(message);
    expect(() => withTopic((stack) => sns.Topic.fromTopicArn(stack, 'Imported', `${TOPIC_ARN}.fifo`))).toThrow(message);
  });

  test('a topic of another region is refused, where both regions are known', () => {
    const arn = 'arn:aws:sns:us-east-1:111111111111:Failures';
    const imported = (stack: Stack) => sns.Topic.fromTopicArn(stack, 'Imported', arn);
    expect(() => withTopic(imported)).toThrow('failureTopic is in us-east-1, expected eu-west-1, the region of the scheduler');
    const stack = new Stack(new App(), 'Anywhere');
    expect(() => new WebhookScheduler(stack, 'Sched', { failureTopic: imported(stack) })).not.toThrow();
  });
});

describe('props', () => {
  test('retention, horizon and request timeout reach the functions that need them', () => {
    const { resources, manifest } = synth({
      retention: Duration.days(90),
      maxHorizon: Duration.days(30),
      requestTimeout: Duration.seconds(30),
      logRetention: logs.RetentionDays.ONE_WEEK,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const properties = (id: string) => resources[id].Properties as { Timeout?: number; Environment?: { Variables: Record<string, string> } };
    for (const id of [manifest.ingestFunction, manifest.loadFunction, manifest.deliverFunction]) {
      expect(properties(id).Environment?.Variables.RETENTION_SECONDS).toBe(String(90 * 86_400));
    }
    expect(properties(manifest.ingestFunction).Environment?.Variables.MAX_HORIZON_SECONDS).toBe(String(30 * 86_400));
    expect(properties(manifest.deliverFunction).Environment?.Variables.REQUEST_TIMEOUT_SECONDS).toBe('30');
    expect(properties(manifest.deliverFunction).Timeout).toBeGreaterThanOrEqual(30 + MAX_HOLD_MS / 1000);
    expect(properties(manifest.delayQueue)).toMatchObject({ VisibilityTimeout: 6 * properties(manifest.deliverFunction).Timeout! });
    expect(resources[manifest.table].DeletionPolicy).toBe('Delete');
    for (const [, logGroup] of Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::Logs::LogGroup')) {
      expect(logGroup).toMatchObject({ DeletionPolicy: 'Delete', Properties: { RetentionInDays: 7 } });
    }
  });

  test('a retention that just outlives the retry policy is enough', () => {
    const twelve = RetryPolicy.fixed(Array.from({ length: 12 }, () => Duration.days(2)), { jitter: 0 });
    expect(() => synth({ retention: Duration.days(39), retryPolicy: twelve })).not.toThrow();
    expect(() => synth({ retention: Duration.days(29) })).not.toThrow();
    const fewer = RetryPolicy.fixed([Duration.days(7), Duration.days(7), Duration.days(7)], { maxAge: Duration.days(14) });
    expect(() => synth({ retention: Duration.days(29), retryPolicy: fewer })).not.toThrow();
  });

  test('the retry policy reaches the functions in a form that they can read', () => {
    const { resources, manifest } = synth({ retryPolicy: RetryPolicy.fixed([Duration.minutes(1)], { jitter: 0, maxAge: Duration.hours(1) }) });
    for (const id of [manifest.ingestFunction, manifest.deliverFunction]) {
      const { Variables } = resources[id].Properties.Environment as { Variables: Record<string, string> };
      expect(parseRetryPlan(Variables.RETRY_POLICY)).toEqual({ delaysMs: [60_000], jitter: 0, maxAgeMs: 3_600_000 });
    }
  });

  test('defaults', () => {
    expect(parseRetryPlan(environmentOf(MANIFEST.deliverFunction).RETRY_POLICY as string)).toEqual({
      delaysMs: [5_000, 300_000, 1_800_000, ...[2, 5, 10, 14, 20, 24].map((hours) => hours * 3_600_000)], jitter: 0.2, maxAgeMs: undefined,
    });
    expect(secondsOf(MANIFEST.ingestFunction, 'MAX_HORIZON_SECONDS')).toBe(Duration.days(366).toSeconds());
    expect(secondsOf(MANIFEST.ingestFunction, 'RETENTION_SECONDS')).toBe(Duration.days(30).toSeconds());
    expect(secondsOf(MANIFEST.deliverFunction, 'REQUEST_TIMEOUT_SECONDS')).toBe(15);
  });

  test.each([[256, '5'], [512, '10'], [1769, '34'], [10_240, '50']])('deliver with %d MiB gets messages of at most %s webhooks of a dense second', (mebibytes, most) => {
    const { resources, manifest } = synth({ deliverMemory: Size.mebibytes(mebibytes) });
    expect(resources[manifest.deliverFunction].Properties.MemorySize).toBe(mebibytes);
    for (const id of [manifest.ingestFunction, manifest.loadFunction, manifest.deliverFunction]) {
      const { Variables } = resources[id].Properties.Environment as { Variables: Record<string, string> };
      expect(Variables.TURNS_PER_MESSAGE).toBe(most);
    }
    const { Variables } = resources[manifest.deliverFunction].Properties.Environment as { Variables: Record<string, string> };
    expect(Number(Variables.UV_THREADPOOL_SIZE)).toBe(Math.min(20 * Number(most), 768));
    expect(Number(Variables.TURNS_PER_INVOCATION)).toBe(10 * Number(most));
  });

  test('memory reaches each function', () => {
    const { resources, manifest } = synth({ ingestMemory: Size.mebibytes(256), loadMemory: Size.gibibytes(1), deliverMemory: Size.mebibytes(1769) });
    expect([manifest.ingestFunction, manifest.loadFunction, manifest.deliverFunction].map((id) => resources[id].Properties.MemorySize))
      .toEqual([256, 1024, 1769]);
  });

  test.each<[lambda.Tracing, string | undefined]>([
    [lambda.Tracing.ACTIVE, 'Active'], [lambda.Tracing.PASS_THROUGH, undefined],
  ])('with tracing %s each function sends traces, and may, and the topic has the tracing %s', (tracing, ofTopic) => {
    const { resources, manifest } = synth({ tracing });
    for (const id of [manifest.ingestFunction, manifest.loadFunction, manifest.deliverFunction]) {
      expect(resources[id].Properties.TracingConfig).toEqual({ Mode: tracing });
      expect(permissionsOf(id, resources).get('"*"')).toEqual(['xray:PutTelemetryRecords', 'xray:PutTraceSegments']);
    }
    const { Properties: topic } = resources[manifest.inputTopic] as Partial<Resource>;
    expect(topic?.TracingConfig).toBe(ofTopic);
  });

  test('the input topic can have a name, known at synthesis or not', () => {
    const nameOf = (inputTopicName: string) => {
      const { resources, manifest } = synth({ inputTopicName });
      return resources[manifest.inputTopic].Properties.TopicName as unknown;
    };
    expect(nameOf('webhooks')).toBe('webhooks');
    expect(nameOf(Fn.importValue('Name'))).toEqual({ 'Fn::ImportValue': 'Name' });
  });

  const REFUSED: [WebhookSchedulerProps, string][] = [
    [{ requestTimeout: Duration.millis(1500) }, 'requestTimeout is 1 second 500 millis, expected whole seconds'],
    [{ requestTimeout: Duration.seconds(0) }, 'requestTimeout is 0 seconds, expected 1 second to 14 minutes'],
    [{ requestTimeout: Duration.minutes(15) }, 'requestTimeout is 15 minutes, expected 1 second to 14 minutes'],
    [
      { requestTimeout: Duration.seconds(Lazy.number({ produce: () => 15 })) },
      'requestTimeout has to be known at synthesis, and is a token; pass a literal Duration',
    ],
    [{ ingestBatchingWindow: Duration.millis(1500) }, 'ingestBatchingWindow is 1 second 500 millis, expected whole seconds'],
    [{ ingestBatchingWindow: Duration.seconds(0) }, 'ingestBatchingWindow is 0 seconds, expected 1 second to 20 seconds'],
    [{ ingestBatchingWindow: Duration.seconds(21) }, 'ingestBatchingWindow is 21 seconds, expected 1 second to 20 seconds'],
    [
      { ingestBatchingWindow: Duration.seconds(Lazy.number({ produce: () => 5 })) },
      'ingestBatchingWindow has to be known at synthesis, and is a token; pass a literal Duration',
    ],
    [{ maxConcurrency: 1 }, 'maxConcurrency is 1, expected a whole number from 2 to 1000'],
    [{ maxConcurrency: 2.5 }, 'maxConcurrency is 2.5, expected a whole number from 2 to 1000'],
    [{ maxConcurrency: 1001 }, 'maxConcurrency is 1001, expected a whole number from 2 to 1000'],
    [
      { maxConcurrency: Lazy.number({ produce: () => 5 }) },
      'maxConcurrency has to be known at synthesis, and is a token; pass a literal number',
    ],
    [{ ingestPollers: { minimum: 1 } }, 'ingestPollers.minimum is 1, expected a whole number from 2 to 200'],
    [{ deliverPollers: { minimum: 201 } }, 'deliverPollers.minimum is 201, expected a whole number from 2 to 200'],
    [{ deliverPollers: { minimum: 50, maximum: 49 } }, 'deliverPollers.maximum is 49, expected a whole number from 50 to 2000'],
    [{ ingestPollers: { maximum: 2001 } }, 'ingestPollers.maximum is 2001, expected a whole number from 2 to 2000'],
    [{ ingestPollers: {}, deliverPollers: {}, maxConcurrency: 5 }, 'maxConcurrency is given together with ingestPollers and deliverPollers, expected one of these'
      + ' at most: the maximum of the pollers bounds the concurrency of their function'],
    [{ partitions: 0 }, 'partitions is 0, expected a whole number from 1 to 256'],
    [{ partitions: 257 }, 'partitions is 257, expected a whole number from 1 to 256'],
    [{ deliverMemory: Size.mebibytes(255) }, 'deliverMemory in MiB is 255, expected a whole number from 256 to 10240'],
    [{ deliverMemory: Size.gibibytes(11) }, 'deliverMemory in MiB is 11264, expected a whole number from 256 to 10240'],
    [{ deliverMemory: Size.kibibytes(524_289) }, 'deliverMemory in MiB is 512.0009765625, expected a whole number from 256 to 10240'],
    [
      { deliverMemory: Size.mebibytes(Lazy.number({ produce: () => 512 })) },
      'deliverMemory has to be known at synthesis, and is a token; pass a literal Size',
    ],
    [{ ingestMemory: Size.mebibytes(128) }, 'ingestMemory in MiB is 128, expected a whole number from 256 to 10240'],
    [{ loadMemory: Size.gibibytes(11) }, 'loadMemory in MiB is 11264, expected a whole number from 256 to 10240'],
    [
      { loadMemory: Size.mebibytes(Lazy.number({ produce: () => 512 })) },
      'loadMemory has to be known at synthesis, and is a token; pass a literal Size',
    ],
    [{ inputTopicName: 'web hooks' }, 'inputTopicName is "web hooks", expected 1 to 256 letters, digits, hyphens and underscores'],
    [{ inputTopicName: 'webhooks.fifo' }, 'inputTopicName is "webhooks.fifo", expected 1 to 256 letters, digits, hyphens and underscores'],
    [{ inputTopicName: '' }, 'inputTopicName is "", expected 1 to 256 letters, digits, hyphens and underscores'],
    [{ partitions: Lazy.number({ produce: () => 4 }) }, 'partitions has to be known at synthesis, and is a token; pass a literal number'],
    [
      { ingestPollers: { minimum: Lazy.number({ produce: () => 4 }) } },
      'ingestPollers.minimum has to be known at synthesis, and is a token; pass a literal number',
    ],
    [
      { deliverPollers: { maximum: Lazy.number({ produce: () => 4 }) } },
      'deliverPollers.maximum has to be known at synthesis, and is a token; pass a literal number',
    ],
    [
      { retention: Duration.days(Lazy.number({ produce: () => 60 })) },
      'retention has to be known at synthesis, and is a token; pass a literal Duration',
    ],
    [
      { maxHorizon: Duration.days(Lazy.number({ produce: () => 60 })) },
      'maxHorizon has to be known at synthesis, and is a token; pass a literal Duration',
    ],
    [{ retention: Duration.days(1) }, 'retention is 1 day, expected 29 days to 3660 days'],
    [{ retention: Duration.days(3661) }, 'retention is 3661 days, expected 29 days to 3660 days'],
    [{ maxHorizon: Duration.seconds(1) }, 'maxHorizon is 1 second, expected 1 minute to 3660 days'],
    [{ maxHorizon: Duration.days(3661) }, 'maxHorizon is 3661 days, expected 1 minute to 3660 days'],
    [
      { retention: Duration.days(38), retryPolicy: RetryPolicy.fixed(Array.from({ length: 12 }, () => Duration.days(2)), { jitter: 0 }) },
      'retention is 38 days, expected at least 39 days: with this retryPolicy the attempts of a webhook may take 24 days, '
      + 'and a dead letter may be moved back 14 days after that',
    ],
    [
      { retryPolicy: RetryPolicy.fixed(Array.from({ length: 5 }, () => Duration.days(3))) },
      'retention is 30 days, expected at least 33 days: with this retryPolicy the attempts of a webhook may take 18 days, ',
    ],
  ];
  test.each(REFUSED.map(([props, message]) => ({ props, message })))('refused: $message', ({ props, message }) => {
    expect(() => synth(props)).toThrow(message);
  });
});

test('several schedulers live in one stack, and in stages', () => {
  const app = new App();
  const stack = new Stack(new Stage(app, 'Prod', { env: { account: '111111111111', region: 'eu-west-1' } }), 'Stack');
  new WebhookScheduler(stack, 'One');
  new WebhookScheduler(stack, 'Two');
  Template.fromStack(stack).resourceCountIs('AWS::DynamoDB::Table', 2);
});

test('nothing may act on everything', () => {
  for (const [, { Properties }] of ofType('AWS::IAM::Policy')) {
    expect(JSON.stringify(Properties)).not.toMatch(/"(Action|Resource)":"\*"|:\*"/);
  }
});

test('no bundle contains the CDK', () => {
  for (const name of ['ingest', 'load', 'deliver']) {
    const bundle = readFileSync(path.join(__dirname, '..', 'assets', 'handlers', `${name}.lambda`, 'index.js'), 'utf8');
    expect(bundle).not.toMatch(/aws-cdk-lib|jsii/);
  }
});

test('the rest of the template is as it was', () => {
  const template = JSON.parse(JSON.stringify(TEMPLATE.toJSON(), (key, value: unknown) => (
    key === 'S3Key' ? '<hash of the bundle>.zip' : value
  ))) as unknown;
  expect(template).toMatchSnapshot();
});
