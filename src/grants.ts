// Lets principals use resources. Those of another account have to be let in on both sides:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
import { Arn, ArnComponents, Aws, IResource, Resource, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';

/** What is permitted, and on which condition. */
export interface Permission {
  readonly actions: string[];
  readonly resourceArns: string[];
  /** What the policy of the resource calls the resource, where that is not its ARN. */
  readonly resourceSelfArns?: string[];
  readonly conditions?: Record<string, Record<string, unknown>>;
}

/** Permits just these actions, by the principal's own policy; the resources' own grants allow more than the handlers do. */
export function allow(grantee: iam.IGrantable, resourceArns: string | string[], ...actions: string[]): iam.Grant {
  return iam.Grant.addToPrincipal({ grantee, actions, resourceArns: [resourceArns].flat() });
}

/**
 * Permits something to a principal: by its own policy, and by the resource's policy too where the principal is of another account, or has no
 * policy that could be changed from here.
 *
 * `iam.Grant.addToPrincipalOrResource` does that as well, but forgets the conditions.
 */
export function grantOn(resource: iam.IResourceWithPolicy, grantee: iam.IGrantable, permission: Permission): iam.Grant {
  const { actions, resourceArns, resourceSelfArns = resourceArns, conditions } = permission;
  const own = iam.Grant.addToPrincipal({ grantee, actions, resourceArns, conditions });
  // The policy of an imported resource is its owner's to change, and a grant that has come to nothing says so.
  if (!Resource.isOwnedResource(resource) || (own.success && !isOfAnotherAccount(resource, grantee))) {
    return own;
  }
  const statement = new iam.PolicyStatement({ principals: [principalOf(resource, grantee)], actions, resources: resourceSelfArns, conditions });
  return own.combine(iam.Grant.addStatementToResourcePolicy({ grantee, actions, resourceArns, resource, statement }));
}

/**
 * A resource as the policy of a principal names it. Nobody knows what a resource without a name of its own will be called, so that a stack of another
 * account or region can name all of its kind only, there; which one is meant is up to that one's policy.
 */
export function arnFor(
  resource: IResource, arn: string, { grantPrincipal }: iam.IGrantable, kind: Pick<ArnComponents, 'service' | 'resource' | 'arnFormat'>,
): string {
  const { account, region } = resource.env;
  const isKnown = !Token.isUnresolved(account) && !Token.isUnresolved(region);
  if (!isKnown || !Resource.isOwnedResource(resource) || !iam.principalIsOwnedResource(grantPrincipal)) {
    return arn;
  }
  const stack = Stack.of(grantPrincipal);
  return stack.account === account && stack.region === region ? arn : Arn.format({ ...kind, partition: Aws.PARTITION, account, region, resourceName: '*' });
}

/** Whether a principal is of another account than a resource, or may be: the account of one is known, and that of the other is not. */
export function isOfAnotherAccount({ env: { account } }: IResource, { grantPrincipal: { principalAccount } }: iam.IGrantable): boolean {
  const comparison = principalAccount === undefined ? TokenComparison.DIFFERENT : Token.compareStrings(account, principalAccount);
  return comparison !== TokenComparison.SAME && comparison !== TokenComparison.BOTH_UNRESOLVED;
}

/** Whether both accounts are known, and differ. */
export function isKnownToBeOfAnotherAccount({ env: { account } }: IResource, { grantPrincipal: { principalAccount } }: iam.IGrantable): boolean {
  return principalAccount !== undefined && Token.compareStrings(account, principalAccount) === TokenComparison.DIFFERENT;
}

/**
 * The principal as the policy of a resource names it. What the app creates in another account need not have a name, and need not exist yet, as
 * it has to when a policy names it; so the policy leaves it to that account.
 */
function principalOf(resource: IResource, grantee: iam.IGrantable): iam.IPrincipal {
  const { grantPrincipal } = grantee;
  return iam.principalIsOwnedResource(grantPrincipal) && isKnownToBeOfAnotherAccount(resource, grantee)
    ? new iam.AccountPrincipal(grantPrincipal.principalAccount) : grantPrincipal;
}
