// Runs a command quietly: what it prints is shown only if it fails.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Cleanup } from './cleanup';

/** Major version of this Node.js, for which jsii is told to print no banner. */
const NODE_MAJOR = process.versions.node.split('.')[0];

export const JSII_WITHOUT_BANNER = {
  JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: NODE_MAJOR,
  JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION: NODE_MAJOR,
  JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION: NODE_MAJOR,
};

/** Where a command runs, and what it finds in its environment besides. */
export interface Place {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Returns what the command printed to its standard output. */
export async function runCommand(cleanup: Cleanup, { cwd, env }: Place, command: string, ...args: string[]): Promise<string> {
  const child = await cleanup.open(() => spawn(command, args, {
    cwd, env: { ...process.env, ...JSII_WITHOUT_BANNER, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
  }), (opened) => { opened.kill(); });
  const [output, errors, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number | null, string | null]>]);
  if (code !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${signal ?? `exit code ${code}`}:\n${output}${errors}`);
  }
  return output;
}
