// Synthesizes the example app, which the command line runs unless it is given an assembly.

import { spawn } from 'node:child_process';
import * as path from 'node:path';

const PROJECT = path.join(__dirname, '..', '..');
/** A complete app with one scheduler that may call this machine, and nothing else. */
export const EXAMPLE_APP = 'examples/typescript/local/app.ts';

/** Writes the cloud assembly of the example app to a directory. */
export async function synthExample(directory: string): Promise<void> {
  // The development configuration resolves `cdk-webhook-scheduler` to the sources.
  const child = spawn(process.execPath, [require.resolve('tsx/cli'), '--tsconfig', 'tsconfig.dev.json', EXAMPLE_APP], {
    cwd: PROJECT,
    env: { ...process.env, CDK_OUTDIR: directory },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('exit', resolve));
  if (code !== 0) throw new Error(`${EXAMPLE_APP} could not be synthesized: it ended with exit code ${code}.`);
}
