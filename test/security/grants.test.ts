// What the grants of a scheduler let others do, with everything encrypted by a key: what they are for, and nothing else.
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { BatchGetItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  CancelMessageMoveTaskCommand, ListMessageMoveTasksCommand, PurgeQueueCommand, ReceiveMessageCommand, SQSClient, StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { removals, unneeded } from './removals';
import { Scenario } from './scenario';
import { removeAssemblies, STACKS, synthesize, temporaryDirectory } from './scheduler-stacks';
import { ID_PREFIX } from '../../src/adapters/table-keys';
import { accessKeyId } from '../../src/local/iam/security-plan';
import { WebhookScheduler } from 'cdk-webhook-scheduler';

const GRANTS: Readonly<Record<string, (scheduler: WebhookScheduler, grantee: iam.IGrantable) => iam.Grant>> = {
  Publisher: (scheduler, grantee) => scheduler.grantPublish(grantee),
  Reader: (scheduler, grantee) => scheduler.grantRead(grantee),
  Operator: (scheduler, grantee) => scheduler.grantRedrive(grantee),
  Verifier: (scheduler, grantee) => scheduler.grantReadSigningSecret(grantee),
};

/** A function for each grant. Their roles are what matters: the calls are made here, with their credentials. */
function addGrantees(scheduler: WebhookScheduler): void {
  const directory = temporaryDirectory();
  writeFileSync(path.join(directory, 'index.js'), 'exports.handler = async () => ({});');
  for (const [id, grant] of Object.entries(GRANTS)) {
    const grantee = new lambda.Function(scheduler.stack, id, {
      functionName: id, runtime: lambda.Runtime.NODEJS_22_X, handler: 'index.handler', code: lambda.Code.fromAsset(directory),
    });
    grant(scheduler, grantee);
    // Named by a function that runs, it runs as well.
    (scheduler.deliverFunction as lambda.Function).addEnvironment(id.toUpperCase(), grantee.functionArn);
  }
}

let scenario: Scenario;
const clients: { destroy(): void }[] = [];

beforeAll(async () => {
  scenario = await Scenario.start(synthesize(STACKS['everything at once'], addGrantees));
});
afterAll(async () => {
  clients.forEach((client) => client.destroy());
  await scenario.stop();
  removeAssemblies();
});

function clientsOf(grantee: keyof typeof GRANTS) {
  const { region, endpoints } = scenario.engine;
  const accessKey = accessKeyId(`arn:aws:lambda:${region}:000000000000:function:${grantee}`, 'code');
  const config = (endpoint: string) => ({ region, endpoint, credentials: { accessKeyId: accessKey, secretAccessKey: 'any' } });
  const made = {
    dynamodb: new DynamoDBClient(config(endpoints.dynamodb)),
    secrets: new SecretsManagerClient(config(endpoints.secretsmanager)),
    sns: new SNSClient(config(endpoints.sns)),
    sqs: new SQSClient(config(endpoints.sqs)),
  };
  clients.push(...Object.values(made));
  return made;
}

/** Of calls, by what names them, those that are denied. What the emulator does not know is allowed all the same. */
async function denied(attempts: Readonly<Record<string, () => Promise<unknown>>>): Promise<string[]> {
  const results = await Promise.allSettled(Object.values(attempts).map((attempt) => attempt()));
  return Object.keys(attempts).filter((_, index) => {
    const result = results[index];
    return result.status === 'rejected' && /not authorized/.test((result.reason as Error).message);
  });
}

/** Every call that anyone is granted, and some that nobody is. */
function calls(grantee: keyof typeof GRANTS): Readonly<Record<string, () => Promise<unknown>>> {
  const { dynamodb, secrets, sns, sqs } = clientsOf(grantee);
  const [{ tableName: TableName, inputTopicArn, failureTopicArn, ingestQueueUrl, delayQueueUrl, signingSecretArn }] = scenario.engine.schedulers;
  const key = (pk: string) => ({ pk: { S: pk }, sk: { S: 'x' } });
  const query = (pk: string) => dynamodb.send(new QueryCommand({
    TableName, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': { S: pk } },
  }));
  const arn = (url: string) => `arn:aws:sqs:us-east-1:000000000000:${url.split('/')[4]}`;
  const deadLetters = (name: string) => scenario.engine.security.policies
    .flatMap(({ attachedTo }) => attachedTo).find((attached) => attached.includes(`${name}DeadLetterQueue`)) as string;
  const move = (from: string, to: string) => sqs.send(new StartMessageMoveTaskCommand({ SourceArn: from, DestinationArn: to }));
  const url = (queueArn: string) => `${scenario.engine.endpoints.sqs}/000000000000/${queueArn.split(':')[5]}`;
  return {
    'publish a webhook': () => sns.send(new PublishCommand({ TopicArn: inputTopicArn, Message: '{}' })),
    'publish a failure': () => sns.send(new PublishCommand({ TopicArn: failureTopicArn, Message: '{}' })),
    'read a state': () => dynamodb.send(new GetItemCommand({ TableName, Key: key(`${ID_PREFIX}1`) })),
    'read states': () => dynamodb.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [key(`${ID_PREFIX}1`), key(`${ID_PREFIX}2`)] } } })),
    'query a state': () => query(`${ID_PREFIX}1`),
    'read a message': () => dynamodb.send(new GetItemCommand({ TableName, Key: key('1#1') })),
    'read a state and a message': () => (
      dynamodb.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [key(`${ID_PREFIX}1`), key('1#1')] } } }))
    ),
    'query messages': () => query('1#1'),
    'scan the table': () => dynamodb.send(new ScanCommand({ TableName })),
    'write a state': () => dynamodb.send(new PutItemCommand({ TableName, Item: key(`${ID_PREFIX}1`) })),
    'move ingest dead letters': () => move(deadLetters('Ingest'), arn(ingestQueueUrl)),
    'move delay dead letters': () => move(deadLetters('Delay'), arn(delayQueueUrl)),
    'move the delay queue': () => move(arn(delayQueueUrl), deadLetters('Delay')),
    'watch a move': () => sqs.send(new ListMessageMoveTasksCommand({ SourceArn: deadLetters('Ingest') })),
    'watch the other move': () => sqs.send(new ListMessageMoveTasksCommand({ SourceArn: deadLetters('Delay') })),
    'stop a move': () => cancelMove(sqs, deadLetters('Ingest')),
    'stop the other move': () => cancelMove(sqs, deadLetters('Delay')),
    'receive what is delayed': () => sqs.send(new ReceiveMessageCommand({ QueueUrl: delayQueueUrl })),
    'purge dead letters': () => sqs.send(new PurgeQueueCommand({ QueueUrl: url(deadLetters('Delay')) })),
    'read the signing secret': () => secrets.send(new GetSecretValueCommand({ SecretId: signingSecretArn })),
    'describe the signing secret': () => secrets.send(new DescribeSecretCommand({ SecretId: signingSecretArn })),
    'read another secret': () => secrets.send(new GetSecretValueCommand({ SecretId: 'another' })),
  };
}

/** A task's handle names its queue, in a form of SQS's own; here, the queue is named beside it. */
function cancelMove(sqs: SQSClient, sourceArn: string): Promise<unknown> {
  return sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle: Buffer.from(JSON.stringify({ taskId: 'x', sourceArn })).toString('base64') }));
}

test.each<[keyof typeof GRANTS, string[]]>([
  ['Publisher', ['publish a webhook']],
  ['Reader', ['read a state', 'read states', 'query a state']],
  ['Operator', [
    'move ingest dead letters', 'move delay dead letters', 'watch a move', 'watch the other move', 'stop a move', 'stop the other move',
  ]],
  ['Verifier', ['read the signing secret']],
])('%s: may do what the grant is for, and nothing else; and every action of it is needed', async (grantee, allowed) => {
  const all = calls(grantee);
  const refused = await denied(all);
  expect(Object.keys(all).filter((call) => !refused.includes(call))).toEqual(allowed);
  const { policies } = scenario.engine.security;
  const own = policies.filter(({ name }) => new RegExp(`^Stack: ${grantee}ServiceRoleDefaultPolicy`).test(name));
  expect(removals(own).length).toBeGreaterThan(0);
  const requests = scenario.judgements.map(({ request }) => request);
  const idle = unneeded(policies, requests).filter((what) => own.some(({ name }) => what.startsWith(name)));
  expect(idle).toEqual([]);
});
