// What can be said of signing and of secret headers, and what is refused at synthesis.
import { App, Duration, Lazy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { NetworkPolicy, SecretHeader, WebhookScheduler, WebhookSchedulerProps, WebhookSigning } from '../src';
import { parseSecretHeaderPlans } from '../src/core/signing';
import { secretHeaderPlans } from '../src/secret-access';

const ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:partner-a1b2c3';
const RULES = NetworkPolicy.publicInternet()._toRules();
const token = Lazy.string({ produce: () => 'later' });
const newStack = () => new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
const imported = () => secretsmanager.Secret.fromSecretCompleteArn(newStack(), 'Partner', ARN);

function statementsOf(propsOf: (stack: Stack) => WebhookSchedulerProps): unknown[] {
  const stack = newStack();
  new WebhookScheduler(stack, 'Sched', propsOf(stack));
  return Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
    .flatMap(({ Properties }) => (Properties as { PolicyDocument: { Statement: unknown[] } }).PolicyDocument.Statement)
    .filter((statement) => /secret|"kms:/i.test(JSON.stringify(statement)));
}

describe('signing', () => {
  test.each([
    [Duration.minutes(119), 'overlap is 1 hour 59 minutes, expected 2 hours to 30 days'],
    [Duration.days(31), 'overlap is 31 days, expected 2 hours to 30 days'],
    [Duration.millis(7_200_500), 'overlap is 2 hours 500 millis, expected whole seconds'],
    [Duration.hours(Lazy.number({ produce: () => 24 })), 'overlap has to be known at synthesis, and is a token'],
  ])('an overlap of %s is refused', (overlap, expected) => {
    expect(() => WebhookSigning.generated({ overlap })).toThrow(expected);
    expect(() => WebhookSigning.fromSecret(imported(), { overlap })).toThrow(expected);
  });

  test('a field that is empty or not known is refused', () => {
    expect(() => WebhookSigning.fromSecret(imported(), { field: '' })).toThrow('field is empty, expected the name of a field of the secret\'s JSON');
    expect(() => WebhookSigning.fromSecret(imported(), { field: token })).toThrow('field has to be known at synthesis, and is a token');
  });

  test('the generated value is base64 of 48 bytes', () => {
    const stack = newStack();
    new WebhookScheduler(stack, 'Sched', { signing: WebhookSigning.generated() });
    Template.fromStack(stack).hasResourceProperties('AWS::SecretsManager::Secret', {
      Description: 'Signs the webhooks of Stack/Sched', GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true },
    });
  });

  test('one WebhookSigning can be that of several schedulers: generated, each has a secret of its own', () => {
    const stack = newStack();
    const signing = WebhookSigning.generated();
    new WebhookScheduler(stack, 'One', { signing });
    new WebhookScheduler(stack, 'Two', { signing });
    Template.fromStack(stack).resourceCountIs('AWS::SecretsManager::Secret', 2);
  });
});

describe('who sends may read', () => {
  test('a secret by its whole ARN', () => {
    expect(statementsOf((stack) => ({ signing: WebhookSigning.fromSecret(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Partner', ARN)) }))).toEqual([
      { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: ARN },
    ]);
  });

  test('a secret by its whole ARN in a stack for any account, which is taken for that one', () => {
    const stack = new Stack(new App(), 'Anywhere');
    new WebhookScheduler(stack, 'Sched', { signing: WebhookSigning.fromSecret(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Partner', ARN)) });
    expect(JSON.stringify(Template.fromStack(stack).findResources('AWS::IAM::Policy'))).toContain(`"Action":"secretsmanager:GetSecretValue","Effect":"Allow","Resource":"${ARN}"`);
  });

  test('a secret of another account needs a key that this one may use', () => {
    const theirs = ARN.replace('111122223333', '444455556666');
    expect(() => statementsOf((stack) => ({ signing: WebhookSigning.fromSecret(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Partner', theirs)) }))).toThrow(
      'Stack/Partner cannot be read from another account: it is encrypted with the key of Secrets Manager',
    );
  });

  test('a secret by its name, whose ARN ends in characters that only AWS knows', () => {
    const [statement] = statementsOf((stack) => ({ signing: WebhookSigning.fromSecret(secretsmanager.Secret.fromSecretNameV2(stack, 'Partner', 'partner')) }));
    expect(JSON.stringify(statement)).toMatch(/:secretsmanager:eu-west-1:111122223333:secret:partner-\?{6}"/);
  });

  test('a secret with a key, which it may use for that secret\'s service only', () => {
    const keyArn = 'arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-4000-8000-000000000000';
    const statements = statementsOf((stack) => ({
      secretHeaders: [{
        header: 'x-api-key',
        hosts: ['api.example.com'],
        secret: secretsmanager.Secret.fromSecretAttributes(stack, 'Partner', {
          secretCompleteArn: ARN, encryptionKey: kms.Key.fromKeyArn(stack, 'Key', keyArn),
        }),
      }],
    }));
    expect(statements).toEqual([
      { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: ARN },
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: keyArn,
        Condition: { StringEquals: { 'kms:ViaService': ['secretsmanager.eu-west-1.amazonaws.com'] } },
      },
    ]);
  });

  test('another account may read a generated secret with a key, and cannot without one', () => {
    const other = new iam.AccountPrincipal('444455556666');
    const stack = newStack();
    const signing = WebhookSigning.generated();
    const scheduler = (id: string, encryptionKey?: kms.Key) => new WebhookScheduler(stack, id, { signing, encryptionKey });
    scheduler('Encrypted', new kms.Key(stack, 'Key')).grantReadSigningSecret(other);
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::SecretsManager::ResourcePolicy', {
      ResourcePolicy: { Statement: [{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue' }] },
    });
    const [{ Properties }] = Object.values(template.findResources('AWS::KMS::Key')) as { Properties: { KeyPolicy: { Statement: unknown[] } } }[];
    expect(Properties.KeyPolicy.Statement).toContainEqual(expect.objectContaining({
      Action: 'kms:Decrypt',
      Principal: { AWS: expect.anything() },
      Condition: { StringEquals: { 'kms:ViaService': ['secretsmanager.eu-west-1.amazonaws.com'] } },
    }));
    expect(() => scheduler('Plain').grantReadSigningSecret(other)).toThrow(
      'Stack/Plain/SigningSecret cannot be read from another account: it is encrypted with the key of Secrets Manager',
    );
  });
});

describe('secret headers', () => {
  const header = (changes: Partial<SecretHeader> = {}): SecretHeader => ({ header: 'Authorization', secret: imported(), hosts: ['api.example.com'], ...changes });

  test('become what the function reads', () => {
    const plans = secretHeaderPlans([header(), header({ header: 'x-api-key', field: 'billing', hosts: ['*.billing.example.com', '192.0.2.1'] })], RULES);
    expect(parseSecretHeaderPlans(JSON.stringify(plans))).toEqual(plans);
  });

  test.each([
    ['no name', { header: '' }, 'secretHeaders[1].header is "", expected the name of a header'],
    ['no header name', { header: 'x api key' }, 'secretHeaders[1].header is "x api key", expected the name of a header that a message may set too, other than cookie'],
    ['a header of the HTTP client', { header: 'Host' }, 'secretHeaders[1].header is "Host"'],
    ['a header of the sender', { header: 'Webhook-Signature' }, 'secretHeaders[1].header is "Webhook-Signature"'],
    ['cookies, which messages have', { header: 'Cookie' }, 'secretHeaders[1].header is "Cookie"'],
    ['a header that is not known', { header: token }, 'secretHeaders[1].header has to be known at synthesis, and is a token'],
    ['a field that is empty', { field: '' }, 'secretHeaders[1].field is empty'],
    ['no host', { hosts: [] }, 'secretHeaders[1].hosts has 0 elements, expected 1 to 20'],
    ['many hosts', { hosts: Array.from({ length: 21 }, (_, i) => `api${i}.example.com`) }, 'secretHeaders[1].hosts has 21 elements, expected 1 to 20'],
    ['half the internet', { hosts: ['*.com'] }, 'secretHeaders[1].hosts[0] is "*.com", expected the subdomains of a domain'],
    ['every host', { hosts: ['*'] }, 'secretHeaders[1].hosts[0] is "*", expected a host in lower-case ASCII'],
    ['a URL', { hosts: ['api.example.com', 'https://api.example.com'] }, 'secretHeaders[1].hosts[1] is "https://api.example.com", expected a host'],
    ['a host with a port', { hosts: ['api.example.com:8443'] }, 'secretHeaders[1].hosts[0] is "api.example.com:8443", expected a host'],
    ['a host in capitals', { hosts: ['API.example.com'] }, 'secretHeaders[1].hosts[0] is "API.example.com", expected a host'],
    ['a host that is not known', { hosts: [token] }, 'secretHeaders[1].hosts[0] has to be known at synthesis, and is a token'],
  ])('%s is refused', (_, changes, expected) => {
    expect(() => secretHeaderPlans([header(), header(changes)], RULES)).toThrow(expected);
  });

  test.each<[string[], NetworkPolicy]>([
    [['api.example.com'], NetworkPolicy.allowedHosts(['api.example.com'])],
    [['api.example.com'], NetworkPolicy.allowedHosts(['*.example.com'])],
    [['*.example.com'], NetworkPolicy.allowedHosts(['api.example.com'])],
    [['*.eu.example.com'], NetworkPolicy.allowedHosts(['*.example.com'])],
    [['*.example.com'], NetworkPolicy.allowedHosts(['other.example', '*.eu.example.com'])],
    [['*.example.com'], NetworkPolicy.publicInternet({ deniedHosts: ['internal.example.com', '*.eu.example.com'] })],
    [['example.com'], NetworkPolicy.publicInternet({ deniedHosts: ['*.example.com'] })],
  ])('for %j are accepted, where some webhooks may go there', (hosts, policy) => {
    expect(() => secretHeaderPlans([header({ hosts })], policy._toRules())).not.toThrow();
  });

  const NOT_ALLOWED = 'expected a host that webhooks go to: the hosts that networkPolicy allows do not include it';
  const DENIED = 'expected a host that webhooks go to: deniedHosts of networkPolicy name it';
  test.each<[string[], NetworkPolicy, string]>([
    [['api.example.com'], NetworkPolicy.allowedHosts(['www.example.com']), `hosts[0] is "api.example.com", ${NOT_ALLOWED}`],
    [['example.com'], NetworkPolicy.allowedHosts(['*.example.com']), `hosts[0] is "example.com", ${NOT_ALLOWED}`],
    [['*.example.com'], NetworkPolicy.allowedHosts(['example.com', '*.ample.com', 'api.example.org']), `hosts[0] is "*.example.com", ${NOT_ALLOWED}`],
    [['www.example.com', 'api.example.com'], NetworkPolicy.publicInternet({ deniedHosts: ['api.example.com'] }), `hosts[1] is "api.example.com", ${DENIED}`],
    [['api.example.com'], NetworkPolicy.publicInternet({ deniedHosts: ['*.example.com'] }), `hosts[0] is "api.example.com", ${DENIED}`],
    [['*.eu.example.com'], NetworkPolicy.publicInternet({ deniedHosts: ['*.example.com'] }), `hosts[0] is "*.eu.example.com", ${DENIED}`],
  ])('for %j are an error, where no webhook may go there', (hosts, policy, message) => {
    expect(() => secretHeaderPlans([header({ hosts })], policy._toRules())).toThrow(`secretHeaders[0].${message}`);
  });

  test('that do not fit into a variable are refused', () => {
    const headers = Array.from({ length: 20 }, (_, i) => header({ header: `x-key-${i}`, field: 'key' }));
    expect(secretHeaderPlans(headers.slice(0, 15), RULES)).toHaveLength(15);
    expect(() => secretHeaderPlans(headers, RULES)).toThrow(/^secretHeaders are \d+ characters as a variable of a function, which has room for \d+ besides the network policy/);
    const wordy = NetworkPolicy.allowedHosts(['api.example.com', ...Array.from({ length: 40 }, (_, i) => `a-long-name-of-a-host-${i}.example.com`)])._toRules();
    expect(() => secretHeaderPlans(headers.slice(0, 15), wordy)).toThrow('besides the network policy');
  });
});
