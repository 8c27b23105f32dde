import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { type App, CfnCondition, CfnElement, Duration, Fn, NestedStack, Size, Stack, Stage, Tags } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Parts, code, removeTemporaryDirectories, synth, synthStack, temporaryDirectory, writeAssembly } from './fixture';
import { WebhookScheduler, WebhookSigning } from '../../src';
import { MANIFEST_KEY } from '../../src/core/manifest';
import { readAssembly } from '../../src/local/assembly';
import { type EnginePlan, planAssembly } from '../../src/local/plan';
import { UnsupportedTemplateError } from '../../src/local/resources';

afterAll(removeTemporaryDirectories);

const FOREIGN_SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:there';

const planOf = (assembly: string): EnginePlan => planAssembly(readAssembly(assembly), 'http://127.0.0.1:1');

function problemsOf(assembly: string): readonly string[] {
  try {
    planOf(assembly);
  } catch (error) {
    if (error instanceof UnsupportedTemplateError) return error.problems;
    throw error;
  }
  throw new Error('The assembly was taken.');
}

describe('finding schedulers', () => {
  test('a directory without a manifest is no assembly', () => {
    expect(() => planOf(temporaryDirectory())).toThrow(/is not a cloud assembly: it has no manifest.json/);
  });

  test('an assembly without a stack has nothing to run', () => {
    expect(() => planOf(synth(() => undefined))).toThrow(/holds no stack/);
  });

  test('an app without a scheduler is named as such', () => {
    expect(() => planOf(synthStack(stack => new sqs.Queue(stack, 'Queue')))).toThrow(/holds no scheduler: .* in Stack has the metadata cdk-webhook-scheduler/);
  });

  test('a manifest that names what is not there is an error', () => {
    const template = { Resources: { T: { Type: 'AWS::SNS::Topic', Metadata: { [MANIFEST_KEY]: { inputTopic: 'T', failureTopic: 'Gone' } } } } };
    const problems = problemsOf(writeAssembly(template));
    expect(problems).toContainEqual(expect.stringMatching(/^Stack: T \(AWS::SNS::Topic\): .* names "Gone" as failureTopic/));
    expect(problems).toContainEqual(expect.stringMatching(/ names nothing as table/));
    expect(problems).toHaveLength(7);
  });

  test('several schedulers, one in a stage and one in a nested stack, run side by side', () => {
    const plan = planOf(synth(app => {
      new Parts(new Stack(app, 'Plain'), 'P');
      new Parts(new Stack(new Stage(app, 'Beta', { env: { region: 'eu-west-1', account: '111122223333' } }), 'Inner'), 'P');
      new Parts(new NestedStack(new Stack(app, 'Outer'), 'Deep'), 'P');
    }));
    expect(plan.schedulers.map(({ stack, region }) => `${stack} ${region}`).sort()).toEqual([
      'Beta/Inner eu-west-1',
      expect.stringMatching(/^Outer\/Deep\w+ us-east-1$/),
      'Plain us-east-1',
    ]);
    expect(plan.functions).toHaveLength(9);
    expect(plan.schedulers.map(({ inputTopicArn }) => inputTopicArn)).toContainEqual(expect.stringMatching(/^arn:aws:sns:eu-west-1:000000000000:Beta-Inner-/));
  });
});

describe('what runs', () => {
  test('takes every setting from the template', () => {
    const plan = planOf(synthStack(stack => {
      const deadLetters = new sqs.Queue(stack, 'DeadLetters', { retentionPeriod: Duration.days(14) });
      const asyncFailures = new sqs.Queue(stack, 'AsyncFailures');
      const parts = new Parts(stack, 'P', {
        ingestQueue: {
          visibilityTimeout: Duration.seconds(60), deliveryDelay: Duration.seconds(2), deadLetterQueue: { queue: deadLetters, maxReceiveCount: 4 },
        },
        functionProps: {
          memorySize: 256,
          timeout: Duration.seconds(9),
          environment: { FIXED: 'yes' },
          deadLetterQueue: asyncFailures,
          retryAttempts: 1,
          maxEventAge: Duration.minutes(3),
          reservedConcurrentExecutions: 4,
          loggingFormat: lambda.LoggingFormat.JSON,
        },
      });
      parts.ingest.addEnvironment('TABLE', parts.table.tableName);
      parts.ingest.addEnvironment('QUEUE', parts.delayQueue.queueUrl);
      parts.ingest.addEventSource(new SqsEventSource(parts.ingestQueue, {
        batchSize: 500, maxBatchingWindow: Duration.seconds(2), maxConcurrency: 7, reportBatchItemFailures: true,
      }));
      new events.Rule(stack, 'Tick', { schedule: events.Schedule.rate(Duration.minutes(1)), targets: [new targets.LambdaFunction(parts.load)] });
    }));
    const [scheduler] = plan.schedulers;
    const ingest = plan.functions.find(({ name }) => name === scheduler.functions.ingest);
    const queue = (part: string): string => plan.queues.find(({ name }) => name.startsWith(`Stack-${part}`))!.arn;
    expect(ingest).toMatchObject({
      handler: 'index.handler',
      timeoutSeconds: 9,
      memoryMb: 256,
      reservedConcurrency: 4,
      logFormat: 'JSON',
      variables: { FIXED: 'yes', TABLE: scheduler.tableName, QUEUE: scheduler.delayQueueUrl },
      async: { retries: 1, maxAgeSeconds: 180, deadLetterQueueArn: queue('AsyncFailures') },
    });
    expect(scheduler.delayQueueUrl).toMatch(/^http:\/\/127\.0\.0\.1:1\/000000000000\/Stack-PDelayQueue/);
    expect(plan.queues.find(({ url }) => url === scheduler.ingestQueueUrl)?.attributes).toEqual({
      VisibilityTimeout: '60',
      DelaySeconds: '2',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queue('DeadLetters'), maxReceiveCount: 4 }),
    });
    expect(plan.queues.find(({ arn }) => arn === queue('DeadLetters'))?.attributes).toEqual({ MessageRetentionPeriod: '1209600' });
    expect(plan.tables).toEqual([expect.objectContaining({
      keys: [{ name: 'pk', keyType: 'HASH', attributeType: 'S' }, { name: 'sk', keyType: 'RANGE', attributeType: 'S' }],
    })]);
    expect(plan.subscriptions).toEqual([expect.objectContaining({ topicArn: scheduler.inputTopicArn, queueArn: queue('PIngestQueue'), attributes: {} })]);
    expect(plan.eventSources).toEqual([{
      queueArn: queue('PIngestQueue'),
      functionArn: ingest!.arn,
      batchSize: 500,
      windowSeconds: 2,
      maximumConcurrency: 7,
      initialConcurrency: 5,
      growthPerMinute: 300,
      partialResponses: true,
    }]);
    expect(plan.schedules).toEqual([expect.objectContaining({ source: 'aws.events', periodSeconds: 60 })]);
  });

  test.each([
    [{}, { initialConcurrency: 20, maximumConcurrency: 2000, growthPerMinute: 1000, receivesPerSecond: 1 }],
    [{ minimumPollers: 3, maximumPollers: 40 }, { initialConcurrency: 30, maximumConcurrency: 400, growthPerMinute: 1000, receivesPerSecond: 1 }],
  ])('a mapping in provisioned mode, %j, begins with ten invocations a poller, and has ten receives a second for each', (provisionedPollerConfig, scaling) => {
    const { eventSources } = planOf(synthStack(stack => {
      const { ingest, ingestQueue } = new Parts(stack, 'P');
      ingestQueue.grantConsumeMessages(ingest);
      new lambda.EventSourceMapping(stack, 'Mapping', { target: ingest, eventSourceArn: ingestQueue.queueArn, provisionedPollerConfig });
    }));
    expect(eventSources).toEqual([expect.objectContaining(scaling)]);
  });

  test('a queue that subscribes to a topic of the scheduler runs, in another stack too', () => {
    const plan = planOf(synth(app => {
      const parts = new Parts(new Stack(app, 'Owner'), 'P');
      const failures = new sqs.Queue(new Stack(app, 'Other'), 'Failures');
      parts.failureTopic.addSubscription(new subscriptions.SqsSubscription(failures, { rawMessageDelivery: true }));
    }));
    expect(plan.queues.map(({ name }) => name)).toContainEqual(expect.stringMatching(/^Other-Failures/));
    expect(plan.subscriptions).toContainEqual(expect.objectContaining({
      topicArn: plan.schedulers[0].failureTopicArn, attributes: { RawMessageDelivery: 'true' },
    }));
  });

  test('disabled mappings and schedules, and resources whose condition is false, do not run', () => {
    const plan = planOf(synthStack(stack => {
      const parts = new Parts(stack, 'P');
      parts.ingest.addEventSource(new SqsEventSource(parts.ingestQueue, { enabled: false }));
      const target = new targets.LambdaFunction(parts.load);
      new events.Rule(stack, 'Off', { schedule: events.Schedule.rate(Duration.minutes(1)), enabled: false, targets: [target] });
      const never = new events.Rule(stack, 'Never', { schedule: events.Schedule.rate(Duration.minutes(1)), targets: [target] });
      const condition = new CfnCondition(stack, 'Condition', { expression: Fn.conditionEquals('a', 'b') });
      (never.node.defaultChild as events.CfnRule).cfnOptions.condition = condition;
    }));
    expect(plan.eventSources).toEqual([]);
    expect(plan.schedules).toEqual([]);
  });

  test('what has nothing to do with a scheduler is ignored and listed', () => {
    const plan = planOf(synth(app => {
      const stack = new Stack(app, 'Stack');
      const parts = new Parts(stack, 'P');
      new s3.Bucket(stack, 'Bucket');
      parts.failureTopic.addSubscription(new subscriptions.EmailSubscription('someone@example.com'));
      new cloudwatch.Alarm(stack, 'Alarm', { metric: parts.delayQueue.metricApproximateNumberOfMessagesVisible(), threshold: 1, evaluationPeriods: 1 });
      const producer = new lambda.Function(stack, 'Producer', {
        runtime: lambda.Runtime.PYTHON_3_13, handler: 'index.handler', code: code('', 'index.py'), environment: { TOPIC: parts.inputTopic.topicArn },
      });
      parts.inputTopic.grantPublish(producer);
      new sqs.Queue(new Stack(app, 'Unrelated'), 'Fifo', { fifo: true });
    }, { 'aws:cdk:enable-path-metadata': true }));
    expect(plan.ignored.map(({ stack, type }) => [stack, type])).toEqual(expect.arrayContaining([
      ['Stack', 'AWS::S3::Bucket'],
      ['Stack', 'AWS::SNS::Subscription'],
      ['Stack', 'AWS::CloudWatch::Alarm'],
      ['Stack', 'AWS::Lambda::Function'],
      ['Stack', 'AWS::IAM::Role'],
      ['Stack', 'AWS::IAM::Policy'],
      ['Unrelated', 'AWS::SQS::Queue'],
    ]));
    expect(plan.ignored).toContainEqual({ stack: 'Stack', logicalId: expect.stringMatching(/^Bucket/), type: 'AWS::S3::Bucket', path: 'Stack/Bucket/Resource' });
    expect(plan.functions).toHaveLength(3);
  });

  test('an order of deployment alone does not make a resource run', () => {
    const plan = planOf(synthStack(stack => {
      const bucket = new s3.Bucket(stack, 'Bucket');
      new Parts(stack, 'P').node.addDependency(bucket);
    }));
    expect(plan.ignored.map(({ type }) => type)).toContain('AWS::S3::Bucket');
  });
});

describe('what cannot run', () => {
  test('names every unsupported type, property and value at once', () => {
    const problems = problemsOf(synthStack(stack => {
      const bucket = new s3.Bucket(stack, 'Bucket');
      const parts = new Parts(stack, 'P', { functionProps: { environment: { BUCKET: bucket.bucketName } } });
      const override = (resource: CfnElement, name: string, value: unknown): void =>
        (resource as sqs.CfnQueue).addPropertyOverride(name, value);
      override(parts.delayQueue.node.defaultChild as CfnElement, 'FifoQueue', true);
      override(parts.ingestQueue.node.defaultChild as CfnElement, 'Novelty', 1);
      override(parts.deliver.node.defaultChild as CfnElement, 'Runtime', 'python3.13');
      override(parts.load.node.defaultChild as CfnElement, 'Code', { ZipFile: 'x' });
      new events.Rule(stack, 'Cron', { schedule: events.Schedule.cron({ minute: '5' }), targets: [new targets.LambdaFunction(parts.load)] });
      new lambda.EventSourceMapping(stack, 'Filtered', {
        target: parts.ingest, eventSourceArn: parts.ingestQueue.queueArn, filters: [{ pattern: '{}' }],
      });
      parts.inputTopic.addSubscription(new subscriptions.LambdaSubscription(parts.ingest));
    }));
    expect(problems).toEqual(expect.arrayContaining([
      expect.stringMatching(/^Stack: Bucket\w+ \(AWS::S3::Bucket\): the engine cannot run this type, and a scheduler of the assembly needs Bucket/),
      expect.stringMatching(/^Stack: PDelayQueue\w+ \(AWS::SQS::Queue\): property FifoQueue is true; supported is a standard queue/),
      expect.stringMatching(/PIngestQueue\w+ .*: property Novelty is not supported; supported are QueueName, DelaySeconds/),
      expect.stringMatching(/PDeliver\w+ .*: property Runtime is "python3.13"; supported is a Node.js runtime/),
      expect.stringMatching(/PLoad\w+ .*: property Code.ZipFile is "x"; supported is code from an asset/),
      expect.stringMatching(/Cron\w+ \(AWS::Events::Rule\): property ScheduleExpression is "cron\(5 .*"; supported is rate\(N minutes\)/),
      expect.stringMatching(/Filtered\w+ \(AWS::Lambda::EventSourceMapping\): property FilterCriteria is not supported/),
      expect.stringMatching(/\(AWS::SNS::Subscription\): property Protocol is "lambda"; supported is sqs/),
    ]));
  });

  test('a mapping that AWS would refuse is refused', () => {
    const problems = problemsOf(synthStack(stack => {
      const parts = new Parts(stack, 'P', { ingestQueue: { visibilityTimeout: Duration.seconds(5) } });
      new lambda.EventSourceMapping(stack, 'Ingest', { target: parts.ingest, eventSourceArn: parts.ingestQueue.queueArn });
      const large = new lambda.EventSourceMapping(stack, 'Deliver', { target: parts.deliver, eventSourceArn: parts.delayQueue.queueArn });
      (large.node.defaultChild as lambda.CfnEventSourceMapping).batchSize = 11;
    }));
    expect(problems).toEqual([
      expect.stringMatching(/Ingest\w+ .*VisibilityTimeout of 5 s is less than the function's Timeout of 10 s/),
      expect.stringMatching(/Deliver\w+ .*BatchSize is 11; supported is up to 10 unless MaximumBatchingWindowInSeconds is at least 1/),
    ]);
  });

  test('a value that only AWS knows is named with its resource and property', () => {
    const problems = problemsOf(synthStack(stack => {
      new Parts(stack, 'P', { functionProps: { environment: { SECRET: '{{resolve:ssm:/secret}}' } } });
    }));
    expect(problems).toContainEqual(expect.stringMatching(/^Stack: PIngest\w+ \(AWS::Lambda::Function\): property Environment: Variables: the dynamic reference/));
  });

  test('a filter that the emulator does not apply as AWS does is refused', () => {
    const problems = problemsOf(synthStack(stack => {
      const parts = new Parts(stack, 'P');
      parts.failureTopic.addSubscription(new subscriptions.SqsSubscription(new sqs.Queue(stack, 'Some'), {
        filterPolicy: { size: sns.SubscriptionFilter.numericFilter({ greaterThan: 5 }) },
      }));
    }));
    expect(problems).toEqual([expect.stringMatching(/property FilterPolicy is .*numeric.*; supported is exact strings, prefix/)]);
  });

  test('code that is no directory of the assembly is refused', () => {
    const problems = problemsOf(synthStack(stack => {
      const archive = path.join(temporaryDirectory(), 'code.zip');
      writeFileSync(archive, 'PK');
      new Parts(stack, 'P', { functionProps: { code: lambda.Code.fromAsset(archive) } });
    }));
    expect(problems).toHaveLength(3);
    expect(problems[0]).toMatch(/property Code: its asset .*zip is a file; supported is code from a directory asset/);
  });

  test('equal names in one account are refused', () => {
    const build = (app: App, id: string, region: string): void => {
      new Parts(new Stack(app, id, { env: { region } }), 'P', { ingestQueue: { queueName: 'same' } });
    };
    expect(problemsOf(synth(app => {
      build(app, 'A', 'us-east-1');
      build(app, 'B', 'eu-west-1');
    }))).toEqual([expect.stringMatching(/more than one queue is named "same"/)]);
  });

  test('permissions of a function do not make what they name run', () => {
    const plan = planOf(synthStack(stack => {
      const parts = new Parts(stack, 'P');
      const bucket = new s3.Bucket(stack, 'Bucket');
      parts.deliver.addToRolePolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [bucket.arnForObjects('*')] }));
    }));
    expect(plan.ignored.map(({ type }) => type)).toContain('AWS::S3::Bucket');
  });
});

describe('the template of the construct', () => {
  /** Names without their stack and hash, by the ids of the constructs. */
  const called = (plan: EnginePlan, id: string): EnginePlan['queues'][number] => {
    const found = plan.queues.filter(({ name }) => new RegExp(`^Stack-Sched${id}[0-9A-F]`).test(name));
    expect(found).toHaveLength(1);
    return found[0];
  };

  test('runs whole: nothing of it is ignored', () => {
    const plan = planOf(synthStack(stack => new WebhookScheduler(stack, 'Sched')));
    expect(plan.ignored.filter(({ type }) => type !== 'AWS::CDK::Metadata')).toEqual([]);
    expect(plan.schedulers).toHaveLength(1);
    expect(plan.topics).toHaveLength(2);
    expect(plan.queues).toHaveLength(6);
    expect(plan.functions).toHaveLength(3);
    expect(plan.eventSources).toHaveLength(2);
    expect(plan.schedules).toEqual([expect.objectContaining({ periodSeconds: 60 })]);
  });

  test('runs whole with a key, secrets and a network of the app; of that, what has no part in it is ignored', () => {
    const plan = planOf(synthStack(stack => new WebhookScheduler(stack, 'Sched', {
      encryptionKey: new kms.Key(stack, 'Key', { alias: 'ours' }),
      signing: WebhookSigning.generated(),
      secretHeaders: [
        { header: 'x-here', secret: new secretsmanager.Secret(stack, 'ApiKey'), hosts: ['a.example.com'] },
        { header: 'x-there', secret: secretsmanager.Secret.fromSecretNameV2(stack, 'There', 'there'), hosts: ['b.example.com'] },
      ],
      vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 1 }),
    })));
    const ignored = plan.ignored.map(({ type, logicalId }) => (type.startsWith('AWS::EC2::') ? 'network' : `${type} ${logicalId}`));
    expect([...new Set(ignored)]).toEqual(['network', `AWS::SecretsManager::Secret ${FOREIGN_SECRET}`]);
    const [{ signingSecretArn, failureTopicArn, delayQueueUrl, functions: { load, deliver } }] = plan.schedulers;
    expect(plan.schedules.map(({ functionArn, periodSeconds, input }) => [functionArn.split(':')[6], periodSeconds, input])).toEqual([
      [load, 60, undefined], [deliver, 86_400, '{"Records":[]}'],
    ]);
    expect(signingSecretArn).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:Stack-SchedSigningSecret.*-\w{6}$/);
    expect(plan.secrets).toHaveLength(2);
    expect(plan.secrets).toContainEqual(expect.objectContaining({ generate: { password: { ExcludePunctuation: true, PasswordLength: 64 } } }));
    const keyArns = new Set(Object.values(plan.security.keys));
    expect([...keyArns]).toEqual([expect.stringMatching(/^arn:aws:kms:us-east-1:000000000000:key\/Stack-Key/)]);
    const queueArn = `arn:aws:sqs:us-east-1:000000000000:${delayQueueUrl.split('/')[4]}`;
    expect(Object.keys(plan.security.keys)).toEqual(expect.arrayContaining([signingSecretArn, failureTopicArn, queueArn]));
    expect(Object.keys(plan.security.keys).map(arn => arn.split(':')[2]).sort()).toEqual([
      'dynamodb', 'logs', 'logs', 'logs', 'secretsmanager', ...Array(2).fill('sns'), ...Array(6).fill('sqs'),
    ]);
    expect(plan.functions.map(({ vpcResources }) => vpcResources.map((resource) => resource.split('/')[0])).sort()).toEqual([[], [], ['subnet', 'security-group']]);
  });

  test('runs whole with traces, a name, memory, tags, a boundary, and others who are let in', () => {
    const plan = planOf(synthStack(stack => {
      const scheduler = new WebhookScheduler(stack, 'Sched', {
        tracing: lambda.Tracing.ACTIVE,
        inputTopicName: 'webhooks',
        ingestMemory: Size.mebibytes(1024),
        loadMemory: Size.mebibytes(256),
        signing: WebhookSigning.generated(),
        encryptionKey: new kms.Key(stack, 'Key'),
      });
      Tags.of(scheduler).add('team', 'orders');
      iam.PermissionsBoundary.of(scheduler).apply(new iam.ManagedPolicy(stack, 'Boundary', {
        statements: [new iam.PolicyStatement({ notActions: ['iam:*'], resources: ['*'] })],
      }));
      const others = new iam.AccountPrincipal('444455556666');
      scheduler.grantPublish(others);
      scheduler.grantRead(others);
      scheduler.grantReadSigningSecret(others);
    }));
    expect(plan.ignored.filter(({ type }) => type !== 'AWS::CDK::Metadata')).toEqual([]);
    const [{ inputTopicArn, functions: { ingest, load } }] = plan.schedulers;
    expect(inputTopicArn).toBe('arn:aws:sns:us-east-1:000000000000:webhooks');
    const memoryOf = (name: string) => plan.functions.find(other => other.name === name)?.memoryMb;
    expect([memoryOf(ingest), memoryOf(load)]).toEqual([1024, 256]);
    expect(plan.functions.map(({ variables }) => variables.INPUT_TOPIC_NAME)).toEqual(['webhooks', 'webhooks', 'webhooks']);
    expect(plan.security.policies.filter(({ kind }) => kind === 'boundary').flatMap(({ attachedTo }) => attachedTo)).toHaveLength(3);
  });

  test('a key, or the policy of one, that is not in the assembly is listed', () => {
    const keyArn = 'arn:aws:kms:us-east-1:111122223333:key/0';
    const plan = planOf(synthStack(stack => new WebhookScheduler(stack, 'Sched', { encryptionKey: kms.Key.fromKeyArn(stack, 'Key', keyArn) })));
    expect(new Set(plan.ignored.map(({ type }) => type))).toEqual(new Set([`policy of the key ${keyArn}`]));
    expect(plan.security.policies.filter(({ attachedTo }) => attachedTo.includes(keyArn))).toHaveLength(1);
  });

  test.each(['Ingest', 'Delay'])('%s: what cannot be handled goes on to the unreported queue, and from there to the dead-letter queue', id => {
    const plan = planOf(synthStack(stack => new WebhookScheduler(stack, 'Sched')));
    const next = (queue: string): unknown => JSON.parse(called(plan, queue).attributes.RedrivePolicy ?? 'null');
    const unreported = called(plan, `${id}UnreportedQueue`);
    const deadLetters = called(plan, `${id}DeadLetterQueue`);
    expect(next(`${id}Queue`)).toEqual({ deadLetterTargetArn: unreported.arn, maxReceiveCount: 50 });
    expect(next(`${id}UnreportedQueue`)).toEqual({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: 70 });
    expect(next(`${id}DeadLetterQueue`)).toBeNull();
    const load = plan.functions.find(({ name }) => name === plan.schedulers[0].functions.load);
    expect(load?.variables).toMatchObject({
      [`${id.toUpperCase()}_UNREPORTED_QUEUE_URL`]: unreported.url, [`${id.toUpperCase()}_DEAD_LETTER_QUEUE_URL`]: deadLetters.url,
    });
  });

  test('a failure topic of the same stack is the one that notices go to', () => {
    const plan = planOf(synthStack(stack => {
      const failureTopic = new sns.Topic(stack, 'Mine');
      failureTopic.addSubscription(new subscriptions.SqsSubscription(new sqs.Queue(stack, 'Notices'), {
        filterPolicy: { reason: sns.SubscriptionFilter.stringFilter({ allowlist: ['exhausted'] }) },
      }));
      new WebhookScheduler(stack, 'Sched', { failureTopic });
    }));
    expectNoticesGoTo(plan, 'Stack-Mine');
  });

  test('so is one of another stack of the app', () => {
    const plan = planOf(synth(app => {
      const failureTopic = new sns.Topic(new Stack(app, 'Owner'), 'Mine');
      failureTopic.addSubscription(new subscriptions.SqsSubscription(new sqs.Queue(Stack.of(failureTopic), 'Notices'), {
        filterPolicy: { reason: sns.SubscriptionFilter.stringFilter({ allowlist: ['exhausted'] }) },
      }));
      new WebhookScheduler(new Stack(app, 'Stack'), 'Sched', { failureTopic });
    }));
    expectNoticesGoTo(plan, 'Owner-Mine');
  });

  test('the key of an encrypted one runs, as far as its policy goes', () => {
    const plan = planOf(synthStack(stack => {
      new WebhookScheduler(stack, 'Sched', { failureTopic: new sns.Topic(stack, 'Mine', { masterKey: new kms.Key(stack, 'Key') }) });
    }));
    expect(plan.schedulers[0].failureTopicArn).toContain(':Stack-Mine');
    expect(plan.ignored).toEqual([]);
    const [topicArn, keyArn] = Object.entries(plan.security.keys)[0];
    expect(topicArn).toBe(plan.schedulers[0].failureTopicArn);
    expect(plan.security.policies.filter(({ attachedTo }) => attachedTo.includes(keyArn))).toHaveLength(1);
  });

  test('one that is not in the assembly is refused', () => {
    const problems = problemsOf(synthStack(stack => new WebhookScheduler(stack, 'Sched', {
      failureTopic: sns.Topic.fromTopicArn(stack, 'Imported', 'arn:aws:sns:us-east-1:111122223333:Failures'),
    })));
    expect(problems).toEqual([
      expect.stringMatching(/^Stack: SchedInputTopic\w+ \(AWS::SNS::Topic\): its functions publish failure notices to "arn:aws:sns:.*:Failures"; supported is a topic of the assembly$/),
    ]);
  });

  function expectNoticesGoTo(plan: EnginePlan, topic: string): void {
    const [{ failureTopicArn }] = plan.schedulers;
    expect(plan.topics).toHaveLength(2);
    expect(failureTopicArn).toContain(`:${topic}`);
    expect(plan.topics.map(({ arn }) => arn)).toContain(failureTopicArn);
    expect(plan.functions.map(({ variables }) => variables.FAILURE_TOPIC_ARN)).toEqual([failureTopicArn, failureTopicArn, failureTopicArn]);
    expect(plan.subscriptions).toContainEqual(expect.objectContaining({
      topicArn: failureTopicArn, attributes: { FilterPolicy: JSON.stringify({ reason: ['exhausted'] }) },
    }));
  }
});
