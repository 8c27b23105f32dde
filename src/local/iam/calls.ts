// What has to be allowed for a call of a service's API: the action itself, and the use of the key that the resource is encrypted with.

import type { AuthorizationRequest, Principal } from './authorizer';
import type { Context } from './conditions';
import type { SecurityPlan } from './security-plan';
import { LOCAL_ACCOUNT } from '../local-account';

/** A call as the emulators see it. */
export interface Call {
  /** Such as `SendMessageBatch`. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly region: string;
  readonly principal: Principal;
  readonly context: Context;
}

type KeyUse = Pick<AuthorizationRequest, 'principal' | 'context'> & { readonly region: string };

/** Batches need no permission of their own: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html */
const withoutBatch = (operation: string): string => operation.replace(/Batch$/, '');

/** What the APIs of SQS need. `queueArn` is that of the queue which the call names. */
export function sqsRequests(plan: SecurityPlan, call: Call, queueArn: string): AuthorizationRequest[] {
  const request = (operation: string, resource: string): AuthorizationRequest[] => {
    const action = withoutBatch(operation);
    return [{ ...whoAndHow(call), action: `sqs:${action}`, resource }, ...queueKeyRequests(plan, call, action, resource)];
  };
  const requests = request(call.operation, queueArn);
  if (call.operation !== 'StartMessageMoveTask') return requests;
  // Whoever has messages moved must be allowed to move them:
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
  return [
    ...requests,
    ...['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].flatMap(operation => request(operation, queueArn)),
    ...call.input.DestinationArn === undefined ? [] : request('SendMessage', String(call.input.DestinationArn)),
  ];
}

/** What it takes to send to, or receive from, an encrypted queue; SNS, which sends on its own behalf, needs it too. */
export function queueKeyRequests(plan: SecurityPlan, by: KeyUse, action: string, queueArn: string): AuthorizationRequest[] {
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
  const needed: Readonly<Record<string, readonly string[]>> = { SendMessage: ['GenerateDataKey', 'Decrypt'], ReceiveMessage: ['Decrypt'] };
  return keyRequests(plan, by, queueArn, 'sqs', needed[action] ?? [], { 'kms:encryptioncontext:aws:sqs:arn': queueArn });
}

export function snsRequests(plan: SecurityPlan, call: Call, topicArn: string): AuthorizationRequest[] {
  const action = withoutBatch(call.operation);
  // https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
  const needed = action === 'Publish' ? ['GenerateDataKey', 'Decrypt'] : [];
  return [
    { ...whoAndHow(call), action: `sns:${action}`, resource: topicArn },
    ...keyRequests(plan, call, topicArn, 'sns', needed, { 'kms:encryptioncontext:aws:sns:topicarn': topicArn }),
  ];
}

/** Operations that read or write items; each makes DynamoDB unwrap the table's key in the name of who calls. */
const ITEM_OPERATIONS = new Set([
  'GetItem', 'BatchGetItem', 'Query', 'Scan', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'PartiQLInsert',
]);

/** What the API of DynamoDB needs. A statement of PartiQL is a call of its own here, whose operation is the action of IAM: `PartiQLInsert`. */
export function dynamoDbRequests(plan: SecurityPlan, call: Call): AuthorizationRequest[] {
  return tablesOf(call).flatMap(([name, keys]) => {
    const tableArn = name.startsWith('arn:') ? name : `arn:aws:dynamodb:${call.region}:${LOCAL_ACCOUNT}:table/${name}`;
    const index = call.input.IndexName === undefined ? '' : `/index/${String(call.input.IndexName)}`;
    const partitionKey = plan.partitionKeys[tableArn];
    const leading = partitionKey === undefined ? [] : [...new Set(leadingKeys(call, keys, partitionKey))];
    const context = leading.length > 0 ? { ...call.context, 'dynamodb:leadingkeys': leading } : call.context;
    return [
      { principal: call.principal, context, action: `dynamodb:${call.operation}`, resource: name === '' ? '*' : tableArn + index },
      // Whoever calls has to be allowed to decrypt the table's own key, which DynamoDB keeps for each of them for some minutes. The rest
      // that a key has to allow is for whoever creates the table. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
      ...keyRequests(plan, call, tableArn, 'dynamodb', ITEM_OPERATIONS.has(call.operation) ? ['Decrypt'] : [], {
        'kms:encryptioncontext:aws:dynamodb:tablename': name, 'kms:encryptioncontext:aws:dynamodb:subscriberid': LOCAL_ACCOUNT,
      }),
    ];
  });
}

/** What the API of Secrets Manager needs; `secretArn` is absent where the call names no secret. */
export function secretsManagerRequests(plan: SecurityPlan, call: Call, secretArn: string | undefined): AuthorizationRequest[] {
  const { VersionStage, VersionId } = call.input;
  const context: Context = {
    ...call.context,
    ...(secretArn === undefined ? {} : { 'secretsmanager:secretid': secretArn }),
    ...(call.operation !== 'GetSecretValue' ? {} : { 'secretsmanager:versionstage': String(VersionStage ?? 'AWSCURRENT') }),
    ...(VersionId === undefined ? {} : { 'secretsmanager:versionid': String(VersionId) }),
  };
  // https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
  const needed: Readonly<Record<string, readonly string[]>> = {
    GetSecretValue: ['Decrypt'], PutSecretValue: ['GenerateDataKey', 'Decrypt'], CreateSecret: ['GenerateDataKey', 'Decrypt'],
  };
  return [
    { principal: call.principal, context, action: `secretsmanager:${call.operation}`, resource: secretArn ?? '*' },
    ...secretArn === undefined ? [] : keyRequests(plan, call, secretArn, 'secretsmanager', needed[call.operation] ?? [], {
      'kms:encryptioncontext:secretarn': secretArn,
    }),
  ];
}

function whoAndHow({ principal, context }: Call): Pick<AuthorizationRequest, 'principal' | 'context'> {
  return { principal, context };
}

function keyRequests(
  { keys }: SecurityPlan, { principal, context, region }: KeyUse, resource: string, service: string, actions: readonly string[],
  encryptionContext: Context,
): AuthorizationRequest[] {
  const keyArn = keys[resource];
  return keyArn === undefined ? [] : actions.map(action => ({
    principal,
    action: `kms:${action}`,
    resource: keyArn,
    context: { ...context, ...encryptionContext, 'kms:viaservice': `${service}.${region}.amazonaws.com` },
  }));
}

type Item = Readonly<Record<string, unknown>>;

/** The tables of a call, each with the items or keys that the call gives of it. */
function tablesOf({ input }: Call): (readonly [string, readonly Item[]])[] {
  const { TableName, RequestItems, Key, Item: item } = input as {
    TableName?: string; RequestItems?: Record<string, unknown>; Key?: Item; Item?: Item;
  };
  const one = Key ?? item;
  if (RequestItems === undefined) return [[TableName ?? '', one === undefined ? [] : [one]]];
  return Object.entries(RequestItems).map(([name, given]): readonly [string, readonly Item[]] => {
    const { Keys } = given as { readonly Keys?: readonly Item[] };
    const writes = Array.isArray(given) ? given as readonly { PutRequest?: { Item: Item }; DeleteRequest?: { Key: Item } }[] : [];
    return [name, Keys ?? writes.map(({ PutRequest, DeleteRequest }) => PutRequest?.Item ?? DeleteRequest?.Key ?? {})];
  });
}

/** The values of the partition key that a call is about. */
function leadingKeys({ operation, input }: Call, items: readonly Item[], partitionKey: string): string[] {
  if (operation !== 'Query') return items.map(item => value(item[partitionKey]));
  const { KeyConditionExpression = '', ExpressionAttributeNames = {}, ExpressionAttributeValues = {} } = input as {
    KeyConditionExpression?: string; ExpressionAttributeNames?: Record<string, string>; ExpressionAttributeValues?: Record<string, unknown>;
  };
  return [...KeyConditionExpression.matchAll(/([#\w.-]+)\s*=\s*(:\w+)/g)]
    .filter(([, name]) => (ExpressionAttributeNames[name] ?? name) === partitionKey)
    .map(([, , placeholder]) => value(ExpressionAttributeValues[placeholder]));
}

function value(attribute: unknown): string {
  return String(Object.values((attribute ?? {}) as object)[0]);
}
