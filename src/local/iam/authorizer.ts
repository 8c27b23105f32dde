// Decides whether a request is allowed, the way IAM does within one account.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

import { type Context, holds } from './conditions';
import { pattern } from './pattern';
import type { Policy, PolicyKind, Principals, Statement } from './policy';
import { LOCAL_ACCOUNT } from '../local-account';

/**
 * Who asks.
 * - `role`: a function, or Lambda on its behalf; `session` names the function in messages
 * - `service`: an AWS service on its own behalf, such as `sns.amazonaws.com`
 * - `administrator`: whoever deploys and operates, and may do anything that no resource's policy denies
 */
export type Principal =
  | { readonly kind: 'role'; readonly roleArn: string; readonly session: string }
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'administrator' };

export interface AuthorizationRequest {
  readonly principal: Principal;
  /** Such as `sqs:SendMessage`. */
  readonly action: string;
  /** ARN, or `*` for actions that are about none. */
  readonly resource: string;
  /** Beside what follows from the principal. */
  readonly context: Context;
}

export type Decision = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

const ACCOUNT_ROOT = `arn:aws:iam::${LOCAL_ACCOUNT}:root`;
const ALLOWED: Decision = { allowed: true };

/** How AWS names a principal in messages. */
export function principalArn(principal: Principal): string {
  switch (principal.kind) {
    case 'role': return principal.roleArn.replace(':iam:', ':sts:').replace(/:role\/(?:.*\/)?([^/]+)$/, `:assumed-role/$1/${principal.session}`);
    case 'service': return principal.service;
    case 'administrator': return ACCOUNT_ROOT;
  }
}

/** The text of a refusal, as AWS words it. */
export function denialMessage({ principal, action, resource }: AuthorizationRequest, reason: string): string {
  return `User: ${principalArn(principal)} is not authorized to perform: ${action} on resource: ${resource} ${reason}`;
}

export class Authorizer {
  private readonly statements = new Map<string, readonly Compiled[]>();

  constructor(policies: readonly Policy[]) {
    for (const { kind, attachedTo, statements } of policies) {
      for (const arn of attachedTo) {
        const key = `${kind} ${arn}`;
        this.statements.set(key, [...this.statements.get(key) ?? [], ...statements.map(compile)]);
      }
    }
  }

  /** Replaces the policy of a resource, as the APIs of the services can. */
  public setResourcePolicy(arn: string, statements: readonly Statement[]): void {
    this.statements.set(`resource ${arn}`, statements.map(compile));
  }

  public decide(request: AuthorizationRequest): Decision {
    const { principal, action } = request;
    const context = { ...request.context, ...principalContext(principal) };
    const matching = (kind: PolicyKind, arn: string): Statement[] => (
      this.statements.get(`${kind} ${arn}`)?.filter(compiled => applies(compiled, request, context)).map(({ statement }) => statement) ?? []
    );
    const about = matching('resource', request.resource).filter(({ principals }) => !principals || names(principals, principal) !== 'nobody');
    if (about.some(isDeny)) return denied('with an explicit deny in a resource-based policy');
    const direct = about.some(({ principals }) => !principals || names(principals, principal) === 'directly');
    if (principal.kind === 'service') return direct ? ALLOWED : denied(`because no resource-based policy allows the ${action} action`);

    const own = principal.kind === 'role' ? matching('identity', principal.roleArn) : [];
    if (own.some(isDeny)) return denied('with an explicit deny in an identity-based policy');
    if (principal.kind === 'role' && this.statements.has(`boundary ${principal.roleArn}`)) {
      const bounds = matching('boundary', principal.roleArn);
      if (bounds.some(isDeny)) return denied('with an explicit deny in a permissions boundary');
      if (bounds.length === 0) return denied(`because no permissions boundary allows the ${action} action`);
    }
    if (direct) return ALLOWED;
    // A key is the one resource whose own policy has to agree, be it by leaving the decision to the account:
    // https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
    if (action.startsWith('kms:') && about.length === 0) return denied(`because no resource-based policy allows the ${action} action`);
    if (principal.kind === 'administrator' || own.length > 0) return ALLOWED;
    return denied(`because no identity-based policy allows the ${action} action`);
  }
}

function denied(reason: string): Decision {
  return { allowed: false, reason };
}

function isDeny({ effect }: Statement): boolean {
  return effect === 'Deny';
}

/** Patterns are compiled once: each is asked about at every request of its role or resource. */
interface Compiled {
  readonly statement: Statement;
  readonly actions: readonly RegExp[];
  readonly resources: readonly RegExp[];
}

function compile(statement: Statement): Compiled {
  return {
    statement, actions: statement.actions.map(action => pattern(action, 'si')), resources: statement.resources.map(resource => pattern(resource)),
  };
}

function applies({ statement, actions, resources }: Compiled, { action, resource }: AuthorizationRequest, context: Context): boolean {
  return actions.some(name => name.test(action)) !== statement.notActions
    && resources.some(arn => arn.test(resource)) !== statement.notResources
    && statement.conditions.every(condition => holds(condition, context));
}

/** Whether a statement is about a principal: about itself, or about its account, which leaves it to the policies of the principal. */
function names({ everyone, aws, services }: Principals, principal: Principal): 'directly' | 'by account' | 'nobody' {
  if (everyone) return 'directly';
  if (principal.kind === 'service') return services.includes(principal.service) ? 'directly' : 'nobody';
  if (principal.kind === 'role' && (aws.includes(principal.roleArn) || aws.includes(principalArn(principal)))) return 'directly';
  return aws.includes(LOCAL_ACCOUNT) || aws.includes(ACCOUNT_ROOT) ? 'by account' : 'nobody';
}

function principalContext(principal: Principal): Context {
  if (principal.kind === 'service') return { 'aws:principalisawsservice': 'true', 'aws:principalservicename': principal.service };
  return {
    'aws:principalisawsservice': 'false',
    'aws:principalaccount': LOCAL_ACCOUNT,
    'aws:principalarn': principal.kind === 'role' ? principal.roleArn : ACCOUNT_ROOT,
    'kms:calleraccount': LOCAL_ACCOUNT,
  };
}
