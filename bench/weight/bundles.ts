// The bundles that are measured: those that ship, and one of nothing but two clients, made with the same settings.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import * as path from 'node:path';

const PROJECT = path.join(__dirname, '..', '..');

export const FUNCTIONS = ['ingest', 'load', 'deliver'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** The bundle that ships. */
export function bundleOf(name: FunctionName): string {
  return path.join(PROJECT, 'assets', 'handlers', `${name}.lambda`, 'index.js');
}

/** Which settings of the handlers a bundle is made with. */
export type Settings =
  /** All, and so with the credentials of the handlers in place of the SDK's own. */
  | 'all'
  /** Those that are about the bundle alone, and put nothing of this project into it. */
  | 'of the bundler'
  /** Those that anybody would begin with. */
  | 'minified';

const LEFT_OUT: Readonly<Record<Settings, RegExp>> = { 'all': /^$/, 'of the bundler': /^--alias/, 'minified': /^--(alias|main-fields)/ };

/** Bundles a TypeScript module with settings that the `bundle` task has for the handlers; returns the bundle. */
export function bundleLikeHandlers(name: string, source: string, directory: string, settings: Settings): string {
  const outfile = path.join(directory, `${name}.js`);
  const chosen = settingsOf('deliver').filter((setting) => !LEFT_OUT[settings].test(setting));
  execFileSync(path.join(PROJECT, 'node_modules', '.bin', 'esbuild'), [...chosen, `--outfile=${outfile}`, '--loader=ts'], {
    cwd: PROJECT, input: source, stdio: ['pipe', 'ignore', 'inherit'],
  });
  return outfile;
}

export function bytesOf(bundle: string): number {
  return statSync(bundle).size;
}

/** Of a bundle of the `bundle` task: all but what goes in and where it comes out. */
function settingsOf(name: FunctionName): readonly string[] {
  const { tasks } = JSON.parse(readFileSync(path.join(PROJECT, '.projen', 'tasks.json'), 'utf8')) as {
    tasks: Readonly<Record<string, { steps: readonly { execArgs?: readonly string[] }[] }>>;
  };
  const [{ execArgs = [] }] = tasks[`bundle:handlers/${name}.lambda`].steps;
  return execArgs.filter((argument) => argument.startsWith('--') && !/^--(outfile|metafile)=/.test(argument));
}
