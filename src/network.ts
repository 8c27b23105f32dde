// Where webhooks are sent from: Lambda's own network, or a VPC, with what that takes.
import { Annotations, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { isLoopbackCidr, NetworkRules, PortRange } from './core/network';
import { allow } from './grants';
import { explain } from './nag';
import { WebhookSchedulerProps } from './webhook-scheduler-props';

/** What of a function says where it is. */
export interface FunctionNetwork {
  readonly vpc?: ec2.IVpc;
  readonly vpcSubnets?: ec2.SubnetSelection;
  readonly securityGroups?: ec2.ISecurityGroup[];
}

/** As the props say it, for the function that sends webhooks. Warns, in `scope`, of settings that can hardly work. */
export function networkOf(scope: Construct, { vpc, vpcSubnets, securityGroups }: WebhookSchedulerProps, rules: NetworkRules): FunctionNetwork {
  if (!vpc) {
    if (vpcSubnets || securityGroups) {
      throw new Error(`${vpcSubnets ? 'vpcSubnets is' : 'securityGroups are'} given without vpc, expected vpc too`);
    }
    warnOfCidrs(scope, rules);
    return {};
  }
  checkSubnets(scope, vpc, vpcSubnets);
  return { vpc, vpcSubnets, securityGroups: securityGroups?.length ? securityGroups : [createSecurityGroup(scope, vpc, rules)] };
}

/** Loopback is for the local engine, and is never reached on Lambda; so nobody expects it to be. */
function warnOfCidrs(scope: Construct, { allowedCidrs }: NetworkRules): void {
  const idle = allowedCidrs.filter((cidr) => !isLoopbackCidr(cidr));
  if (idle.length > 0) {
    Annotations.of(scope).addWarningV2('cdk-webhook-scheduler:allowedCidrsWithoutVpc',
      `networkPolicy allows ${idle.join(', ')}, which webhooks do not reach from Lambda's own network: pass vpc too, or leave the blocks out.`);
  }
}

/** Functions have no public address. Subnets without a way out can do where the VPC has endpoints for what deliver calls, which cannot be seen from here. */
function checkSubnets(scope: Construct, vpc: ec2.IVpc, vpcSubnets?: ec2.SubnetSelection): void {
  const { subnets, hasPublic, isPendingLookup } = vpc.selectSubnets(vpcSubnets);
  if (hasPublic) {
    throw new Error('vpcSubnets selects public subnets, from which a function reaches neither the internet nor AWS, expected private ones with a NAT gateway');
  }
  const isolated = subnets.filter((subnet) => vpc.isolatedSubnets.includes(subnet));
  if (!isPendingLookup && isolated.length > 0) {
    Annotations.of(scope).addWarningV2('cdk-webhook-scheduler:isolatedSubnets',
      `${isolated.map(({ node }) => node.path).join(', ')} have no way out of the VPC: no webhook reaches the internet from there, and none is sent at all `
      + 'without VPC endpoints for DynamoDB, SQS, SNS and, where there are secrets, Secrets Manager. Choose subnets with a NAT gateway by vpcSubnets, or '
      + 'acknowledge this where there are these endpoints.');
  }
}

/** Nothing in, and out only what webhooks and the calls to AWS need; a second lock behind the guard in the function itself. */
function createSecurityGroup(scope: Construct, vpc: ec2.IVpc, { ports }: NetworkRules): ec2.ISecurityGroup {
  const group = new ec2.SecurityGroup(scope, 'DeliverSecurityGroup', {
    vpc, description: `Sends the webhooks of ${scope.node.path}`, allowAllOutbound: false,
  });
  const aws: PortRange = [443, 443];
  for (const [from, to] of ports.some(([first, last]) => first <= 443 && last >= 443) ? ports : [...ports, aws]) {
    group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcpRange(from, to));
  }
  return group;
}

/** Network interfaces are for Lambda to create, by the role of the function; the code of the function may not. */
export function allowNetworkInterfaces(scope: Construct, target: lambda.IFunction, { vpc, vpcSubnets }: FunctionNetwork): void {
  // https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html, resources by
  // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
  const create = 'ec2:CreateNetworkInterface';
  const change = ['ec2:DeleteNetworkInterface', 'ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses'];
  const describe = ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'];
  const stack = Stack.of(scope);
  const arnOf = (resource: string, resourceName: string, account = stack.account) => stack.formatArn({ service: 'ec2', resource, resourceName, account });
  // Subnets and groups may be another account's, who shares them.
  allow(target, [
    arnOf('network-interface', '*'),
    ...vpc!.selectSubnets(vpcSubnets).subnetIds.map((id) => arnOf('subnet', id, '*')),
    ...target.connections.securityGroups.map(({ securityGroupId }) => arnOf('security-group', securityGroupId, '*')),
  ], create);
  // Lambda asks for these when it makes the function, before there is an interface that it could name, and so for any resource: a role that may do
  // them to interfaces only is refused. Seen at https://github.com/hashicorp/terraform-provider-aws/issues/20698, said by Lambda's guide above.
  allow(target, [arnOf('*', '*')], ...change);
  allow(target, ['*'], ...describe); // EC2 describes all or nothing
  const role = target.role!;
  explain(role.node.findChild('DefaultPolicy'), 'AwsSolutions-IAM5',
    'Lambda makes network interfaces by this role, and nobody can name them before; so it asks to be allowed to delete them, and to change their '
    + 'addresses, for any resource, and EC2 describes all or none. The code of the function is denied all of it.',
    '/^Resource::arn:.+:ec2:.+:network-interface/\\*$/', '/^Resource::arn:.+:ec2:.+:\\*/\\*$/',
    '/^Resource::arn:.+:ec2:.+:\\*:(subnet|security-group)/.+$/', '/^Resource::\\*$/');
  // A policy of its own: it names the function, which is created after its role and the role's own policy.
  new iam.Policy(scope, 'DeliverCodePolicy', {
    roles: [role],
    statements: [new iam.PolicyStatement({
      effect: iam.Effect.DENY,
      actions: [create, ...change, ...describe],
      resources: ['*'],
      conditions: { ArnEquals: { 'lambda:SourceFunctionArn': target.functionArn } },
    })],
  });
}

/**
 * Lambda takes its network from a function that nothing invokes for weeks. The next invocation fails then, and so do those of the minute or more until
 * it has one again, by which the first webhook after that would be late: https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
 *
 * So it is invoked each day, with a batch that holds nothing to do.
 */
export function keepNetwork(scope: Construct, target: lambda.IFunction): void {
  new events.Rule(scope, 'DeliverKeepActive', {
    description: `Has Lambda keep the network of what sends the webhooks of ${scope.node.path}`,
    schedule: events.Schedule.rate(Duration.days(1)),
    targets: [new targets.LambdaFunction(target, { event: events.RuleTargetInput.fromObject({ Records: [] }) })],
  });
}
