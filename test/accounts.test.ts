// Schedulers, and who uses them, in several accounts and regions, as one app has them.
import { App, CfnResource, Environment, Stack, Tags } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import { WebhookScheduler, WebhookSchedulerProps, WebhookSigning } from '../src';
import { ID_PREFIX } from '../src/adapters/table-keys';

const HERE = { account: '111122223333', region: 'eu-west-1' };
const OTHER_ACCOUNT = { account: '444455556666', region: 'eu-west-1' };
const OTHER_REGION = { account: '111122223333', region: 'us-east-1' };
const OTHER_ROLE_ARN = 'arn:aws:iam::444455556666:role/Support';

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Principal?: { readonly AWS?: unknown };
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** A scheduler here, and a stack elsewhere. */
function setting(env: Environment, props: (stack: Stack) => WebhookSchedulerProps = () => ({})) {
  const app = new App();
  const [here, there] = [new Stack(app, 'Here', { env: HERE }), new Stack(app, 'There', { env })];
  return { here, there, scheduler: new WebhookScheduler(here, 'Sched', props(here)) };
}

function producerIn(stack: Stack) {
  return new lambda.Function(stack, 'Producer', {
    runtime: lambda.Runtime.PYTHON_3_13, handler: 'index.handler', code: lambda.Code.fromInline('def handler(event, context): pass'),
  });
}

const roleIn = (stack: Stack) => new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
const keyIn = (stack: Stack) => new kms.Key(stack, 'Key');
const account = (id: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:iam::${id}:root`]] });
const via = (service: string) => ({ StringEquals: { 'kms:ViaService': [`${service}.eu-west-1.amazonaws.com`] } });

/** The policy of a resource, where the resource has one. */
function policyOf(stack: Stack, type: string, document: string): Statement[] {
  return Object.values(Template.fromStack(stack).findResources(type)).flatMap(({ Properties }) => {
    const path = document.split('.');
    const found = path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], Properties);
    return (found as { Statement: Statement[] } | undefined)?.Statement ?? [];
  });
}

/** What the policies of the stack's roles and users say. */
const identityStatements = (stack: Stack) => policyOf(stack, 'AWS::IAM::Policy', 'PolicyDocument');
/** What the topics let in, beside what they deny. */
const lettingIn = (stack: Stack) => policyOf(stack, 'AWS::SNS::TopicPolicy', 'PolicyDocument').filter(({ Effect }) => Effect === 'Allow');
const keyPolicy = (stack: Stack) => policyOf(stack, 'AWS::KMS::Key', 'KeyPolicy').filter(({ Principal }) => JSON.stringify(Principal).includes('444455556666'));

describe('a producer that the app has in another account', () => {
  test('is let in on both sides, and finds the topic', () => {
    const { here, there, scheduler } = setting(OTHER_ACCOUNT, () => ({ inputTopicName: 'webhooks' }));
    scheduler.connect(producerIn(there)).assertSuccess();
    const topicArn = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':sns:eu-west-1:111122223333:webhooks']] };
    expect(identityStatements(there)).toEqual([{ Effect: 'Allow', Action: 'sns:Publish', Resource: topicArn }]);
    Template.fromStack(there).hasResourceProperties('AWS::Lambda::Function', { Environment: { Variables: { WEBHOOK_SCHEDULER_TOPIC_ARN: topicArn } } });
    expect(lettingIn(here)).toEqual([expect.objectContaining({ Action: 'sns:Publish', Principal: { AWS: account('444455556666') } })]);
  });

  test('is refused where the topic has no name: one that came with it would replace the topic', () => {
    const { here, there, scheduler } = setting(OTHER_ACCOUNT);
    scheduler.grantPublish(roleIn(there));
    expect(() => Template.fromStack(here)).toThrow(/Here\/Sched\/InputTopic.* in a cross-environment fashion, the resource's physical name must be explicit set/);
  });

  test('may use the key, which decides that itself, by way of SNS only', () => {
    const { here, there, scheduler } = setting(OTHER_ACCOUNT, (stack) => ({ encryptionKey: keyIn(stack), inputTopicName: 'webhooks' }));
    scheduler.grantPublish(roleIn(there));
    expect(identityStatements(there)).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      // The key has no name before it is created; it is one of this account and region.
      Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':kms:eu-west-1:111122223333:key/*']] },
      Condition: via('sns'),
    });
    expect(keyPolicy(here)).toEqual([
      { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Principal: { AWS: account('444455556666') }, Resource: '*', Condition: via('sns') },
    ]);
  });

  test('and one that is known by its ARN is let in by it', () => {
    const { here, scheduler } = setting(OTHER_ACCOUNT, (stack) => ({ encryptionKey: keyIn(stack) }));
    scheduler.grantPublish(new iam.ArnPrincipal(OTHER_ROLE_ARN)).assertSuccess();
    expect(lettingIn(here).map(({ Principal }) => Principal)).toEqual([{ AWS: OTHER_ROLE_ARN }]);
    expect(keyPolicy(here).map(({ Principal, Condition }) => ({ Principal, Condition }))).toEqual([{ Principal: { AWS: OTHER_ROLE_ARN }, Condition: via('sns') }]);
  });
});

describe('a producer that the app has in another region', () => {
  test('needs no more than its own policy', () => {
    const { here, there, scheduler } = setting(OTHER_REGION, (stack) => ({ encryptionKey: keyIn(stack), inputTopicName: 'webhooks' }));
    scheduler.connect(producerIn(there)).assertSuccess();
    expect(identityStatements(there)).toEqual([
      expect.objectContaining({ Action: 'sns:Publish', Resource: { 'Fn::Join': ['', [expect.anything(), expect.anything(), ':sns:eu-west-1:111122223333:webhooks']] } }),
      expect.objectContaining({ Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Condition: via('sns') }),
    ]);
    expect(lettingIn(here)).toEqual([]);
  });

  test('publishes to the region of an imported scheduler, by way of that region\'s SNS', () => {
    const stack = new Stack(new App(), 'There', { env: OTHER_REGION });
    WebhookScheduler.fromWebhookSchedulerAttributes(stack, 'Imported', {
      inputTopicArn: 'arn:aws:sns:eu-west-1:111122223333:webhooks', encryptionKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/k',
    }).grantPublish(roleIn(stack)).assertSuccess();
    expect(identityStatements(stack)).toEqual([
      { Effect: 'Allow', Action: 'sns:Publish', Resource: 'arn:aws:sns:eu-west-1:111122223333:webhooks' },
      { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: 'arn:aws:kms:eu-west-1:111122223333:key/k', Condition: via('sns') },
    ]);
  });
});

test('what the app owns neither side of cannot be granted, and says so', () => {
  const stack = new Stack(new App(), 'There', { env: OTHER_ACCOUNT });
  const imported = WebhookScheduler.fromInputTopicArn(stack, 'Imported', 'arn:aws:sns:eu-west-1:111122223333:webhooks');
  const grant = imported.grantPublish(new iam.ArnPrincipal(OTHER_ROLE_ARN));
  expect(() => grant.assertSuccess()).toThrow('could not be added on either identity or resource policy');
  // One side is all that can be done here, and what the docstring leaves to the owner of the topic.
  imported.grantPublish(roleIn(stack)).assertSuccess();
});

describe('a reader of another account', () => {
  /** The rows of ids, and no request without a key. */
  const ROWS = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${ID_PREFIX}*`] }, 'Null': { 'dynamodb:LeadingKeys': 'false' } };

  test.each<[string, (there: Stack) => iam.IGrantable, unknown]>([
    ['that the app has there', roleIn, account('444455556666')],
    ['that is known by its ARN', () => new iam.ArnPrincipal(OTHER_ROLE_ARN), OTHER_ROLE_ARN],
    ['of which only the account is known', () => new iam.AccountPrincipal('444455556666'), account('444455556666')],
  ])('%s is let in by the policies of the table and the key, to the rows of ids only', (_, granteeIn, principal) => {
    const { here, there, scheduler } = setting(OTHER_ACCOUNT, (stack) => ({ encryptionKey: keyIn(stack) }));
    scheduler.grantRead(granteeIn(there)).assertSuccess();
    expect(policyOf(here, 'AWS::DynamoDB::Table', 'ResourcePolicy.PolicyDocument')).toEqual([{
      Effect: 'Allow', Principal: { AWS: principal }, Action: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'], Resource: '*', Condition: ROWS,
    }]);
    expect(keyPolicy(here)).toEqual([{ Effect: 'Allow', Principal: { AWS: principal }, Action: 'kms:Decrypt', Resource: '*', Condition: via('dynamodb') }]);
  });

  test('has the other side of it in its own policy, where the app has it', () => {
    const { there, scheduler } = setting(OTHER_ACCOUNT, (stack) => ({ encryptionKey: keyIn(stack) }));
    scheduler.grantRead(roleIn(there));
    const named = (resource: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, resource]] });
    expect(identityStatements(there)).toEqual([
      {
        Effect: 'Allow',
        Action: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
        Resource: named(':dynamodb:eu-west-1:111122223333:table/*'),
        Condition: ROWS,
      },
      { Effect: 'Allow', Action: 'kms:Decrypt', Resource: named(':kms:eu-west-1:111122223333:key/*'), Condition: via('dynamodb') },
    ]);
  });

  test('of the same account needs no more than its own policy', () => {
    const { here, scheduler } = setting(OTHER_ACCOUNT);
    scheduler.grantRead(roleIn(here)).assertSuccess();
    Template.fromStack(here).hasResourceProperties('AWS::DynamoDB::Table', { ResourcePolicy: Match.absent() });
  });
});

describe('a receiver of another account', () => {
  test('that the app has there reads the signing secret on both sides, by way of its key', () => {
    const { here, there, scheduler } = setting(OTHER_ACCOUNT, (stack) => ({ encryptionKey: keyIn(stack), signing: WebhookSigning.generated() }));
    scheduler.grantReadSigningSecret(roleIn(there)).assertSuccess();
    expect(policyOf(here, 'AWS::SecretsManager::ResourcePolicy', 'ResourcePolicy')).toEqual([{
      Effect: 'Allow',
      Principal: { AWS: account('444455556666') },
      Action: 'secretsmanager:GetSecretValue',
      Resource: { Ref: expect.stringMatching(/^SchedSigningSecret/) },
    }]);
    expect(identityStatements(there).map(({ Action }) => Action)).toEqual(['secretsmanager:GetSecretValue', 'kms:Decrypt']);
    expect(keyPolicy(here).filter(({ Action }) => Action === 'kms:Decrypt')).toContainEqual(
      { Effect: 'Allow', Principal: { AWS: account('444455556666') }, Action: 'kms:Decrypt', Resource: '*', Condition: via('secretsmanager') },
    );
  });

  test('a secret of another account is read by deliver with that account\'s key', () => {
    const stack = new Stack(new App(), 'Here', { env: HERE });
    const secret = secretsmanager.Secret.fromSecretAttributes(stack, 'Secret', {
      secretCompleteArn: 'arn:aws:secretsmanager:eu-west-1:444455556666:secret:partner-a1b2c3',
      encryptionKey: kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:444455556666:key/k'),
    });
    new WebhookScheduler(stack, 'Sched', { signing: WebhookSigning.fromSecret(secret) });
    expect(identityStatements(stack)).toContainEqual({
      Effect: 'Allow', Action: 'kms:Decrypt', Resource: 'arn:aws:kms:eu-west-1:444455556666:key/k', Condition: via('secretsmanager'),
    });
  });
});

describe('an operator has to be of this account, since SQS moves messages for nobody else', () => {
  const message = 'cannot be granted to redrive: SQS lets the roles and users of its own account move messages, and no one else; grant it to a role of that account';

  test.each<[string, (there: Stack) => iam.IGrantable]>([
    ['a role that the app has in another account', roleIn],
    ['a role of another account, imported', (there) => iam.Role.fromRoleArn(there, 'Imported', OTHER_ROLE_ARN)],
    ['another account', () => new iam.AccountPrincipal('444455556666')],
    ['a principal whose policy cannot be changed from here', () => new iam.ArnPrincipal('arn:aws:iam::111122223333:role/Operator')],
  ])('%s is an error', (_, granteeIn) => {
    const { there, scheduler } = setting(OTHER_ACCOUNT);
    expect(() => scheduler.grantRedrive(granteeIn(there))).toThrow(message);
  });

  test('a role of this account is none, imported or not', () => {
    const { here, scheduler } = setting(OTHER_ACCOUNT);
    scheduler.grantRedrive(iam.Role.fromRoleArn(here, 'Imported', 'arn:aws:iam::111122223333:role/Operator')).assertSuccess();
    scheduler.grantRedrive(roleIn(here)).assertSuccess();
    expect(identityStatements(here).filter(({ Action }) => JSON.stringify(Action).includes('sqs:StartMessageMoveTask'))).toHaveLength(2);
  });
});

test('a failure topic that the app has in another account is published to with its key, by the functions\' own policies', () => {
  const app = new App();
  const [here, there] = [new Stack(app, 'Here', { env: HERE }), new Stack(app, 'There', { env: OTHER_ACCOUNT })];
  const failureTopic = new sns.Topic(there, 'Failures', { topicName: 'failures', masterKey: keyIn(there) });
  new WebhookScheduler(here, 'Sched', { failureTopic });
  const named = (arn: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, arn]] });
  const statements = identityStatements(here).filter(({ Action }) => JSON.stringify(Action).match(/sns:|kms:/));
  expect(statements).toEqual(Array.from({ length: 3 }, () => [
    { Effect: 'Allow', Action: 'sns:Publish', Resource: named(':sns:eu-west-1:444455556666:failures') },
    { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: named(':kms:eu-west-1:444455556666:key/*'), Condition: via('sns') },
  ]).flat());
  // What the topic and its key let in is for the other account to say.
  expect(JSON.stringify(Template.fromStack(there).toJSON())).not.toContain(HERE.account);
});

describe('several schedulers', () => {
  test('of one stack share nothing, and tell each other apart in their metrics', () => {
    const stack = new Stack(new App(), 'Here', { env: HERE });
    const schedulers = ['Reminders', 'Expiries'].map((id) => new WebhookScheduler(stack, id, { signing: WebhookSigning.generated() }));
    const template = Template.fromStack(stack);
    const counts = { 'AWS::DynamoDB::Table': 1, 'AWS::SQS::Queue': 6, 'AWS::SNS::Topic': 2, 'AWS::Lambda::Function': 3, 'AWS::IAM::Role': 3, 'AWS::Events::Rule': 1 };
    for (const [type, each] of Object.entries(counts)) {
      template.resourceCountIs(type, 2 * each);
    }
    // A policy of one names nothing of the other.
    for (const [id, { Properties }] of Object.entries(template.findResources('AWS::IAM::Policy'))) {
      const [own, other] = id.startsWith('Reminders') ? ['Reminders', 'Expiries'] : ['Expiries', 'Reminders'];
      const names = JSON.stringify((Properties as { PolicyDocument: unknown }).PolicyDocument);
      expect({ id, own: names.includes(`"${own}`), other: names.includes(`"${other}`) }).toEqual({ id, own: true, other: false });
    }
    const topics = schedulers.map(({ inputTopic }) => JSON.stringify(stack.resolve(inputTopic.topicName)));
    expect(new Set(topics).size).toBe(2);
    const metrics = schedulers.map((scheduler) => JSON.stringify(stack.resolve(scheduler.metricDelivered().dimensions)));
    expect(new Set(metrics).size).toBe(2);
  });

  test('in other accounts and regions are made of the same parts', () => {
    const parts = [HERE, OTHER_ACCOUNT, OTHER_REGION].map((env) => {
      const stack = new Stack(new App(), 'Stack', { env });
      new WebhookScheduler(stack, 'Sched');
      return Object.keys(Template.fromStack(stack).toJSON().Resources as object).sort();
    });
    expect(parts[0].length).toBeGreaterThan(30);
    expect(parts[1]).toEqual(parts[0]);
    expect(parts[2]).toEqual(parts[0]);
  });
});

describe('what an organisation puts on top', () => {
  function everything() {
    const stack = new Stack(new App(), 'Here', { env: HERE });
    const scheduler = new WebhookScheduler(stack, 'Sched', { signing: WebhookSigning.generated(), tracing: lambda.Tracing.ACTIVE });
    return { stack, scheduler };
  }

  test('a permissions boundary reaches every role', () => {
    const { stack, scheduler } = everything();
    const boundary = iam.ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'developers');
    iam.PermissionsBoundary.of(scheduler).apply(boundary);
    const roles = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role')) as { Properties: { PermissionsBoundary?: unknown } }[];
    expect(roles).toHaveLength(3);
    const arn = stack.resolve(boundary.managedPolicyArn) as unknown;
    expect(roles.map(({ Properties }) => Properties.PermissionsBoundary)).toEqual([arn, arn, arn]);
  });

  test('tags reach everything that takes tags', () => {
    const { stack, scheduler } = everything();
    Tags.of(scheduler).add('team', 'orders');
    const taggable = scheduler.node.findAll().filter(CfnResource.isCfnResource).filter((child) => 'tags' in child || 'cdkTagManager' in child);
    const types = [...new Set(taggable.map(({ cfnResourceType }) => cfnResourceType))].sort();
    expect(types).toEqual([
      'AWS::DynamoDB::Table', 'AWS::Events::Rule', 'AWS::IAM::Role', 'AWS::Lambda::EventSourceMapping', 'AWS::Lambda::Function', 'AWS::Logs::LogGroup',
      'AWS::SNS::Topic', 'AWS::SQS::Queue', 'AWS::SecretsManager::Secret',
    ]);
    const { Resources: resources } = Template.fromStack(stack).toJSON() as { Resources: Record<string, { Properties?: { Tags?: unknown } }> };
    for (const resource of taggable) {
      const id = stack.getLogicalId(resource);
      expect({ id, tags: resources[id].Properties?.Tags }).toEqual({ id, tags: [{ Key: 'team', Value: 'orders' }] });
    }
  });
});
