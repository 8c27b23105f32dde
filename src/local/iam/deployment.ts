// What AWS asks for when it creates the resources of a template, and how it refuses where that is not allowed.

import type { AuthorizationRequest, Principal } from './authorizer';
import type { Context } from './conditions';
import type { SecurityPlan } from './security-plan';
import { LOCAL_ACCOUNT } from '../local-account';

export interface DeploymentRequest {
  readonly request: AuthorizationRequest;
  /** What AWS says if it is denied. */
  readonly refusal: string;
}

/** A function or schedule as it is created. */
export interface Assumer {
  readonly arn: string;
  readonly name: string;
  readonly roleArn: string;
}

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
/** Lambda asks for these before there is an interface that it could name, and so for any resource: to be allowed them for interfaces is not enough. */
const CHANGE_ACTIONS = ['DeleteNetworkInterface', 'AssignPrivateIpAddresses', 'UnassignPrivateIpAddresses'];
const ANY_RESOURCE = '*/*';
/** These know no single resource. */
const DESCRIBE_ACTIONS = ['DescribeNetworkInterfaces', 'DescribeSubnets'];

/** Each action with each resource that it is judged for. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html */
function networkInterfaceCalls(vpcResources: readonly string[]): (readonly [action: string, resource: string])[] {
  return [
    ...['network-interface/eni-00000000000000000', ...vpcResources].map(resource => ['CreateNetworkInterface', resource] as const),
    ...CHANGE_ACTIONS.map(action => [action, ANY_RESOURCE] as const),
    ...DESCRIBE_ACTIONS.map(action => [action, '*'] as const),
  ];
}

/** What else a function asks for when it is created. */
export interface FunctionNeeds {
  /** Subnets and security groups that it joins a VPC by: `subnet/…`. */
  readonly vpcResources: readonly string[];
  /** ARN of the queue of its dead-letter configuration. */
  readonly deadLetterQueueArn?: string;
  /** ARN of the queue that is its destination on failure. */
  readonly failureQueueArn?: string;
}

export function functionRequests(
  { arn, name, roleArn }: Assumer, { vpcResources, deadLetterQueueArn, failureQueueArn }: FunctionNeeds,
): DeploymentRequest[] {
  const region = arn.split(':')[3];
  const sending = (queueArn: string | undefined, refusal: string): DeploymentRequest[] => (queueArn === undefined ? [] : [{
    request: { principal: { kind: 'role', roleArn, session: name }, action: 'sqs:SendMessage', resource: queueArn, context: contextOf(region) }, refusal,
  }]);
  return [
    assumption('lambda.amazonaws.com', roleArn, arn, 'The role defined for the function cannot be assumed by Lambda.'),
    ...sending(deadLetterQueueArn, 'The provided execution role does not have permissions to call SendMessage on SQS'),
    ...sending(failureQueueArn, `The function's execution role does not have permissions to call SendMessage on ${failureQueueArn}`),
    ...(vpcResources.length > 0 ? networkInterfaceCalls(vpcResources) : []).map(([action, resource]): DeploymentRequest => ({
      request: {
        principal: { kind: 'role', roleArn, session: name },
        action: `ec2:${action}`,
        resource: resource === '*' ? '*' : `arn:aws:ec2:${region}:${LOCAL_ACCOUNT}:${resource}`,
        context: contextOf(region),
      },
      refusal: `The provided execution role does not have permissions to call ${action} on EC2`,
    })),
  ];
}

export function scheduleRequests({ arn, roleArn }: Assumer): DeploymentRequest[] {
  // The source is the group: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
  const group = arn.replace(/:schedule\/([^/]+)\/.*/, ':schedule-group/$1');
  return [assumption('scheduler.amazonaws.com', roleArn, group, 'The execution role you provide must allow AWS EventBridge Scheduler to assume the role.')];
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
export function mappingRequests({ arn, name, roleArn }: Assumer, queueArn: string): DeploymentRequest[] {
  return ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].map(action => ({
    request: {
      principal: { kind: 'role', roleArn, session: name }, action: `sqs:${action}`, resource: queueArn, context: contextOf(arn.split(':')[3]),
    },
    refusal: `The function execution role does not have permissions to call ${action} on SQS`,
  }));
}

/** The two services that use a key when they create what is encrypted with it: CloudWatch Logs by itself, DynamoDB for who creates the table. */
export function keyRequests({ keys }: SecurityPlan): DeploymentRequest[] {
  return Object.entries(keys).flatMap(([arn, keyArn]) => {
    const [, , service, region] = arn.split(':');
    if (service === 'logs') {
      // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
      const logGroupArn = arn.replace(/:\*$/, '');
      return keyUse(keyArn, { kind: 'service', service: `logs.${region}.amazonaws.com` },
        { ...contextOf(region), 'aws:sourceaccount': LOCAL_ACCOUNT, 'aws:sourcearn': logGroupArn, 'kms:encryptioncontext:aws:logs:arn': logGroupArn },
        ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GenerateDataKey', 'DescribeKey'],
        `The specified KMS key does not exist or is not allowed to be used with Log Group '${logGroupArn}'`);
    }
    if (service !== 'dynamodb') return [];
    // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
    return keyUse(keyArn, { kind: 'administrator' },
      { ...contextOf(region), 'kms:viaservice': `dynamodb.${region}.amazonaws.com`, 'kms:grantisforawsresource': 'true' },
      ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GenerateDataKey', 'DescribeKey', 'CreateGrant'],
      'KMS key access denied');
  });
}

function keyUse(keyArn: string, principal: Principal, context: Context, actions: readonly string[], refusal: string): DeploymentRequest[] {
  return actions.map(action => ({ request: { principal, action: `kms:${action}`, resource: keyArn, context }, refusal }));
}

function assumption(service: string, roleArn: string, sourceArn: string, refusal: string): DeploymentRequest {
  const context = { ...contextOf(sourceArn.split(':')[3]), 'aws:sourcearn': sourceArn, 'aws:sourceaccount': LOCAL_ACCOUNT };
  return { request: { principal: { kind: 'service', service }, action: 'sts:AssumeRole', resource: roleArn, context }, refusal };
}

/** What every request has. */
export function contextOf(region: string): Context {
  return { 'aws:securetransport': 'true', 'aws:requestedregion': region, 'aws:resourceaccount': LOCAL_ACCOUNT };
}
