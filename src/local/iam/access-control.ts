// Judges requests, and tells of what it has judged.

import { type AuthorizationRequest, Authorizer, type Decision } from './authorizer';
import type { SecurityPlan } from './security-plan';

export interface Judgement {
  readonly request: AuthorizationRequest;
  readonly decision: Decision;
}

export interface Denial {
  readonly request: AuthorizationRequest;
  readonly reason: string;
}

export class AccessControl {
  public readonly authorizer: Authorizer;
  private readonly told = new Set<string>();

  /**
   * @param report told of every denial
   * @param everything whether it is told of what was allowed, too: once of each kind of request
   */
  constructor(public readonly plan: SecurityPlan, private readonly report: (judgement: Judgement) => void, private readonly everything: boolean) {
    this.authorizer = new Authorizer(plan.policies);
  }

  /** The first of the requests that is denied, if one is. */
  public firstDenial(requests: readonly AuthorizationRequest[]): Denial | undefined {
    for (const request of requests) {
      const decision = this.authorizer.decide(request);
      if (!decision.allowed || (this.everything && this.isNew(request))) this.report({ request, decision });
      if (!decision.allowed) return { request, reason: decision.reason };
    }
    return undefined;
  }

  public allows(...requests: readonly AuthorizationRequest[]): boolean {
    return this.firstDenial(requests) === undefined;
  }

  private isNew({ principal, action, resource, context }: AuthorizationRequest): boolean {
    // Of a table, every call may be about other keys.
    const { 'dynamodb:leadingkeys': _, ...kind } = context;
    const key = JSON.stringify([principal, action, resource, kind]);
    if (this.told.has(key)) return false;
    this.told.add(key);
    return true;
  }
}
