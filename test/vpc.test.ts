// A scheduler that sends webhooks from a VPC.
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { NetworkPolicy, WebhookScheduler, WebhookSchedulerProps } from '../src';
import { FakeClock } from './support/fake-clock';
import { createDeliverHandler } from '../src/handlers/deliver-handler';

function inVpc(props: (stack: Stack, vpc: ec2.IVpc) => WebhookSchedulerProps = (_, vpc) => ({ vpc })) {
  const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const vpc = new ec2.Vpc(stack, 'Vpc');
  const scheduler = new WebhookScheduler(stack, 'Sched', props(stack, vpc));
  return { stack, vpc, scheduler, template: Template.fromStack(stack) };
}

interface FunctionProperties {
  readonly VpcConfig?: { readonly SecurityGroupIds: unknown[]; readonly SubnetIds: unknown[] };
  readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> };
}

function functionsOf(template: Template) {
  return Object.entries(template.findResources('AWS::Lambda::Function')).filter(([id]) => id.startsWith('Sched'))
    .map(([id, { Properties }]) => ({
      id, vpcConfig: (Properties as FunctionProperties).VpcConfig, variables: (Properties as FunctionProperties).Environment.Variables,
    }));
}

test('the function that sends webhooks is placed in the private subnets, and the others are not', () => {
  const { stack, vpc, template } = inVpc();
  const placed = functionsOf(template).filter(({ vpcConfig }) => vpcConfig !== undefined);
  expect(placed.map(({ id }) => id)).toEqual([expect.stringMatching(/^SchedDeliver/)]);
  expect(placed[0].vpcConfig?.SubnetIds).toEqual(vpc.privateSubnets.map(({ subnetId }) => stack.resolve(subnetId) as unknown));
});

test('subnets and security groups can be chosen', () => {
  const { stack, vpc, template } = inVpc((scope, network) => ({
    vpc: network,
    vpcSubnets: { subnets: [network.privateSubnets[1]] },
    securityGroups: [new ec2.SecurityGroup(scope, 'Group', { vpc: network })],
  }));
  const placed = functionsOf(template).find(({ vpcConfig }) => vpcConfig !== undefined)?.vpcConfig;
  expect(placed?.SubnetIds).toEqual([stack.resolve(vpc.privateSubnets[1].subnetId)]);
  expect(placed?.SecurityGroupIds).toEqual([{ 'Fn::GetAtt': [expect.stringMatching(/^Group/), 'GroupId'] }]);
  expect(Object.keys(template.findResources('AWS::EC2::SecurityGroup')).filter((id) => id.startsWith('Sched'))).toEqual([]);
});

test.each([
  ['by default', undefined, [[443, 443]]],
  ['with ports of its own', NetworkPolicy.publicInternet({ allowedPorts: ['8443', '9000-9010'] }), [[8443, 8443], [9000, 9010], [443, 443]]],
  ['with plain HTTP', NetworkPolicy.publicInternet({ allowHttp: true }), [[443, 443], [80, 80]]],
])('the security group lets nothing in, and out the ports of the network policy and HTTPS to AWS: %s', (_, networkPolicy, ports) => {
  const { template } = inVpc((__, vpc) => ({ vpc, networkPolicy }));
  const [group] = Object.entries(template.findResources('AWS::EC2::SecurityGroup')).filter(([id]) => id.startsWith('Sched')).map(([, { Properties }]) => (
    Properties as { SecurityGroupEgress: { FromPort: number; ToPort: number; IpProtocol: string; CidrIp: string }[]; SecurityGroupIngress?: unknown }
  ));
  expect(group.SecurityGroupIngress).toBeUndefined();
  expect(group.SecurityGroupEgress.map(({ FromPort, ToPort, IpProtocol, CidrIp }) => [IpProtocol, CidrIp, FromPort, ToPort])).toEqual(
    ports.map(([from, to]) => ['tcp', '0.0.0.0/0', from, to]),
  );
});

test('where the VPC has DNS servers of its own, the security group can let out what is asked of them', () => {
  const stack = new Stack(new App(), 'Stack');
  const { deliverFunction } = new WebhookScheduler(stack, 'Sched', { vpc: new ec2.Vpc(stack, 'Vpc') });
  deliverFunction.connections.allowTo(ec2.Peer.ipv4('10.20.0.53/32'), ec2.Port.udp(53));
  Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroup', {
    SecurityGroupEgress: [
      Match.objectLike({ IpProtocol: 'tcp', CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 }),
      Match.objectLike({ IpProtocol: 'udp', CidrIp: '10.20.0.53/32', FromPort: 53, ToPort: 53 }),
    ],
  });
});

test('an empty list of security groups is none', () => {
  const { template } = inVpc((_, vpc) => ({ vpc, securityGroups: [] }));
  const groups = Object.entries(template.findResources('AWS::EC2::SecurityGroup')).map(([id]) => id).filter((id) => id.startsWith('Sched'));
  expect(groups).toEqual([expect.stringMatching(/^SchedDeliverSecurityGroup/)]);
});

test('the role lets Lambda make network interfaces in these subnets and groups, be they another account\'s, and the code of the function is denied it', () => {
  const { stack, vpc, template } = inVpc();
  const create = 'ec2:CreateNetworkInterface';
  const change = ['ec2:DeleteNetworkInterface', 'ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses'];
  const describeAll = ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'];
  const arn = (account: string, ...rest: unknown[]) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:ec2:eu-west-1:${account}:${String(rest[0])}`, ...rest.slice(1)]] });
  const [groupId] = Object.keys(template.findResources('AWS::EC2::SecurityGroup')).filter((id) => id.startsWith('Sched'));
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        {
          Effect: 'Allow',
          Action: create,
          Resource: [
            arn('111122223333', 'network-interface/*'),
            ...vpc.privateSubnets.map(({ subnetId }) => arn('*', 'subnet/', stack.resolve(subnetId))),
            arn('*', 'security-group/', { 'Fn::GetAtt': [groupId, 'GroupId'] }),
          ],
        },
        // Lambda refuses a role that may do these to interfaces only: it asks before there is one.
        { Effect: 'Allow', Action: change, Resource: arn('111122223333', '*/*') },
        { Effect: 'Allow', Action: describeAll, Resource: '*' },
      ]),
    },
  });
  const [{ id }] = functionsOf(template).filter(({ vpcConfig }) => vpcConfig !== undefined);
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: [{
        Effect: 'Deny',
        Action: [create, ...change, ...describeAll],
        Resource: '*',
        Condition: { ArnEquals: { 'lambda:SourceFunctionArn': { 'Fn::GetAtt': [id, 'Arn'] } } },
      }],
    },
    Roles: [{ Ref: Match.stringLikeRegexp('^SchedDeliverRole') }],
  });
  // What Lambda asks for has to be allowed before it is asked to make the function.
  const { DependsOn: before } = template.toJSON().Resources[id] as { DependsOn: string[] };
  expect(before).toContainEqual(expect.stringMatching(/^SchedDeliverRoleDefaultPolicy/));
});

describe('the network of the function, which Lambda takes from one that nothing invokes for weeks', () => {
  const { template } = inVpc((stack, vpc) => ({
    vpc,
    secretHeaders: [{
      header: 'authorization',
      secret: secretsmanager.Secret.fromSecretCompleteArn(stack, 'Token', 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:token-AbCdEf'),
      hosts: ['api.example.com'],
    }],
  }));
  const [{ id: deliverId, variables }] = functionsOf(template).filter(({ vpcConfig }) => vpcConfig !== undefined);
  const daily = Object.entries(template.findResources('AWS::Events::Rule')).map(([id, { Properties }]) => (
    { id, ...(Properties as { ScheduleExpression: string; State: string; Targets: { Arn: unknown; Input?: string }[] }) }
  )).filter(({ ScheduleExpression }) => ScheduleExpression === 'rate(1 day)');

  test('is kept by an invocation each day', () => {
    expect(daily).toMatchObject([{ State: 'ENABLED', Targets: [{ Arn: { 'Fn::GetAtt': [deliverId, 'Arn'] } }] }]);
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': [deliverId, 'Arn'] },
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': [daily[0].id, 'Arn'] },
    });
  });

  test('which calls nobody, counts nothing and writes nothing to the log', async () => {
    const unexpected = (): never => {
      throw new Error('unexpected call');
    };
    // The values that only a deployment gives become text here.
    const environment = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
    const handler = createDeliverHandler(environment, {
      clock: new FakeClock(0),
      dynamodb: { send: unexpected },
      sqs: { send: unexpected },
      sns: { send: unexpected },
      log: { info: unexpected, warn: unexpected, error: unexpected },
      metrics: () => ({ count: unexpected, time: unexpected, flush: () => undefined }),
      random: unexpected,
    }, () => ({ prepare: unexpected }), async () => ({ read: unexpected }));
    const event = JSON.parse(daily[0].Targets[0].Input ?? '{}') as Parameters<typeof handler>[0];
    expect(await handler(event, { awsRequestId: 'daily', getRemainingTimeInMillis: () => 30_000 })).toEqual({ batchItemFailures: [] });
  });

  test('is no matter without a VPC', () => {
    const stack = new Stack(new App(), 'Stack');
    new WebhookScheduler(stack, 'Sched');
    Template.fromStack(stack).resourcePropertiesCountIs('AWS::Events::Rule', { ScheduleExpression: 'rate(1 day)' }, 0);
  });
});

test.each([
  ['vpcSubnets', { vpcSubnets: {} }, 'vpcSubnets is given without vpc'],
  ['securityGroups', { securityGroups: [] }, 'securityGroups are given without vpc'],
])('%s without a vpc is an error', (_, props, message) => {
  expect(() => inVpc(() => props)).toThrow(message);
});

test('public subnets, from which functions reach nothing, are an error', () => {
  expect(() => inVpc((_, vpc) => ({ vpc, vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } }))).toThrow(
    'vpcSubnets selects public subnets, from which a function reaches neither the internet nor AWS, expected private ones with a NAT gateway',
  );
});

describe('settings that can hardly work are warned of', () => {
  const warned = (stack: Stack) => Annotations.fromStack(stack).findWarning('/Stack/Sched', Match.anyValue()).map(({ entry }) => entry.data as string);
  const scheduler = (props: (stack: Stack) => WebhookSchedulerProps) => {
    const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
    new WebhookScheduler(stack, 'Sched', props(stack));
    return stack;
  };
  const isolatedVpc = (stack: Stack) => new ec2.Vpc(stack, 'Vpc', {
    subnetConfiguration: [
      { name: 'private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      { name: 'public', subnetType: ec2.SubnetType.PUBLIC },
      { name: 'isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
    ],
  });

  test('private blocks without a vpc', () => {
    const stack = scheduler(() => ({ networkPolicy: NetworkPolicy.publicInternet({ allowedCidrs: ['10.20.0.0/16', '127.0.0.0/8', 'fc00::/8'] }) }));
    expect(warned(stack)).toEqual([expect.stringContaining('networkPolicy allows 10.20.0.0/16, fc00::/8, which webhooks do not reach from Lambda\'s own network: pass vpc')]);
  });

  test('but not those of the own machine, which are for the local engine', () => {
    expect(warned(scheduler(() => ({ networkPolicy: NetworkPolicy.publicInternet({ allowedCidrs: ['127.0.0.0/8', '::1/128'] }) })))).toEqual([]);
  });

  test('nor any with a vpc that has a way out', () => {
    expect(warned(scheduler((stack) => ({
      vpc: isolatedVpc(stack), networkPolicy: NetworkPolicy.publicInternet({ allowedCidrs: ['10.20.0.0/16'] }),
    })))).toEqual([]);
  });

  test('isolated subnets, chosen or the only ones', () => {
    const chosen = scheduler((stack) => ({ vpc: isolatedVpc(stack), vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } }));
    expect(warned(chosen)).toEqual([expect.stringMatching(/^Stack\/Vpc\/isolatedSubnet1, .* have no way out of the VPC.*VPC endpoints for DynamoDB/)]);
    const only = scheduler((stack) => ({
      vpc: new ec2.Vpc(stack, 'Vpc', { subnetConfiguration: [{ name: 'only', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }] }),
    }));
    expect(warned(only)).toEqual([expect.stringMatching(/^Stack\/Vpc\/onlySubnet1, .* have no way out of the VPC/)]);
  });

  test('subnets of an imported VPC that are given one by one are nobody\'s guess', () => {
    const imported = scheduler((stack) => ({
      vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['eu-west-1a'], privateSubnetIds: ['subnet-1'] }),
      vpcSubnets: { subnets: [ec2.Subnet.fromSubnetId(stack, 'Subnet', 'subnet-2')] },
    }));
    expect(warned(imported)).toEqual([]);
  });
});
