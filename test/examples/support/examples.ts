// The example apps: which there are, how they are synthesized, and what the same example has to have in common in two languages.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { promisify } from 'node:util';

const PROJECT = path.join(__dirname, '..', '..', '..');
export const EXAMPLES_DIRECTORY = path.join(PROJECT, 'examples');

/** An app that exists in TypeScript and in Python. */
export interface Example {
  readonly name: string;
  /** Below `examples/typescript`. */
  readonly typescript: string;
  /** Below `examples/python`. */
  readonly python: string;
  /** What `-c` gives the command line of CDK. */
  readonly context?: Readonly<Record<string, string>>;
}

export const INPUT_TOPIC_ARN = 'arn:aws:sns:eu-west-1:111122223333:PlatformExample-SchedulerInputTopic';
export const OTHER_ACCOUNT = '444455556666';

export const EXAMPLES: readonly Example[] = [
  ...['smallest', 'producer', 'signed', 'vpc', 'monitoring'].map((name) => ({ name, typescript: `${name}/app.ts`, python: `${name}/app.py` })),
  { name: 'cross-stack', typescript: 'cross-stack/app.ts', python: 'cross-stack/app.py', context: { producerAccount: OTHER_ACCOUNT } },
  {
    name: 'cross-stack, other account',
    typescript: 'cross-stack/other-account.ts',
    python: 'cross-stack/other_account.py',
    context: { inputTopicArn: INPUT_TOPIC_ARN },
  },
];

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export interface ResourceJson {
  readonly Type: string;
  readonly Properties?: { readonly [name: string]: Json };
}

export interface TemplateJson {
  readonly Resources: Readonly<Record<string, ResourceJson>>;
  readonly [section: string]: Json | Readonly<Record<string, ResourceJson>>;
}

/** What CDK's command line tells an app. */
export function environmentOf({ context = {} }: Example, outdir: string): NodeJS.ProcessEnv {
  return { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context) };
}

/** Where `nag.ts` leaves what cdk-nag has found. */
export const NAG_FINDINGS_FILE = 'nag-findings.json';

/**
 * Synthesizes the TypeScript app into a directory, as its header says, and returns its templates.
 *
 * @param preload a module to load before the app
 */
export async function synthTypeScript(example: Example, outdir: string, preload?: string): Promise<Record<string, TemplateJson>> {
  const app = path.join('examples', 'typescript', example.typescript);
  const before = preload === undefined ? [] : ['--import', preload];
  await promisify(execFile)(process.execPath, [require.resolve('tsx/cli'), '--tsconfig', 'tsconfig.dev.json', ...before, app], {
    cwd: PROJECT, env: environmentOf(example, outdir),
  });
  return templatesOf(outdir);
}

/** The templates of an assembly, by the names of their stacks. */
export function templatesOf(outdir: string): Record<string, TemplateJson> {
  const files = readdirSync(outdir).filter((file) => file.endsWith('.template.json'));
  return Object.fromEntries(files.map((file) => (
    [path.basename(file, '.template.json'), JSON.parse(readFileSync(path.join(outdir, file), 'utf8')) as TemplateJson]
  )));
}

/** What depends on the language of an app's own functions, and on that of the app. */
const OF_THE_LANGUAGE = ['Code', 'Runtime', 'Handler'];
/** A variable that `NodejsFunction` sets. */
const NODEJS_VARIABLE = 'AWS_NODEJS_CONNECTION_REUSE_ENABLED';

/** A template without what may differ between two languages: metadata, which holds paths, and the code of functions and what runs it. */
export function comparable({ Resources, ...sections }: TemplateJson): object {
  const resources = Object.entries(Resources).filter(([, { Type }]) => Type !== 'AWS::CDK::Metadata').map(([id, { Type, Properties = {}, ...rest }]) => {
    const { Metadata: _, ...others } = rest as Record<string, Json>;
    return [id, { ...others, Type, Properties: Type === 'AWS::Lambda::Function' ? withoutLanguage(Properties) : Properties }];
  });
  const { Conditions: _, ...others } = sections;
  return { ...others, Resources: Object.fromEntries(resources) };
}

function withoutLanguage(properties: NonNullable<ResourceJson['Properties']>): object {
  const kept = Object.entries(properties).filter(([name]) => !OF_THE_LANGUAGE.includes(name));
  return JSON.parse(JSON.stringify(Object.fromEntries(kept), (name, value: Json) => (name === NODEJS_VARIABLE ? undefined : value))) as object;
}
