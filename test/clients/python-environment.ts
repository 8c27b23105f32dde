// A temporary Python environment with boto3 and what else is asked for, or the reason why there is none.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

export type PythonEnvironment = { readonly python: string; readonly directory: string; readonly remove: () => void } | { readonly missing: string };

/** The first one that reads `AWS_ENDPOINT_URL_SNS`. */
const BOTO3 = 'boto3>=1.28';
const INSTALL_TIMEOUT_MS = 120_000;

/**
 * Synchronous, since tests have to know whether they can run before the first one does.
 *
 * @param packages to install besides boto3
 */
export function createPythonEnvironment(...packages: string[]): PythonEnvironment {
  const directory = mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-python-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const python = path.join(directory, 'bin', 'python');
  const missing = failureOf('python3', '-m', 'venv', directory)
    ?? failureOf(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', BOTO3, ...packages);
  if (missing !== undefined) {
    remove();
    return { missing };
  }
  return { python, directory, remove };
}

/** Runs a command; returns how it failed, in one line. */
function failureOf(command: string, ...args: string[]): string | undefined {
  const { error, status, stderr, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: INSTALL_TIMEOUT_MS });
  const lastLine = (stderr || stdout || '').trim().split('\n').pop();
  return status === 0 ? undefined : `${path.basename(command)} ${args.slice(0, 3).join(' ')}: ${error?.message ?? lastLine}`;
}
