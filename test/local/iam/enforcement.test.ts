import { BatchGetItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PublishBatchCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient, SendMessageBatchCommand, SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { CfnResource, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { accessKeyId } from '../../../src/local/iam/security-plan';
import { Parts, type Running, records, removeTemporaryDirectories, start, stopEngines, synthStack, until } from '../fixture';

interface Clients {
  readonly dynamodb: DynamoDBClient;
  readonly secrets: SecretsManagerClient;
  readonly topics: SNSClient;
  readonly queues: SQSClient;
}

const clients: { destroy(): void }[] = [];

/** Clients with the credentials of a function, or of the administrator. */
function clientsOf({ engine }: Running, functionName?: string): Clients {
  const { region, endpoints } = engine;
  const id = functionName === undefined ? 'any' : accessKeyId(`arn:aws:lambda:${region}:000000000000:function:${functionName}`, 'code');
  const config = (endpoint: string) => ({ region, endpoint, credentials: { accessKeyId: id, secretAccessKey: 'any' } });
  const made = {
    dynamodb: new DynamoDBClient(config(endpoints.dynamodb)),
    secrets: new SecretsManagerClient(config(endpoints.secretsmanager)),
    topics: new SNSClient(config(endpoints.sns)),
    queues: new SQSClient(config(endpoints.sqs)),
  };
  clients.push(...Object.values(made));
  return made;
}

const denials = ({ events: all }: Running): string[] => (
  all.flatMap(event => (event.type === 'denied' ? [`${event.principal} ${event.action} ${event.resource}`] : []))
);

afterEach(async () => {
  clients.splice(0).forEach(client => client.destroy());
  await stopEngines();
});
afterAll(removeTemporaryDirectories);

const key = (text: string) => ({ pk: { S: text }, sk: { S: 's' } });

test('a call that a role may not make fails as its service fails it, and is told; one that it may make does not', async () => {
  const running = await start(synthStack(stack => {
    const parts = new Parts(stack, 'P');
    parts.ingest.addToRolePolicy(new iam.PolicyStatement({ actions: ['dynamodb:PutItem'], resources: [parts.table.tableArn] }));
    parts.ingest.addToRolePolicy(new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [parts.delayQueue.queueArn] }));
    parts.ingest.addToRolePolicy(new iam.PolicyStatement({ actions: ['sns:Publish'], resources: [parts.failureTopic.topicArn] }));
    const secret = new secretsmanager.Secret(stack, 'Secret', { secretName: 'hush' });
    parts.ingest.addEnvironment('SECRET', secret.secretArn);
  }));
  const [{ functions, tableName, delayQueueUrl, ingestQueueUrl, inputTopicArn, failureTopicArn }] = running.engine.schedulers;
  const { dynamodb, secrets, topics, queues } = clientsOf(running, functions.ingest);
  const who = (action: string, resource: string) => (
    `User: arn:aws:sts::000000000000:assumed-role/${roleOf(running)}/${functions.ingest} is not authorized to perform: ${action} `
    + `on resource: ${resource} because no identity-based policy allows the ${action} action`
  );

  await dynamodb.send(new PutItemCommand({ TableName: tableName, Item: key('a') }));
  const tableArn = `arn:aws:dynamodb:us-east-1:000000000000:table/${tableName}`;
  await expect(dynamodb.send(new GetItemCommand({ TableName: tableName, Key: key('a') }))).rejects.toMatchObject({
    name: 'AccessDeniedException', message: who('dynamodb:GetItem', tableArn), $metadata: { httpStatusCode: 400 },
  });
  await expect(dynamodb.send(new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys: [key('a')] } } })))
    .rejects.toMatchObject({ message: who('dynamodb:BatchGetItem', tableArn) });

  const entries = [{ Id: '1', MessageBody: 'x' }];
  await queues.send(new SendMessageCommand({ QueueUrl: delayQueueUrl, MessageBody: 'x' }));
  await queues.send(new SendMessageBatchCommand({ QueueUrl: delayQueueUrl, Entries: entries }));
  const queueArn = `arn:aws:sqs:us-east-1:000000000000:${ingestQueueUrl.split('/')[4]}`;
  for (const command of [new SendMessageCommand({ QueueUrl: ingestQueueUrl, MessageBody: 'x' }), new SendMessageBatchCommand({ QueueUrl: ingestQueueUrl, Entries: entries })]) {
    await expect(queues.send(command as SendMessageCommand)).rejects.toMatchObject({
      Code: 'AccessDenied', message: who('sqs:sendmessage', queueArn), $metadata: { httpStatusCode: 403 },
    });
  }

  await topics.send(new PublishCommand({ TopicArn: failureTopicArn, Message: 'x' }));
  const entry = [{ Id: '1', Message: 'x' }];
  await topics.send(new PublishBatchCommand({ TopicArn: failureTopicArn, PublishBatchRequestEntries: entry }));
  for (const command of [new PublishCommand({ TopicArn: inputTopicArn, Message: 'x' }), new PublishBatchCommand({ TopicArn: inputTopicArn, PublishBatchRequestEntries: entry })]) {
    await expect(topics.send(command as PublishCommand)).rejects.toMatchObject({
      Code: 'AuthorizationError', message: who('SNS:Publish', inputTopicArn), $metadata: { httpStatusCode: 403 },
    });
  }

  await expect(secrets.send(new GetSecretValueCommand({ SecretId: 'hush' }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringMatching(/perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:000000000000:secret:hush-\w{6} because/),
    $metadata: { httpStatusCode: 400 },
  });

  const user = `arn:aws:sts::000000000000:assumed-role/${roleOf(running)}/${functions.ingest}`;
  await until('the events', () => denials(running).length === 7);
  expect(denials(running)).toEqual(expect.arrayContaining([
    `${user} dynamodb:GetItem ${tableArn}`, `${user} sqs:SendMessage ${queueArn}`, `${user} sns:Publish ${inputTopicArn}`,
  ]));

  // Whoever operates the account may do all that.
  const admin = clientsOf(running);
  await admin.dynamodb.send(new ScanCommand({ TableName: tableName }));
  await admin.queues.send(new SendMessageCommand({ QueueUrl: ingestQueueUrl, MessageBody: 'x' }));
  await admin.topics.send(new PublishCommand({ TopicArn: inputTopicArn, Message: 'x' }));
  expect((await admin.secrets.send(new GetSecretValueCommand({ SecretId: 'hush' }))).SecretString).toHaveLength(32);
});

/** Name of the role of the ingest function. */
function roleOf({ engine }: Running): string {
  const role = Object.values(engine.security.credentials).find(({ session }) => session === engine.schedulers[0].functions.ingest)?.roleArn;
  return String(role?.split('/').at(-1));
}

test('the policies of queues, topics and secrets count, those set by the API too', async () => {
  const running = await start(synthStack(stack => {
    const parts = new Parts(stack, 'P');
    const principals = [new iam.ArnPrincipal(parts.ingest.role!.roleArn)];
    const forRole = (actions: string[], resources: string[]) => new iam.PolicyStatement({ principals, actions, resources });
    parts.delayQueue.addToResourcePolicy(forRole(['sqs:SendMessage'], [parts.delayQueue.queueArn]));
    parts.inputTopic.addToResourcePolicy(forRole(['sns:Publish'], [parts.inputTopic.topicArn]));
    const secret = new secretsmanager.Secret(stack, 'Secret', { secretName: 'hush' });
    secret.addToResourcePolicy(forRole(['secretsmanager:GetSecretValue'], ['*']));
    parts.ingest.addEnvironment('SECRET', secret.secretArn);
  }));
  const [{ functions, delayQueueUrl, inputTopicArn }] = running.engine.schedulers;
  const { queues, topics, secrets } = clientsOf(running, functions.ingest);
  await queues.send(new SendMessageCommand({ QueueUrl: delayQueueUrl, MessageBody: 'x' }));
  await topics.send(new PublishCommand({ TopicArn: inputTopicArn, Message: 'x' }));
  await secrets.send(new GetSecretValueCommand({ SecretId: 'hush' }));
  const other = clientsOf(running, functions.deliver);
  await expect(other.queues.send(new SendMessageCommand({ QueueUrl: delayQueueUrl, MessageBody: 'x' }))).rejects.toMatchObject({ Code: 'AccessDenied' });
  await expect(other.topics.send(new PublishCommand({ TopicArn: inputTopicArn, Message: 'x' }))).rejects.toMatchObject({ Code: 'AuthorizationError' });
  await expect(other.secrets.send(new GetSecretValueCommand({ SecretId: 'hush' }))).rejects.toMatchObject({ name: 'AccessDeniedException' });

  const admin = clientsOf(running);
  const denyAll = JSON.stringify({ Statement: { Effect: 'Deny', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' } });
  await admin.queues.send(new SetQueueAttributesCommand({ QueueUrl: delayQueueUrl, Attributes: { Policy: denyAll } }));
  await expect(admin.queues.send(new SendMessageCommand({ QueueUrl: delayQueueUrl, MessageBody: 'x' }))).rejects.toThrow(/with an explicit deny in a resource-based policy/);
  await admin.queues.send(new SetQueueAttributesCommand({ QueueUrl: delayQueueUrl, Attributes: { Policy: '' } }));
  await admin.queues.send(new SendMessageCommand({ QueueUrl: delayQueueUrl, MessageBody: 'x' }));
  await expect(admin.queues.send(new SetQueueAttributesCommand({ QueueUrl: delayQueueUrl, Attributes: { Policy: '{}' } }))).rejects.toThrow(/parameter Policy/);
});

test('a queue that takes TLS only refuses a client that came in plain text, whoever it is', async () => {
  const running = await start(synthStack(stack => new Parts(stack, 'P')));
  const { queues } = clientsOf(running);
  const QueueUrl = running.engine.schedulers[0].ingestQueueUrl;
  await queues.send(new GetQueueAttributesCommand({ QueueUrl }));
  queues.middlewareStack.add(next => async args => {
    (args.request as { headers: Record<string, string> }).headers['x-forwarded-proto'] = 'http';
    return next(args);
  }, { step: 'build' });
  await expect(queues.send(new GetQueueAttributesCommand({ QueueUrl }))).rejects.toMatchObject({
    Code: 'AccessDenied', message: expect.stringMatching(/^User: arn:aws:iam::000000000000:root .*with an explicit deny in a resource-based policy$/),
  });
});

test.each([
  ['application/x-amz-json-1.0', { 'x-amz-target': 'AmazonSQS.ListQueues' }, '{}'],
  ['application/x-www-form-urlencoded', {}, 'Action=ListTopics'],
])('a call that nobody has signed is refused: %s', async (type, headers, body) => {
  const { engine } = await start(synthStack(stack => new Parts(stack, 'P')));
  const answer = await fetch(engine.endpoints.sqs, { method: 'POST', headers: { 'content-type': type, ...headers } as Record<string, string>, body });
  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain('Request is missing Authentication Token');
});

test('who is restricted to rows of a table reads no others', async () => {
  const running = await start(synthStack(stack => {
    const parts = new Parts(stack, 'P');
    parts.ingest.addToRolePolicy(new iam.PolicyStatement({
      actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:Scan'],
      resources: [parts.table.tableArn],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['id#*'] }, 'Null': { 'dynamodb:LeadingKeys': 'false' } },
    }));
  }));
  const [{ functions, tableName: TableName }] = running.engine.schedulers;
  const { dynamodb } = clientsOf(running, functions.ingest);
  const get = (pk: string) => dynamodb.send(new GetItemCommand({ TableName, Key: key(pk) }));
  const batch = (...pks: string[]) => dynamodb.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: pks.map(key) } } }));
  const query = (name: string, pk: string) => dynamodb.send(new QueryCommand({
    TableName,
    KeyConditionExpression: `${name} = :pk AND sk > :sk`,
    ExpressionAttributeNames: name.startsWith('#') ? { [name]: 'pk' } : undefined,
    ExpressionAttributeValues: { ':pk': { S: pk }, ':sk': { S: '' + ' ' } },
  }));
  await get('id#1');
  await batch('id#1', 'id#2');
  await query('pk', 'id#1');
  await query('#k', 'id#1');
  for (const call of [() => get('x'), () => batch('id#1', 'x'), () => query('pk', 'x'), () => query('#k', 'x'), () => dynamodb.send(new ScanCommand({ TableName }))]) {
    await expect(call()).rejects.toMatchObject({ name: 'AccessDeniedException' });
  }
});

test('what is encrypted with a key takes that key, by the policies of both', async () => {
  const running = await start(synthStack(stack => {
    const ours = new kms.Key(stack, 'Key', { alias: 'ours' });
    const parts = new Parts(stack, 'P');
    const encrypt = (construct: { node: { defaultChild?: unknown } }, property: string, value: unknown) => (
      (construct.node.defaultChild as CfnResource).addPropertyOverride(property, value)
    );
    encrypt(parts.delayQueue, 'KmsMasterKeyId', ours.keyArn);
    encrypt(parts.failureTopic, 'KmsMasterKeyId', ours.keyId);
    encrypt(parts.inputTopic, 'KmsMasterKeyId', 'alias/aws/sns');
    encrypt(parts.table, 'SSESpecification', { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: ours.keyArn });
    const secret = new secretsmanager.Secret(stack, 'Secret', { secretName: 'hush', encryptionKey: ours });
    parts.ingest.addEnvironment('SECRET', secret.secretArn);
    for (const [target, ...keyActions] of [[parts.ingest, 'kms:Decrypt', 'kms:GenerateDataKey'], [parts.load, 'kms:Decrypt'], [parts.deliver]] as const) {
      target.addToRolePolicy(new iam.PolicyStatement({ actions: ['sqs:*', 'sns:*', 'dynamodb:*', 'secretsmanager:*'], resources: ['*'] }));
      if (keyActions.length > 0) target.addToRolePolicy(new iam.PolicyStatement({ actions: [...keyActions], resources: [ours.keyArn] }));
    }
  }));
  const [{ functions, delayQueueUrl: QueueUrl, failureTopicArn, inputTopicArn, tableName: TableName }] = running.engine.schedulers;
  const calls = (name: string) => {
    const { queues, topics, dynamodb, secrets } = clientsOf(running, name);
    return {
      send: () => queues.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })),
      receive: () => queues.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 })),
      inspect: () => queues.send(new GetQueueAttributesCommand({ QueueUrl })),
      publish: () => topics.send(new PublishCommand({ TopicArn: failureTopicArn, Message: 'x' })),
      publishWithKeyOfAws: () => topics.send(new PublishCommand({ TopicArn: inputTopicArn, Message: 'x' })),
      get: () => dynamodb.send(new GetItemCommand({ TableName, Key: key('a') })),
      put: () => dynamodb.send(new PutItemCommand({ TableName, Item: key('a') })),
      read: () => secrets.send(new GetSecretValueCommand({ SecretId: 'hush' })),
      rotate: () => secrets.send(new PutSecretValueCommand({ SecretId: 'hush', SecretString: 'x' })),
    };
  };
  const refused = async (name: string): Promise<string[]> => {
    const all = Object.entries(calls(name));
    const results = await Promise.allSettled(all.map(([, call]) => call()));
    return all.flatMap(([call], index) => (results[index].status === 'rejected' ? [call] : []));
  };
  expect(await refused(functions.ingest)).toEqual([]);
  expect(await refused(functions.load)).toEqual(['send', 'publish', 'rotate']);
  expect(await refused(functions.deliver)).toEqual(['send', 'receive', 'publish', 'get', 'put', 'read', 'rotate']);
  const { send, publish, get, read } = calls(functions.deliver);
  await expect(send()).rejects.toMatchObject({ Code: 'KMS.AccessDeniedException', message: expect.stringMatching(/perform: kms:GenerateDataKey on resource: arn:aws:kms:/) });
  await expect(publish()).rejects.toMatchObject({ Code: 'KMSAccessDenied' });
  await expect(get()).rejects.toMatchObject({ name: 'AccessDeniedException', message: expect.stringMatching(/kms:Decrypt/) });
  await expect(read()).rejects.toMatchObject({ name: 'AccessDeniedException', message: expect.stringMatching(/kms:Decrypt/) });
});

describe('a topic', () => {
  const build = (change: (stack: Stack, parts: Parts) => void): string => synthStack(stack => {
    const parts = new Parts(stack, 'P');
    change(stack, parts);
  });
  const subscribe = (stack: Stack, id: string, topic: sns.Topic, queue: sqs.Queue, deadLetterQueue?: sqs.Queue) => (
    new sns.Subscription(stack, id, {
      topic, protocol: sns.SubscriptionProtocol.SQS, endpoint: queue.queueArn, rawMessageDelivery: true, deadLetterQueue,
    })
  );
  const letIn = (queue: sqs.Queue, topic: sns.Topic) => queue.addToResourcePolicy(new iam.PolicyStatement({
    principals: [new iam.ServicePrincipal('sns.amazonaws.com')],
    actions: ['sqs:SendMessage'],
    resources: [queue.queueArn],
    conditions: { ArnEquals: { 'aws:SourceArn': topic.topicArn } },
  }));
  /** What lies in a queue a moment after a publication. */
  const arriving = async (running: Running, queueNames: readonly string[]): Promise<string[]> => {
    const { queues, topics } = clientsOf(running);
    await topics.send(new PublishCommand({ TopicArn: running.engine.schedulers[0].failureTopicArn, Message: 'x' }));
    const found = await Promise.all(queueNames.map(async name => {
      const QueueUrl = `${running.engine.endpoints.sqs}/000000000000/${name}`;
      const { Messages } = await queues.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 }));
      return Messages ? [name] : [];
    }));
    return found.flat();
  };

  test('delivers only where the queue lets it, or else to a dead-letter queue that does; what is dropped is told', async () => {
    const running = await start(build((stack, parts) => {
      const queue = (queueName: string) => new sqs.Queue(stack, queueName, { queueName });
      const [open, closed, letters, closedLetters, another] = ['open', 'closed', 'letters', 'closed-letters', 'another'].map(queue);
      letIn(open, parts.failureTopic);
      letIn(letters, parts.failureTopic);
      letIn(another, parts.inputTopic);
      subscribe(stack, 'Open', parts.failureTopic, open, letters);
      subscribe(stack, 'Closed', parts.failureTopic, closed, letters);
      // The construct of a subscription would let the topic into its dead-letter queue.
      new sns.CfnSubscription(stack, 'Another', {
        topicArn: parts.failureTopic.topicArn,
        protocol: 'sqs',
        endpoint: another.queueArn,
        redrivePolicy: { deadLetterTargetArn: closedLetters.queueArn },
      });
    }));
    expect(await arriving(running, ['open', 'closed', 'letters', 'closed-letters', 'another'])).toEqual(['open', 'letters']);
    await until('the denials', () => denials(running).length === 3);
    expect(denials(running)).toEqual(['closed', 'another', 'closed-letters'].map(name => `sns.amazonaws.com sqs:SendMessage arn:aws:sqs:us-east-1:000000000000:${name}`));
  });

  test('delivers to an encrypted queue only if the key lets it, too', async () => {
    const running = await start(build((stack, parts) => {
      const [ours, closed] = [new kms.Key(stack, 'Ours'), new kms.Key(stack, 'Closed')];
      ours.addToResourcePolicy(new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('sns.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { ArnEquals: { 'aws:SourceArn': parts.failureTopic.topicArn }, StringEquals: { 'aws:SourceAccount': stack.account } },
      }));
      for (const [queueName, encryptionMasterKey] of [['ours', ours], ['closed', closed], ['aws', undefined]] as const) {
        const encryption = encryptionMasterKey ? undefined : sqs.QueueEncryption.KMS_MANAGED;
        const queue = new sqs.Queue(stack, queueName, { queueName, encryptionMasterKey, encryption });
        letIn(queue, parts.failureTopic);
        subscribe(stack, `To ${queueName}`, parts.failureTopic, queue);
      }
    }));
    expect(await arriving(running, ['ours', 'closed', 'aws'])).toEqual(['ours']);
  });

  test('delivers to a queue of the API once that has a policy', async () => {
    const running = await start(build(() => undefined));
    const { queues, topics } = clientsOf(running);
    const TopicArn = running.engine.schedulers[0].failureTopicArn;
    const { QueueUrl } = await queues.send(new CreateQueueCommand({ QueueName: 'mine' }));
    await topics.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: 'arn:aws:sqs:us-east-1:000000000000:mine' }));
    expect(await arriving(running, ['mine'])).toEqual([]);
    const Policy = JSON.stringify({ Statement: { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: '*' } });
    await queues.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    expect(await arriving(running, ['mine'])).toEqual(['mine']);
  });
});

test('a function that may not write log lines writes none, and that is told', async () => {
  const running = await start(synthStack(stack => {
    const parts = new Parts(stack, 'P', { load: 'exports.handler = async () => { console.log(JSON.stringify({ from: "load" })); };' });
    const role = parts.load.role!.node.defaultChild as CfnResource;
    role.addPropertyDeletionOverride('ManagedPolicyArns');
    new events.Rule(stack, 'Tick', { schedule: events.Schedule.rate(Duration.minutes(1)), targets: [new targets.LambdaFunction(parts.load)] });
  }), { tickSeconds: 1 });
  await until('an invocation', () => running.events.some(({ type }) => type === 'invocation'));
  expect(records(running)).toEqual([]);
  expect(denials(running)).toEqual([
    expect.stringMatching(/assumed-role\/.* logs:CreateLogGroup arn:aws:logs:us-east-1:000000000000:log-group:\/aws\/lambda\/Stack-PLoad/),
  ]);
});

test('a rule that the function does not let invoke it does not', async () => {
  const running = await start(synthStack(stack => {
    const parts = new Parts(stack, 'P');
    for (const [id, target] of Object.entries({ A: parts.load, B: parts.deliver })) {
      new events.Rule(stack, id, { schedule: events.Schedule.rate(Duration.minutes(1)), targets: [new targets.LambdaFunction(target)] });
    }
    const permission = stack.node.findAll().find(child => (child as CfnResource).cfnResourceType === 'AWS::Lambda::Permission' && child.node.path.includes('/A/'));
    (permission as CfnResource).addPropertyOverride('SourceArn', 'arn:aws:events:us-east-1:000000000000:rule/another');
  }), { tickSeconds: 0.2 });
  const { load, deliver } = running.engine.schedulers[0].functions;
  const invoked = () => running.events.flatMap(event => (event.type === 'invocation' ? [event.functionName] : []));
  await until('some invocations', () => invoked().length > 5);
  expect(new Set(invoked())).toEqual(new Set([deliver]));
  expect(new Set(denials(running))).toEqual(new Set([`events.amazonaws.com lambda:InvokeFunction arn:aws:lambda:us-east-1:000000000000:function:${load}`]));
});

test('a schedule whose role may not invoke the function does not', async () => {
  const running = await start(synthStack(stack => {
    const parts = new Parts(stack, 'P');
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com') });
    new scheduler.CfnSchedule(stack, 'Schedule', {
      name: 'every-minute',
      scheduleExpression: 'rate(1 minute)',
      flexibleTimeWindow: { mode: 'OFF' },
      target: { arn: parts.deliver.functionArn, roleArn: role.roleArn },
    });
  }), { tickSeconds: 0.2 });
  await until('some denials', () => denials(running).length > 2);
  expect(new Set(denials(running)).size).toBe(1);
  expect(denials(running)[0]).toMatch(/assumed-role\/.*\/every-minute lambda:InvokeFunction .*:function:Stack-PDeliver/);
  expect(running.events.some(({ type }) => type === 'invocation')).toBe(false);
});

test('a dead letter that the function may not send is dropped, and told', async () => {
  const running = await start(synthStack(stack => {
    const letters = new sqs.Queue(stack, 'letters', { queueName: 'letters', encryption: sqs.QueueEncryption.KMS });
    const parts = new Parts(stack, 'P', { load: 'exports.handler = async () => { throw new Error("no"); };', functionProps: { retryAttempts: 0 } });
    (parts.load.node.defaultChild as CfnResource).addPropertyOverride('DeadLetterConfig', { TargetArn: letters.queueArn });
    // Not by its grant, which would let the function use the key.
    parts.load.addToRolePolicy(new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [letters.queueArn] }));
    new events.Rule(stack, 'Tick', { schedule: events.Schedule.rate(Duration.minutes(1)), targets: [new targets.LambdaFunction(parts.load)] });
  }), { tickSeconds: 0.2 });
  await until('some denials', () => denials(running).length > 2);
  expect(new Set(denials(running)).size).toBe(1);
  expect(denials(running)[0]).toMatch(/assumed-role\/.*\/Stack-PLoad.* kms:GenerateDataKey arn:aws:kms:/);
});

describe('what AWS would not create is refused with its words', () => {
  const problems = async (build: (stack: Stack, parts: Parts) => void): Promise<string> => {
    const assembly = synthStack(stack => {
      const parts = new Parts(stack, 'P');
      build(stack, parts);
    });
    return start(assembly).then(() => 'nothing', (error: Error) => error.message);
  };
  const remove = (target: { role?: iam.IRole }, action: string) => {
    const policy = target.role!.node.findChild('DefaultPolicy').node.defaultChild as iam.CfnPolicy;
    const { document } = (target.role!.node.findChild('DefaultPolicy') as iam.Policy);
    policy.addPropertyOverride('PolicyDocument.Statement', (document.toJSON() as { Statement: { Action: string[] }[] }).Statement
      .map(statement => ({ ...statement, Action: statement.Action.filter(name => name !== action) })));
  };

  test.each(['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'])('a mapping whose role may not %s', async action => {
    expect(await problems((_, parts) => {
      parts.ingest.addEventSource(new SqsEventSource(parts.ingestQueue));
      remove(parts.ingest, `sqs:${action}`);
    })).toMatch(new RegExp(`event source mapping of .*: The function execution role does not have permissions to call ${action} on SQS \\(User: `));
  });

  test('a function whose role Lambda may not assume', async () => {
    expect(await problems((_, parts) => {
      (parts.ingest.role!.node.defaultChild as CfnResource).addPropertyOverride('AssumeRolePolicyDocument.Statement.0.Principal.Service', 'ec2.amazonaws.com');
    })).toMatch(/function:Stack-PIngest.*: The role defined for the function cannot be assumed by Lambda\./);
  });

  test('a function in a VPC whose role may not make network interfaces', async () => {
    expect(await problems((stack, parts) => {
      const [subnet] = new ec2.Vpc(stack, 'Vpc').privateSubnets;
      (parts.ingest.node.defaultChild as CfnResource).addPropertyOverride('VpcConfig', { SubnetIds: [subnet.subnetId], SecurityGroupIds: ['sg-1'] });
    })).toMatch(/The provided execution role does not have permissions to call CreateNetworkInterface on EC2/);
  });

  test.each(['DeleteNetworkInterface', 'AssignPrivateIpAddresses', 'UnassignPrivateIpAddresses'])(
    'a function in a VPC whose role may %s of interfaces only, before there is one that Lambda could name', async action => {
      const inVpc = (resource: string) => problems((stack, parts) => {
        const [subnet] = new ec2.Vpc(stack, 'Vpc').privateSubnets;
        (parts.ingest.node.defaultChild as CfnResource).addPropertyOverride('VpcConfig', { SubnetIds: [subnet.subnetId], SecurityGroupIds: ['sg-1'] });
        parts.ingest.addToRolePolicy(new iam.PolicyStatement({ notActions: [`ec2:${action}`], resources: ['*'] }));
        parts.ingest.addToRolePolicy(new iam.PolicyStatement({ actions: [`ec2:${action}`], resources: [`arn:aws:ec2:us-east-1:${stack.account}:${resource}`] }));
      });
      expect(await inVpc('network-interface/*')).toMatch(new RegExp(
        `permissions to call ${action} on EC2 \\(User: .* is not authorized to perform: ec2:${action} on resource: arn:aws:ec2:us-east-1:000000000000:\\*/\\* because`,
      ));
      expect(await inVpc('*/*')).toBe('nothing');
    },
  );

  test.each<[string, (parts: Parts, queue: sqs.Queue) => void, RegExp]>([
    ['a dead-letter queue', (parts, queue) => (parts.load.node.defaultChild as CfnResource).addPropertyOverride('DeadLetterConfig.TargetArn', queue.queueArn),
      /The provided execution role does not have permissions to call SendMessage on SQS/],
    ['a destination', (parts, queue) => new lambda.CfnEventInvokeConfig(parts, 'Config', {
      functionName: parts.load.functionName, qualifier: '$LATEST', destinationConfig: { onFailure: { destination: queue.queueArn } },
    }), /The function's execution role does not have permissions to call SendMessage on arn:aws:sqs:.*:Stack-Failures/],
  ])('a function with %s to which its role may not send', async (_, build, message) => {
    expect(await problems((stack, parts) => build(parts, new sqs.Queue(stack, 'Failures')))).toMatch(message);
  });

  test('a schedule whose role EventBridge Scheduler may not assume', async () => {
    expect(await problems((stack, parts) => {
      const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
      new scheduler.CfnSchedule(stack, 'Schedule', {
        scheduleExpression: 'rate(1 minute)', flexibleTimeWindow: { mode: 'OFF' }, target: { arn: parts.load.functionArn, roleArn: role.roleArn },
      });
    })).toMatch(/The execution role you provide must allow AWS EventBridge Scheduler to assume the role\./);
  });

  test('a log group whose key CloudWatch Logs may not use', async () => {
    expect(await problems((stack, parts) => {
      const group = new CfnResource(stack, 'Group', { type: 'AWS::Logs::LogGroup', properties: { KmsKeyId: new kms.Key(stack, 'Key').keyArn } });
      (parts.ingest.node.defaultChild as CfnResource).addPropertyOverride('LoggingConfig.LogGroup', group.ref);
    })).toMatch(/The specified KMS key does not exist or is not allowed to be used with Log Group 'arn:aws:logs:us-east-1:000000000000:log-group:Stack-Group/);
  });

  test.each<[string, (stack: Stack, parts: Parts) => void, RegExp]>([
    ['a managed policy that is not known', (_, parts) => parts.ingest.role!.addManagedPolicy(iam.ManagedPolicy.fromAwsManagedPolicyName('AdministratorAccess')),
      /PIngestServiceRole\w+ \(AWS::IAM::Role\): the managed policy arn:aws:iam::aws:policy\/AdministratorAccess is not known here/],
    ['a condition that is not known', (_, parts) => parts.delayQueue.addToResourcePolicy(new iam.PolicyStatement({
      principals: [new iam.AnyPrincipal()], actions: ['sqs:*'], resources: ['*'], conditions: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
    })), /PDelayQueuePolicy\w+ \(AWS::SQS::QueuePolicy\): the Condition of a policy statement has the operator "IpAddress"/],
    ['a role of elsewhere', (_, parts) => (parts.ingest.node.defaultChild as CfnResource).addPropertyOverride('Role', 'arn:aws:iam::111122223333:role/x'),
      /PIngest\w+ \(AWS::Lambda::Function\): property Role is "arn:aws:iam::111122223333:role\/x"; supported is a role of the assembly/],
  ])('%s', async (_, build, message) => {
    expect(await problems(build)).toMatch(message);
  });
});

test('roles take policies of their own, of others, managed ones and boundaries', async () => {
  const running = await start(synthStack(stack => {
    const parts = new Parts(stack, 'P');
    const statements = (...actions: string[]) => [new iam.PolicyStatement({ actions, resources: ['*'] })];
    parts.ingest.role!.addManagedPolicy(new iam.ManagedPolicy(stack, 'Managed', { statements: statements('dynamodb:GetItem', 'dynamodb:Scan') }));
    new iam.ManagedPolicy(stack, 'Attached', { statements: statements('dynamodb:PutItem'), roles: [parts.ingest.role!] });
    const role = parts.ingest.role!.node.defaultChild as iam.CfnRole;
    role.addPropertyOverride('Policies', [{ PolicyName: 'Inline', PolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'dynamodb:BatchGetItem', Resource: '*' }] } }]);
    iam.PermissionsBoundary.of(parts.ingest.role!).apply(new iam.ManagedPolicy(stack, 'Boundary', {
      statements: statements('dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:BatchGetItem', 'logs:*'),
    }));
    (parts.load.role!.node.defaultChild as CfnResource).addPropertyOverride('PermissionsBoundary', 'arn:aws:iam::000000000000:policy/elsewhere');
  }));
  const [{ functions, tableName: TableName }] = running.engine.schedulers;
  const { dynamodb } = clientsOf(running, functions.ingest);
  await dynamodb.send(new GetItemCommand({ TableName, Key: key('a') }));
  await dynamodb.send(new PutItemCommand({ TableName, Item: key('a') }));
  await dynamodb.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [key('a')] } } }));
  await expect(dynamodb.send(new ScanCommand({ TableName }))).rejects.toThrow(/because no permissions boundary allows the dynamodb:Scan action/);
  expect(running.engine.ignored).toContainEqual(expect.objectContaining({ type: 'PermissionsBoundary arn:aws:iam::000000000000:policy/elsewhere of a role' }));
});
