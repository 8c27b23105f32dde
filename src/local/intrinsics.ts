// Resolves CloudFormation's intrinsic functions within one assembly, and finds which resources a value refers to.

import type { StackTemplate } from './assembly';
import { type Json, type JsonObject, asString, isObject, show } from './json';
import { LOCAL_ACCOUNT } from './local-account';

const DEFAULT_REGION = 'us-east-1';

/** A value that has no meaning outside AWS, or none in this assembly. */
export class UnresolvedError extends Error {}

/** A resource, by its stack and logical id. */
export interface ResourceRef {
  readonly stack: StackTemplate;
  readonly logicalId: string;
}

/** Gives what `Ref` (no attribute) or `Fn::GetAtt` returns for a resource of the assembly. */
export type AttributeLookup = (resource: ResourceRef, attribute?: string) => Json;

export function regionOf(stack: StackTemplate): string {
  return stack.region ?? DEFAULT_REGION;
}

export class Intrinsics {
  constructor(private readonly stacks: readonly StackTemplate[], private readonly lookup: AttributeLookup) {}

  /** The value with every intrinsic replaced; `undefined` for `AWS::NoValue`, which also disappears from lists and objects. */
  public resolve(stack: StackTemplate, value: Json | undefined): Json | undefined {
    if (value === undefined || value === null || typeof value === 'boolean' || typeof value === 'number') return value ?? undefined;
    if (typeof value === 'string') return this.text(stack, value);
    if (Array.isArray(value)) {
      return value.map(item => this.resolve(stack, item)).filter(item => item !== undefined);
    }
    const call = intrinsicCall(value);
    if (call) {
      const result = this.call(stack, call.name, call.argument);
      return typeof result === 'string' ? this.text(stack, result) : result;
    }
    const result: JsonObject = {};
    for (const [key, item] of Object.entries(value)) {
      const resolved = this.resolve(stack, item);
      if (resolved !== undefined) result[key] = resolved;
    }
    return result;
  }

  /** Whether a condition of the template holds; a resource without one always exists. */
  public condition(stack: StackTemplate, name: string | undefined): boolean {
    if (name === undefined) return true;
    const condition = stack.template.Conditions[name];
    if (condition === undefined) throw new UnresolvedError(`the condition ${name} is not in the template`);
    return this.test(stack, condition);
  }

  /** The resources of the assembly that a value refers to, through parameters of nested stacks and through exports as well. */
  public references(stack: StackTemplate, value: Json | undefined): ResourceRef[] {
    if (Array.isArray(value)) return value.flatMap(item => this.references(stack, item));
    if (!isObject(value)) return [];
    const call = intrinsicCall(value);
    if (!call) return Object.values(value).flatMap(item => this.references(stack, item));
    const { name, argument } = call;
    switch (name) {
      case 'Ref': return typeof argument === 'string' ? this.referencesByName(stack, argument) : [];
      case 'Fn::GetAtt': {
        const [logicalId, attribute] = getAttArguments(argument);
        return this.referencesByName(stack, logicalId, attribute);
      }
      case 'Fn::Sub': {
        const [text, variables] = subArguments(argument);
        return [
          ...placeholders(text).filter(([key]) => !(key in variables)).flatMap(([key, attribute]) => this.referencesByName(stack, key, attribute)),
          ...this.references(stack, variables),
        ];
      }
      case 'Fn::If': {
        const [condition, yes, no] = Array.isArray(argument) ? argument : [];
        return this.references(stack, this.condition(stack, String(condition)) ? yes : no);
      }
      case 'Fn::ImportValue': {
        const found = this.findExport(asString(this.resolve(stack, argument)) ?? '');
        return found ? this.references(found.stack, found.value) : [];
      }
      default: return this.references(stack, argument);
    }
  }

  private referencesByName(stack: StackTemplate, name: string, attribute?: string): ResourceRef[] {
    if (stack.template.Resources[name]) {
      const nested = this.nestedStack(stack, name);
      const output = attribute?.startsWith('Outputs.') ? nested?.template.Outputs[attribute.slice('Outputs.'.length)] : undefined;
      return nested && output ? this.references(nested, output.Value) : [{ stack, logicalId: name }];
    }
    const given = this.nestedParameter(stack, name);
    return given ? this.references(given.stack, given.value) : [];
  }

  private call(stack: StackTemplate, name: string, argument: Json): Json | undefined {
    const list = (minimum: number): Json[] => {
      if (!Array.isArray(argument) || argument.length < minimum) {
        throw new UnresolvedError(`${name} needs a list of at least ${minimum} values, got ${show(argument)}`);
      }
      return argument;
    };
    switch (name) {
      case 'Ref': return this.ref(stack, String(argument));
      case 'Fn::GetAtt': {
        const [logicalId, attribute] = getAttArguments(argument);
        return this.attribute(stack, logicalId, attribute);
      }
      case 'Fn::Join': {
        const [delimiter, items] = list(2);
        return this.strings(stack, name, items).join(String(delimiter));
      }
      case 'Fn::Split': {
        const [delimiter, source] = list(2);
        return this.string(stack, name, source).split(String(delimiter));
      }
      case 'Fn::Select': {
        const [index, items] = list(2);
        const position = Number(this.resolve(stack, index));
        const resolved = this.resolve(stack, items);
        const item = Array.isArray(resolved) ? resolved[position] : undefined;
        if (item === undefined) throw new UnresolvedError(`Fn::Select finds nothing at ${show(index)} of ${show(resolved)}`);
        return item;
      }
      case 'Fn::Sub': {
        const [text, variables] = subArguments(argument);
        return text.replace(/\$\{([^}]*)\}/g, (whole, key: string) => {
          if (key.startsWith('!')) return `\${${key.slice(1)}}`;
          const [target, attribute] = splitAttribute(key.trim());
          const value = key.trim() in variables ? this.resolve(stack, variables[key.trim()])
            : attribute === undefined ? this.ref(stack, target) : this.attribute(stack, target, attribute);
          const result = asString(value);
          if (result === undefined) throw new UnresolvedError(`Fn::Sub cannot put ${show(value)} in place of ${whole}`);
          return result;
        });
      }
      case 'Fn::If': {
        const [condition, yes, no] = list(3);
        return this.resolve(stack, this.condition(stack, String(condition)) ? yes : no);
      }
      case 'Fn::FindInMap': {
        const [map, first, second] = list(3).map(item => this.string(stack, name, item));
        const level = stack.template.Mappings[map];
        const row = isObject(level) ? level[first] : undefined;
        const found = isObject(row) ? row[second] : undefined;
        if (found === undefined) throw new UnresolvedError(`Fn::FindInMap finds no ${map}.${first}.${second}`);
        return found;
      }
      case 'Fn::ImportValue': {
        const exportName = this.string(stack, name, argument);
        const found = this.findExport(exportName);
        if (!found) throw new UnresolvedError(`no stack of the assembly exports ${show(exportName)}`);
        return this.resolve(found.stack, found.value);
      }
      case 'Fn::Base64': return Buffer.from(this.string(stack, name, argument)).toString('base64');
      case 'Fn::ToJsonString': return JSON.stringify(this.resolve(stack, argument));
      default: throw new UnresolvedError(`the intrinsic function ${name} is not supported here`);
    }
  }

  private test(stack: StackTemplate, condition: Json): boolean {
    if (isObject(condition) && typeof condition.Condition === 'string') return this.condition(stack, condition.Condition);
    const call = isObject(condition) ? intrinsicCall(condition) : undefined;
    const list = call && Array.isArray(call.argument) ? call.argument : [];
    switch (call?.name) {
      case 'Fn::Equals': return JSON.stringify(this.resolve(stack, list[0])) === JSON.stringify(this.resolve(stack, list[1]));
      case 'Fn::Not': return !this.test(stack, list[0]);
      case 'Fn::And': return list.every(item => this.test(stack, item));
      case 'Fn::Or': return list.some(item => this.test(stack, item));
      default: throw new UnresolvedError(`${show(condition)} is not a condition that can be decided here`);
    }
  }

  private ref(stack: StackTemplate, name: string): Json | undefined {
    if (name.startsWith('AWS::')) return pseudoParameter(stack, name);
    if (stack.template.Resources[name]) return this.lookup({ stack, logicalId: name });
    const given = this.nestedParameter(stack, name);
    if (given) return this.resolve(given.stack, given.value);
    const parameter = stack.template.Parameters[name];
    if (!parameter) throw new UnresolvedError(`${show(name)} is neither a resource nor a parameter of the stack`);
    if (String(parameter.Type).startsWith('AWS::SSM::')) {
      throw new UnresolvedError(`the parameter ${name} takes its value from the Systems Manager parameter store, which does not run here`);
    }
    if (parameter.Default === undefined) throw new UnresolvedError(`the parameter ${name} has no default value`);
    const isList = parameter.Type === 'CommaDelimitedList' || String(parameter.Type).startsWith('List<');
    return isList && typeof parameter.Default === 'string' ? parameter.Default.split(',').map(item => item.trim()) : parameter.Default;
  }

  private attribute(stack: StackTemplate, logicalId: string, attribute: string): Json | undefined {
    if (!stack.template.Resources[logicalId]) throw new UnresolvedError(`${show(logicalId)} is not a resource of the stack`);
    const nested = this.nestedStack(stack, logicalId);
    if (nested && attribute.startsWith('Outputs.')) {
      const output = nested.template.Outputs[attribute.slice('Outputs.'.length)];
      if (!output) throw new UnresolvedError(`the nested stack ${logicalId} has no ${attribute}`);
      return this.resolve(nested, output.Value);
    }
    return this.lookup({ stack, logicalId }, attribute);
  }

  private nestedStack(stack: StackTemplate, logicalId: string): StackTemplate | undefined {
    return this.stacks.find(other => other.nestedIn?.stack === stack && other.nestedIn.logicalId === logicalId);
  }

  private nestedParameter(stack: StackTemplate, name: string): { stack: StackTemplate; value: Json } | undefined {
    if (!stack.nestedIn || !stack.template.Parameters[name]) return undefined;
    const parent = stack.nestedIn.stack;
    const given = parent.template.Resources[stack.nestedIn.logicalId]?.Properties?.Parameters;
    return isObject(given) && given[name] !== undefined ? { stack: parent, value: given[name] } : undefined;
  }

  private findExport(name: string): { stack: StackTemplate; value: Json } | undefined {
    for (const stack of this.stacks) {
      for (const output of Object.values(stack.template.Outputs)) {
        if (isObject(output.Export) && output.Export.Name !== undefined && this.resolve(stack, output.Export.Name) === name) {
          return { stack, value: output.Value };
        }
      }
    }
    return undefined;
  }

  private string(stack: StackTemplate, where: string, value: Json): string {
    const resolved = this.resolve(stack, value);
    const text = asString(resolved);
    if (text === undefined) throw new UnresolvedError(`${where} needs a string, got ${show(resolved)}`);
    return text;
  }

  private strings(stack: StackTemplate, where: string, value: Json): string[] {
    const resolved = this.resolve(stack, value);
    if (!Array.isArray(resolved)) throw new UnresolvedError(`${where} needs a list, got ${show(resolved)}`);
    return resolved.map(item => this.string(stack, where, item));
  }

  private text(stack: StackTemplate, value: string): string {
    if (value.includes('{{resolve:')) throw new UnresolvedError(`the dynamic reference ${show(value)} has no value outside AWS`);
    // ARNs that an app spells out for its own account must name what the emulators created.
    return stack.account && value.startsWith('arn:') ? value.replace(`:${stack.account}:`, `:${LOCAL_ACCOUNT}:`) : value;
  }
}

/** Whether an object stands for a value that CloudFormation works out. */
export function isIntrinsic(value: JsonObject): boolean {
  return intrinsicCall(value) !== undefined;
}

function intrinsicCall(value: JsonObject): { name: string; argument: Json } | undefined {
  const keys = Object.keys(value);
  if (keys.length !== 1) return undefined;
  const [name] = keys;
  return name === 'Ref' || name.startsWith('Fn::') ? { name, argument: value[name] } : undefined;
}

function getAttArguments(argument: Json): [string, string] {
  if (Array.isArray(argument) && argument.length === 2) return [String(argument[0]), String(argument[1])];
  if (typeof argument === 'string' && argument.includes('.')) {
    const [logicalId, attribute] = splitAttribute(argument);
    return [logicalId, attribute ?? ''];
  }
  throw new UnresolvedError(`Fn::GetAtt needs a resource and an attribute, got ${show(argument)}`);
}

function subArguments(argument: Json): [string, JsonObject] {
  if (typeof argument === 'string') return [argument, {}];
  if (Array.isArray(argument) && typeof argument[0] === 'string') return [argument[0], isObject(argument[1]) ? argument[1] : {}];
  throw new UnresolvedError(`Fn::Sub needs a text, got ${show(argument)}`);
}

function placeholders(text: string): [string, string | undefined][] {
  return [...text.matchAll(/\$\{([^!}][^}]*)\}/g)].map(match => splitAttribute(match[1].trim()));
}

function splitAttribute(name: string): [string, string | undefined] {
  const dot = name.indexOf('.');
  return dot < 0 ? [name, undefined] : [name.slice(0, dot), name.slice(dot + 1)];
}

function pseudoParameter(stack: StackTemplate, name: string): Json | undefined {
  switch (name) {
    case 'AWS::NoValue': return undefined;
    case 'AWS::Region': return regionOf(stack);
    case 'AWS::AccountId': return LOCAL_ACCOUNT;
    case 'AWS::Partition': return 'aws';
    case 'AWS::URLSuffix': return 'amazonaws.com';
    case 'AWS::StackName': return stack.stackName;
    case 'AWS::StackId': return `arn:aws:cloudformation:${regionOf(stack)}:${LOCAL_ACCOUNT}:stack/${stack.stackName}/local`;
    default: throw new UnresolvedError(`the pseudo parameter ${name} has no value here`);
  }
}
