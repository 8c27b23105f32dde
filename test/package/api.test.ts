// The public API as other languages see it, in the assembly that jsii compiles: its types, its documentation and what it takes from elsewhere.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { Cleanup } from '../../scripts/support/cleanup';
import { compileIfNeeded } from '../../scripts/support/compiled';
import { JSII_WITHOUT_BANNER } from '../../scripts/support/run-command';

const PROJECT = path.join(__dirname, '..', '..');
const COMPILE_TIMEOUT_MS = 300_000;
/** Whose types the API may name: those that an app has anyway. */
const OWN = 'cdk-webhook-scheduler.';
const FOREIGN = ['aws-cdk-lib.', 'constructs.'];

// https://github.com/aws/jsii/blob/main/packages/%40jsii/spec/src/assembly.ts, as far as it is used here.
interface Docs { readonly summary?: string; readonly default?: string; readonly deprecated?: string }
interface TypeReference {
  readonly fqn?: string;
  readonly primitive?: string;
  readonly collection?: { readonly kind: string; readonly elementtype: TypeReference };
  readonly union?: unknown;
  readonly intersection?: unknown;
}
interface Documented { readonly name: string; readonly docs?: Docs; readonly overrides?: string }
interface Parameter extends Documented { readonly type: TypeReference; readonly optional?: boolean }
interface Property extends Parameter { readonly immutable?: boolean; readonly static?: boolean; readonly protected?: boolean }
interface Method extends Documented { readonly parameters?: readonly Parameter[]; readonly returns?: { readonly type: TypeReference } }
interface Type extends Documented {
  readonly kind: 'class' | 'enum' | 'interface';
  readonly datatype?: boolean;
  readonly base?: string;
  readonly interfaces?: readonly string[];
  readonly initializer?: { readonly parameters?: readonly Parameter[] };
  readonly properties?: readonly Property[];
  readonly methods?: readonly Method[];
  readonly members?: readonly Documented[];
}

let types: readonly Type[];

beforeAll(async () => {
  const cleanup = new Cleanup();
  try {
    await compileIfNeeded(cleanup);
  } finally {
    await cleanup.run();
  }
  types = Object.values((JSON.parse(readFileSync(path.join(PROJECT, '.jsii'), 'utf8')) as { types: Record<string, Type> }).types);
}, COMPILE_TIMEOUT_MS);

const structs = () => types.filter(({ datatype }) => datatype === true);
const classes = () => types.filter(({ kind }) => kind === 'class');

/** Each type that the API names, with where it does: `WebhookScheduler.inputTopic`. */
function references(): (readonly [where: string, type: TypeReference])[] {
  return types.flatMap(({ name, base, interfaces = [], initializer, properties = [], methods = [] }) => [
    ...[base, ...interfaces].flatMap((fqn) => (fqn === undefined ? [] : [[name, { fqn }] as const])),
    ...(initializer?.parameters ?? []).map((parameter) => [`${name}(${parameter.name})`, parameter.type] as const),
    ...properties.map((property) => [`${name}.${property.name}`, property.type] as const),
    ...methods.flatMap((method) => [
      ...(method.parameters ?? []).map((parameter) => [`${name}.${method.name}(${parameter.name})`, parameter.type] as const),
      ...(method.returns ? [[`${name}.${method.name}`, method.returns.type] as const] : []),
    ]),
  ]).flatMap(([where, type]) => parts(type).map((part) => [where, part] as const));
}

/** A type, or what a collection is made of. */
function parts(type: TypeReference): TypeReference[] {
  return type.collection ? parts(type.collection.elementtype) : [type];
}

const where = (judge: (type: TypeReference) => boolean) => references().filter(([, type]) => judge(type)).map(([place]) => place);

test('has the construct, its props and what belongs to them', () => {
  expect(types.map(({ name }) => name)).toEqual(expect.arrayContaining(['WebhookScheduler', 'WebhookSchedulerProps', 'IWebhookScheduler', 'RetryPolicy']));
  expect(references().length).toBeGreaterThan(100);
});

test('names no type but its own, those of aws-cdk-lib and of constructs', () => {
  expect(where(({ fqn = OWN }) => ![OWN, ...FOREIGN].some((prefix) => fqn.startsWith(prefix)))).toEqual([]);
});

test('names no L1 type of CDK', () => {
  expect(where(({ fqn = '' }) => /^aws-cdk-lib\.aws_\w+\.Cfn/.test(fqn))).toEqual([]);
});

test('has no member of any type, of JSON, and no union', () => {
  expect(where(({ primitive, union, intersection }) => primitive === 'any' || primitive === 'json' || Boolean(union ?? intersection))).toEqual([]);
});

test('calls an interface with behaviour by an I, and no other', () => {
  expect(types.filter(({ kind, datatype }) => kind === 'interface' && datatype !== true).map(({ name }) => name).filter((name) => !/^I[A-Z]/.test(name))).toEqual([]);
  expect(structs().map(({ name }) => name).filter((name) => /^I[A-Z][a-z]+[A-Z]/.test(name))).toEqual([]);
});

test('has props that cannot be changed', () => {
  expect(structs().length).toBeGreaterThan(5);
  expect(structs().flatMap(({ name, properties = [] }) => properties.filter(({ immutable }) => immutable !== true).map((property) => `${name}.${property.name}`))).toEqual([]);
});

test('says of each prop that can be left out what it then is', () => {
  const optional = structs().flatMap(({ name, properties = [] }) => properties.filter((property) => property.optional).map((property) => [`${name}.${property.name}`, property] as const));
  expect(optional.length).toBeGreaterThan(20);
  expect(optional.filter(([, { docs }]) => !docs?.default?.trim()).map(([name]) => name)).toEqual([]);
});

test('has attributes that cannot be changed', () => {
  expect(classes().flatMap(({ name, properties = [] }) => properties.filter(({ immutable }) => immutable !== true).map((property) => `${name}.${property.name}`))).toEqual([]);
});

test('documents every type and every member', () => {
  const documented = types.flatMap((type) => [
    [type.name, type] as const,
    ...[...type.properties ?? [], ...type.methods ?? [], ...type.members ?? []].map((member) => [`${type.name}.${member.name}`, member] as const),
  ]);
  expect(documented.filter(([, { docs, overrides }]) => !docs?.summary?.trim() && overrides === undefined).map(([name]) => name)).toEqual([]);
});

test('has nothing that is deprecated before its first release', () => {
  const all = types.flatMap((type) => [type, ...type.properties ?? [], ...type.methods ?? []]);
  expect(all.filter(({ docs }) => docs?.deprecated !== undefined).map(({ name }) => name)).toEqual([]);
});

describe('jsii-diff, which the task `compat` asks whether apps will still compile', () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-api-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** What it says of a change to the assembly, and how it ends. */
  function diff(name: string, change: (assembly: string) => string): { output: string; status: number | null } {
    const assembly = readFileSync(path.join(PROJECT, '.jsii'), 'utf8');
    const [before, after] = [['before', assembly], ['after', change(assembly)]].map(([version, text]) => {
      const place = path.join(directory, name, version);
      mkdirSync(place, { recursive: true });
      writeFileSync(path.join(place, '.jsii'), text);
      copyFileSync(path.join(PROJECT, 'package.json'), path.join(place, 'package.json'));
      symlinkSync(path.join(PROJECT, 'node_modules'), path.join(place, 'node_modules'));
      return place;
    });
    const { stdout, stderr, status } = spawnSync(
      path.join(PROJECT, 'node_modules', '.bin', 'jsii-diff'), [before, after, '--experimental-errors'], {
        cwd: PROJECT, encoding: 'utf8', env: { ...process.env, ...JSII_WITHOUT_BANNER },
      },
    );
    return { output: stdout + stderr, status };
  }

  test('has nothing against an API that stays as it is', () => {
    expect(diff('same', (assembly) => assembly)).toMatchObject({ status: 0 });
  });

  test('names a prop that is gone', () => {
    const { output, status } = diff('gone', (assembly) => assembly.replaceAll('"retryPolicy"', '"retries"'));
    expect(output).toMatch(/WebhookSchedulerProps.*retryPolicy/);
    expect(status).toBe(1);
  });
});
