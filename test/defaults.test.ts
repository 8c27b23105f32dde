// The defaults that the docstrings tell are those that a scheduler has.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  ConnectOptions, NetworkPolicy, NetworkPolicyOptions, RetryOptions, RetryPolicy, SecretSigningOptions, WebhookScheduler, WebhookSchedulerProps,
  WebhookSigning,
} from '../src';
import { secretHeaderPlans } from '../src/secret-access';

interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly Properties: Record<string, unknown>;
}

function synth(props: (stack: Stack) => WebhookSchedulerProps = () => ({})) {
  const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  new WebhookScheduler(stack, 'Sched', props(stack));
  const { Resources: resources } = Template.fromStack(stack).toJSON() as { Resources: Record<string, Resource> };
  const ofType = (type: string) => Object.values(resources).filter(({ Type }) => Type === type);
  const functions = Object.entries(resources)
    .filter(([id, { Type }]) => id.startsWith('Sched') && Type === 'AWS::Lambda::Function').map(([, { Properties }]) => Properties);
  const environments = functions.map(({ Environment }) => (Environment as { Variables: object }).Variables);
  const variables = Object.assign({}, ...environments) as Record<string, string>;
  return { stack, resources, ofType, functions, variables };
}

const DEFAULT = synth();

/** A default that is a value: who gives it changes nothing, and who gives another one changes something. */
function isValue(value: WebhookSchedulerProps, another: WebhookSchedulerProps): void {
  expect(synth(() => value).resources).toEqual(DEFAULT.resources);
  expect(synth(() => another).resources).not.toEqual(DEFAULT.resources);
}

const withVpc = () => synth((stack) => ({
  vpc: new ec2.Vpc(stack, 'Vpc', {
    subnetConfiguration: [
      { name: 'private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      { name: 'public', subnetType: ec2.SubnetType.PUBLIC },
      { name: 'isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
    ],
  }),
}));
const vpcConfigOf = ({ functions }: ReturnType<typeof synth>) => (
  functions.flatMap(({ VpcConfig }) => (VpcConfig ?? []) as { SubnetIds: { Ref: string }[]; SecurityGroupIds: unknown[] })
);
const turnsPerInvocation = 10 * Number(DEFAULT.variables.TURNS_PER_MESSAGE);
const pollersOf = (props: WebhookSchedulerProps) => synth(() => props).ofType('AWS::Lambda::EventSourceMapping').map(({ Properties }) => Properties.ProvisionedPollerConfig);
const rulesOf = (options?: NetworkPolicyOptions) => NetworkPolicy.publicInternet(options)._toRules();
const planOf = (options?: RetryOptions) => RetryPolicy.fixed([Duration.minutes(1)], options)._toPlan();
const exponential = (options: object) => RetryPolicy.exponential({ attempts: 30, firstDelay: Duration.hours(1), ...options })._toPlan().delaysMs;
const signingOf = (options?: SecretSigningOptions) => {
  const stack = new Stack(new App(), 'Stack');
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'signing');
  return WebhookSigning.fromSecret(secret, options)._bind(stack, RemovalPolicy.RETAIN).plan;
};

/** By interface and prop: the text of the docstring, and what it comes to. */
const DEFAULTS: Readonly<Record<string, Readonly<Record<string, readonly [text: string, check: () => void]>>>> = {
  WebhookSchedulerProps: {
    maxHorizon: ['Duration.days(366)', () => isValue({ maxHorizon: Duration.days(366) }, { maxHorizon: Duration.days(365) })],
    requestTimeout: ['Duration.seconds(15)', () => isValue({ requestTimeout: Duration.seconds(15) }, { requestTimeout: Duration.seconds(16) })],
    retryPolicy: ['RetryPolicy.standardWebhooks() - ten attempts in somewhat more than three days', () => {
      isValue({ retryPolicy: RetryPolicy.standardWebhooks() }, { retryPolicy: RetryPolicy.none() });
      const { delaysMs } = JSON.parse(DEFAULT.variables.RETRY_POLICY) as { delaysMs: number[] };
      expect(delaysMs).toHaveLength(9);
      const days = delaysMs.reduce((sum, ms) => sum + ms, 0) / 86_400_000;
      expect(days).toBeGreaterThan(3);
      expect(days).toBeLessThan(3.5);
    }],
    networkPolicy: ['NetworkPolicy.publicInternet() - every host, but only at public addresses, over https, and on port 443', () => {
      isValue({ networkPolicy: NetworkPolicy.publicInternet() }, { networkPolicy: NetworkPolicy.publicInternet({ allowHttp: true }) });
      expect(JSON.parse(DEFAULT.variables.NETWORK_POLICY)).toEqual({ allowHttp: false, ports: [[443, 443]], deniedHosts: [], allowedCidrs: [] });
    }],
    signing: ['- they are not; `webhook-id` and `webhook-timestamp` are sent all the same', () => {
      expect(DEFAULT.variables).not.toHaveProperty('SIGNING');
      expect(DEFAULT.ofType('AWS::SecretsManager::Secret')).toEqual([]);
    }],
    secretHeaders: ['- none', () => {
      isValue({ secretHeaders: [] }, { signing: WebhookSigning.generated() });
      expect(DEFAULT.variables).not.toHaveProperty('SECRET_HEADERS');
    }],
    maxConcurrency: ['100 - where deliver has 512 MiB, 10,000 webhooks at a time', () => {
      isValue({ maxConcurrency: 100 }, { maxConcurrency: 99 });
      expect(100 * turnsPerInvocation).toBe(10_000);
    }],
    ingestPollers: ['- none: Lambda has readers of its own, five at first', () => expect(pollersOf({})).toEqual([undefined, undefined])],
    deliverPollers: ['- none: Lambda has readers of its own, five at first', () => expect(pollersOf({})).toEqual([undefined, undefined])],
    ingestBatchingWindow: ['- none: each message is taken at once', () => {
      const windows = DEFAULT.ofType('AWS::Lambda::EventSourceMapping').filter(({ Properties }) => Number(Properties.MaximumBatchingWindowInSeconds ?? 0) > 0);
      expect(windows).toEqual([]);
      expect(DEFAULT.variables).not.toHaveProperty('NOTICE_SECONDS');
    }],
    deliverMemory: ['Size.mebibytes(512) - 100 webhooks an invocation', () => {
      isValue({ deliverMemory: Size.mebibytes(512) }, { deliverMemory: Size.mebibytes(513) });
      expect(turnsPerInvocation).toBe(100);
    }],
    ingestMemory: ['Size.mebibytes(512)', () => isValue({ ingestMemory: Size.mebibytes(512) }, { ingestMemory: Size.mebibytes(513) })],
    loadMemory: ['Size.mebibytes(512)', () => isValue({ loadMemory: Size.mebibytes(512) }, { loadMemory: Size.mebibytes(513) })],
    partitions: ['16', () => isValue({ partitions: 16 }, { partitions: 17 })],
    inputTopicName: [
      '- CloudFormation makes one up',
      () => expect(DEFAULT.ofType('AWS::SNS::Topic').filter(({ Properties = {} }) => 'TopicName' in Properties)).toEqual([]),
    ],
    failureTopic: ['- the scheduler creates one', () => {
      expect(Object.keys(DEFAULT.resources)).toContainEqual(expect.stringMatching(/^SchedFailureTopic/));
      expect(DEFAULT.variables.FAILURE_TOPIC_ARN).toEqual({ Ref: expect.stringMatching(/^SchedFailureTopic/) as string });
    }],
    retention: ['Duration.days(30)', () => isValue({ retention: Duration.days(30) }, { retention: Duration.days(31) })],
    logRetention: [
      'logs.RetentionDays.ONE_MONTH',
      () => isValue({ logRetention: logs.RetentionDays.ONE_MONTH }, { logRetention: logs.RetentionDays.ONE_WEEK }),
    ],
    tracing: [
      'lambda.Tracing.DISABLED - traces cost by their number',
      () => isValue({ tracing: lambda.Tracing.DISABLED }, { tracing: lambda.Tracing.PASS_THROUGH }),
    ],
    removalPolicy: ['RemovalPolicy.RETAIN - scheduled webhooks are not deleted with the stack', () => {
      isValue({ removalPolicy: RemovalPolicy.RETAIN }, { removalPolicy: RemovalPolicy.DESTROY });
      expect(DEFAULT.ofType('AWS::DynamoDB::Table').map(({ DeletionPolicy }) => DeletionPolicy)).toEqual(['Retain']);
    }],
    deletionProtection: ['- true, or false where `removalPolicy` is `DESTROY`, which would fail otherwise', () => {
      isValue({ deletionProtection: true }, { deletionProtection: false });
      const destroyed = (props: WebhookSchedulerProps) => synth(() => ({ removalPolicy: RemovalPolicy.DESTROY, ...props })).resources;
      expect(destroyed({})).toEqual(destroyed({ deletionProtection: false }));
    }],
    pointInTimeRecovery: ['true', () => isValue({ pointInTimeRecovery: true }, { pointInTimeRecovery: false })],
    encryptionKey: [
      '- keys that SNS, SQS, DynamoDB and CloudWatch Logs own: encrypted at rest, at no cost, without a policy of your own',
      () => {
        expect(JSON.stringify(DEFAULT.resources)).not.toMatch(/Kms|SSESpecification|kms:/);
        expect(DEFAULT.ofType('AWS::SQS::Queue').map(({ Properties }) => Properties.SqsManagedSseEnabled)).toEqual(Array.from({ length: 6 }, () => true));
      },
    ],
    vpc: ['- none: the function has Lambda\'s own network, which reaches public addresses only', () => expect(vpcConfigOf(DEFAULT)).toEqual([])],
    vpcSubnets: ['- the private subnets with a way out', () => {
      const [{ SubnetIds }] = vpcConfigOf(withVpc());
      expect(SubnetIds.length).toBeGreaterThan(1);
      SubnetIds.forEach(({ Ref }) => expect(Ref).toMatch(/^VpcprivateSubnet/));
    }],
    securityGroups: ['- a new one that lets nothing in, and out what `networkPolicy` allows (by ports), and HTTPS to AWS', () => {
      const inVpc = withVpc();
      const [{ Properties }, ...others] = inVpc.ofType('AWS::EC2::SecurityGroup');
      expect(others).toEqual([]);
      expect(Properties).not.toHaveProperty('SecurityGroupIngress');
      expect(Properties.SecurityGroupEgress).toEqual([expect.objectContaining({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443 })]);
      expect(vpcConfigOf(inVpc)[0].SecurityGroupIds).toEqual([{ 'Fn::GetAtt': [expect.stringMatching(/^SchedDeliverSecurityGroup/), 'GroupId'] }]);
    }],
  },
  ProvisionedPollers: {
    minimum: ['2', () => expect(pollersOf({ ingestPollers: {} })).toEqual(pollersOf({ ingestPollers: { minimum: 2 } }))],
    maximum: ['- 10, or `minimum` where that is more', () => {
      expect(pollersOf({ ingestPollers: {} })).toEqual(pollersOf({ ingestPollers: { maximum: 10 } }));
      expect(pollersOf({ ingestPollers: { minimum: 11 } })).toEqual(pollersOf({ ingestPollers: { minimum: 11, maximum: 11 } }));
    }],
  },
  WebhookSchedulerAttributes: {
    encryptionKeyArn: ['- it has none', () => {
      const attributes = { inputTopicArn: 'arn:aws:sns:eu-west-1:111122223333:Input' };
      expect(WebhookScheduler.fromWebhookSchedulerAttributes(new Stack(), 'Sched', attributes).inputTopic.masterKey).toBeUndefined();
    }],
  },
  ConnectOptions: {
    environmentVariable: ['WEBHOOK_SCHEDULER_TOPIC_ARN', () => {
      const connected = (options?: ConnectOptions) => {
        const stack = new Stack();
        const producer = new lambda.Function(stack, 'Producer', {
          runtime: lambda.Runtime.PYTHON_3_13, handler: 'index.handler', code: lambda.Code.fromInline('pass'),
        });
        WebhookScheduler.fromInputTopicArn(stack, 'Sched', 'arn:aws:sns:eu-west-1:111122223333:Input').connect(producer, options);
        return Template.fromStack(stack).toJSON();
      };
      expect(connected()).toEqual(connected({ environmentVariable: 'WEBHOOK_SCHEDULER_TOPIC_ARN' }));
    }],
  },
  NetworkPolicyOptions: {
    deniedHosts: ['- none', () => expect(rulesOf()).toEqual(rulesOf({ deniedHosts: [] }))],
    allowedCidrs: ['- none: public addresses only', () => expect(rulesOf()).toEqual(rulesOf({ allowedCidrs: [] }))],
    allowedPorts: ['- 443, and 80 where `allowHttp` is true', () => {
      expect(rulesOf()).toEqual(rulesOf({ allowedPorts: ['443'] }));
      expect(rulesOf({ allowHttp: true })).toEqual(rulesOf({ allowHttp: true, allowedPorts: ['443', '80'] }));
    }],
    allowHttp: ['false', () => expect(rulesOf()).toEqual(rulesOf({ allowHttp: false }))],
  },
  RetryOptions: {
    jitter: ['0.2', () => expect(planOf()).toEqual(planOf({ jitter: 0.2 }))],
    maxAge: ['- no limit but the delays', () => expect(planOf()).not.toHaveProperty('maxAgeMs')],
  },
  ExponentialRetryOptions: {
    factor: ['2', () => expect(exponential({})).toEqual(exponential({ factor: 2 }))],
    maxDelay: ['Duration.days(7)', () => {
      expect(exponential({})).toEqual(exponential({ maxDelay: Duration.days(7) }));
      expect(exponential({}).at(-1)).toBe(7 * 86_400_000);
    }],
  },
  WebhookSigningOptions: {
    overlap: ['Duration.hours(24)', () => expect(signingOf().overlapMs).toBe(signingOf({ overlap: Duration.hours(24) }).overlapMs)],
  },
  SecretSigningOptions: {
    field: ['- the whole string is keys', () => expect(signingOf().field).toBeUndefined()],
  },
  SecretHeader: {
    field: ['- the whole string is the value', () => {
      const secret = secretsmanager.Secret.fromSecretNameV2(new Stack(), 'Secret', 'token');
      expect(secretHeaderPlans([{ header: 'x-token', secret, hosts: ['api.example.com'] }], rulesOf())[0].field).toBeUndefined();
    }],
  },
};

const FILES = ['webhook-scheduler-props', 'webhook-scheduler', 'webhook-scheduler-base', 'network-policy', 'retry-policy', 'webhook-signing', 'secret-header'];

/** What the docstrings say, by interface and prop; `undefined` where an optional prop has no default. */
function documented(): Record<string, Record<string, string | undefined>> {
  const found: Record<string, Record<string, string | undefined>> = {};
  for (const file of FILES) {
    const source = readFileSync(path.join(__dirname, '..', 'src', `${file}.ts`), 'utf8');
    for (const [, name, body] of source.matchAll(/^export interface (\w+)[^{]*\{\n([^]*?)^\}/gm)) {
      const props = [...body.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\n {2}readonly (\w+)\?:/g)];
      for (const [, comment, prop] of props) {
        const [, text] = /@default ([^]*?)(?=\n\s*\*\s*(?:@|\n|$)|\n\s*$)/.exec(comment) ?? [];
        (found[name] ??= {})[prop] = text?.replace(/\n\s*\* /g, ' ').trim();
      }
      expect({ name, optional: props.length }).toEqual({ name, optional: [...body.matchAll(/^ {2}readonly \w+\?:/gm)].length });
    }
  }
  return found;
}

test('every optional prop has a default in its docstring, and this file knows each of them', () => {
  const known = Object.fromEntries(Object.entries(DEFAULTS).map(([name, props]) => (
    [name, Object.fromEntries(Object.entries(props).map(([prop, [text]]) => [prop, text]))]
  )));
  expect(documented()).toEqual(known);
});

test.each(Object.entries(DEFAULTS).flatMap(([name, props]) => Object.entries(props).map(([prop, [text, check]]) => ({ name, prop, text, check }))))(
  '$name, $prop: $text', ({ check }) => check(),
);
