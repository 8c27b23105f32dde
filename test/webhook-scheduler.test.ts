import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Duration, RemovalPolicy, Stack, Stage } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { WebhookScheduler, WebhookSchedulerProps } from '../src';
import { MANIFEST_KEY, SchedulerManifest } from '../src/core/manifest';
import { MAX_CLOCK_SKEW_MS, MAX_HOLD_MS, MAX_QUEUE_DELAY_SECONDS } from '../src/core/timing';

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
}

function synth(props?: WebhookSchedulerProps) {
  const stack = new Stack(new App(), 'Stack');
  const scheduler = new WebhookScheduler(stack, 'Sched', props);
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

/** What the role of a function may do: resource → actions. */
function permissionsOf(functionId: string): Map<string, string[]> {
  const [roleId] = (propertiesOf(functionId).Role as { 'Fn::GetAtt': string[] })['Fn::GetAtt'];
  const statements = ofType('AWS::IAM::Policy')
    .map(([, { Properties }]) => Properties as unknown as { Roles: { Ref: string }[]; PolicyDocument: { Statement: Statement[] } })
    .filter(({ Roles }) => Roles.some(({ Ref }) => Ref === roleId))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  expect(RESOURCES[roleId].Properties).not.toHaveProperty('ManagedPolicyArns');
  expect(statements.every(({ Effect }) => Effect === 'Allow')).toBe(true);
  const permissions = new Map<string, string[]>();
  for (const { Resource: resource, Action } of statements) {
    const key = JSON.stringify(resource);
    permissions.set(key, [...permissions.get(key) ?? [], ...[Action].flat()].sort());
  }
  return permissions;
}

const logGroupOf = (functionId: string) => (propertiesOf(functionId).LoggingConfig as { LogGroup: { Ref: string } }).LogGroup.Ref;
const deadLetterQueueOf = (queueId: string) => (
  (propertiesOf(queueId).RedrivePolicy as { deadLetterTargetArn: { 'Fn::GetAtt': string[] } } | undefined)?.deadLetterTargetArn['Fn::GetAtt'][0]
);

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
  expect(stack.resolve(scheduler.ingestDeadLetterQueue.queueArn)).toEqual(arnOf(deadLetterQueueOf(manifest.ingestQueue)!));
  expect(stack.resolve(scheduler.delayDeadLetterQueue.queueArn)).toEqual(arnOf(deadLetterQueueOf(manifest.delayQueue)!));
  expect(scheduler.loadDeadLetterQueue).toBeDefined();
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
  const table = JSON.stringify(arnOf(MANIFEST.table));
  const delayQueue = JSON.stringify(arnOf(MANIFEST.delayQueue));
  const ingestQueue = JSON.stringify(arnOf(MANIFEST.ingestQueue));
  const failureTopic = JSON.stringify({ Ref: MANIFEST.failureTopic });
  const loadDeadLetters = JSON.stringify((propertiesOf(MANIFEST.loadFunction).DeadLetterConfig as { TargetArn: unknown }).TargetArn);
  const log = (functionId: string): [string, string[]] => (
    [JSON.stringify(arnOf(logGroupOf(functionId))), ['logs:CreateLogStream', 'logs:PutLogEvents']]
  );
  const CONSUME = ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'];

  test('ingest', () => {
    expect(permissionsOf(MANIFEST.ingestFunction)).toEqual(new Map([
      log(MANIFEST.ingestFunction),
      [table, ['dynamodb:GetItem', 'dynamodb:PutItem']],
      [delayQueue, ['sqs:SendMessage']],
      [failureTopic, ['sns:Publish']],
      [ingestQueue, CONSUME],
    ]));
  });

  test('load', () => {
    expect(permissionsOf(MANIFEST.loadFunction)).toEqual(new Map([
      log(MANIFEST.loadFunction),
      [table, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query']],
      [delayQueue, ['sqs:SendMessage']],
      [loadDeadLetters, ['sqs:SendMessage']],
    ]));
  });

  test('deliver', () => {
    expect(permissionsOf(MANIFEST.deliverFunction)).toEqual(new Map([
      log(MANIFEST.deliverFunction),
      [table, ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:UpdateItem']],
      // It takes from the queue, and sends back what comes too early.
      [delayQueue, [...CONSUME, 'sqs:SendMessage'].sort()],
      [failureTopic, ['sns:Publish']],
    ]));
  });

  test('none shares its role', () => {
    const roles = [MANIFEST.ingestFunction, MANIFEST.loadFunction, MANIFEST.deliverFunction].map((id) => JSON.stringify(propertiesOf(id).Role));
    expect(new Set(roles).size).toBe(3);
  });
});

describe('queues', () => {
  test('each is encrypted, keeps messages for 14 days, and has a dead-letter queue or is one', () => {
    const queues = ofType('AWS::SQS::Queue').map(([id]) => id);
    const deadLetterQueues = queues.map(deadLetterQueueOf).filter((id) => id !== undefined);
    expect(new Set(deadLetterQueues).size).toBe(deadLetterQueues.length);
    const [loadDeadLetterQueue] = (propertiesOf(MANIFEST.loadFunction).DeadLetterConfig as { TargetArn: { 'Fn::GetAtt': string[] } }).TargetArn['Fn::GetAtt'];
    expect(queues.sort()).toEqual([MANIFEST.ingestQueue, MANIFEST.delayQueue, ...deadLetterQueues, loadDeadLetterQueue].sort());
    TEMPLATE.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 86_400 });
  });

  test('what the input topic cannot hand on lands in the ingest dead-letter queue', () => {
    TEMPLATE.hasResourceProperties('AWS::SNS::Subscription', {
      TopicArn: { Ref: MANIFEST.inputTopic },
      Protocol: 'sqs',
      Endpoint: arnOf(MANIFEST.ingestQueue),
      RedrivePolicy: { deadLetterTargetArn: arnOf(deadLetterQueueOf(MANIFEST.ingestQueue)!) },
      RawMessageDelivery: Match.absent(), // the envelope carries the MessageId
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
      MaximumBatchingWindowInSeconds: Match.absent(),
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
      'DELAY_QUEUE_URL', 'FAILURE_TOPIC_ARN', 'INGEST_HORIZON_SECONDS', 'LOAD_HORIZON_SECONDS', 'MAX_HORIZON_SECONDS', 'PARTITIONS',
      'REQUEST_TIMEOUT_SECONDS', 'RETENTION_SECONDS', 'TABLE_NAME', 'UV_THREADPOOL_SIZE',
    ]);
  });

  test('agree on what they share', () => {
    for (const name of ['TABLE_NAME', 'RETENTION_SECONDS', 'PARTITIONS', 'DELAY_QUEUE_URL', 'FAILURE_TOPIC_ARN']) {
      expect(new Set(functionIds.map((id) => JSON.stringify(environmentOf(id)[name])).filter((value) => value !== undefined)).size).toBe(1);
    }
  });
});

test('one owner: what ingest leaves to load is in the table before load looks, and what ingest sends SQS can delay', () => {
  const ingestHorizon = secondsOf(MANIFEST.ingestFunction, 'INGEST_HORIZON_SECONDS');
  const loadHorizon = secondsOf(MANIFEST.loadFunction, 'LOAD_HORIZON_SECONDS');
  const ingestTimeout = propertiesOf(MANIFEST.ingestFunction).Timeout as number;
  expect(ingestHorizon - loadHorizon).toBeGreaterThan(ingestTimeout + MAX_CLOCK_SKEW_MS / 1000);
  expect(ingestHorizon).toBeLessThanOrEqual(MAX_QUEUE_DELAY_SECONDS);
  expect(loadHorizon).toBeGreaterThanOrEqual(180); // two ticks may be missed
});

test('load is invoked each minute; a tick that fails is left to the next, and kept', () => {
  const deadLetterQueue = (propertiesOf(MANIFEST.loadFunction).DeadLetterConfig as { TargetArn: unknown }).TargetArn;
  TEMPLATE.hasResourceProperties('AWS::Events::Rule', {
    ScheduleExpression: 'rate(1 minute)',
    State: 'ENABLED',
    Targets: [Match.objectLike({ Arn: arnOf(MANIFEST.loadFunction), DeadLetterConfig: { Arn: deadLetterQueue } })],
  });
  TEMPLATE.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
    FunctionName: { Ref: MANIFEST.loadFunction }, MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60,
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

  test('defaults', () => {
    expect(secondsOf(MANIFEST.ingestFunction, 'MAX_HORIZON_SECONDS')).toBe(Duration.days(366).toSeconds());
    expect(secondsOf(MANIFEST.ingestFunction, 'RETENTION_SECONDS')).toBe(Duration.days(30).toSeconds());
    expect(secondsOf(MANIFEST.deliverFunction, 'REQUEST_TIMEOUT_SECONDS')).toBe(15);
  });

  test.each<[WebhookSchedulerProps, string]>([
    [{ requestTimeout: Duration.millis(1500) }, 'requestTimeout is 1 second 500 millis, expected whole seconds'],
    [{ requestTimeout: Duration.seconds(0) }, 'expected 1 second to 14 minutes'],
    [{ requestTimeout: Duration.minutes(15) }, 'requestTimeout is 15 minutes, expected 1 second to 14 minutes'],
    [{ retention: Duration.days(1) }, 'retention is 1 day, expected 15 days to 3660 days'],
    [{ maxHorizon: Duration.seconds(1) }, 'maxHorizon is 1 second, expected 1 minute to 3660 days'],
  ])('%j is refused', (props, message) => {
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
