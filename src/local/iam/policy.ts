// IAM policies as data: what a policy document says, read strictly. What is not understood is an error, never skipped.

import { type Condition, readConditions } from './conditions';
import { type Json, type JsonObject, isObject, show } from '../json';

export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  /** Names, with wildcards: `sqs:SendMessage`, `kms:GenerateDataKey*`. */
  readonly actions: readonly string[];
  /** Whether it is about every action but these. */
  readonly notActions: boolean;
  /** ARNs, with wildcards. */
  readonly resources: readonly string[];
  /** Whether it is about every resource but these. */
  readonly notResources: boolean;
  /** Of resource policies: whom it is about. */
  readonly principals?: Principals;
  readonly conditions: readonly Condition[];
}

export interface Principals {
  readonly everyone: boolean;
  /** Account ids, and ARNs of accounts (`…:root`), roles and their sessions. */
  readonly aws: readonly string[];
  /** Such as `sns.amazonaws.com`. */
  readonly services: readonly string[];
}

/**
 * - `identity`: what a role may do
 * - `boundary`: the most that a role may do
 * - `resource`: who may do something with a queue, topic, table, secret or key, invoke a function, or assume a role
 */
export type PolicyKind = 'identity' | 'boundary' | 'resource';

export interface Policy {
  /** How messages name it. */
  readonly name: string;
  readonly kind: PolicyKind;
  /** ARNs of the roles or resources that it is attached to. */
  readonly attachedTo: readonly string[];
  readonly statements: readonly Statement[];
}

const STATEMENT_ELEMENTS = new Set(['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Principal', 'Condition']);

/** Reads a policy document whose intrinsics are resolved. */
export function readStatements(document: Json | undefined, kind: PolicyKind): Statement[] {
  const statements = isObject(document) ? document.Statement : undefined;
  if (statements === undefined) throw new Error(`the policy document is ${show(document)}; expected an object with a Statement`);
  return (Array.isArray(statements) ? statements : [statements]).map(statement => {
    if (!isObject(statement)) throw new Error(`a policy statement is ${show(statement)}; expected an object`);
    return readStatement(statement, kind);
  });
}

function readStatement(statement: JsonObject, kind: PolicyKind): Statement {
  const unknown = Object.keys(statement).filter(element => !STATEMENT_ELEMENTS.has(element));
  if (unknown.length > 0) throw new Error(`a policy statement has ${unknown.join(', ')}; supported are ${[...STATEMENT_ELEMENTS].join(', ')}`);
  if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny') {
    throw new Error(`a policy statement has the Effect ${show(statement.Effect)}; expected Allow or Deny`);
  }
  const [actions, notActions] = either(statement, 'Action');
  // A trust policy names no resource: it is about its own role.
  const [resources, notResources] = kind === 'resource' && statement.Resource === undefined && statement.NotResource === undefined
    ? [['*'], false] : either(statement, 'Resource');
  if ((kind === 'resource') !== (statement.Principal !== undefined)) {
    throw new Error(`a policy statement has the Principal ${show(statement.Principal)}; expected `
      + (kind === 'resource' ? 'one, since it is about a resource' : 'none, since its role is the principal'));
  }
  return {
    effect: statement.Effect,
    actions,
    notActions,
    resources,
    notResources,
    ...(statement.Principal === undefined ? {} : { principals: readPrincipals(statement.Principal) }),
    conditions: readConditions(statement.Condition),
  };
}

function either(statement: JsonObject, element: 'Action' | 'Resource'): [string[], boolean] {
  const [plain, negated] = [statement[element], statement[`Not${element}`]];
  if ((plain === undefined) === (negated === undefined)) throw new Error(`a policy statement needs one of ${element} and Not${element}`);
  return [strings(plain ?? negated, element), plain === undefined];
}

function readPrincipals(principal: Json): Principals {
  if (principal === '*') return { everyone: true, aws: [], services: [] };
  if (!isObject(principal)) throw new Error(`a policy statement has the Principal ${show(principal)}; expected "*" or an object`);
  const unknown = Object.keys(principal).filter(type => type !== 'AWS' && type !== 'Service');
  if (unknown.length > 0) throw new Error(`a policy statement has a Principal of type ${unknown.join(', ')}; supported are AWS and Service`);
  const aws = principal.AWS === undefined ? [] : strings(principal.AWS, 'Principal.AWS');
  return {
    everyone: aws.includes('*'),
    aws: aws.filter(item => item !== '*'),
    services: principal.Service === undefined ? [] : strings(principal.Service, 'Principal.Service'),
  };
}

export function strings(value: Json | undefined, element: string): string[] {
  const items = Array.isArray(value) ? value : [value];
  return items.map(item => {
    if (typeof item !== 'string') throw new Error(`${element} of a policy statement holds ${show(item)}; expected a string`);
    if (item.includes('${')) throw new Error(`${element} of a policy statement is ${show(item)}; policy variables are not supported`);
    return item;
  });
}
