// Reads a synthesized cloud assembly: every stack's template, in nested assemblies (stages) and nested stacks too.

import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { type Json, type JsonObject, isObject } from './json';

/** One resource of a template. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: JsonObject;
  readonly Metadata?: JsonObject;
  readonly Condition?: string;
}

export interface Template {
  readonly Resources: Record<string, TemplateResource>;
  readonly Parameters: Record<string, JsonObject>;
  readonly Conditions: JsonObject;
  readonly Mappings: JsonObject;
  readonly Outputs: Record<string, JsonObject>;
  readonly Transform?: Json;
}

/** One stack of the assembly. */
export interface StackTemplate {
  /** How messages name it: the path of the stack in the app. */
  readonly id: string;
  readonly stackName: string;
  /** Region of the stack's environment, where the app fixes one. */
  readonly region?: string;
  /** Account of the stack's environment, where the app fixes one. */
  readonly account?: string;
  /** Directory of the assembly that holds the stack; asset paths are relative to it. */
  readonly directory: string;
  readonly template: Template;
  /** Object key in the asset bucket → the asset's absolute path. */
  readonly assets: ReadonlyMap<string, string>;
  /** The resource that deploys this stack, where it is a nested one. */
  readonly nestedIn?: { readonly stack: StackTemplate; readonly logicalId: string };
}

const NESTED_STACK = 'AWS::CloudFormation::Stack';
const NESTED_STACK_LIMIT = 20;

// The manifest is read here and not through aws-cdk-lib/cx-api: that refuses assemblies that a newer aws-cdk-lib wrote.
export function readAssembly(directory: string): StackTemplate[] {
  const root = path.resolve(directory);
  const manifestFile = path.join(root, 'manifest.json');
  if (!existsSync(manifestFile)) {
    throw new Error(`${directory} is not a cloud assembly: it has no manifest.json. Expected a directory written by \`cdk synth\` (usually cdk.out).`);
  }
  const stacks = readDirectory(root);
  if (stacks.length === 0) {
    throw new Error(`The cloud assembly ${directory} holds no stack, so there is nothing to run.`);
  }
  return stacks;
}

function readDirectory(directory: string): StackTemplate[] {
  const manifest = readJson(path.join(directory, 'manifest.json'));
  const artifacts = isObject(manifest.artifacts) ? Object.entries(manifest.artifacts).filter(isEntryOfObject) : [];
  const assets = new Map<string, string>();
  for (const [, artifact] of artifacts) {
    if (artifact.type === 'cdk:asset-manifest') collectAssets(directory, stringProperty(artifact, 'file'), assets);
  }
  return artifacts.flatMap(([id, artifact]) => {
    switch (artifact.type) {
      case 'aws:cloudformation:stack': return readStack(directory, id, artifact, assets);
      case 'cdk:cloud-assembly': return readDirectory(path.join(directory, stringProperty(artifact, 'directoryName') ?? id));
      default: return [];
    }
  });
}

function readStack(directory: string, id: string, artifact: JsonObject, assets: ReadonlyMap<string, string>): StackTemplate[] {
  const templateFile = stringProperty(artifact, 'templateFile');
  if (!templateFile) throw new Error(`${directory}: the manifest names no template file for stack ${id}.`);
  const [account, region] = (/^aws:\/\/([^/]*)\/(.*)$/.exec(String(artifact.environment)) ?? []).slice(1);
  return withNestedStacks({
    id: typeof artifact.displayName === 'string' ? artifact.displayName : id,
    stackName: stringProperty(artifact, 'stackName') ?? id,
    account: account === 'unknown-account' ? undefined : account,
    region: region === 'unknown-region' ? undefined : region,
    directory,
    assets,
    template: readTemplate(path.join(directory, templateFile)),
  }, 0);
}

function withNestedStacks(stack: StackTemplate, depth: number): StackTemplate[] {
  if (depth > NESTED_STACK_LIMIT) throw new Error(`${stack.id}: stacks are nested more than ${NESTED_STACK_LIMIT} deep.`);
  const nested = Object.entries(stack.template.Resources).flatMap(([logicalId, resource]) => {
    const templateFile = resource.Type === NESTED_STACK ? nestedTemplate(stack, resource) : undefined;
    if (templateFile === undefined) return [];
    return withNestedStacks({
      ...stack,
      id: `${stack.id}/${logicalId}`,
      stackName: `${stack.stackName}-${logicalId}`,
      template: readTemplate(templateFile),
      nestedIn: { stack, logicalId },
    }, depth + 1);
  });
  return [stack, ...nested];
}

/** The template is an asset. Its path is in the metadata only if the app was synthesized with them, its key always in the URL. */
function nestedTemplate(stack: StackTemplate, resource: TemplateResource): string | undefined {
  const staged = resource.Metadata?.['aws:asset:path'];
  if (typeof staged === 'string') return path.resolve(stack.directory, staged);
  const url = JSON.stringify(resource.Properties?.TemplateURL ?? '');
  return [...stack.assets].find(([key]) => url.includes(key))?.[1];
}

function readTemplate(file: string): Template {
  const json = readJson(file);
  const section = (name: string): JsonObject => {
    const value = json[name];
    return isObject(value) ? value : {};
  };
  const objects = (name: string): Record<string, JsonObject> => Object.fromEntries(Object.entries(section(name)).filter(isEntryOfObject));
  const resources: Record<string, TemplateResource> = {};
  for (const [logicalId, resource] of Object.entries(objects('Resources'))) {
    resources[logicalId] = {
      Type: String(resource.Type),
      Properties: isObject(resource.Properties) ? resource.Properties : undefined,
      Metadata: isObject(resource.Metadata) ? resource.Metadata : undefined,
      Condition: typeof resource.Condition === 'string' ? resource.Condition : undefined,
    };
  }
  return {
    Resources: resources,
    Parameters: objects('Parameters'),
    Conditions: section('Conditions'),
    Mappings: section('Mappings'),
    Outputs: objects('Outputs'),
    Transform: json.Transform,
  };
}

function collectAssets(directory: string, file: string | undefined, assets: Map<string, string>): void {
  if (!file) return;
  const { files } = readJson(path.join(directory, file));
  if (!isObject(files)) return;
  for (const asset of Object.values(files)) {
    if (!isObject(asset) || !isObject(asset.source) || typeof asset.source.path !== 'string' || !isObject(asset.destinations)) continue;
    for (const destination of Object.values(asset.destinations)) {
      if (isObject(destination) && typeof destination.objectKey === 'string') {
        assets.set(destination.objectKey, path.resolve(directory, asset.source.path));
      }
    }
  }
}

function isEntryOfObject(entry: [string, Json]): entry is [string, JsonObject] {
  return isObject(entry[1]);
}

function stringProperty(artifact: JsonObject, name: string): string | undefined {
  const value = isObject(artifact.properties) ? artifact.properties[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function readJson(file: string): JsonObject {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(json)) throw new Error(`${file}: expected a JSON object.`);
  return json;
}
