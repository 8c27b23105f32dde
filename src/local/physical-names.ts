// The names and ARNs that resources have on this machine.

import { createHash } from 'node:crypto';
import { type Intrinsics, type ResourceRef, UnresolvedError, regionOf } from './intrinsics';
import { type Json, asString } from './json';
import { LOCAL_ACCOUNT } from './local-account';
import { nameOf, resourceOf } from './resources';
import { secretArn } from './secrets-manager';

const NAME_PROPERTY: Readonly<Record<string, { property: string; limit: number }>> = {
  'AWS::SNS::Topic': { property: 'TopicName', limit: 256 },
  'AWS::SQS::Queue': { property: 'QueueName', limit: 80 },
  'AWS::DynamoDB::Table': { property: 'TableName', limit: 255 },
  'AWS::Lambda::Function': { property: 'FunctionName', limit: 64 },
  'AWS::Events::Rule': { property: 'Name', limit: 64 },
  'AWS::Scheduler::Schedule': { property: 'Name', limit: 64 },
  'AWS::Logs::LogGroup': { property: 'LogGroupName', limit: 512 },
  'AWS::IAM::Role': { property: 'RoleName', limit: 64 },
  'AWS::IAM::ManagedPolicy': { property: 'ManagedPolicyName', limit: 128 },
  'AWS::SecretsManager::Secret': { property: 'Name', limit: 512 },
  // No property of a key names it; it has an id.
  'AWS::KMS::Key': { property: 'KeyId', limit: 36 },
  'AWS::KMS::Alias': { property: 'AliasName', limit: 256 },
};

/** Those of the template, else made up the way CloudFormation does. */
export class PhysicalNames {
  public intrinsics: Intrinsics | undefined;

  constructor(private readonly endpoint: string) {}

  public lookup(ref: ResourceRef, attribute?: string): Json {
    const type = resourceOf(ref).Type;
    switch (`${type} ${attribute ?? 'Ref'}`) {
      case 'AWS::SQS::Queue Ref': case 'AWS::SQS::Queue QueueUrl': return this.queueUrl(ref);
      case 'AWS::SNS::Topic Ref': case 'AWS::SNS::Topic TopicArn': return this.arn(ref);
      case 'AWS::SecretsManager::Secret Ref': case 'AWS::SecretsManager::Secret Id': return this.arn(ref);
      case 'AWS::IAM::ManagedPolicy Ref': case 'AWS::IAM::ManagedPolicy PolicyArn': return this.arn(ref);
      case 'AWS::KMS::Key KeyId': return this.name(ref);
      case 'AWS::EC2::Subnet Ref': case 'AWS::EC2::Subnet SubnetId': return `subnet-${hashOf(ref)}`;
      case 'AWS::EC2::SecurityGroup Ref': case 'AWS::EC2::SecurityGroup GroupId': return `sg-${hashOf(ref)}`;
      case 'AWS::SQS::Queue QueueName': case 'AWS::SNS::Topic TopicName': return this.name(ref);
    }
    if (NAME_PROPERTY[type]) {
      if (attribute === undefined) return this.name(ref);
      if (attribute === 'Arn') return this.arn(ref);
    }
    throw new UnresolvedError(`${attribute ? `the attribute ${attribute}` : 'the reference'} of ${nameOf(ref)} has no value here`);
  }

  public name(ref: ResourceRef): string {
    const { property, limit } = NAME_PROPERTY[resourceOf(ref).Type];
    const given = asString(this.intrinsics?.resolve(ref.stack, resourceOf(ref).Properties?.[property]));
    if (given !== undefined) return given;
    const suffix = hashOf(ref).slice(0, 8).toUpperCase();
    return `${`${ref.stack.stackName}-${ref.logicalId}`.slice(0, limit - suffix.length - 1)}-${suffix}`;
  }

  public arn(ref: ResourceRef): string {
    const name = this.name(ref);
    const regional = (service: string, resource: string): string => `arn:aws:${service}:${regionOf(ref.stack)}:${LOCAL_ACCOUNT}:${resource}`;
    switch (resourceOf(ref).Type) {
      case 'AWS::SNS::Topic': return regional('sns', name);
      case 'AWS::SQS::Queue': return regional('sqs', name);
      case 'AWS::Lambda::Function': return regional('lambda', `function:${name}`);
      case 'AWS::Events::Rule': return regional('events', `rule/${name}`);
      case 'AWS::Scheduler::Schedule': return regional('scheduler', `schedule/default/${name}`);
      case 'AWS::Logs::LogGroup': return regional('logs', `log-group:${name}:*`);
      case 'AWS::IAM::Role': return `arn:aws:iam::${LOCAL_ACCOUNT}:role${this.path(ref)}${name}`;
      case 'AWS::IAM::ManagedPolicy': return `arn:aws:iam::${LOCAL_ACCOUNT}:policy${this.path(ref)}${name}`;
      case 'AWS::SecretsManager::Secret': return secretArn(regionOf(ref.stack), LOCAL_ACCOUNT, name);
      case 'AWS::KMS::Key': return regional('kms', `key/${name}`);
      case 'AWS::KMS::Alias': return regional('kms', name);
      default: return regional('dynamodb', `table/${name}`);
    }
  }

  public queueUrl(ref: ResourceRef): string {
    return `${this.endpoint}/${LOCAL_ACCOUNT}/${this.name(ref)}`;
  }

  private path(ref: ResourceRef): string {
    return asString(this.intrinsics?.resolve(ref.stack, resourceOf(ref).Properties?.Path)) ?? '/';
  }
}

function hashOf({ stack, logicalId }: ResourceRef): string {
  return createHash('sha256').update(`${stack.id} ${logicalId}`).digest('hex').slice(0, 17);
}
