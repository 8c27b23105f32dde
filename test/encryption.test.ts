// A scheduler that is encrypted with a key of its owner's.
import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { WebhookScheduler, WebhookSchedulerProps } from '../src';

const SQS_DECRYPTION_FLAG = '@aws-cdk/aws-sns-subscriptions:restrictSqsDescryption';

function encrypted(props: WebhookSchedulerProps = {}, context: Record<string, unknown> = {}) {
  const stack = new Stack(new App({ context }), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const key = new kms.Key(stack, 'Key');
  const scheduler = new WebhookScheduler(stack, 'Sched', { encryptionKey: key, ...props });
  return { stack, key, keyArn: stack.resolve(key.keyArn) as unknown, scheduler, template: () => Template.fromStack(stack) };
}

function propertiesOfAll(template: Template, type: string): Record<string, unknown>[] {
  return Object.values(template.findResources(type)).map(({ Properties }) => Properties as Record<string, unknown>);
}

/** Statements about the key in the policies of a role or user. */
function keyStatements(template: Template, keyArn: unknown, policyId: RegExp): unknown[] {
  return Object.entries(template.findResources('AWS::IAM::Policy'))
    .filter(([id]) => policyId.test(id))
    .flatMap(([, { Properties }]) => (Properties as { PolicyDocument: { Statement: { Resource: unknown }[] } }).PolicyDocument.Statement)
    .filter(({ Resource }) => JSON.stringify(Resource) === JSON.stringify(keyArn));
}

const via = (...services: string[]) => ({ StringEquals: { 'kms:ViaService': services.map((service) => `${service}.eu-west-1.amazonaws.com`) } });

test('the key encrypts topics, queues, table and log groups', () => {
  const { template, keyArn } = encrypted();
  const keys = (type: string, keyOf: (properties: Record<string, unknown>) => unknown) => propertiesOfAll(template(), type).map(keyOf);
  expect(keys('AWS::SNS::Topic', ({ KmsMasterKeyId }) => KmsMasterKeyId)).toEqual([keyArn, keyArn]);
  expect(keys('AWS::SQS::Queue', ({ KmsMasterKeyId }) => KmsMasterKeyId)).toEqual(Array.from({ length: 6 }, () => keyArn));
  expect(keys('AWS::Logs::LogGroup', ({ KmsKeyId }) => KmsKeyId)).toEqual([keyArn, keyArn, keyArn]);
  expect(keys('AWS::DynamoDB::Table', ({ SSESpecification }) => SSESpecification)).toEqual([{ KMSMasterKeyId: keyArn, SSEEnabled: true, SSEType: 'KMS' }]);
});

test('its policy lets SNS write to encrypted queues, of this account only, and CloudWatch Logs use it for log groups of this account only', () => {
  encrypted().template().hasResourceProperties('AWS::KMS::Key', {
    KeyPolicy: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Effect: 'Allow',
          Principal: { Service: 'sns.amazonaws.com' },
          Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
          Condition: { StringEquals: { 'aws:SourceAccount': '111122223333' } },
        }),
        Match.objectLike({
          Effect: 'Allow',
          Principal: { Service: 'logs.eu-west-1.amazonaws.com' },
          Condition: {
            ArnLike: {
              'kms:EncryptionContext:aws:logs:arn': { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':logs:eu-west-1:111122223333:log-group:*']] },
            },
          },
        }),
      ]),
    },
  });
});

// Template.fromStack refuses a template whose resources depend on each other in a circle.
test.each([true, false])('nothing depends on itself by way of the key, be the feature flag for subscriptions %s', (flag) => {
  const { template } = encrypted({}, { [SQS_DECRYPTION_FLAG]: flag });
  expect(template).not.toThrow();
});

test.each(['Ingest', 'Load', 'Deliver'])('%s may use the key through the services that it calls, and no other way', (name) => {
  const { template, keyArn } = encrypted();
  expect(keyStatements(template(), keyArn, new RegExp(`^Sched${name}Role`))).toEqual([
    { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: keyArn, Condition: via('sns') },
    { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: keyArn, Condition: via('sqs') },
    { Effect: 'Allow', Action: 'kms:Decrypt', Resource: keyArn, Condition: via('dynamodb') },
  ]);
});

test('a failure topic that is passed in keeps its own key, and the scheduler publishes with that one', () => {
  const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const [key, otherKey] = [new kms.Key(stack, 'Key'), new kms.Key(stack, 'OtherKey')];
  const failureTopic = new sns.Topic(stack, 'Failures', { masterKey: otherKey });
  new WebhookScheduler(stack, 'Sched', { encryptionKey: key, failureTopic });
  const template = Template.fromStack(stack);
  expect(keyStatements(template, stack.resolve(key.keyArn), /^SchedDeliverRole/)).toContainEqual(
    { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: stack.resolve(key.keyArn), Condition: via('sqs') },
  );
  expect(keyStatements(template, stack.resolve(otherKey.keyArn), /^SchedDeliverRole/)).toEqual([
    { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: stack.resolve(otherKey.keyArn), Condition: via('sns') },
  ]);
});

test('a failure topic of elsewhere is published to with its key, where that is named', () => {
  const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const keyArn = 'arn:aws:kms:eu-west-1:222222222222:key/k';
  const failureTopic = sns.Topic.fromTopicAttributes(stack, 'Failures', { topicArn: 'arn:aws:sns:eu-west-1:222222222222:Failures', keyArn });
  new WebhookScheduler(stack, 'Sched', { failureTopic });
  expect(keyStatements(Template.fromStack(stack), keyArn, /^SchedLoadRole/)).toEqual([
    { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: keyArn, Condition: via('sns') },
  ]);
});

test('who is granted something may use the key for it', () => {
  const { stack, scheduler, keyArn, template } = encrypted();
  const user = (name: string) => new iam.User(stack, name);
  scheduler.grantPublish(user('Producer'));
  scheduler.grantRead(user('Reader'));
  scheduler.grantRedrive(user('Operator'));
  const statementsOf = (name: string) => keyStatements(template(), keyArn, new RegExp(`^${name}`));
  expect(statementsOf('Producer')).toEqual([
    { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: keyArn, Condition: via('sns') },
  ]);
  expect(statementsOf('Reader')).toEqual([{ Effect: 'Allow', Action: 'kms:Decrypt', Resource: keyArn, Condition: via('dynamodb') }]);
  expect(statementsOf('Operator')).toEqual([
    { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: keyArn, Condition: via('sqs') },
  ]);
});

test('another account that may publish is let in by the policy of the key too, for SNS only', () => {
  const { scheduler, template } = encrypted();
  scheduler.grantPublish(new iam.AccountPrincipal('222222222222'));
  template().hasResourceProperties('AWS::KMS::Key', {
    KeyPolicy: {
      Statement: Match.arrayWith([Match.objectLike({
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Principal: { AWS: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::222222222222:root']] } },
        Condition: via('sns'),
      })]),
    },
  });
});

test('where another key is given by an alias, the permission is for the key', () => {
  const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const key = new kms.Key(stack, 'Key');
  new WebhookScheduler(stack, 'Sched', { failureTopic: new sns.Topic(stack, 'Failures', { masterKey: key.addAlias('ours') }) });
  expect(keyStatements(Template.fromStack(stack), stack.resolve(key.keyArn), /^SchedDeliverRole/)).toHaveLength(1);
});

test('an alias of which only the name is known is an error, but for those of AWS, whose keys need no permission', () => {
  const withAlias = (name: string) => {
    const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
    const masterKey = kms.Alias.fromAliasName(stack, 'Alias', name);
    new WebhookScheduler(stack, 'Sched', { failureTopic: new sns.Topic(stack, 'Failures', { masterKey }) });
    return Template.fromStack(stack);
  };
  expect(() => withAlias('alias/ours')).toThrow('Stack/Alias is the alias of a key, expected the key itself');
  expect(JSON.stringify(withAlias('alias/aws/sns').findResources('AWS::IAM::Policy'))).not.toContain('kms:');
});

test('a producer of another stack can be granted the key by its ARN', () => {
  const stack = new Stack(new App(), 'Stack');
  const scheduler = WebhookScheduler.fromWebhookSchedulerAttributes(stack, 'Imported', {
    inputTopicArn: 'arn:aws:sns:eu-west-1:111122223333:Input', encryptionKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/k',
  });
  scheduler.grantPublish(new iam.User(stack, 'Producer'));
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: [
        { Action: 'sns:Publish', Effect: 'Allow', Resource: 'arn:aws:sns:eu-west-1:111122223333:Input' },
        {
          Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Effect: 'Allow', Resource: 'arn:aws:kms:eu-west-1:111122223333:key/k', Condition: via('sns'),
        },
      ],
    },
  });
});

test('an imported key works as far as it can, and synthesis warns of what its owner has to allow', () => {
  const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const key = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/k');
  new WebhookScheduler(stack, 'Sched', { encryptionKey: key });
  Template.fromStack(stack).resourceCountIs('AWS::KMS::Key', 0);
  Annotations.fromStack(stack).hasWarning('/Stack/Sched', Match.stringLikeRegexp('sns.amazonaws.com.*lost.*logs.eu-west-1.amazonaws.com'));
});

test('without a known region the warning says so in words', () => {
  const stack = new Stack(new App(), 'Stack');
  new WebhookScheduler(stack, 'Sched', { encryptionKey: kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/k') });
  Annotations.fromStack(stack).hasWarning('/Stack/Sched', Match.stringLikeRegexp('to logs.<region>.amazonaws.com'));
});

test('there is nothing to warn of where the key is one of the app', () => {
  const { stack } = encrypted();
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
});

test.each<[string, (stack: Stack) => kms.IKey, string]>([
  ['an alias', (stack) => new kms.Key(stack, 'Key').addAlias('ours'), 'encryptionKey is an alias, expected a key'],
  ['an alias by its ARN', (stack) => kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:alias/ours'), 'encryptionKey is an alias'],
  [
    'an RSA key', (stack) => new kms.Key(stack, 'Key', { keySpec: kms.KeySpec.RSA_2048 }),
    'encryptionKey has the key spec RSA_2048, expected SYMMETRIC_DEFAULT: pass a symmetric key for encryption',
  ],
  [
    'a key for signatures', (stack) => new kms.Key(stack, 'Key', { keySpec: kms.KeySpec.HMAC_256, keyUsage: kms.KeyUsage.GENERATE_VERIFY_MAC }),
    'encryptionKey has the key spec HMAC_256, expected SYMMETRIC_DEFAULT',
  ],
  [
    'a key of another region', (stack) => kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:us-east-1:111122223333:key/k'),
    'encryptionKey is in us-east-1, expected eu-west-1, the region of the scheduler',
  ],
])('%s is refused', (_, key, message) => {
  const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  expect(() => new WebhookScheduler(stack, 'Sched', { encryptionKey: key(stack) })).toThrow(message);
});

test.each([
  [{}, true, true],
  [{ removalPolicy: RemovalPolicy.DESTROY }, false, true],
  [{ removalPolicy: RemovalPolicy.DESTROY, deletionProtection: true }, true, true],
  [{ deletionProtection: false, pointInTimeRecovery: false }, false, false],
])('%j: deletion protection %s, point-in-time recovery %s', (props, deletionProtection, pointInTimeRecovery) => {
  const stack = new Stack(new App(), 'Stack');
  new WebhookScheduler(stack, 'Sched', props);
  Template.fromStack(stack).hasResourceProperties('AWS::DynamoDB::Table', {
    DeletionProtectionEnabled: deletionProtection, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: pointInTimeRecovery },
  });
});
