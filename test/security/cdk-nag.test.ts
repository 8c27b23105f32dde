// cdk-nag's AwsSolutions pack on the stacks that people deploy: nothing is found that is not explained, in the code, where it is.
import { App, Aspects, CfnResource, Duration, Environment, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import { AwsSolutionsChecks, INagLogger, NagLoggerErrorData, NagLoggerNonComplianceData, NagLoggerSuppressedData } from 'cdk-nag';
import { WebhookScheduler, WebhookSchedulerProps, WebhookSigning } from '../../src';

const METADATA_KEY = 'cdk_nag';

interface Finding {
  readonly rule: string;
  readonly resource: string;
  /** Why it is as it is, from the template; absent: nobody said. */
  readonly explained?: string;
}

/** Hears of all that cdk-nag looks at. */
class Findings implements INagLogger {
  public readonly all: Finding[] = [];
  public compliant = 0;

  public onCompliance(): void {
    this.compliant++;
  }

  public onNonCompliance({ resource, ruleId, findingId }: NagLoggerNonComplianceData): void {
    this.add(resource, ruleId, findingId);
  }

  public onSuppressed({ resource, ruleId, findingId, suppressionReason }: NagLoggerSuppressedData): void {
    this.add(resource, ruleId, findingId, suppressionReason.replace(`[${findingId}] `, ''));
  }

  /** A rule that could not be judged is no rule that holds. */
  public onError({ resource, ruleId, errorMessage }: NagLoggerErrorData): void {
    this.add(resource, ruleId, errorMessage);
  }

  public onSuppressedError(data: NagLoggerErrorData): void {
    this.onError(data);
  }

  public onNotApplicable(): void {
    // Most rules are about services that a scheduler does not have.
  }

  private add(resource: CfnResource, ruleId: string, what: string, explained?: string): void {
    this.all.push({ rule: what ? `${ruleId}[${what}]` : ruleId, resource: resource.node.path, explained });
  }
}

type Props = (stack: Stack, network: Stack) => WebhookSchedulerProps;

const STACKS: Readonly<Record<string, Props>> = {
  'the default stack': () => ({}),
  'the stack with a key': (stack) => ({ encryptionKey: keyOf(stack) }),
  'the stack in a VPC': (_, network) => ({ vpc: new ec2.Vpc(network, 'Vpc') }),
  'the stack with signing and secret headers': (stack) => ({ signing: WebhookSigning.generated(), secretHeaders: [secretHeader(stack)] }),
  'the stack with tracing': () => ({ tracing: lambda.Tracing.ACTIVE }),
  'the stack with everything': (stack, network) => ({
    ingestBatchingWindow: Duration.seconds(5),
    tracing: lambda.Tracing.ACTIVE,
    encryptionKey: keyOf(stack),
    vpc: new ec2.Vpc(network, 'Vpc'),
    signing: WebhookSigning.generated({ overlap: Duration.days(2) }),
    secretHeaders: [secretHeader(stack)],
    failureTopic: new sns.Topic(stack, 'Failures', { masterKey: new kms.Key(stack, 'FailuresKey', { enableKeyRotation: true }), enforceSSL: true }),
  }),
};
/** Names in findings are tokens in one, literals in the other. */
const ENVIRONMENTS: readonly (Environment | undefined)[] = [undefined, { account: '111122223333', region: 'eu-west-1' }];

function keyOf(stack: Stack): kms.Key {
  return new kms.Key(stack, 'Key', { enableKeyRotation: true });
}

function secretHeader(stack: Stack) {
  return { header: 'authorization', secret: secretsmanager.Secret.fromSecretNameV2(stack, 'Token', 'api-token'), hosts: ['api.example.com'] };
}

function check(propsOf: Props, env?: Environment, change: (stack: Stack) => void = () => undefined) {
  const app = new App();
  const stack = new Stack(app, 'Stack', { env });
  // The VPC is the app's; what is wrong with it is not the scheduler's to say.
  new WebhookScheduler(stack, 'Scheduler', propsOf(stack, new Stack(app, 'Network', { env })));
  change(stack);
  const findings = new Findings();
  Aspects.of(stack).add(new AwsSolutionsChecks({ reports: false, additionalLoggers: [findings] }));
  const { Resources: resources } = Template.fromStack(stack).toJSON() as {
    Resources: Record<string, { Metadata?: Record<string, { rules_to_suppress: { id: string; reason: string }[] }> }>;
  };
  const explanations = Object.values(resources).flatMap(({ Metadata }) => Metadata?.[METADATA_KEY]?.rules_to_suppress ?? []);
  return { findings, explanations };
}

function print(name: string, { all, compliant }: Findings): void {
  const lines = all.map(({ rule, resource, explained = 'NOT EXPLAINED' }) => `  ${rule}\n    on ${resource}\n    ${explained}\n`);
  process.stdout.write(`cdk-nag, AwsSolutions, ${name}: ${compliant} checks hold, ${all.length} do not.\n${lines.join('')}`);
}

describe.each(Object.keys(STACKS))('%s', (name) => {
  test.each(ENVIRONMENTS)('has nothing unexplained in environment %j', (env) => {
    const { findings, explanations } = check(STACKS[name], env);
    if (!env) {
      print(name, findings);
    }
    expect(findings.compliant).toBeGreaterThanOrEqual(30);
    expect(findings.all.filter(({ explained }) => !explained)).toEqual([]);
    // No explanation outlives what it explains.
    expect(new Set(findings.all.map(({ explained }) => explained))).toEqual(new Set(explanations.map(({ reason }) => reason)));
  });
});

test('what is explained is known', () => {
  const { findings } = check(STACKS['the stack with everything'], ENVIRONMENTS[1]);
  const known = findings.all.map(({ rule, resource }) => `${rule} on ${resource}`.replace(/(subnet|security-group)\/<.*?>/, '$1/<id>'));
  expect([...new Set(known)]).toEqual([
    'AwsSolutions-IAM5[Resource::*] on Stack/Scheduler/IngestRole/DefaultPolicy/Resource',
    'AwsSolutions-IAM5[Resource::*] on Stack/Scheduler/LoadRole/DefaultPolicy/Resource',
    'AwsSolutions-SMG4 on Stack/Scheduler/SigningSecret/Resource',
    'AwsSolutions-IAM5[Resource::*] on Stack/Scheduler/DeliverRole/DefaultPolicy/Resource',
    'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:eu-west-1:111122223333:network-interface/*] on Stack/Scheduler/DeliverRole/DefaultPolicy/Resource',
    'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:eu-west-1:*:subnet/<id>] on Stack/Scheduler/DeliverRole/DefaultPolicy/Resource',
    'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:eu-west-1:*:security-group/<id>] on Stack/Scheduler/DeliverRole/DefaultPolicy/Resource',
    'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:eu-west-1:111122223333:*/*] on Stack/Scheduler/DeliverRole/DefaultPolicy/Resource',
  ]);
});

test('what is not explained is found', () => {
  const { findings } = check(STACKS['the stack in a VPC'], undefined, (stack) => {
    stack.node.findAll().filter(CfnResource.isCfnResource).forEach((resource) => resource.addMetadata(METADATA_KEY, { rules_to_suppress: [] }));
    new sns.Topic(stack, 'Plain');
  });
  const rules = findings.all.filter(({ explained }) => !explained).map(({ rule }) => rule.replace(/\[.*/, ''));
  expect([...new Set(rules)]).toEqual(['AwsSolutions-IAM5', 'AwsSolutions-SNS3']);
});
