// Packages for each language other than JavaScript whose toolchain is here; for the others it generates the code, and says what is missing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { LANGUAGES, missingOf } from './languages/toolchain';
import { Cleanup, runProgram } from './support/cleanup';
import { JSII_WITHOUT_BANNER } from './support/run-command';
import { temporaryDirectory } from './support/temporary-directory';
import { paint } from './support/terminal';

const PROJECT = path.join(__dirname, '..');

async function main(cleanup: Cleanup): Promise<number> {
  const directory = await temporaryDirectory(cleanup, 'package');
  const summary: string[] = [];
  for (const language of LANGUAGES) {
    const missing = missingOf(language, directory);
    if (missing === undefined) {
      await run(cleanup, 'projen', `package:${language}`);
      summary.push(`${paint('green', '✔')} ${language}: packaged`);
    } else {
      await run(cleanup, 'projen', 'rosetta');
      await run(cleanup, 'jsii-pacmak', '--code-only', '--target', language);
      summary.push(`${paint('yellow', '-')} ${language}: not packaged, its code generated only. ${missing}`);
    }
  }
  console.log(summary.join('\n'));
  return 0;
}

/** Runs a command of the project's packages, which writes where this does. */
async function run(cleanup: Cleanup, command: string, ...args: string[]): Promise<void> {
  const child = await cleanup.open(
    () => spawn('npx', [command, ...args], { cwd: PROJECT, env: { ...process.env, ...JSII_WITHOUT_BANNER }, stdio: 'inherit' }),
    (opened) => { opened.kill(); },
  );
  const [code, signal] = await once(child, 'close') as [number | null, string | null];
  if (code !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${signal ?? `exit code ${code}`}.`);
  }
}

void runProgram(main);
