// What the construct makes of secrets: who may read them, and what the deliver function has to know of them.
import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { isReserved, isToken } from './core/headers';
import { haveHostsInCommon, isCovered, NetworkRules } from './core/network';
import type { SecretHeaderPlan } from './core/signing';
import { grantUse } from './encryption';
import { arnFor, grantOn, isKnownToBeOfAnotherAccount, isOfAnotherAccount } from './grants';
import type { SecretHeader } from './secret-header';
import { requireHostPatterns, requireKnown, requireTexts } from './validation';

/** Lets a principal read the value of a secret, and nothing else of it. Throws where a key is missing that another account would need. */
export function allowReading(secret: secretsmanager.ISecret, grantee: iam.IGrantable): iam.Grant {
  const { encryptionKey } = secret;
  // Secrets Manager ends the ARN with a hyphen and six characters; one that is imported by its name comes without them.
  const arn = secret.secretFullArn ?? `${secret.secretArn}-??????`;
  const grant = grantOn(secret, grantee, {
    actions: ['secretsmanager:GetSecretValue'],
    resourceArns: [arnFor(secret, arn, grantee, { service: 'secretsmanager', resource: 'secret', arnFormat: ArnFormat.COLON_RESOURCE_NAME })],
    resourceSelfArns: [arn],
  });
  // Where one account is not known, a principal that takes the permission itself is taken for one of the same account, which most are.
  const isElsewhere = isKnownToBeOfAnotherAccount(secret, grantee) || (!grant.principalStatement && isOfAnotherAccount(secret, grantee));
  if (!encryptionKey && isElsewhere) {
    throw new Error(`${secret.node.path} cannot be read from another account: it is encrypted with the key of Secrets Manager, which no other `
      + 'account may use; give it an encryptionKey');
  }
  return encryptionKey ? grant.combine(grantUse(encryptionKey, grantee, Stack.of(secret).region, 'secretsmanager', 'kms:Decrypt')) : grant;
}

const MAX_HOSTS = 20;
/**
 * The variables of a function hold 4 KB in all, names included. The network policy and the secret headers may have this of it together; the
 * others need about 1 KB. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */
const MAX_LENGTH = 2_900;
/** What an ARN that is not known yet is counted as. */
const ARN = 'arn:aws:secretsmanager:ap-southeast-2:111122223333:secret:SchedulerStackWithALongName-AndASecretOfIt-1234567890ab-123456';

/**
 * As the deliver function reads them. Throws an error that names the setting which is wrong.
 *
 * @param networkRules what they share the room for variables with
 */
export function secretHeaderPlans(headers: readonly SecretHeader[], networkRules: NetworkRules): readonly SecretHeaderPlan[] {
  const plans = headers.map(({ header, secret, field, hosts }, index): SecretHeaderPlan => {
    const name = `secretHeaders[${index}]`;
    requireKnown(`${name}.header`, Token.isUnresolved(header), 'string');
    if (!isToken(header) || isReserved(header) || header.toLowerCase() === 'cookie') {
      throw new Error(`${name}.header is ${JSON.stringify(header)}, expected the name of a header that a message may set too, other than cookie`);
    }
    requireField(`${name}.field`, field);
    if (hosts.length < 1 || hosts.length > MAX_HOSTS) {
      throw new Error(`${name}.hosts has ${hosts.length} elements, expected 1 to ${MAX_HOSTS}`);
    }
    requireHostPatterns(`${name}.hosts`, hosts);
    requireTexts(`${name}.hosts`, hosts, (host) => !/^\*\.[^.]+$/.test(host), 'the subdomains of a domain that is yours or the endpoint\'s, not of a top-level one');
    requireTexts(`${name}.hosts`, hosts, (host) => !isCovered(host, networkRules.deniedHosts),
      'a host that webhooks go to: deniedHosts of networkPolicy name it; leave it out here or there');
    requireTexts(`${name}.hosts`, hosts, (host) => networkRules.allowedHosts?.some((allowed) => haveHostsInCommon(host, allowed)) ?? true,
      'a host that webhooks go to: the hosts that networkPolicy allows do not include it; add it there, or leave it out here');
    return { header, secretId: secret.secretArn, field, hosts };
  });
  const length = JSON.stringify(plans.map((plan) => ({ ...plan, secretId: Token.isUnresolved(plan.secretId) ? ARN : plan.secretId }))).length;
  const room = MAX_LENGTH - JSON.stringify(networkRules).length;
  if (length > room) {
    throw new Error(`secretHeaders are ${length} characters as a variable of a function, which has room for ${room} besides the network policy: `
      + 'name fewer hosts, or patterns of them');
  }
  return plans;
}

/** Requires the name of a JSON field, where one is given. */
export function requireField(name: string, field: string | undefined): void {
  if (field === undefined) {
    return;
  }
  requireKnown(name, Token.isUnresolved(field), 'string');
  if (field === '') {
    throw new Error(`${name} is empty, expected the name of a field of the secret's JSON, or nothing for the whole string`);
  }
}
