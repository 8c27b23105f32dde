// Compiles the package for jsii where that is older than what it is made of.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cleanup } from './cleanup';
import { runCommand } from './run-command';
import { filesIn, newest } from '../tarball/files';

const PROJECT = path.join(__dirname, '..', '..');
/** Of who compiles, so that tests that run at once do not write one another's files. */
const LOCK = path.join(PROJECT, 'node_modules', '.compile.lock');
const POLL_MS = 200;

/** Returns `false` if there was nothing to do. */
export async function compileIfNeeded(cleanup: Cleanup): Promise<boolean> {
  if (isCompiled()) {
    return false;
  }
  return cleanup.scope(async (inner) => {
    await inner.open(lock, () => rmSync(LOCK, { force: true }));
    if (isCompiled()) {
      return false; // by who had the lock
    }
    await runCommand(inner, { cwd: PROJECT }, 'npx', 'projen', 'compile');
    return true;
  });
}

function isCompiled(): boolean {
  // jsii writes this file last, and each time.
  const assembly = path.join(PROJECT, '.jsii');
  if (!existsSync(assembly) || !existsSync(path.join(PROJECT, 'lib', 'index.js')) || isLocked()) {
    return false;
  }
  const sources = filesIn(path.join(PROJECT, 'src')).filter((file) => !file.startsWith('local/')).map((file) => `src/${file}`);
  // The assembly has the text of the README.
  return newest([assembly]) > newest([...sources, 'package.json', 'tsconfig.json', 'README.md'].map((file) => path.join(PROJECT, file)));
}

/** By a process that is still there. */
function isLocked(): boolean {
  try {
    const pid = Number(readFileSync(LOCK, 'utf8'));
    return pid !== process.pid && process.kill(pid, 0);
  } catch {
    return false; // no lock, or none that lives
  }
}

async function lock(): Promise<void> {
  while (!take()) {
    if (isLocked()) {
      await delay(POLL_MS);
    } else {
      rmSync(LOCK, { force: true }); // of one that died
    }
  }
}

/** Returns `false` if it is there already. */
function take(): boolean {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
    return false;
  }
}
