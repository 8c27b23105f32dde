// Reads from the resources that run who may do what with what: policies of roles, resources and keys, and what is encrypted with which key.

import { managedPolicy } from './managed-policies';
import { type Policy, type PolicyKind, type Statement, readStatements, strings } from './policy';
import { type Caller, type SecurityPlan, accessKeyId } from './security-plan';
import { type Intrinsics, type ResourceRef, UnresolvedError, isIntrinsic } from '../intrinsics';
import { type Json, type JsonObject, asBoolean, asString, isObject, show } from '../json';
import { LOCAL_ACCOUNT } from '../local-account';
import type { PhysicalNames } from '../physical-names';
import { type IgnoredResource, nameOf, resourceOf } from '../resources';

/** A function and its role, as far as they matter here. */
export interface RoleUser {
  readonly arn: string;
  readonly name: string;
  readonly roleArn: string;
}

export interface TemplateSecurity {
  readonly plan: SecurityPlan;
  readonly ignored: readonly IgnoredResource[];
}

const KEY_PROPERTY: Readonly<Record<string, string>> = {
  'AWS::SQS::Queue': 'KmsMasterKeyId',
  'AWS::SNS::Topic': 'KmsMasterKeyId',
  'AWS::SecretsManager::Secret': 'KmsKeyId',
  'AWS::Logs::LogGroup': 'KmsKeyId',
};
const ACCOUNT_ROOT = `arn:aws:iam::${LOCAL_ACCOUNT}:root`;
/** What a key has that was made without a policy: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html */
const DEFAULT_KEY_POLICY = { Statement: { Effect: 'Allow', Principal: { AWS: ACCOUNT_ROOT }, Action: 'kms:*', Resource: '*' } };
/** Stands for a part of a policy that has no value here, and matches nothing. */
const NOT_HERE = 'a value that only AWS knows';

/** `check` runs what may throw for a resource, and keeps the problem. */
export function readSecurity(
  owned: readonly ResourceRef[], functions: readonly RoleUser[], names: PhysicalNames, intrinsics: Intrinsics,
  check: (resource: ResourceRef, action: () => void) => void,
): TemplateSecurity {
  const reader = new Reader(owned, names, intrinsics);
  for (const resource of owned) check(resource, () => reader.read(resource));
  const credentials: Record<string, Caller> = {};
  for (const { arn, name, roleArn } of functions) {
    credentials[accessKeyId(arn, 'code')] = { roleArn, session: name, functionArn: arn };
    credentials[accessKeyId(arn, 'lambda')] = { roleArn, session: name };
  }
  const { policies, keys, partitionKeys, ignored } = reader;
  return { plan: { policies, credentials, keys, partitionKeys }, ignored };
}

class Reader {
  public readonly policies: Policy[] = [];
  public readonly keys: Record<string, string> = {};
  public readonly partitionKeys: Record<string, string> = {};
  public readonly ignored: IgnoredResource[] = [];

  constructor(private readonly owned: readonly ResourceRef[], private readonly names: PhysicalNames, private readonly intrinsics: Intrinsics) {}

  public read(ref: ResourceRef): void {
    const { Type } = resourceOf(ref);
    const keyProperty = KEY_PROPERTY[Type];
    if (keyProperty !== undefined) this.encrypted(ref, this.names.arn(ref), this.property(ref, keyProperty));
    switch (Type) {
      case 'AWS::IAM::Role': return this.role(ref);
      case 'AWS::IAM::Policy': return this.attach(ref, 'identity', this.rolesOf(ref, 'Roles'), 'PolicyDocument');
      case 'AWS::IAM::RolePolicy': return this.attach(ref, 'identity', this.rolesOf(ref, 'RoleName'), 'PolicyDocument');
      case 'AWS::IAM::ManagedPolicy': return this.managed(ref);
      case 'AWS::SNS::TopicPolicy': return this.attach(ref, 'resource', this.arnsOf(ref, 'Topics'), 'PolicyDocument');
      case 'AWS::SQS::QueuePolicy': return this.attach(ref, 'resource', this.arnsOf(ref, 'Queues'), 'PolicyDocument');
      case 'AWS::SecretsManager::ResourcePolicy': return this.attach(ref, 'resource', this.arnsOf(ref, 'SecretId'), 'ResourcePolicy');
      case 'AWS::Lambda::Permission': return this.permission(ref);
      case 'AWS::KMS::Key': return this.add(nameOf(ref), 'resource', [this.names.arn(ref)], this.property(ref, 'KeyPolicy') ?? DEFAULT_KEY_POLICY);
      case 'AWS::DynamoDB::Table': return this.table(ref);
    }
  }

  private role(ref: ResourceRef): void {
    const arn = this.names.arn(ref);
    this.add(`${nameOf(ref)} AssumeRolePolicyDocument`, 'resource', [arn], this.property(ref, 'AssumeRolePolicyDocument'));
    for (const policy of list(this.property(ref, 'Policies'))) {
      if (!isObject(policy)) throw new Error(`property Policies holds ${show(policy)}; expected an object`);
      this.add(`${nameOf(ref)} Policies.${String(policy.PolicyName)}`, 'identity', [arn], policy.PolicyDocument);
    }
    for (const managed of strings(list(this.property(ref, 'ManagedPolicyArns')), 'ManagedPolicyArns')) {
      // Those of the assembly attach themselves.
      if (!this.managedPolicies.has(managed)) this.addStatements(`${nameOf(ref)} ${managed}`, 'identity', [arn], managedPolicy(managed));
    }
    const boundary = asString(this.property(ref, 'PermissionsBoundary'));
    if (boundary !== undefined && !this.managedPolicies.has(boundary)) {
      this.ignored.push({ stack: ref.stack.id, logicalId: ref.logicalId, type: `PermissionsBoundary ${boundary} of a role` });
    }
  }

  private managed(ref: ResourceRef): void {
    const arn = this.names.arn(ref);
    const using = (property: string): string[] => this.owned
      .filter(role => resourceOf(role).Type === 'AWS::IAM::Role' && list(this.property(role, property)).includes(arn))
      .map(role => this.names.arn(role));
    this.attach(ref, 'identity', [...new Set([...this.rolesOf(ref, 'Roles'), ...using('ManagedPolicyArns')])], 'PolicyDocument');
    const bounded = using('PermissionsBoundary');
    if (bounded.length > 0) this.attach(ref, 'boundary', bounded, 'PolicyDocument');
  }

  /** A permission of a function is a statement of its policy: https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html */
  private permission(ref: ResourceRef): void {
    const { FunctionName, Action, Principal, SourceArn, SourceAccount, ...others } = this.properties(ref);
    if (Object.keys(others).length > 0) throw new Error(`property ${Object.keys(others).join(', ')} is not supported here`);
    const functionArn = this.owned.filter(({ stack, logicalId }) => resourceOf({ stack, logicalId }).Type === 'AWS::Lambda::Function')
      .find(other => [this.names.arn(other), this.names.name(other)].includes(String(FunctionName)));
    if (!functionArn) return;
    const principal = String(Principal);
    const arn = this.names.arn(functionArn);
    this.add(nameOf(ref), 'resource', [arn], {
      Statement: {
        Effect: 'Allow',
        Principal: principal === '*' ? '*' : principal.includes('.amazonaws.com') ? { Service: principal } : { AWS: principal },
        Action,
        Resource: arn,
        Condition: {
          ...(SourceArn === undefined ? {} : { ArnLike: { 'aws:SourceArn': SourceArn } }),
          ...(SourceAccount === undefined ? {} : { StringEquals: { 'aws:SourceAccount': SourceAccount } }),
        },
      },
    });
  }

  private table(ref: ResourceRef): void {
    const arn = this.names.arn(ref);
    const { KeySchema, SSESpecification, ResourcePolicy } = this.properties(ref);
    const partitionKey = list(KeySchema).find(key => isObject(key) && key.KeyType === 'HASH');
    if (isObject(partitionKey)) this.partitionKeys[arn] = String(partitionKey.AttributeName);
    if (isObject(SSESpecification) && asBoolean(SSESpecification.SSEEnabled) === true) {
      this.encrypted(ref, arn, SSESpecification.KMSMasterKeyId ?? 'alias/aws/dynamodb');
    }
    if (isObject(ResourcePolicy)) this.add(`${nameOf(ref)} ResourcePolicy`, 'resource', [arn], ResourcePolicy.PolicyDocument);
  }

  private encrypted(ref: ResourceRef, arn: string, key: Json | undefined): void {
    const id = asString(key);
    if (id === undefined) return;
    this.keys[arn] = this.keyArn(id) ?? this.foreignKey(ref, arn, id);
  }

  /** A key can be named by its id, its ARN, or an alias. */
  private keyArn(id: string): string | undefined {
    for (const other of this.owned) {
      const { Type } = resourceOf(other);
      if (Type === 'AWS::KMS::Key' && [this.names.name(other), this.names.arn(other)].includes(id)) return this.names.arn(other);
      if (Type === 'AWS::KMS::Alias' && [this.names.name(other), this.names.arn(other)].includes(id)) {
        return this.keyArn(String(this.property(other, 'TargetKeyId')));
      }
    }
    return undefined;
  }

  /** A key of AWS, whose policy is known, or one of elsewhere, whose policy is not. */
  private foreignKey(ref: ResourceRef, arn: string, id: string): string {
    const [, , service, region] = arn.split(':');
    const keyArn = id.startsWith('arn:') ? id : `arn:aws:kms:${region}:${LOCAL_ACCOUNT}:${id.startsWith('alias/') ? '' : 'key/'}${id}`;
    if (this.policies.some(({ attachedTo }) => attachedTo.includes(keyArn))) return keyArn;
    const isOfAws = /^(?:arn:.*:)?alias\/aws\//.test(id);
    // For everyone in the account who may use the service, and for nobody else:
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    const ofAws = {
      Effect: 'Allow',
      Principal: '*',
      Action: 'kms:*',
      Resource: '*',
      Condition: { StringEquals: { 'kms:CallerAccount': LOCAL_ACCOUNT, 'kms:ViaService': `${service}.${region}.amazonaws.com` } },
    };
    const assumed = { Effect: 'Allow', Principal: { AWS: ACCOUNT_ROOT, Service: ['sns.amazonaws.com', `logs.${region}.amazonaws.com`] }, Action: 'kms:*', Resource: '*' };
    this.add(`key ${id}`, 'resource', [keyArn], { Statement: isOfAws ? ofAws : assumed });
    if (!isOfAws) this.ignored.push({ stack: ref.stack.id, logicalId: ref.logicalId, type: `policy of the key ${id}` });
    return keyArn;
  }

  private attach(ref: ResourceRef, kind: PolicyKind, attachedTo: readonly string[], property: string): void {
    this.add(nameOf(ref), kind, attachedTo, this.property(ref, property));
  }

  private add(name: string, kind: PolicyKind, attachedTo: readonly string[], document: Json | undefined): void {
    this.addStatements(name, kind, attachedTo, readStatements(document, kind));
  }

  private addStatements(name: string, kind: PolicyKind, attachedTo: readonly string[], statements: readonly Statement[]): void {
    if (attachedTo.length > 0) this.policies.push({ name, kind, attachedTo, statements });
  }

  /** ARNs of the roles that a property names. */
  private rolesOf(ref: ResourceRef, property: string): string[] {
    const named = list(this.property(ref, property)).map(String);
    return this.owned.filter(role => resourceOf(role).Type === 'AWS::IAM::Role' && named.includes(this.names.name(role))).map(role => this.names.arn(role));
  }

  /** ARNs of the resources that run to which a property refers. */
  private arnsOf(ref: ResourceRef, property: string): string[] {
    const raw = resourceOf(ref).Properties?.[property];
    return this.intrinsics.references(ref.stack, raw)
      .filter(target => this.owned.some(({ stack, logicalId }) => stack === target.stack && logicalId === target.logicalId))
      .map(target => this.names.arn(target));
  }

  private get managedPolicies(): ReadonlySet<string> {
    return new Set(this.owned.filter(ref => resourceOf(ref).Type === 'AWS::IAM::ManagedPolicy').map(ref => this.names.arn(ref)));
  }

  private properties(ref: ResourceRef): JsonObject {
    const { Properties = {} } = resourceOf(ref);
    return Object.fromEntries(Object.keys(Properties).flatMap(name => {
      const value = this.property(ref, name);
      return value === undefined ? [] : [[name, value]];
    }));
  }

  private property(ref: ResourceRef, name: string): Json | undefined {
    return this.resolve(ref, resourceOf(ref).Properties?.[name]);
  }

  /** Resolves what can be: policies may be about resources that do not run here, and that nobody here can ask for. */
  private resolve(ref: ResourceRef, value: Json | undefined): Json | undefined {
    if (Array.isArray(value)) return value.flatMap(item => this.resolve(ref, item) ?? []);
    if (isObject(value) && !isIntrinsic(value)) {
      return Object.fromEntries(Object.entries(value).flatMap(([name, item]) => {
        const resolved = this.resolve(ref, item);
        return resolved === undefined ? [] : [[name, resolved]];
      }));
    }
    try {
      const resolved = this.intrinsics.resolve(ref.stack, value);
      // An app may spell out its own account, which is the local one here.
      return resolved !== undefined && resolved === ref.stack.account ? LOCAL_ACCOUNT : resolved;
    } catch (error) {
      if (error instanceof UnresolvedError) return NOT_HERE;
      throw error;
    }
  }
}

function list(value: Json | undefined): Json[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}
