// Synthesizes the example app for this machine into a temporary cloud assembly.
import type { Cleanup } from './cleanup';
import { temporaryDirectory } from './temporary-directory';
import { synthExample } from '../../src/local/example-app';

/** Returns the directory of the assembly; `cleanup` removes it. */
export async function exampleAssembly(cleanup: Cleanup): Promise<string> {
  const directory = await temporaryDirectory(cleanup, 'example');
  // Nothing to close, but the directory may not be taken away from under it; it ends by itself.
  await cleanup.open(() => synthExample(directory), () => undefined);
  return directory;
}
