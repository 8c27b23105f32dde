// Starts the emulators in a process of their own and creates the topics, queues, tables and secrets of a plan in them.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  CreateTableCommand, DescribeTableCommand, DynamoDBClient, type DynamoDBClientConfig,
} from '@aws-sdk/client-dynamodb';
import { CreateSecretCommand, GetRandomPasswordCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { EmulatorReply, EmulatorRequest, EmulatorUsage } from './emulator-process';
import type { Judgement } from './iam/access-control';
import type { SecurityPlan } from './iam/security-plan';
import { asBoolean, asNumber, asString } from './json';
import type { EnginePlan, SecretPlan } from './plan';

export interface Endpoints {
  readonly sns: string;
  readonly sqs: string;
  readonly dynamodb: string;
  readonly secretsmanager: string;
}

/**
 * What an SDK client needs to talk to an emulator as the administrator of the account. So is whoever signs with any other credentials
 * but those that the engine gives to functions.
 */
export const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const;

export class Emulators {
  /** Starts them; `port` is for SNS and SQS, a free one where it is not given. With `metered`, they count requests. */
  public static async start(script: string, port: number | undefined, region: string, metered = false): Promise<Emulators> {
    const child = fork(script, [], {
      execArgv: [],
      env: { PATH: process.env.PATH, AWS_REGION: region, TZ: ':UTC' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    try {
      const reply = await firstReply(child, { type: 'start', port: port ?? 0, metered });
      if (!('ready' in reply) && !('failed' in reply)) throw new Error('The emulators answered out of turn.');
      if ('failed' in reply) {
        throw new Error(reply.failed.code === 'EADDRINUSE'
          ? `Port ${port} on 127.0.0.1 is in use by another program. Choose another one, or none for a free one.`
          : `The emulators did not start: ${reply.failed.message}`);
      }
      const { messagingPort, dynamodbPort, secretsManagerPort } = reply.ready;
      const at = (listening: number): string => `http://127.0.0.1:${listening}`;
      return new Emulators(child, {
        sns: at(messagingPort), sqs: at(messagingPort), dynamodb: at(dynamodbPort), secretsmanager: at(secretsManagerPort),
      });
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Resolves when the process has ended, whoever ended it. */
  public readonly ended: Promise<void>;

  private constructor(private readonly child: ChildProcess, public readonly endpoints: Endpoints) {
    this.ended = new Promise(resolve => child.once('exit', () => resolve()));
  }

  public get pid(): number | undefined {
    return this.child.pid;
  }

  /** Creates what the plan names, through the same API calls that AWS takes. */
  public async create(plan: EnginePlan): Promise<void> {
    const clients = new Clients(this.endpoints);
    try {
      await Promise.all([
        ...plan.topics.map(({ name, region }) => clients.sns(region).send(new CreateTopicCommand({ Name: name }))),
        ...plan.queues.map(({ name, region, attributes }) =>
          clients.sqs(region).send(new CreateQueueCommand({ QueueName: name, Attributes: { ...attributes } }))),
        ...plan.secrets.map(secret => createSecret(clients.secretsmanager(secret.region), secret)),
        ...plan.tables.map(({ name, region, keys }) => createTable(clients.dynamodb(region), name, keys)),
      ]);
      await Promise.all(plan.subscriptions.map(({ topicArn, queueArn, region, attributes }) =>
        clients.sns(region).send(new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint: queueArn, Attributes: { ...attributes } }))));
    } finally {
      clients.destroy();
    }
  }

  /** From now on, has every call judged; `report` is told of denials, and with `everything` of what is allowed as well. */
  public async enforce(plan: SecurityPlan, everything: boolean, report: (judgement: Judgement) => void): Promise<void> {
    const enforced = new Promise<void>(resolve => {
      this.child.on('message', (message: EmulatorReply) => {
        if ('judged' in message) report(message.judged);
        if ('enforced' in message) resolve();
      });
    });
    this.child.send({ type: 'enforce', plan, everything } satisfies EmulatorRequest);
    await Promise.race([enforced, this.ended]);
  }

  /** What has been counted since calls are judged. */
  public async usage(): Promise<EmulatorUsage> {
    const counted = new Promise<EmulatorUsage>(resolve => {
      const listener = (message: EmulatorReply): void => {
        if (!('usage' in message)) return;
        this.child.off('message', listener);
        resolve(message.usage);
      };
      this.child.on('message', listener);
    });
    this.child.send({ type: 'usage' } satisfies EmulatorRequest);
    return Promise.race([counted, this.ended.then(() => { throw new Error('The emulators have ended.'); })]);
  }

  public async stop(): Promise<void> {
    // Nothing outlives the engine, so there is nothing to end gently; and open long polls would hold up a gentle end.
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** One client per service and region. */
class Clients {
  private readonly all = new Map<string, { destroy(): void }>();

  constructor(private readonly endpoints: Endpoints) {}

  public sns(region: string): SNSClient {
    return this.client(`sns ${region}`, () => new SNSClient(this.config(this.endpoints.sns, region)));
  }

  public sqs(region: string): SQSClient {
    return this.client(`sqs ${region}`, () => new SQSClient(this.config(this.endpoints.sqs, region)));
  }

  public dynamodb(region: string): DynamoDBClient {
    return this.client(`dynamodb ${region}`, () => new DynamoDBClient(this.config(this.endpoints.dynamodb, region)));
  }

  public secretsmanager(region: string): SecretsManagerClient {
    return this.client(`secretsmanager ${region}`, () => new SecretsManagerClient(this.config(this.endpoints.secretsmanager, region)));
  }

  public destroy(): void {
    this.all.forEach(client => client.destroy());
  }

  private config(endpoint: string, region: string): DynamoDBClientConfig & { region: string } {
    return { endpoint, region, credentials: LOCAL_CREDENTIALS };
  }

  private client<T extends { destroy(): void }>(key: string, create: () => T): T {
    const existing = this.all.get(key);
    if (existing) return existing as T;
    const client = create();
    this.all.set(key, client);
    return client;
  }
}

async function createTable(client: DynamoDBClient, name: string, keys: EnginePlan['tables'][number]['keys']): Promise<void> {
  await client.send(new CreateTableCommand({
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: keys.map(key => ({ AttributeName: key.name, KeyType: key.keyType })),
    AttributeDefinitions: keys.map(key => ({ AttributeName: key.name, AttributeType: key.attributeType })),
  }));
  while ((await client.send(new DescribeTableCommand({ TableName: name }))).Table?.TableStatus !== 'ACTIVE') {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

/** Makes the value the way CloudFormation does. */
async function createSecret(client: SecretsManagerClient, { name, string, generate }: SecretPlan): Promise<void> {
  let value = string;
  if (generate) {
    const { RandomPassword } = await client.send(new GetRandomPasswordCommand(passwordInput(generate.password)));
    value = generate.key === undefined ? RandomPassword : JSON.stringify({ ...generate.template, [generate.key]: RandomPassword });
  }
  await client.send(new CreateSecretCommand({ Name: name, SecretString: value }));
}

/** A template may hold `"true"` and `"32"`. */
function passwordInput(password: NonNullable<SecretPlan['generate']>['password']): Record<string, string | number | boolean | undefined> {
  return Object.fromEntries(Object.entries(password).map(([name, value]) => [
    name, name === 'PasswordLength' ? asNumber(value) : name === 'ExcludeCharacters' ? asString(value) : asBoolean(value),
  ]));
}

async function firstReply(child: ChildProcess, request: EmulatorRequest): Promise<EmulatorReply> {
  child.send(request);
  const [first] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code, signal]) => [{ failed: { message: `their process ended with ${String(signal ?? code)}` } }]),
  ]) as [EmulatorReply];
  return first;
}
