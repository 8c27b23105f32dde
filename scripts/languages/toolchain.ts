// What it takes to build for a language, and what of that is missing on this machine.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';

/** As jsii-pacmak names its targets, without JavaScript. */
export const LANGUAGES = ['python', 'java', 'dotnet', 'go'] as const;
export type Language = typeof LANGUAGES[number];

const TIMEOUT_MS = 120_000;

const { devDependencies } = JSON.parse(readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
  readonly devDependencies: Readonly<Record<string, string>>;
};
/** The oldest constructs that the library runs with, and the one that TypeScript has here. */
export const CONSTRUCTS_VERSION = devDependencies.constructs;
/** The oldest CDK, likewise. */
export const CDK_VERSION = devDependencies['aws-cdk-lib'];

/** Commands that succeed where all is there. The last one asks the registry of the language for something small. */
const PROBES: Readonly<Record<Language, (directory: string) => readonly (readonly string[])[]>> = {
  python: (directory) => [
    ['python3', '-c', 'import ensurepip, venv'],
    ['python3', '-m', 'pip', 'download', '--quiet', '--no-deps', '--no-cache-dir', '--dest', directory, 'publication==0.0.3'],
  ],
  java: (directory) => [
    ['javac', '--version'],
    [
      'mvn', '--batch-mode', '--quiet', ...mavenRepository(directory),
      'dependency:get', `-Dartifact=software.constructs:constructs:${CONSTRUCTS_VERSION}:pom`, '-Dtransitive=false',
    ],
  ],
  // The client can ask NuGet for nothing small.
  dotnet: () => [['dotnet', '--version']],
  go: () => [['go', 'list', '-m', '-versions', 'github.com/aws/constructs-go/constructs/v10@latest']],
};

/** Has Maven keep what it downloads in a directory, so that what one run installs does not meet the next one. */
export function mavenRepository(directory: string): string[] {
  return [`-Dmaven.repo.local=${path.join(directory, 'm2')}`];
}

/**
 * Returns how the first thing that is missing shows, in one line; `undefined` if nothing is missing.
 * Synchronous, since tests have to know whether they can run before the first one does.
 *
 * @param directory a temporary one, which may keep what was downloaded
 */
export function missingOf(language: Language, directory: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  for (const [command, ...args] of PROBES[language](directory)) {
    const { error, status, stderr, stdout } = spawnSync(command, args, { cwd: directory, env, encoding: 'utf8', timeout: TIMEOUT_MS });
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
      return `${command} is not installed.`;
    }
    if (status !== 0) {
      const lastLine = (stderr || stdout || '').trim().split('\n').pop();
      return `${command} ${args.slice(0, 3).join(' ')}: ${error?.message ?? lastLine}`;
    }
  }
  return undefined;
}
