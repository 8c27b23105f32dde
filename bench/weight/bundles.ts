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

/** Settings without which a bundle would not run where it is measured; the others make it smaller, or faster to start. */
const NEEDED = /^--(bundle|minify|platform|target|log-level)/;

/**
 * Bundles a TypeScript module with the settings that the `bundle` task has for the handlers; returns the bundle.
 *
 * @param onlyMinified leaves out the settings that go beyond minifying
 */
export function bundleLikeHandlers(name: string, source: string, directory: string, { onlyMinified = false } = {}): string {
  const outfile = path.join(directory, `${name}.js`);
  const settings = settingsOf('deliver').filter((setting) => !onlyMinified || NEEDED.test(setting));
  execFileSync(path.join(PROJECT, 'node_modules', '.bin', 'esbuild'), [...settings, `--outfile=${outfile}`, '--loader=ts'], {
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
