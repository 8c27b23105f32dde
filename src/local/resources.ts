// Decides which resources of an assembly belong to a scheduler and must run, and which are none of the engine's business.

import type { StackTemplate, TemplateResource } from './assembly';
import { type Intrinsics, type ResourceRef, UnresolvedError, isIntrinsic } from './intrinsics';
import { type Json, type JsonObject, asString, isObject, show } from './json';
import { type PropertyRules, SUPPORTED, unsupportedProperties } from './supported';
import { MANIFEST_KEY, type SchedulerManifest } from '../core/manifest';

/** A resource that the engine does not run, since no scheduler needs it. */
export interface IgnoredResource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  /** Path of its construct, where the template holds it. */
  readonly path?: string;
}

/** A resource that runs. */
export interface OwnedResource extends ResourceRef {
  readonly type: string;
  /** Resolved; what is accepted without a local effect is left out. */
  readonly properties: Readonly<Record<string, Json>>;
  readonly metadata: JsonObject;
}

/** A scheduler found in the assembly. */
export interface FoundScheduler {
  readonly stack: StackTemplate;
  readonly manifest: SchedulerManifest;
}

export interface Classification {
  readonly owned: readonly OwnedResource[];
  readonly ignored: readonly IgnoredResource[];
  readonly schedulers: readonly FoundScheduler[];
}

/** The template holds something that would not behave here as it does on AWS. Names all of it at once. */
export class UnsupportedTemplateError extends Error {
  constructor(public readonly problems: readonly string[]) {
    super(`The local engine cannot run this assembly:\n${problems.map(problem => `- ${problem}`).join('\n')}`);
    this.name = 'UnsupportedTemplateError';
  }
}

const MANIFEST_FIELDS: readonly (keyof SchedulerManifest)[] = [
  'inputTopic', 'failureTopic', 'table', 'ingestQueue', 'delayQueue', 'ingestFunction', 'loadFunction', 'deliverFunction',
];
/** Where the failure topic is none of the template, the functions refer to it. */
const OPTIONAL_FIELDS: readonly string[] = ['failureTopic'];

export function resourceOf(ref: ResourceRef): TemplateResource {
  return ref.stack.template.Resources[ref.logicalId];
}

/** How a message names a resource. */
export function nameOf(ref: ResourceRef): string {
  return `${ref.stack.id}: ${ref.logicalId} (${resourceOf(ref).Type})`;
}

export function classify(stacks: readonly StackTemplate[], intrinsics: Intrinsics): Classification {
  const problems: string[] = [];
  const report = (ref: ResourceRef, problem: string): void => {
    problems.push(`${nameOf(ref)}: ${problem}`);
  };
  const all = stacks.flatMap(stack => Object.keys(stack.template.Resources).map((logicalId): ResourceRef => ({ stack, logicalId })));
  const existing = all.filter(ref => exists(ref, intrinsics));

  const schedulers = existing.flatMap(ref => {
    const manifest = manifestOf(ref, report);
    return manifest ? [{ stack: ref.stack, manifest }] : [];
  });
  if (schedulers.length === 0 && problems.length === 0) {
    throw new Error(`The cloud assembly holds no scheduler: no AWS::SNS::Topic in ${stacks.map(stack => stack.id).join(', ')} has the metadata `
      + `${MANIFEST_KEY}. Expected an app that creates a WebhookScheduler.`);
  }

  const owned = new OwnedSet(intrinsics, report);
  for (const { stack, manifest } of schedulers) {
    for (const logicalId of Object.values(manifest)) owned.add({ stack, logicalId });
  }
  // What attaches may bring more that others attach to.
  while (existing.some(ref => !owned.has(ref) && owned.isAttached(ref) && owned.add(ref)));

  const resolved = owned.list().map(ref => resolveProperties(ref, intrinsics, report));
  if (problems.length > 0) throw new UnsupportedTemplateError(problems);
  return {
    schedulers,
    owned: resolved,
    ignored: all.filter(ref => !owned.has(ref)).map(ref => ({
      stack: ref.stack.id,
      logicalId: ref.logicalId,
      type: resourceOf(ref).Type,
      path: asString(resourceOf(ref).Metadata?.['aws:cdk:path']),
    })),
  };
}

type Report = (ref: ResourceRef, problem: string) => void;

class OwnedSet {
  private readonly refs = new Map<string, ResourceRef>();

  constructor(private readonly intrinsics: Intrinsics, private readonly report: Report) {}

  public has(ref: ResourceRef): boolean {
    return this.refs.has(key(ref));
  }

  public list(): ResourceRef[] {
    return [...this.refs.values()];
  }

  /** Adds a resource and all that it needs. `DependsOn` only orders a deployment: what it names is not needed to run. */
  public add(ref: ResourceRef): true {
    if (this.has(ref)) return true;
    this.refs.set(key(ref), ref);
    const { Type, Properties = {} } = resourceOf(ref);
    const rules = SUPPORTED[Type]?.properties;
    if (rules && rules !== 'any') {
      this.attempt(ref, () => this.needs(ref.stack, rules, Properties).forEach(needed => this.add(needed)));
    }
    return true;
  }

  /** Whether a resource that no one refers to belongs to one that runs: a subscription, a mapping, a schedule, a policy. */
  public isAttached(ref: ResourceRef): boolean {
    const { Type, Properties = {} } = resourceOf(ref);
    const targets = SUPPORTED[Type]?.attachesBy?.flatMap(name => this.references(ref.stack, Properties[name])) ?? [];
    if (Type !== 'AWS::SNS::Subscription') return targets.some(target => this.has(target));
    // A topic may have subscribers that are no queues of this assembly (e-mail, an endpoint elsewhere); a scheduler runs without them.
    const subscribers = this.references(ref.stack, Properties.Endpoint);
    const feedsOwned = subscribers.some(target => this.has(target));
    return feedsOwned || (targets.some(target => this.has(target)) && Properties.Protocol === 'sqs' && subscribers.length > 0);
  }

  private needs(stack: StackTemplate, rules: PropertyRules, properties: JsonObject): ResourceRef[] {
    return Object.entries(properties).flatMap(([name, value]) => {
      const rule = rules[name];
      if (!rule || (rule.effect === 'accepted' && !rule.follow)) return [];
      if (!rule.fields) return this.intrinsics.references(stack, value);
      const { fields } = rule;
      return (Array.isArray(value) ? value : [value]).flatMap(item =>
        (isObject(item) && !isIntrinsic(item) ? this.needs(stack, fields, item) : this.intrinsics.references(stack, item)));
    });
  }

  private references(stack: StackTemplate, value: Json | undefined): ResourceRef[] {
    try {
      return this.intrinsics.references(stack, value);
    } catch (error) {
      // What cannot be understood in a resource of someone else is none of the scheduler's parts.
      if (error instanceof UnresolvedError) return [];
      throw error;
    }
  }

  private attempt(ref: ResourceRef, action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof UnresolvedError)) throw error;
      this.report(ref, error.message);
    }
  }
}

function resolveProperties(ref: ResourceRef, intrinsics: Intrinsics, report: Report): OwnedResource {
  const { Type, Properties = {}, Metadata = {} } = resourceOf(ref);
  const properties: Record<string, Json> = {};
  const rule = SUPPORTED[Type];
  if (!rule) {
    report(ref, `the engine cannot run this type, and ${neededBy(ref)}; supported are ${Object.keys(SUPPORTED).join(', ')}`);
  } else if (ref.stack.template.Transform !== undefined) {
    report(ref, `its template has the transform ${show(ref.stack.template.Transform)}; supported is a template without transforms`);
  } else if (rule.properties !== 'any') {
    for (const [name, value] of Object.entries(Properties)) {
      if (rule.properties[name]?.effect === 'accepted') continue;
      try {
        const resolved = rule.properties[name] ? resolveApplied(ref.stack, rule.properties[name].fields, value, intrinsics) : value;
        if (resolved !== undefined) properties[name] = resolved;
      } catch (error) {
        if (!(error instanceof UnresolvedError)) throw error;
        report(ref, `property ${name}: ${error.message}`);
      }
    }
    unsupportedProperties(rule.properties, properties).forEach(problem => report(ref, problem));
  }
  return { ...ref, type: Type, properties, metadata: Metadata };
}

/** Resolves what has an effect; the rest may hold what means nothing here, such as the bucket of an asset. */
function resolveApplied(stack: StackTemplate, fields: PropertyRules | undefined, value: Json, intrinsics: Intrinsics): Json | undefined {
  if (!fields) return intrinsics.resolve(stack, value);
  if (Array.isArray(value)) {
    return value.map(item => resolveApplied(stack, fields, item, intrinsics)).filter(item => item !== undefined);
  }
  if (!isObject(value) || isIntrinsic(value)) return intrinsics.resolve(stack, value);
  const result: JsonObject = {};
  for (const [name, item] of Object.entries(value)) {
    if (fields[name]?.effect === 'accepted') continue;
    try {
      const resolved = resolveApplied(stack, fields[name]?.fields, item, intrinsics);
      if (resolved !== undefined) result[name] = resolved;
    } catch (error) {
      throw error instanceof UnresolvedError ? new UnresolvedError(`${name}: ${error.message}`) : error;
    }
  }
  return result;
}

function manifestOf(ref: ResourceRef, report: Report): SchedulerManifest | undefined {
  const { Type, Metadata } = resourceOf(ref);
  const manifest = Metadata?.[MANIFEST_KEY];
  if (Type !== 'AWS::SNS::Topic' || manifest === undefined) return undefined;
  const part = (field: keyof SchedulerManifest): string => {
    const logicalId = isObject(manifest) ? asString(manifest[field]) : undefined;
    if (logicalId === undefined || !ref.stack.template.Resources[logicalId]) {
      report(ref, `its ${MANIFEST_KEY} metadata names ${show(logicalId)} as ${field}; expected the logical id of a resource in the same template`);
      return '';
    }
    return logicalId;
  };
  const isNamed = (field: keyof SchedulerManifest): boolean => isObject(manifest) && manifest[field] !== undefined;
  const fields = MANIFEST_FIELDS.filter(field => isNamed(field) || !OPTIONAL_FIELDS.includes(field));
  const parts = Object.fromEntries(fields.map(field => [field, part(field)]));
  return Object.values(parts).includes('') ? undefined : parts as unknown as SchedulerManifest;
}

function exists(ref: ResourceRef, intrinsics: Intrinsics): boolean {
  try {
    return intrinsics.condition(ref.stack, resourceOf(ref).Condition);
  } catch (error) {
    // An undecidable condition matters only for what runs; there, keeping the resource is what makes it show.
    if (error instanceof UnresolvedError) return true;
    throw error;
  }
}

function neededBy(ref: ResourceRef): string {
  return `a scheduler of the assembly needs ${ref.logicalId}`;
}

function key(ref: ResourceRef): string {
  return `${ref.stack.id} ${ref.logicalId}`;
}
