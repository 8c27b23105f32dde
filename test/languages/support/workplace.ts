// Where a test packages the project for a language and runs apps with that; or the reason why it cannot.
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { Language, missingOf } from '../../../scripts/languages/toolchain';
import { Cleanup } from '../../../scripts/support/cleanup';
import { compileIfNeeded } from '../../../scripts/support/compiled';
import { runCommand } from '../../../scripts/support/run-command';
import { Example, EXAMPLES, EXAMPLES_DIRECTORY, synthTypeScript, TemplateJson, templatesOf } from '../../examples/support/examples';

const PROJECT = path.join(__dirname, '..', '..', '..');
/** Downloads, compiles and installs some hundred megabytes; a minute here, on a machine that does nothing else. */
export const PREPARATION_TIMEOUT_MS = 600_000;
export const SYNTHESIS_TIMEOUT_MS = 180_000;

export const [SMALLEST] = EXAMPLES;

export class Workplace {
  public readonly directory = mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-language-'));
  /** What the language's tests are described by: not at all, where its toolchain or registry is missing. */
  public readonly describe: (name: string, tests: () => void) => void;
  private readonly cleanup = new Cleanup();

  /** Says what is skipped, and why. */
  public constructor(private readonly language: Language, what: string) {
    const missing = missingOf(language, this.directory);
    if (missing !== undefined) {
      console.warn(`Skipped: ${what}.\n${missing}`);
    }
    this.describe = missing === undefined ? describe : describe.skip;
    afterAll(async () => {
      await this.cleanup.run();
      // Go write-protects what it has downloaded, Maven may still close a file.
      await rm(this.directory, { recursive: true, force: true, maxRetries: 3 });
    });
  }

  public path(...names: string[]): string {
    return path.join(this.directory, ...names);
  }

  public example(...names: string[]): string {
    return path.join(EXAMPLES_DIRECTORY, ...names);
  }

  /** Packages as a release does; returns the directory of what is published. */
  public async package(...options: string[]): Promise<string> {
    await compileIfNeeded(this.cleanup);
    await runCommand(
      this.cleanup, { cwd: PROJECT }, path.join('node_modules', '.bin', 'jsii-pacmak'),
      '--target', this.language, '--outdir', this.path('dist'), '--no-npmignore', ...options,
    );
    return this.path('dist', this.language);
  }

  /** Returns what the command printed. */
  public async run(cwd: string, env: NodeJS.ProcessEnv, command: string, ...args: string[]): Promise<string> {
    return runCommand(this.cleanup, { cwd, env }, command, ...args);
  }

  /** The templates of the app in this language that a command synthesizes, and those of the same app in TypeScript. */
  public async templates(example: Example, cwd: string, env: NodeJS.ProcessEnv, command: string, ...args: string[]): Promise<Record<'own' | 'typescript', Record<string, TemplateJson>>> {
    const [own, typescript] = [this.language, 'typescript'].map((name) => this.path('cdk.out', example.name, name));
    await this.run(cwd, { ...env, CDK_OUTDIR: own, CDK_CONTEXT_JSON: JSON.stringify(example.context ?? {}) }, command, ...args);
    return { own: templatesOf(own), typescript: await synthTypeScript(example, typescript) };
  }
}
