// What a customer managed key has to allow so that the parts of a scheduler can be encrypted with it.
import { Annotations, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { arnFor, grantOn, Permission } from './grants';
import { requireRegion } from './validation';

/** The services whose data the key protects, as `kms:ViaService` names them. */
export type EncryptedService = 'dynamodb' | 'secretsmanager' | 'sns' | 'sqs';

/** Requires a key that IAM policies can name, in the region of the scheduler. */
export function requireUsable(name: string, key: kms.IKey, { region }: Stack): void {
  // Permissions are for keys; one that names an alias by its ARN has no effect.
  if (key instanceof kms.Alias || key.keyArn.includes(':alias/')) {
    throw new Error(`${name} is an alias, expected a key: pass the key that the alias is for`);
  }
  const resource = key.node.defaultChild;
  if (resource instanceof kms.CfnKey) {
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html, and the same of the other services
    requireDefault(`${name} has the key spec`, resource.keySpec, kms.KeySpec.SYMMETRIC_DEFAULT);
    requireDefault(`${name} has the key usage`, resource.keyUsage, kms.KeyUsage.ENCRYPT_DECRYPT);
  }
  requireRegion(name, key, region);
}

/** The services encrypt with symmetric keys only. */
function requireDefault(what: string, value: string | undefined, expected: string): void {
  if (value !== undefined && !Token.isUnresolved(value) && value !== expected) {
    throw new Error(`${what} ${value}, expected ${expected}: pass a symmetric key for encryption, as new kms.Key() is by default`);
  }
}

/**
 * Lets SNS write to encrypted queues, and CloudWatch Logs use the key for its log groups. An imported key cannot be changed from here, so
 * that synthesis warns of what its owner has to do.
 *
 * The topic cannot be named: it is encrypted with this key, and so is created after it.
 *
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export function allowServices(key: kms.IKey, scope: Construct): void {
  const stack = Stack.of(scope);
  const logs = `logs.${stack.region}.amazonaws.com`;
  const known = Token.isUnresolved(stack.region) ? 'logs.<region>.amazonaws.com' : logs;
  const { statementAdded } = key.addToResourcePolicy(new iam.PolicyStatement({
    sid: 'TopicsToEncryptedQueues',
    principals: [new iam.ServicePrincipal('sns.amazonaws.com')],
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: ['*'], // in a key policy: this key
    conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
  }));
  key.addToResourcePolicy(new iam.PolicyStatement({
    sid: 'LogGroups',
    principals: [new iam.ServicePrincipal(logs)],
    actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
    resources: ['*'],
    conditions: {
      ArnLike: {
        'kms:EncryptionContext:aws:logs:arn': stack.formatArn({
          service: 'logs', resource: 'log-group', resourceName: '*', arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      },
    },
  }));
  if (!statementAdded) {
    Annotations.of(scope).addWarningV2('cdk-webhook-scheduler:encryptionKeyPolicy',
      'The policy of an imported encryptionKey cannot be changed from here. It has to allow kms:Decrypt and kms:GenerateDataKey to sns.amazonaws.com '
      + '(where aws:SourceAccount is this account), or published messages are lost without a notice, and kms:Encrypt, kms:Decrypt, kms:ReEncrypt*, '
      + `kms:GenerateDataKey* and kms:DescribeKey to ${known}. Acknowledge this when it does.`);
  }
}

/**
 * Lets a function of the scheduler use the key, through this service only, by the policy of its own role. Keys that AWS manages, by the alias
 * `alias/aws/…`, let everyone of their account.
 *
 * @throws Error for an alias that is known by its name only: permissions are for keys
 */
export function allowUse(key: kms.IKey, grantee: iam.IGrantable, region: string, service: EncryptedService, ...actions: string[]): iam.Grant {
  const target = keyOf(key);
  return target
    ? iam.Grant.addToPrincipal({ grantee, actions, resourceArns: [keyArnFor(target, grantee)], conditions: via(service, region) })
    : iam.Grant.drop(grantee, AWS_MANAGED);
}

/**
 * The same for who is granted something: a principal of another account is let in by the policy of the key too.
 *
 * @throws Error for an alias that is known by its name only
 */
export function grantUse(key: kms.IKey, grantee: iam.IGrantable, region: string, service: EncryptedService, ...actions: string[]): iam.Grant {
  const target = keyOf(key);
  return target
    ? grantOn(target, grantee, { actions, resourceArns: [keyArnFor(target, grantee)], resourceSelfArns: ['*'], conditions: via(service, region) })
    : iam.Grant.drop(grantee, AWS_MANAGED);
}

const AWS_MANAGED = 'the policy of a key that AWS manages';

function via(service: EncryptedService, region: string): Permission['conditions'] {
  return { StringEquals: { 'kms:ViaService': [`${service}.${region}.amazonaws.com`] } };
}

function keyArnFor(key: kms.IKey, grantee: iam.IGrantable): string {
  return arnFor(key, key.keyArn, grantee, { service: 'kms', resource: 'key' });
}

/** The key that can be named in permissions; `undefined` for one that AWS manages. */
function keyOf(key: kms.IKey): kms.IKey | undefined {
  if (key.keyArn.includes(':alias/aws/')) {
    return undefined;
  }
  const target = key instanceof kms.Alias ? key.aliasTargetKey : key;
  if (target.keyArn.includes(':alias/')) {
    throw new Error(`${key.node.path} is the alias of a key, expected the key itself: a permission for an alias has no effect`);
  }
  return target;
}
