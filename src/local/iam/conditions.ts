// Conditions of policy statements: the operators and keys that occur in templates. An unknown one is an error when the template is read.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html

import { pattern } from './pattern';
import { type Json, asString, isObject, show } from '../json';

export interface Condition {
  readonly operator: Operator;
  readonly set?: 'ForAllValues' | 'ForAnyValue';
  readonly ifExists: boolean;
  /** In lower case, as the keys of a context are: names of keys take any case. */
  readonly key: string;
  readonly values: readonly string[];
}

/** What is known of a request, by keys in lower case. */
export type Context = Readonly<Record<string, string | readonly string[]>>;

type Test = (actual: string, expected: string) => boolean;

const equal: Test = (actual, expected) => actual === expected;
const equalIgnoringCase: Test = (actual, expected) => actual.toLowerCase() === expected.toLowerCase();
const like: Test = (actual, expected) => pattern(expected).test(actual);

/** The negated ones hold if no value matches. */
const OPERATORS = {
  StringEquals: { test: equal, negated: false },
  StringNotEquals: { test: equal, negated: true },
  StringEqualsIgnoreCase: { test: equalIgnoringCase, negated: false },
  StringNotEqualsIgnoreCase: { test: equalIgnoringCase, negated: true },
  StringLike: { test: like, negated: false },
  StringNotLike: { test: like, negated: true },
  // The four of ARNs take wildcards, all of them.
  ArnEquals: { test: like, negated: false },
  ArnLike: { test: like, negated: false },
  ArnNotEquals: { test: like, negated: true },
  ArnNotLike: { test: like, negated: true },
  Bool: { test: equalIgnoringCase, negated: false },
  Null: { test: equal, negated: false },
} as const satisfies Record<string, { test: Test; negated: boolean }>;
type Operator = keyof typeof OPERATORS;

/** The keys that a request of the engine can have. */
const KEYS = new Set([
  'aws:SecureTransport', 'aws:SourceArn', 'aws:SourceAccount', 'aws:PrincipalAccount', 'aws:PrincipalArn', 'aws:PrincipalIsAWSService',
  'aws:PrincipalServiceName', 'aws:RequestedRegion', 'aws:ResourceAccount',
  'dynamodb:LeadingKeys', 'kms:CallerAccount', 'kms:ViaService', 'kms:GrantIsForAWSResource', 'lambda:SourceFunctionArn',
  'secretsmanager:SecretId', 'secretsmanager:VersionStage', 'secretsmanager:VersionId',
].map(key => key.toLowerCase()));
const KEY_PREFIX = 'kms:encryptioncontext:';

export function readConditions(value: Json | undefined): Condition[] {
  if (value === undefined) return [];
  if (!isObject(value)) throw new Error(`the Condition of a policy statement is ${show(value)}; expected an object`);
  return Object.entries(value).flatMap(([name, keys]) => {
    const [, set, operator, ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name) ?? [];
    if (operator === undefined || !(operator in OPERATORS)) {
      throw new Error(`the Condition of a policy statement has the operator ${show(name)}; supported are ${Object.keys(OPERATORS).join(', ')}`);
    }
    if (!isObject(keys)) throw new Error(`the Condition ${name} is ${show(keys)}; expected an object`);
    return Object.entries(keys).map(([key, expected]): Condition => {
      const lowered = key.toLowerCase();
      if (!KEYS.has(lowered) && !lowered.startsWith(KEY_PREFIX)) {
        throw new Error(`the Condition of a policy statement has the key ${show(key)}, which no request has here; supported are `
          + `${[...KEYS].join(', ')} and ${KEY_PREFIX}*`);
      }
      const values = (Array.isArray(expected) ? expected : [expected]).map(item => {
        const text = asString(item);
        if (text === undefined) throw new Error(`the Condition ${name} of ${key} holds ${show(item)}; expected a string`);
        if (text.includes('${')) throw new Error(`the Condition ${name} of ${key} is ${show(text)}; policy variables are not supported`);
        return text;
      });
      return { operator: operator as Operator, ...(set ? { set: set as 'ForAllValues' } : {}), ifExists: ifExists !== undefined, key: lowered, values };
    });
  });
}

export function holds({ operator, set, ifExists, key, values }: Condition, context: Context): boolean {
  const found = context[key];
  const actual = found === undefined ? [] : typeof found === 'string' ? [found] : found;
  const { test, negated } = OPERATORS[operator];
  if (operator === 'Null') return values.includes(String(actual.length === 0));
  if (actual.length === 0) {
    if (set) return set === 'ForAllValues';
    return ifExists || negated;
  }
  const one = (item: string): boolean => values.some(expected => test(item, expected)) !== negated;
  return set === 'ForAllValues' || (!set && negated) ? actual.every(one) : actual.some(one);
}
