// Packs the package, installs it into a new CDK app in a temporary folder, synthesizes that, and checks both.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import * as path from 'node:path';
import { bundledPackages } from './supply-chain/bundled-packages';
import { label } from './supply-chain/license-texts';
import { Cleanup, runProgram } from './support/cleanup';
import { compileIfNeeded } from './support/compiled';
import { runCommand } from './support/run-command';
import { temporaryDirectory } from './support/temporary-directory';
import { paint } from './support/terminal';
import { appProblems, writeApp } from './tarball/app';
import { contentProblems } from './tarball/contents';

const PROJECT = path.join(__dirname, '..');
const HANDLERS = path.join(PROJECT, 'assets', 'handlers');
const PACKAGE = 'cdk-webhook-scheduler';
const QUIET = ['--loglevel=error', '--no-audit', '--no-fund', '--no-update-notifier'];

interface PackageJson {
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly entryCount: number;
}

async function main(cleanup: Cleanup): Promise<number> {
  const directory = await temporaryDirectory(cleanup, 'tarball');
  if (!existsSync(HANDLERS)) {
    throw new Error('The handlers are not bundled yet. Run: npm run bundle');
  }
  if (await compileIfNeeded(cleanup)) {
    tell('compiled', 'lib/ was older than what it is made of');
  }

  const [packed] = JSON.parse(
    await runCommand(cleanup, { cwd: PROJECT }, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', directory, ...QUIET),
  ) as [Packed];
  const tarball = path.join(directory, packed.filename);
  tell('packed', `${packed.filename}: ${kib(packed.size)}, unpacked ${kib(packed.unpackedSize)} in ${packed.entryCount} files`);

  const unpacked = path.join(directory, 'unpacked');
  mkdirSync(unpacked);
  await runCommand(cleanup, { cwd: unpacked }, 'tar', '-xzf', tarball, '--strip-components=1');
  const machinePaths = [PROJECT, tmpdir(), homedir()].filter((machinePath) => machinePath !== '/').map((machinePath) => `${machinePath}/`);
  const problems = contentProblems(unpacked, machinePaths, bundledPackages(PROJECT).map(label));

  const app = path.join(directory, 'app');
  const { devDependencies, peerDependencies } = JSON.parse(readFileSync(path.join(PROJECT, 'package.json'), 'utf8')) as PackageJson;
  const floor = (name: string) => peerDependencies[name].replace(/^\^/, '');
  writeApp(app, tarball, { 'aws-cdk-lib': floor('aws-cdk-lib'), 'constructs': floor('constructs'), 'typescript': devDependencies.typescript });
  await runCommand(cleanup, { cwd: app }, 'npm', 'install', '--prefer-offline', '--no-package-lock', ...QUIET);
  tell('installed', `into a new app, with aws-cdk-lib ${floor('aws-cdk-lib')}`);
  await runCommand(cleanup, { cwd: app }, process.execPath, path.join('node_modules', 'typescript', 'bin', 'tsc'));
  await runCommand(cleanup, { cwd: app }, process.execPath, 'app.js');
  tell('synthesized', 'with nothing but what npm had installed');
  problems.push(...appProblems(app, HANDLERS));

  problems.forEach((problem) => console.log(`  ${paint('red', '✘')} ${problem}`));
  if (problems.length === 0) {
    tell('checked', `${PACKAGE} holds what it should, and the template runs the handlers as they were bundled`);
  }
  return problems.length === 0 ? 0 : 1;
}

function tell(what: string, about: string): void {
  console.log(`  ${paint('green', '✔')} ${what.padEnd(11)}  ${paint('dim', about)}`);
}

function kib(bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`;
}

void runProgram(main);
