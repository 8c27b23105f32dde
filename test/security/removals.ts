// Takes policies apart, to see what of them is needed.
import { AuthorizationRequest, Authorizer } from '../../src/local/iam/authorizer';
import type { Policy, Statement } from '../../src/local/iam/policy';

/** One policy without one of its actions, or without a statement where that is its only one. */
interface Removal {
  readonly what: string;
  readonly policies: readonly Policy[];
}

export function removals(policies: readonly Policy[]): Removal[] {
  return policies.flatMap((policy) => policy.statements.flatMap((statement, position) => {
    const replaced = (by: readonly Statement[]) => policies.map((other) => (
      other === policy ? { ...policy, statements: policy.statements.flatMap((kept) => (kept === statement ? by : [kept])) } : other
    ));
    if (isOfTheKeysOwner(statement)) {
      return [];
    }
    return statement.actions.map((action): Removal => ({
      what: `${policy.name}: ${statement.effect} ${action} on ${statement.resources.join(', ')} (statement ${position + 1})`,
      policies: replaced(statement.actions.length === 1 ? [] : [{ ...statement, actions: statement.actions.filter((name) => name !== action) }]),
    }));
  }));
}

/**
 * What the construct of a secret adds to the policy of the app's key, for the account and by way of Secrets Manager. It repeats what a key
 * of the CDK allows its account anyway, and counts only for keys that do not.
 */
function isOfTheKeysOwner({ principals, conditions }: Statement): boolean {
  return principals !== undefined && principals.aws.length > 0
    && conditions.some(({ key, values }) => key === 'kms:viaservice' && values.every((value) => value.startsWith('secretsmanager.')));
}

/** What can be taken out of policies without any of the requests being decided otherwise. */
export function unneeded(policies: readonly Policy[], requests: readonly AuthorizationRequest[]): string[] {
  const decide = (under: readonly Policy[]) => {
    const authorizer = new Authorizer(under);
    return requests.map((request) => authorizer.decide(request).allowed);
  };
  const before = decide(policies);
  return removals(policies)
    .filter((removal) => decide(removal.policies).every((allowed, index) => allowed === before[index]))
    .map(({ what }) => what);
}
