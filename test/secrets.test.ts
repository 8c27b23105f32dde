// A scheduler whose requests are signed, and one that adds secret headers.
import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { WebhookScheduler, WebhookSchedulerProps, WebhookSigning } from '../src';

interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly { readonly Action: unknown; readonly Resource: unknown; readonly Condition?: unknown }[] };
}

function synth(propsOf: (stack: Stack) => WebhookSchedulerProps) {
  const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const scheduler = new WebhookScheduler(stack, 'Sched', propsOf(stack));
  const template = () => Template.fromStack(stack);
  const statements = (policyId: RegExp) => Object.entries(template().findResources('AWS::IAM::Policy')).filter(([id]) => policyId.test(id))
    .flatMap(([, { Properties }]) => (Properties as Policy).PolicyDocument.Statement)
    .filter(({ Action }) => JSON.stringify(Action).includes('secretsmanager') || JSON.stringify(Action).includes('kms'));
  const variables = (name: string) => {
    const [, resource] = Object.entries(template().findResources('AWS::Lambda::Function')).find(([id]) => id.startsWith(`Sched${name}`))!;
    return (resource.Properties as { Environment: { Variables: Record<string, unknown> } }).Environment.Variables;
  };
  return { stack, scheduler, template, statements, variables };
}

const SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:partner-a1b2c3';

test('without signing there is no secret, and nobody may read any', () => {
  const { scheduler, stack, template, statements, variables } = synth(() => ({}));
  template().resourceCountIs('AWS::SecretsManager::Secret', 0);
  expect(scheduler.signingSecret).toBeUndefined();
  expect(statements(/./)).toEqual([]);
  expect(variables('Deliver')).not.toHaveProperty('SIGNING');
  expect(variables('Deliver')).not.toHaveProperty('SECRET_HEADERS');
  expect(() => scheduler.grantReadSigningSecret(new iam.User(stack, 'Receiver'))).toThrow('requests are not signed');
});

test('only the function that sends may read the generated secret, and who is granted to', () => {
  const { scheduler, stack, template, statements, variables } = synth(() => ({ signing: WebhookSigning.generated() }));
  scheduler.grantReadSigningSecret(new iam.User(stack, 'Receiver'));
  const [secretId] = Object.keys(template().findResources('AWS::SecretsManager::Secret'));
  const reading = { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: { Ref: secretId } };
  expect(statements(/^SchedDeliver/)).toEqual([reading]);
  expect(statements(/^Receiver/)).toEqual([reading]);
  expect(statements(/^Sched(Ingest|Load)/)).toEqual([]);
  expect(variables('Deliver').SIGNING).toEqual({ 'Fn::Join': ['', ['{"secretId":"', { Ref: secretId }, '","overlapMs":86400000}']] });
  expect(variables('Ingest')).not.toHaveProperty('SIGNING');
});

test('the generated secret is kept when the stack goes, unless the table is not', () => {
  const kept = synth(() => ({ signing: WebhookSigning.generated() }));
  kept.template().hasResource('AWS::SecretsManager::Secret', { DeletionPolicy: 'Retain' });
  const deleted = synth(() => ({ signing: WebhookSigning.generated(), removalPolicy: RemovalPolicy.DESTROY }));
  deleted.template().hasResource('AWS::SecretsManager::Secret', { DeletionPolicy: 'Delete' });
});

test('a generated secret is encrypted with the key, and who reads it may use the key for that', () => {
  const { stack, template, statements } = synth((scope) => ({ signing: WebhookSigning.generated(), encryptionKey: new kms.Key(scope, 'Key') }));
  const [keyId] = Object.keys(template().findResources('AWS::KMS::Key'));
  const keyArn = stack.resolve({ 'Fn::GetAtt': [keyId, 'Arn'] }) as unknown;
  template().hasResourceProperties('AWS::SecretsManager::Secret', { KmsKeyId: keyArn });
  expect(statements(/^SchedDeliver/)).toContainEqual({
    Effect: 'Allow',
    Action: 'kms:Decrypt',
    Resource: keyArn,
    Condition: { StringEquals: { 'kms:ViaService': ['secretsmanager.eu-west-1.amazonaws.com'] } },
  });
});

test('a secret that several headers share is allowed once, and each header is named to the function that sends', () => {
  const { statements, variables } = synth((scope) => {
    const secret = secretsmanager.Secret.fromSecretCompleteArn(scope, 'Partner', SECRET_ARN);
    return {
      signing: WebhookSigning.fromSecret(secret, { field: 'signing' }),
      secretHeaders: [
        { header: 'authorization', secret, field: 'crm', hosts: ['crm.example.com'] },
        { header: 'x-api-key', secret, field: 'billing', hosts: ['*.billing.example.com'] },
      ],
    };
  });
  expect(statements(/^SchedDeliver/)).toEqual([{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: SECRET_ARN }]);
  expect(JSON.parse(variables('Deliver').SECRET_HEADERS as string)).toEqual([
    { header: 'authorization', secretId: SECRET_ARN, field: 'crm', hosts: ['crm.example.com'] },
    { header: 'x-api-key', secretId: SECRET_ARN, field: 'billing', hosts: ['*.billing.example.com'] },
  ]);
  expect(JSON.parse(variables('Deliver').SIGNING as string)).toEqual({ secretId: SECRET_ARN, field: 'signing', overlapMs: 86_400_000 });
});

test('a secret of another region is refused: functions ask Secrets Manager of their own', () => {
  expect(() => synth((scope) => {
    const secret = secretsmanager.Secret.fromSecretCompleteArn(scope, 'Partner', SECRET_ARN.replace('eu-west-1', 'us-east-1'));
    return { signing: WebhookSigning.fromSecret(secret) };
  })).toThrow('the secret Stack/Partner is in us-east-1, expected eu-west-1, the region of the scheduler');
});
