// Lets principals use resources. Those of another account have to be let in on both sides:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
import { IResource, Token, TokenComparison } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';

/** What is permitted, and on which condition. */
export interface Permission {
  readonly actions: string[];
  readonly resourceArns: string[];
  /** What the policy of the resource calls the resource, where that is not its ARN. */
  readonly resourceSelfArns?: string[];
  readonly conditions?: Record<string, Record<string, unknown>>;
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
  if (own.success && !isOfAnotherAccount(resource, grantee)) {
    return own;
  }
  const statement = new iam.PolicyStatement({ principals: [principalOf(resource, grantee)], actions, resources: resourceSelfArns, conditions });
  return own.combine(iam.Grant.addStatementToResourcePolicy({ grantee, actions, resourceArns, resource, statement }));
}

/** Whether a principal is of another account than a resource, or may be: the account of one is known, and that of the other is not. */
export function isOfAnotherAccount({ env: { account } }: IResource, { grantPrincipal: { principalAccount } }: iam.IGrantable): boolean {
  const comparison = principalAccount === undefined ? TokenComparison.DIFFERENT : Token.compareStrings(account, principalAccount);
  return comparison !== TokenComparison.SAME && comparison !== TokenComparison.BOTH_UNRESOLVED;
}

/**
 * The principal as the policy of a resource names it. What the app creates in another account need not have a name, and need not exist yet, as
 * it has to when a policy names it; so the policy leaves it to that account.
 */
function principalOf(resource: IResource, { grantPrincipal }: iam.IGrantable): iam.IPrincipal {
  const { principalAccount } = grantPrincipal;
  if (!principalAccount || !iam.principalIsOwnedResource(grantPrincipal)) {
    return grantPrincipal;
  }
  const isElsewhere = Token.compareStrings(resource.env.account, principalAccount) === TokenComparison.DIFFERENT;
  return isElsewhere ? new iam.AccountPrincipal(principalAccount) : grantPrincipal;
}
