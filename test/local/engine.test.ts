import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  GetQueueUrlCommand, type Message, ReceiveMessageCommand, SQSClient, SendMessageBatchCommand, SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as schedulerTargets from 'aws-cdk-lib/aws-scheduler-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import {
  LOG_BODIES, Parts, type Running, isAlive, records, removeTemporaryDirectories, start, stopEngines, synth, synthStack, until,
} from './fixture';
import { readAssembly } from '../../src/local/assembly';
import type { EngineEvent } from '../../src/local/engine';
import { planAssembly } from '../../src/local/plan';
import { FlakyProxy } from '../support/flaky-proxy';

type Invocation = Extract<EngineEvent, { type: 'invocation' }>;

const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
const clients: { destroy(): void }[] = [];

function keep<T extends { destroy(): void }>(client: T): T {
  clients.push(client);
  return client;
}

const sqsOf = ({ engine }: Running): SQSClient => keep(new SQSClient({ endpoint: engine.endpoints.sqs, region: engine.region, credentials }));
const snsOf = ({ engine }: Running): SNSClient => keep(new SNSClient({ endpoint: engine.endpoints.sns, region: engine.region, credentials }));

async function publish(running: Running, message: string): Promise<void> {
  await snsOf(running).send(new PublishCommand({ TopicArn: running.engine.schedulers[0].inputTopicArn, Message: message }));
}

async function send(running: Running, bodies: readonly string[], delaySeconds?: number): Promise<void> {
  const client = sqsOf(running);
  for (let index = 0; index < bodies.length; index += 10) {
    await client.send(new SendMessageBatchCommand({
      QueueUrl: running.engine.schedulers[0].delayQueueUrl,
      Entries: bodies.slice(index, index + 10).map((body, id) => ({ Id: String(id), MessageBody: body, DelaySeconds: delaySeconds })),
    }));
  }
}

const invocations = ({ events: all }: Running): Invocation[] => all.filter(event => event.type === 'invocation');

/** Bodies that handlers logged, one list for each invocation. */
const bodies = (running: Running): string[][] =>
  records(running).flatMap(record => (Array.isArray(record.bodies) ? [record.bodies as string[]] : []));

/** URL of the queue whose logical id begins so. */
async function receiveFrom(running: Running, queueName: string): Promise<Message> {
  const client = sqsOf(running);
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: queueName }));
  return until(`a message in ${queueName}`, async () => {
    const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'] }));
    return Messages?.[0];
  });
}

afterEach(async () => {
  clients.splice(0).forEach(client => client.destroy());
  await stopEngines();
});
afterAll(removeTemporaryDirectories);

describe('a function', () => {
  test('is invoked with what is published, in the environment that the template gives it', async () => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', {
        ingest: `exports.handler = async (event, context) => {
          const { env } = process;
          console.log(JSON.stringify({
            event, context, env, remaining: context.getRemainingTimeInMillis(), collects: typeof gc === 'function',
            heap: require('node:v8').getHeapStatistics().heap_size_limit / 2 ** 20,
          }));
        };`,
        functionProps: { memorySize: 512, timeout: Duration.seconds(20), environment: { FIXED: 'from template' } },
      });
      parts.ingest.addEnvironment('TABLE', parts.table.tableName);
      parts.ingest.addEnvironment('TOPIC', parts.failureTopic.topicArn);
      parts.ingest.addEnvironment('QUEUE', parts.delayQueue.queueUrl);
      parts.ingest.addEventSource(new SqsEventSource(parts.ingestQueue));
    }), { environment: { FIXED: 'overridden' } });
    await publish(running, 'hello');
    const logged = await until('the log line', () => records(running).length > 0 && records(running));
    const [{ event, context, env, remaining, collects, heap }] = logged as unknown as [{
      event: { Records: { body: string; eventSource: string; eventSourceARN: string; awsRegion: string; attributes: Record<string, string> }[] };
      context: Record<string, unknown>;
      env: Record<string, string>;
      remaining: number;
      collects: boolean;
      heap: number;
    }];
    const { engine } = running;
    const [parts] = engine.schedulers;

    expect(event.Records).toHaveLength(1);
    expect(JSON.parse(event.Records[0].body)).toMatchObject({ Type: 'Notification', Message: 'hello', TopicArn: parts.inputTopicArn });
    expect(event.Records[0]).toMatchObject({
      eventSource: 'aws:sqs',
      eventSourceARN: expect.stringContaining('IngestQueue'),
      awsRegion: 'us-east-1',
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: expect.stringMatching(/^\d{13}$/) },
    });
    expect(context).toMatchObject({
      functionName: parts.functions.ingest,
      memoryLimitInMB: '512',
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${parts.functions.ingest}`,
    });
    expect(remaining).toBeGreaterThan(5_000);
    expect(remaining).toBeLessThanOrEqual(20_000);
    // As Lambda starts Node.js: 461 MiB for what lasts, and three times 25 for what is new, or the next power of two.
    expect(collects).toBe(true);
    expect(heap).toBeGreaterThanOrEqual(461 + 3 * 25);
    expect(heap).toBeLessThanOrEqual(461 + 3 * 32);
    expect(env).toMatchObject({
      FIXED: 'overridden',
      TABLE: parts.tableName,
      TOPIC: parts.failureTopicArn,
      QUEUE: parts.delayQueueUrl,
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: parts.functions.ingest,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      _HANDLER: 'index.handler',
      AWS_ENDPOINT_URL_SQS: engine.endpoints.sqs,
      AWS_ENDPOINT_URL_SNS: engine.endpoints.sns,
      AWS_ENDPOINT_URL_DYNAMODB: engine.endpoints.dynamodb,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: engine.endpoints.secretsmanager,
      TZ: ':UTC',
      PATH: process.env.PATH,
    });
    expect(env.HOME).toBeUndefined();
    const invocation = await until('the invocation', () => invocations(running)[0]);
    expect(invocation).toEqual({ type: 'invocation', functionName: parts.functions.ingest, records: 1, durationMs: expect.any(Number), coldStart: true });

    await publish(running, 'again');
    expect(await until('the second invocation', () => invocations(running)[1])).toMatchObject({ coldStart: false });
  });

  test('writes to the table of the template', async () => {
    const running = await start(synthStack(stack => new Parts(stack, 'P')));
    const { engine } = running;
    const client = keep(new DynamoDBClient({ endpoint: engine.endpoints.dynamodb, region: engine.region, credentials }));
    const TableName = engine.schedulers[0].tableName;
    await client.send(new PutItemCommand({ TableName, Item: { pk: { S: 'a' }, sk: { S: 'b' } } }));
    await expect(client.send(new PutItemCommand({ TableName, Item: { pk: { S: 'a' } } }))).rejects.toThrow(/sk/);
  });

  test('finds the secrets of the template, by name and ARN, with the values that it gives them or has made', async () => {
    const assembly = synthStack(stack => {
      const parts = new Parts(stack, 'P');
      const given = new secretsmanager.CfnSecret(stack, 'Given', { name: 'given', secretString: 'as it is' });
      const made = new secretsmanager.CfnSecret(stack, 'Made', { generateSecretString: { passwordLength: 12, excludePunctuation: true, excludeNumbers: true } });
      const within = new secretsmanager.CfnSecret(stack, 'Within', {
        generateSecretString: { secretStringTemplate: '{"user": "me"}', generateStringKey: 'password', excludeCharacters: '"\\\\' },
      });
      for (const [name, secret] of Object.entries({ GIVEN: given, MADE: made, WITHIN: within })) parts.ingest.addEnvironment(name, secret.ref);
      parts.load.addEnvironment('EMPTY', new secretsmanager.CfnSecret(stack, 'Empty', { name: 'empty' }).ref);
    });
    const { engine } = await start(assembly);
    const client = keep(new SecretsManagerClient({ endpoint: engine.endpoints.secretsmanager, region: engine.region, credentials }));
    const read = async (SecretId: string): Promise<string> => (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? '';
    expect(await read('given')).toBe('as it is');
    const { variables = {} } = planAssembly(readAssembly(assembly), engine.endpoints.sqs).functions.find(({ name }) => name.includes('Ingest')) ?? {};
    const arns = [variables.GIVEN, variables.MADE, variables.WITHIN];
    expect(arns).toEqual(Array(3).fill(expect.stringMatching(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:.+-\w{6}$/)));
    const [, made, within] = await Promise.all(arns.map(read));
    expect(made).toMatch(/^[a-zA-Z]{12}$/);
    expect(JSON.parse(within)).toEqual({ user: 'me', password: expect.stringMatching(/^.{32}$/) });
    await expect(read('empty')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('may be an ES module', async () => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', { deliver: LOG_BODIES.replace('exports.handler =', 'export const handler =') });
      parts.deliver.addEventSource(new SqsEventSource(parts.delayQueue));
    }));
    await send(running, ['x']);
    expect(await until('the message', () => bodies(running)[0])).toEqual(['x']);
  });

  test('that cannot be loaded fails with the reason', async () => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', { ingest: 'throw new TypeError("not today");' });
      parts.ingest.addEventSource(new SqsEventSource(parts.ingestQueue));
    }));
    await publish(running, 'x');
    expect(await until('the failure', () => invocations(running)[0])).toMatchObject({ error: 'TypeError: not today', coldStart: true });
  });

  test('that runs into its timeout is killed, and the message comes back', async () => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', {
        ingest: `exports.handler = async event => {
          console.log(JSON.stringify({ pid: process.pid, count: event.Records[0].attributes.ApproximateReceiveCount }));
          if (event.Records[0].attributes.ApproximateReceiveCount === '1') for (;;) { }
        };`,
        functionProps: { timeout: Duration.seconds(1) },
        ingestQueue: { visibilityTimeout: Duration.seconds(2) },
      });
      parts.ingest.addEventSource(new SqsEventSource(parts.ingestQueue));
    }));
    await publish(running, 'x');
    expect(await until('the timeout', () => invocations(running)[0])).toMatchObject({ error: 'Sandbox.Timedout: Task timed out after 1 seconds' });
    const [{ pid }] = records(running);
    await until('the end of the process', () => !isAlive(Number(pid)));
    await until('the second attempt', () => records(running)[1]);
    expect(records(running)[1]).toMatchObject({ count: '2' });
    expect(records(running)[1].pid).not.toBe(pid);
    expect(await until('its end', () => invocations(running)[1])).not.toHaveProperty('error');
  });

  test('that ends its process fails, and the message comes back', async () => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', {
        ingest: `exports.handler = async event => {
          if (event.Records[0].attributes.ApproximateReceiveCount === '1') process.exit(3);
          console.log(JSON.stringify({ bodies: ['second'] }));
        };`,
        functionProps: { timeout: Duration.seconds(1) },
        ingestQueue: { visibilityTimeout: Duration.seconds(1) },
      });
      parts.ingest.addEventSource(new SqsEventSource(parts.ingestQueue));
    }));
    await publish(running, 'x');
    expect(await until('the crash', () => invocations(running)[0])).toMatchObject({
      error: "Runtime.ExitError: the function's process ended with exit code 3",
    });
    await until('the second attempt', () => bodies(running)[0]);
  });

  test('that is crashed from outside fails likewise, and only where it runs', async () => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', {
        ingest: `exports.handler = async event => {
          console.log(JSON.stringify({ bodies: event.Records.map(record => record.attributes.ApproximateReceiveCount), pid: process.pid }));
          if (event.Records[0].attributes.ApproximateReceiveCount === '1') await new Promise(() => setInterval(() => {}, 1000));
        };`,
        functionProps: { timeout: Duration.seconds(5) },
        ingestQueue: { visibilityTimeout: Duration.seconds(5) },
      });
      parts.ingest.addEventSource(new SqsEventSource(parts.ingestQueue));
    }));
    const { ingest, deliver } = running.engine.schedulers[0].functions;
    await publish(running, 'x');
    const [{ pid }] = await until('the first attempt', () => records(running).length > 0 && records(running));
    expect(running.engine.crash(deliver)).toEqual([]);
    expect(running.engine.crash(ingest, 'another message')).toEqual([]);
    expect(running.engine.crash(ingest, 'Message')).toEqual([expect.stringMatching(/^\{"Records":\[/)]);
    expect(await until('the crash', () => invocations(running)[0])).toMatchObject({
      functionName: ingest, error: "Runtime.ExitError: the function's process ended with SIGKILL",
    });
    expect(isAlive(Number(pid))).toBe(false);
    await until('the end of the second attempt', () => invocations(running)[1]);
    expect(invocations(running)[1]).not.toHaveProperty('error');
    expect(bodies(running)).toEqual([['1'], ['2']]);
    // Nothing runs any more: an environment that waits is left alone.
    expect(running.engine.crash(ingest)).toEqual([]);
  });

  test('runs once at a time in each environment, and in as many as its mapping allows', async () => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', {
        deliver: `let busy = 0;
        exports.handler = async event => {
          busy++;
          await new Promise(resolve => setTimeout(resolve, 300));
          console.log(JSON.stringify({ bodies: [event.Records[0].body], pid: process.pid, busy: busy-- }));
        };`,
      });
      parts.deliver.addEventSource(new SqsEventSource(parts.delayQueue, { batchSize: 1, maxConcurrency: 2 }));
    }));
    await send(running, ['1', '2', '3', '4', '5', '6']);
    await until('all invocations', () => bodies(running).length === 6);
    expect(new Set(records(running).map(record => record.pid)).size).toBe(2);
    expect(records(running).every(record => record.busy === 1)).toBe(true);
    expect(bodies(running).flat().sort()).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  test('runs five times at once to begin with, and more only if there is still more to do; after a pause, too', async () => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', {
        deliver: `exports.handler = async event => {
          const startedAt = Date.now();
          await new Promise(resolve => setTimeout(resolve, 1500));
          console.log(JSON.stringify({ body: event.Records[0].body, startedAt }));
        };`,
      });
      parts.deliver.addEventSource(new SqsEventSource(parts.delayQueue, { batchSize: 1 }));
    }));
    for (const burst of ['first', 'second']) {
      await send(running, Array.from({ length: 8 }, () => burst));
      const startedAt = await until(`the ${burst} burst`, () => {
        const logged = records(running).filter(record => record.body === burst);
        return logged.length === 8 && logged.map(record => Number(record.startedAt)).sort((a, b) => a - b);
      });
      // What has to load first is late anyway.
      if (burst === 'second') expect([startedAt[4] - startedAt[0] < 100, startedAt[5] - startedAt[0] > 100]).toEqual([true, true]);
    }
  });
});

describe('a queue', () => {
  test('gets back only what a batch reports as failed, and gives up on it after its receive count', async () => {
    const running = await start(synthStack(stack => {
      const deadLetters = new sqs.Queue(stack, 'DeadLetters', { queueName: 'dead-letters' });
      const parts = new Parts(stack, 'P', {
        ingest: `exports.handler = async event => {
          console.log(JSON.stringify({ bodies: event.Records.map(record => JSON.parse(record.body).Message) }));
          return { batchItemFailures: event.Records.filter(record => record.body.includes('bad')).map(record => ({ itemIdentifier: record.messageId })) };
        };`,
        functionProps: { timeout: Duration.seconds(1) },
        ingestQueue: { visibilityTimeout: Duration.seconds(4), deadLetterQueue: { queue: deadLetters, maxReceiveCount: 2 } },
      });
      parts.ingest.addEventSource(new SqsEventSource(parts.ingestQueue, { reportBatchItemFailures: true, maxBatchingWindow: Duration.seconds(1) }));
    }));
    await Promise.all(['good 1', 'bad', 'good 2'].map(message => publish(running, message)));
    const { Body = '' } = await receiveFrom(running, 'dead-letters');
    expect(JSON.parse(Body)).toMatchObject({ Message: 'bad' });
    expect(bodies(running).flat().sort()).toEqual(['bad', 'bad', 'good 1', 'good 2']);
  });

  test.each([
    ['a response that is no list of failures', '({ batchItemFailures: "all" })', ['1', '2']],
    ['a failure of an unknown message', '({ batchItemFailures: [{ itemIdentifier: "unknown" }] })', ['1', '2']],
    ['an empty list of failures', '({ batchItemFailures: [] })', []],
    ['no response', 'undefined', []],
  ])('takes %s as AWS does', async (_, response, again) => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', {
        ingest: `exports.handler = async event => {
          const first = event.Records.filter(record => record.attributes.ApproximateReceiveCount === '1');
          console.log(JSON.stringify({ first: first.length, again: event.Records.length - first.length }));
          return first.length > 0 ? ${response} : undefined;
        };`,
        functionProps: { timeout: Duration.seconds(1) },
        ingestQueue: { visibilityTimeout: Duration.seconds(1) },
      });
      parts.ingest.addEventSource(new SqsEventSource(parts.ingestQueue, { reportBatchItemFailures: true }));
    }));
    await Promise.all(['1', '2'].map(message => publish(running, message)));
    const count = (what: string): number => records(running).reduce((sum, record) => sum + Number(record[what]), 0);
    await until('the messages', () => count('first') === 2);
    if (again.length > 0) await until('the messages again', () => count('again') === again.length);
    else await new Promise(resolve => setTimeout(resolve, 2000));
    expect(count('again')).toBe(again.length);
  });

  test('holds back a delayed message, and hands it out soon after its time', async () => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', { deliver: 'exports.handler = async () => { console.log(JSON.stringify({ at: Date.now() })); };' });
      parts.deliver.addEventSource(new SqsEventSource(parts.delayQueue));
    }));
    const before = Date.now();
    await send(running, ['later'], 2);
    const at = Number((await until('the message', () => records(running)[0])).at);
    expect(at - before).toBeGreaterThanOrEqual(2000);
  });

  test('fills large batches within a window', async () => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', { deliver: LOG_BODIES });
      parts.deliver.addEventSource(new SqsEventSource(parts.delayQueue, { batchSize: 150, maxBatchingWindow: Duration.seconds(5) }));
    }));
    const sent = Array.from({ length: 400 }, (_, index) => String(index));
    await send(running, sent);
    await until('all messages', () => bodies(running).flat().length >= 400);
    expect(bodies(running).flat().sort()).toEqual([...sent].sort());
    expect(bodies(running).map(batch => batch.length).sort((a, b) => b - a)).toEqual([150, 150, 100]);
  });

  test('is read ten times a second by each provisioned poller, so that messages which come faster come together', async () => {
    const running = await start(synthStack(stack => {
      const { deliver, delayQueue } = new Parts(stack, 'P', { deliver: LOG_BODIES });
      delayQueue.grantConsumeMessages(deliver);
      new lambda.EventSourceMapping(stack, 'Mapping', {
        target: deliver, eventSourceArn: delayQueue.queueArn, provisionedPollerConfig: { minimumPollers: 2, maximumPollers: 2 },
      });
    }), { metered: true });
    const receives = async () => {
      const { requests } = await running.engine.usage();
      const polls = requests.filter(({ caller, operation }) => caller.kind === 'lambda' && operation === 'ReceiveMessage');
      return polls.reduce((sum, polled) => sum + polled.requests, 0);
    };
    const before = await receives();
    const begun = Date.now();
    const messages = Array.from({ length: 100 }, (_, index) => `m${index}`);
    for (const message of messages) await send(running, [message]);
    await until('all of them', () => bodies(running).flat().length === messages.length);
    const seconds = (Date.now() - begun) / 1000;
    expect(bodies(running).flat().sort()).toEqual([...messages].sort());
    // One that waited for the first message, and one that waits for another.
    expect(await receives() - before).toBeLessThanOrEqual(20 * seconds + 2);
  });

  test('closes a batch at the size of the largest event', async () => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', {
        deliver: 'exports.handler = async event => { console.log(JSON.stringify({ records: event.Records.length })); };',
      });
      parts.deliver.addEventSource(new SqsEventSource(parts.delayQueue, { batchSize: 100, maxBatchingWindow: Duration.seconds(3) }));
    }));
    const client = sqsOf(running);
    const body = 'x'.repeat(900_000);
    for (let index = 0; index < 8; index++) {
      await client.send(new SendMessageCommand({ QueueUrl: running.engine.schedulers[0].delayQueueUrl, MessageBody: body }));
    }
    await until('all messages', () => records(running).reduce((sum, record) => sum + Number(record.records), 0) === 8);
    expect(Math.max(...records(running).map(record => Number(record.records)))).toBeLessThanOrEqual(6);
  });

  test('of another stack gets what its subscription lets through', async () => {
    const running = await start(synth(app => {
      const parts = new Parts(new Stack(app, 'Owner'), 'P');
      const failures = new sqs.Queue(new Stack(app, 'Other'), 'Failures', { queueName: 'my-failures' });
      parts.failureTopic.addSubscription(new subscriptions.SqsSubscription(failures, { rawMessageDelivery: true }));
    }));
    await snsOf(running).send(new PublishCommand({ TopicArn: running.engine.schedulers[0].failureTopicArn, Message: 'it failed' }));
    expect((await receiveFrom(running, 'my-failures')).Body).toBe('it failed');
  });
});

describe('a schedule', () => {
  test('ticks with the period that overrides its own, and sends what keeps failing to the dead-letter queue', async () => {
    const running = await start(synthStack(stack => {
      const dead = new sqs.Queue(stack, 'Dead', { queueName: 'dead-ticks' });
      const parts = new Parts(stack, 'P', {
        load: 'exports.handler = async event => { console.log(JSON.stringify({ tick: event })); throw new RangeError("no"); };',
        functionProps: { deadLetterQueue: dead, retryAttempts: 1 },
      });
      new events.Rule(stack, 'Rule', { schedule: events.Schedule.rate(Duration.minutes(1)), targets: [new targets.LambdaFunction(parts.load)] });
    }), { tickSeconds: 1 });
    const message = await receiveFrom(running, 'dead-ticks');
    const event = JSON.parse(message.Body ?? '') as Record<string, unknown>;
    expect(event).toMatchObject({
      'detail-type': 'Scheduled Event', 'source': 'aws.events', 'resources': [expect.stringMatching(/^arn:aws:events:us-east-1:000000000000:rule\//)],
    });
    expect(message.MessageAttributes).toMatchObject({ ErrorCode: { StringValue: '200' }, ErrorMessage: { StringValue: 'no' } });
    expect(records(running).filter(({ tick }) => (tick as { id: string }).id === event.id)).toHaveLength(2);
    expect(invocations(running)[0]).toMatchObject({ records: 0, error: 'RangeError: no' });
    await until('more ticks', () => new Set(records(running).map(({ tick }) => (tick as { id: string }).id)).size >= 3);
    expect(running.engine.ticks).toEqual([{ functionName: running.engine.schedulers[0].functions.load, seconds: 1 }]);
  });

  test('can be paused, of one function or of all', async () => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', {});
      for (const [id, target] of Object.entries({ A: parts.load, B: parts.deliver })) {
        new events.Rule(stack, id, { schedule: events.Schedule.rate(Duration.minutes(1)), targets: [new targets.LambdaFunction(target)] });
      }
    }), { tickSeconds: 0.1 });
    const { load, deliver } = running.engine.schedulers[0].functions;
    const ticks = (name: string): number => invocations(running).filter(({ functionName }) => functionName === name).length;
    const someMore = async (name: string): Promise<void> => {
      const before = ticks(name);
      await until('more ticks', () => ticks(name) > before + 3);
    };
    await Promise.all([someMore(load), someMore(deliver)]);
    running.engine.pauseSchedules(load);
    // Those that have begun may still end; then there is a while without one.
    for (let before = -1; before < ticks(load);) {
      before = ticks(load);
      await someMore(deliver);
    }
    running.engine.pauseSchedules();
    running.engine.resumeSchedules();
    await Promise.all([someMore(load), someMore(deliver)]);
  });

  test('of EventBridge Scheduler invokes with its input', async () => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', { load: 'exports.handler = async event => { console.log(JSON.stringify({ tick: event })); };' });
      new scheduler.Schedule(stack, 'Schedule', {
        schedule: scheduler.ScheduleExpression.rate(Duration.minutes(1)),
        target: new schedulerTargets.LambdaInvoke(parts.load, {
          input: scheduler.ScheduleTargetInput.fromObject({ at: scheduler.ContextAttribute.scheduledTime, fixed: 1 }),
        }),
      });
    }));
    expect(await until('the tick', () => records(running)[0])).toEqual({
      tick: { at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/), fixed: 1 },
    });
  });
});

describe('the engine', () => {
  test('leaves no process and no file when it stops, in the middle of an invocation too, and may be stopped twice', async () => {
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', {
        ingest: 'exports.handler = () => { console.log(JSON.stringify({ started: process.argv[1] })); return new Promise(() => setInterval(() => {}, 1000)); };',
      });
      parts.ingest.addEventSource(new SqsEventSource(parts.ingestQueue));
    }));
    await publish(running, 'x');
    const [{ started }] = await until('the invocation', () => records(running).length > 0 && records(running));
    const pids = running.engine.childPids;
    expect(pids).toHaveLength(2);
    expect(pids.every(isAlive)).toBe(true);
    await Promise.all([running.engine.stop(), running.engine.stop()]);
    await running.engine.stop();
    await running.engine.ended;
    await until('the end of the children', () => !pids.some(isAlive));
    expect(existsSync(String(started))).toBe(false);
  });

  test('listens on loopback only', async () => {
    const { engine } = await start(synthStack(stack => new Parts(stack, 'P')));
    const listeners = engine.childPids.flatMap(listeningAddresses);
    expect(listeners).toHaveLength(3);
    expect(new Set(listeners)).toEqual(new Set(['127.0.0.1']));
    expect(Object.values(engine.endpoints).every(url => url.startsWith('http://127.0.0.1:'))).toBe(true);
  });

  test('names a port that is in use, and starts on one that is free', async () => {
    const assembly = synthStack(stack => new Parts(stack, 'P'));
    const other = createServer();
    const port = await new Promise<number>(resolve => other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)));
    await expect(start(assembly, { port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use by another program.`);
    await new Promise(resolve => other.close(resolve));
    const { engine } = await start(assembly, { port });
    expect(engine.endpoints.sqs).toBe(`http://127.0.0.1:${port}`);
  });

  test('refuses to override a variable that no function has', async () => {
    const assembly = synthStack(stack => new Parts(stack, 'P', { functionProps: { environment: { KNOWN: '1' } } }));
    await expect(start(assembly, { environment: { UNKNOWN: '2' } })).rejects.toThrow(/overrides UNKNOWN, which no function's template sets; set are KNOWN/);
  });

  test('lets functions and event sources call what is put before the services', async () => {
    const proxies: FlakyProxy[] = [];
    const called: string[] = [];
    const proxied = async (service: string, url: string): Promise<string> => {
      const proxy = await FlakyProxy.start(url);
      proxies.push(proxy);
      proxy.fateOf = operation => {
        called.push(`${service} ${operation}`);
        return 'pass';
      };
      return proxy.url;
    };
    const running = await start(synthStack(stack => {
      const parts = new Parts(stack, 'P', {
        ingest: `exports.handler = async event => {
          const { AWS_ENDPOINT_URL_SNS: sns, AWS_ENDPOINT_URL_SQS: sqs, AWS_ENDPOINT_URL_DYNAMODB: dynamodb, QUEUE } = process.env;
          console.log(JSON.stringify({ sns, sqs, dynamodb, queue: new URL(QUEUE).origin }));
        };`,
      });
      parts.ingest.addEnvironment('QUEUE', parts.delayQueue.queueUrl);
      parts.ingest.addEventSource(new SqsEventSource(parts.ingestQueue));
    }), {
      intercept: async services => ({
        ...services, sns: await proxied('sns', services.sns), sqs: await proxied('sqs', services.sqs), dynamodb: await proxied('dynamodb', services.dynamodb),
      }),
    });
    await publish(running, 'x');
    await until('the invocation', () => invocations(running)[0]);
    const [sns, sqsUrl, dynamodb] = proxies.map(({ url }) => url);
    expect(records(running)).toEqual([{ sns, sqs: sqsUrl, dynamodb, queue: sqsUrl }]);
    await until('its message to be deleted', () => called.includes('sqs DeleteMessageBatch'));
    expect([...new Set(called)]).toEqual(['sqs ReceiveMessage', 'sqs DeleteMessageBatch']);
    // What creates, and what tests use, are the services themselves.
    expect(proxies.map(({ url }) => url)).not.toContain(running.engine.endpoints.sqs);
    await running.engine.stop();
    proxies.forEach(proxy => proxy.close());
  });

  test('says so when its emulators end by themselves', async () => {
    const { engine } = await start(synthStack(stack => new Parts(stack, 'P')));
    process.kill(engine.childPids[0], 'SIGKILL');
    await expect(engine.ended).rejects.toThrow(/emulators ended by itself/);
  });

  test('answers for a queue under the name of any host', async () => {
    const running = await start(synthStack(stack => new Parts(stack, 'P')));
    const { delayQueueUrl } = running.engine.schedulers[0];
    const url = new URL(delayQueueUrl);
    await sqsOf(running).send(new SendMessageCommand({ QueueUrl: `http://localhost:${url.port}${url.pathname}`, MessageBody: 'x' }));
    expect((await sqsOf(running).send(new ReceiveMessageCommand({ QueueUrl: delayQueueUrl }))).Messages).toHaveLength(1);
  });
});

/** Addresses on which a process listens for TCP connections. */
function listeningAddresses(pid: number): string[] {
  if (!existsSync('/proc/net/tcp')) {
    return [...execFileSync('lsof', ['-a', '-nP', '-iTCP', '-sTCP:LISTEN', '-p', String(pid), '-Fn'], { encoding: 'utf8' }).matchAll(/^n(.*):\d+$/gm)].map(match => match[1]);
  }
  const inodes = new Set(readdirSync(`/proc/${pid}/fd`).flatMap(fd => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  }));
  return ['/proc/net/tcp', '/proc/net/tcp6'].filter(existsSync).flatMap(table => readFileSync(table, 'utf8').split('\n').slice(1).flatMap(row => {
    const columns = row.trim().split(/\s+/);
    if (columns[3] !== '0A' || !inodes.has(columns[9])) return [];
    const [address] = columns[1].split(':');
    return address.length === 8 ? [address.match(/../g)!.reverse().map(byte => parseInt(byte, 16)).join('.')] : [address];
  }));
}
