// The versions of what a run measured, and of what it measured with.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { RedisServer } from './peer/redis';

const PROJECT = path.join(__dirname, '..');
const PACKAGES = ['aws-cdk-lib', '@aws-sdk/client-dynamodb', '@aws-sdk/client-sqs', 'dynalite', 'fauxqs'] as const;

/**
 * By name, as installed. This package has no version of its own before it is released: its commit is told as well, `-dirty` where files have
 * changed since, and left out where there is no repository.
 *
 * @param peer what the scheduler was set beside, of which the versions are added
 */
export function versionsOf(peer?: string): Readonly<Record<string, string | undefined>> {
  const { name, version } = manifestAt(PROJECT);
  const peers = peer === undefined ? {} : { [peer]: installed(peer), 'redis-server': RedisServer.version() };
  return { [name]: version, commit: commit(), ...Object.fromEntries(PACKAGES.map((used) => [used, installed(used)])), ...peers };
}

function installed(name: string): string {
  return manifestAt(path.join(PROJECT, 'node_modules', name)).version;
}

function manifestAt(directory: string): { readonly name: string; readonly version: string } {
  return JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as { name: string; version: string };
}

function commit(): string | undefined {
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty', '--exclude', '*'], { cwd: PROJECT, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
