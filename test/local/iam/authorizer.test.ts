import { type AuthorizationRequest, Authorizer, type Principal, denialMessage } from '../../../src/local/iam/authorizer';
import { type Policy, type PolicyKind, readStatements } from '../../../src/local/iam/policy';
import type { Json } from '../../../src/local/json';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:q';
const KEY = 'arn:aws:kms:us-east-1:000000000000:key/k';
const ROLE = 'arn:aws:iam::000000000000:role/path/r';
const ROOT = 'arn:aws:iam::000000000000:root';
const role: Principal = { kind: 'role', roleArn: ROLE, session: 'fn' };
const sns: Principal = { kind: 'service', service: 'sns.amazonaws.com' };
const administrator: Principal = { kind: 'administrator' };

const policy = (kind: PolicyKind, attachedTo: string, ...statements: Json[]): Policy => (
  { name: kind, kind, attachedTo: [attachedTo], statements: readStatements({ Statement: statements }, kind) }
);
const allow = (Action: Json, Resource: Json = QUEUE, more: Record<string, Json> = {}): Json => ({ Effect: 'Allow', Action, Resource, ...more });
const deny = (Action: Json, Resource: Json = QUEUE, more: Record<string, Json> = {}): Json => ({ Effect: 'Deny', Action, Resource, ...more });
const identity = (...statements: Json[]): Policy => policy('identity', ROLE, ...statements);
const onQueue = (...statements: Json[]): Policy => policy('resource', QUEUE, ...statements);

const send = (principal: Principal = role, context: AuthorizationRequest['context'] = {}): AuthorizationRequest => (
  { principal, action: 'sqs:SendMessage', resource: QUEUE, context }
);
const decrypt = (principal: Principal = role, context: AuthorizationRequest['context'] = {}): AuthorizationRequest => (
  { principal, action: 'kms:Decrypt', resource: KEY, context }
);

/** 'allowed', or the reason why not. */
function outcome(policies: readonly Policy[], request: AuthorizationRequest): string {
  const decision = new Authorizer(policies).decide(request);
  return decision.allowed ? 'allowed' : decision.reason;
}

const NO_IDENTITY = 'because no identity-based policy allows the sqs:SendMessage action';
const NO_RESOURCE = 'because no resource-based policy allows the sqs:SendMessage action';

test.each<[string, Policy[], AuthorizationRequest, string]>([
  ['nothing', [], send(), NO_IDENTITY],
  ['another action', [identity(allow('sqs:ReceiveMessage'))], send(), NO_IDENTITY],
  ['another resource', [identity(allow('sqs:SendMessage', `${QUEUE}2`))], send(), NO_IDENTITY],
  ['another role', [policy('identity', `${ROLE}2`, allow('sqs:SendMessage'))], send(), NO_IDENTITY],
  ['the action', [identity(allow('sqs:SendMessage'))], send(), 'allowed'],
  ['the action in another case', [identity(allow('SQS:sendmessage'))], send(), 'allowed'],
  ['a wildcard', [identity(allow(['s3:*', 'sqs:Send*'], 'arn:aws:sqs:*:*:?'))], send(), 'allowed'],
  ['a text that only a regular expression would match', [identity(allow('sqs.SendMessage', QUEUE.replace('q', '.')))], send(), NO_IDENTITY],
  ['all but other actions', [identity({ Effect: 'Allow', NotAction: 'sqs:DeleteQueue', Resource: '*' })], send(), 'allowed'],
  ['all but this action', [identity({ Effect: 'Allow', NotAction: 'sqs:Send*', Resource: '*' })], send(), NO_IDENTITY],
  ['all but another resource', [identity({ Effect: 'Allow', Action: '*', NotResource: `${QUEUE}2` })], send(), 'allowed'],
  ['all but this resource', [identity({ Effect: 'Allow', Action: '*', NotResource: '*:q' })], send(), NO_IDENTITY],
  ['an explicit deny beside it', [identity(allow('*'), deny('sqs:*'))], send(), 'with an explicit deny in an identity-based policy'],
  ['a deny of the queue', [identity(allow('*')), onQueue(deny('sqs:*', QUEUE, { Principal: '*' }))], send(), 'with an explicit deny in a resource-based policy'],
  ['a deny of the queue about others', [identity(allow('*')), onQueue(deny('sqs:*', QUEUE, { Principal: { AWS: `${ROLE}2` } }))], send(), 'allowed'],
  ['the queue, for the role', [onQueue(allow('sqs:*', QUEUE, { Principal: { AWS: ROLE } }))], send(), 'allowed'],
  ['the queue, for the session', [onQueue(allow('sqs:*', '*', { Principal: { AWS: 'arn:aws:sts::000000000000:assumed-role/r/fn' } }))], send(), 'allowed'],
  ['the queue, for everyone', [onQueue(allow('sqs:*', QUEUE, { Principal: { AWS: ['*'] } }))], send(), 'allowed'],
  ['the queue, for the account', [onQueue(allow('sqs:*', QUEUE, { Principal: { AWS: ROOT } }))], send(), NO_IDENTITY],
  ['the queue, for a service', [onQueue(allow('sqs:*', QUEUE, { Principal: { Service: 'sns.amazonaws.com' } }))], send(sns), 'allowed'],
  ['the queue, for another service', [onQueue(allow('sqs:*', QUEUE, { Principal: { Service: ['s3.amazonaws.com'] } }))], send(sns), NO_RESOURCE],
  ['the queue, for the account, but a service asks', [onQueue(allow('sqs:*', QUEUE, { Principal: { AWS: '000000000000' } }))], send(sns), NO_RESOURCE],
  ['nothing, but the administrator asks', [], send(administrator), 'allowed'],
  ['a deny, and the administrator asks', [onQueue(deny('sqs:*', QUEUE, { Principal: '*' }))], send(administrator), 'with an explicit deny in a resource-based policy'],
  ['a boundary that holds it', [identity(allow('*')), policy('boundary', ROLE, allow('sqs:*', '*'))], send(), 'allowed'],
  ['a boundary that does not', [identity(allow('*')), policy('boundary', ROLE, allow('s3:*', '*'))], send(), 'because no permissions boundary allows the sqs:SendMessage action'],
  ['a boundary that denies it', [identity(allow('*')), policy('boundary', ROLE, allow('*', '*'), deny('sqs:*', '*'))], send(), 'with an explicit deny in a permissions boundary'],
  ['a boundary alone', [policy('boundary', ROLE, allow('*', '*'))], send(), NO_IDENTITY],
])('%s', (_, policies, request, expected) => {
  expect(outcome(policies, request)).toBe(expected);
});

describe('a key', () => {
  const own = identity(allow('kms:Decrypt', KEY));
  const onKey = (principal: Json, more: Record<string, Json> = {}): Policy => policy('resource', KEY, allow('kms:Decrypt', '*', { Principal: principal, ...more }));
  test.each<[string, Policy[], AuthorizationRequest, boolean]>([
    ['leaves it to the account, and the role may', [own, onKey({ AWS: ROOT })], decrypt(), true],
    ['leaves it to the account, and the role may not', [onKey({ AWS: ROOT })], decrypt(), false],
    ['says nothing, and the role may', [own], decrypt(), false],
    ['names the role', [onKey({ AWS: ROLE })], decrypt(), true],
    ['names another role', [own, onKey({ AWS: `${ROLE}2` })], decrypt(), false],
    ['leaves it to the account, and the administrator asks', [onKey({ AWS: ROOT })], decrypt(administrator), true],
    ['names a role, and the administrator asks', [onKey({ AWS: ROLE })], decrypt(administrator), false],
    ['names the service that asks', [onKey({ Service: 'sns.amazonaws.com' })], decrypt(sns), true],
    ['leaves it to the account, and a service asks', [onKey({ AWS: ROOT })], decrypt(sns), false],
    ['leaves it to the account, for a service that is used', [own, onKey({ AWS: ROOT }, { Condition: { StringLike: { 'kms:ViaService': 'sqs.*' } } })],
      decrypt(role, { 'kms:viaservice': 'sqs.us-east-1.amazonaws.com' }), true],
    ['leaves it to the account, for another service', [own, onKey({ AWS: ROOT }, { Condition: { StringLike: { 'kms:ViaService': 'sqs.*' } } })],
      decrypt(role, { 'kms:viaservice': 'sns.us-east-1.amazonaws.com' }), false],
    ['asks for an encryption context that is given', [onKey('*', { Condition: { StringEquals: { 'kms:EncryptionContext:aws:sqs:arn': QUEUE } } })],
      decrypt(role, { 'kms:encryptioncontext:aws:sqs:arn': QUEUE }), true],
    ['is for callers of the account, and a service asks', [onKey('*', { Condition: { StringEquals: { 'kms:CallerAccount': '000000000000' } } })], decrypt(sns), false],
    ['is for callers of the account, and one of them asks', [onKey('*', { Condition: { StringEquals: { 'kms:CallerAccount': '000000000000' } } })], decrypt(), true],
  ])('%s', (_, policies, request, allowed) => {
    expect(new Authorizer(policies).decide(request).allowed).toBe(allowed);
  });
});

describe('conditions', () => {
  const holds = (condition: Json, context: AuthorizationRequest['context']): boolean => (
    new Authorizer([identity(allow('*', '*', { Condition: condition }))]).decide(send(role, context)).allowed
  );
  const arn = { 'aws:sourcearn': 'arn:aws:sns:us-east-1:000000000000:t' };
  const keys = (...values: string[]): AuthorizationRequest['context'] => (values.length === 0 ? {} : { 'dynamodb:leadingkeys': values });
  test.each<[Json, AuthorizationRequest['context'], boolean]>([
    [{ Bool: { 'aws:SecureTransport': 'false' } }, { 'aws:securetransport': 'true' }, false],
    [{ Bool: { 'aws:SecureTransport': false } }, { 'aws:securetransport': 'false' }, true],
    [{ Bool: { 'AWS:securetransport': 'false' } }, {}, false],
    [{ BoolIfExists: { 'aws:SecureTransport': 'false' } }, {}, true],
    [{ ArnEquals: { 'aws:SourceArn': arn['aws:sourcearn'] } }, arn, true],
    [{ ArnLike: { 'aws:SourceArn': 'arn:aws:sns:*:*:t' } }, arn, true],
    [{ ArnLike: { 'aws:SourceArn': 'arn:aws:sns:*:*:u' } }, arn, false],
    [{ ArnNotLike: { 'aws:SourceArn': 'arn:aws:sns:*:*:u' } }, arn, true],
    [{ ArnNotEquals: { 'aws:SourceArn': 'arn:*' } }, arn, false],
    [{ StringEquals: { 'aws:SourceAccount': ['1', '2'] } }, { 'aws:sourceaccount': '2' }, true],
    [{ StringEquals: { 'aws:SourceAccount': '*' } }, { 'aws:sourceaccount': '2' }, false],
    [{ StringNotEquals: { 'aws:SourceAccount': ['1', '2'] } }, { 'aws:sourceaccount': '2' }, false],
    [{ StringNotEquals: { 'aws:SourceAccount': '1' } }, {}, true],
    [{ StringEqualsIgnoreCase: { 'aws:SourceAccount': 'ab' } }, { 'aws:sourceaccount': 'AB' }, true],
    [{ StringNotEqualsIgnoreCase: { 'aws:SourceAccount': 'ab' } }, { 'aws:sourceaccount': 'AB' }, false],
    [{ StringLike: { 'aws:SourceAccount': 'a?c*' } }, { 'aws:sourceaccount': 'abcd' }, true],
    [{ StringNotLike: { 'aws:SourceAccount': 'a?c*' } }, { 'aws:sourceaccount': 'abcd' }, false],
    [{ Null: { 'aws:SourceArn': 'true' } }, {}, true],
    [{ Null: { 'aws:SourceArn': 'false' } }, {}, false],
    [{ Null: { 'aws:SourceArn': false } }, arn, true],
    [{ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': 'id#*' } }, keys('id#1', 'id#2'), true],
    [{ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': 'id#*' } }, keys('id#1', 'x'), false],
    [{ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': 'id#*' } }, keys(), true],
    [{ 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': 'id#*' } }, keys('id#1', 'x'), true],
    [{ 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': 'id#*' } }, keys(), false],
    [{ 'ForAllValues:StringNotLike': { 'dynamodb:LeadingKeys': 'id#*' } }, keys('id#1', 'x'), false],
    [{ 'ForAnyValue:StringNotLike': { 'dynamodb:LeadingKeys': 'id#*' } }, keys('id#1', 'x'), true],
    // All of them have to hold.
    [{ StringEquals: { 'aws:SourceAccount': '2' }, ArnLike: { 'aws:SourceArn': 'arn:*:u' } }, { ...arn, 'aws:sourceaccount': '2' }, false],
    [{ ArnEquals: { 'aws:PrincipalArn': ROLE } }, {}, true],
    [{ Bool: { 'aws:PrincipalIsAWSService': 'true' } }, {}, false],
  ])('%j of %j', (condition, context, expected) => {
    expect(holds(condition, context)).toBe(expected);
  });
});

test.each<[string, Json, PolicyKind, RegExp]>([
  ['an unknown operator', allow('*', '*', { Condition: { NumericLessThan: { 'aws:SourceArn': '1' } } }), 'identity', /has the operator "NumericLessThan"; supported are StringEquals/],
  ['an unknown key', allow('*', '*', { Condition: { StringEquals: { 'aws:SourceVpce': 'vpce-1' } } }), 'identity', /has the key "aws:SourceVpce", which no request has here/],
  ['a policy variable in a condition', allow('*', '*', { Condition: { StringEquals: { 'aws:SourceAccount': '${aws:PrincipalAccount}' } } }), 'identity', /policy variables are not supported/],
  ['a policy variable in a resource', allow('*', 'arn:aws:sqs:*:*:${aws:username}'), 'identity', /Resource of a policy statement is .*policy variables/],
  ['an unknown element', allow('*', '*', { NotPrincipal: '*', Principal: '*' }), 'resource', /has NotPrincipal; supported are Sid, Effect/],
  ['another kind of principal', allow('*', '*', { Principal: { Federated: 'x' } }), 'resource', /Principal of type Federated; supported are AWS and Service/],
  ['no principal of a resource policy', allow('*'), 'resource', /has the Principal nothing; expected one/],
  ['a principal of an identity policy', allow('*', '*', { Principal: '*' }), 'identity', /has the Principal "\*"; expected none/],
  ['no effect', { Action: '*', Resource: '*' }, 'identity', /has the Effect nothing; expected Allow or Deny/],
  ['no resource', { Effect: 'Allow', Action: '*' }, 'identity', /needs one of Resource and NotResource/],
  ['both of Action and NotAction', { Effect: 'Allow', Action: '*', NotAction: '*', Resource: '*' }, 'identity', /needs one of Action and NotAction/],
  ['an action that is no text', allow([1]), 'identity', /Action of a policy statement holds 1; expected a string/],
])('%s is an error', (_, statement, kind, message) => {
  expect(() => readStatements({ Statement: statement }, kind)).toThrow(message);
});

test('a document without statements is an error', () => {
  expect(() => readStatements({}, 'identity')).toThrow(/the policy document is \{\}; expected an object with a Statement/);
});

test('a refusal is worded as on AWS', () => {
  expect(denialMessage(send(), NO_IDENTITY)).toBe('User: arn:aws:sts::000000000000:assumed-role/r/fn is not authorized to perform: sqs:SendMessage '
    + `on resource: ${QUEUE} because no identity-based policy allows the sqs:SendMessage action`);
});
