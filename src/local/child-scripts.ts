// Compiles the scripts of the engine's child processes once, so that no TypeScript loader runs in them.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { buildSync } from 'esbuild';

/** The scripts that children run, as JavaScript in a temporary directory. */
export class ChildScripts {
  public readonly directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-local-')));
  /** Started for each execution environment of a function. */
  public readonly functionHost: string;
  /** Started once: SNS, SQS, DynamoDB and Secrets Manager. */
  public readonly emulators: string;

  constructor() {
    // The emulators are dependencies of this project; a function must find nothing but what its own bundle brings.
    mkdirSync(path.join(this.directory, 'emulators'));
    symlinkSync(path.join(__dirname, '..', '..', 'node_modules'), path.join(this.directory, 'emulators', 'node_modules'), 'junction');
    this.emulators = this.compile('emulator-process.ts', path.join('emulators', 'emulator-process.cjs'));
    this.functionHost = this.compile('function-host.ts', 'function-host.cjs');
  }

  public remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private compile(source: string, target: string): string {
    const outfile = path.join(this.directory, target);
    buildSync({
      entryPoints: [path.join(__dirname, source)], outfile, bundle: true, packages: 'external', format: 'cjs', target: 'node20', platform: 'node', logLevel: 'error',
    });
    return outfile;
  }
}
