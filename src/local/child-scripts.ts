// Compiles the scripts of the engine's child processes once, so that no TypeScript loader runs in them.

import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { transformSync } from 'esbuild';

/** The scripts that children run, as JavaScript in a temporary directory. */
export class ChildScripts {
  public readonly directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-local-')));
  /** Started for each execution environment of a function. */
  public readonly functionHost: string;
  /** Started once: SNS, SQS and DynamoDB. */
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
    const file = path.join(this.directory, target);
    const code = readFileSync(path.join(__dirname, source), 'utf8');
    writeFileSync(file, transformSync(code, { loader: 'ts', format: 'cjs', target: 'node20', platform: 'node', sourcefile: source }).code);
    return file;
  }
}
