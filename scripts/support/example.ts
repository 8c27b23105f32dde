// Synthesizes the example app for this machine into a temporary cloud assembly.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { Cleanup } from './cleanup';
import { synthExample } from '../../src/local/example-app';

/** Returns the directory of the assembly; `cleanup` removes it. */
export async function exampleAssembly(cleanup: Cleanup): Promise<string> {
  const directory = await cleanup.open(
    () => mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-example-')),
    (opened) => rmSync(opened, { recursive: true, force: true }),
  );
  // Nothing to close, but the directory may not be taken away from under it; it ends by itself.
  await cleanup.open(() => synthExample(directory), () => undefined);
  return directory;
}
