// The same sources make the same bundles and the same template, byte for byte, wherever and whenever they are built.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundledPackages } from '../../scripts/supply-chain/bundled-packages';
import { filesIn } from '../../scripts/tarball/files';

const PROJECT = path.join(__dirname, '..', '..');
const APP = `
import { App, Stack } from 'aws-cdk-lib';
import { WebhookScheduler } from './src';

const app = new App({ outdir: 'cdk.out' });
new WebhookScheduler(new Stack(app, 'Stack'), 'Scheduler');
app.synth();
`;

/** A place, a time and a machine to build on. */
interface Surroundings {
  readonly directory: string;
  /** When all files were written. */
  readonly written: Date;
  readonly mode: number;
  readonly env: Readonly<Record<string, string>>;
}

const SURROUNDINGS: readonly Surroundings[] = [
  { directory: 'a', written: new Date('1999-12-31T23:59:58Z'), mode: 0o600, env: { TZ: 'Pacific/Kiritimati', LC_ALL: 'C', NODE_ENV: 'production', USER: 'a' } },
  {
    directory: 'elsewhere/with a space/b',
    written: new Date('2030-06-15T12:00:00Z'),
    mode: 0o755,
    env: { TZ: 'America/St_Johns', LC_ALL: 'tr_TR.UTF-8', NODE_ENV: 'development', USER: 'b', SOURCE_DATE_EPOCH: '1' },
  },
];

let root: string;
let builds: string[];

beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-reproducible-'));
  builds = SURROUNDINGS.map(build);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Bundles and synthesizes there; returns the directory. */
function build({ directory: name, written, mode, env }: Surroundings): string {
  const directory = path.join(root, name);
  mkdirSync(directory, { recursive: true });
  for (const file of ['tsconfig.json', 'tsconfig.dev.json', 'package.json', ...inputFiles(), ...filesIn(path.join(PROJECT, 'src')).map((source) => `src/${source}`)]) {
    cpSync(path.join(PROJECT, file), path.join(directory, file));
    utimesSync(path.join(directory, file), written, written);
  }
  const options = { cwd: directory, env: { PATH: process.env.PATH, HOME: directory, ...env } };
  const run = (program: string, ...args: string[]) => execFileSync(program, args, options);
  for (const args of bundleCommands()) {
    run(path.join(PROJECT, 'node_modules', '.bin', args[0]), ...args.slice(1));
  }
  for (const bundle of filesIn(path.join(directory, 'assets')).map((file) => path.join(directory, 'assets', file))) {
    chmodSync(bundle, mode);
    utimesSync(bundle, written, written);
  }

  for (const library of ['aws-cdk-lib', 'constructs']) {
    symlinkSync(path.join(PROJECT, 'node_modules', library), path.join(directory, 'node_modules', library));
  }
  writeFileSync(path.join(directory, 'app.ts'), APP);
  run(process.execPath, '--import', pathToFileURL(require.resolve('tsx')).href, 'app.ts');
  return directory;
}

/** What the bundles of the project are made of, and what esbuild reads besides to find it. */
function inputFiles(): string[] {
  const inputs = filesIn(path.join(PROJECT, '.metafiles'))
    .flatMap((file) => Object.keys((JSON.parse(readFileSync(path.join(PROJECT, '.metafiles', file), 'utf8')) as { inputs: object }).inputs))
    .filter((file) => file.startsWith('node_modules/'));
  const packageFiles = inputs.flatMap(ancestors).map((directory) => `${directory}/package.json`).filter((file) => existsSync(path.join(PROJECT, file)));
  return [...new Set([...inputs, ...packageFiles])];
}

/** `a/b/c` → `a/b`, `a` */
function ancestors(file: string): string[] {
  const directory = path.posix.dirname(file);
  return directory === '.' ? [] : [directory, ...ancestors(directory)];
}

/** As the `bundle` task runs them. */
function bundleCommands(): string[][] {
  const { tasks } = JSON.parse(readFileSync(path.join(PROJECT, '.projen', 'tasks.json'), 'utf8')) as {
    tasks: Record<string, { steps?: { execArgs?: string[] }[] }>;
  };
  return Object.entries(tasks).filter(([name]) => name.startsWith('bundle:')).flatMap(([, { steps = [] }]) => steps.flatMap(({ execArgs }) => (execArgs ? [execArgs] : [])));
}

/** All files below a directory, each with its bytes. */
function contentOf(directory: string): Record<string, string> {
  return Object.fromEntries(filesIn(directory).map((file) => [file, readFileSync(path.join(directory, file), 'latin1')]));
}

/** Names of the files whose bytes differ; the bytes themselves are too many to print. */
function differences(some: Record<string, string>, others: Record<string, string>): string[] {
  return Object.keys({ ...some, ...others }).filter((file) => some[file] !== others[file]);
}

test('the bundles of two builds are the same', () => {
  const [one, other] = builds.map((directory) => contentOf(path.join(directory, 'assets', 'handlers')));
  expect(Object.keys(one)).toEqual(['deliver', 'ingest', 'load'].map((handler) => `${handler}.lambda/index.js`));
  expect(differences(one, other)).toEqual([]);
});

test('they are those that ship, bundled from the sources as they are now', () => {
  const [one] = builds.map((directory) => contentOf(path.join(directory, 'assets', 'handlers')));
  expect(differences(one, contentOf(path.join(PROJECT, 'assets', 'handlers')))).toEqual([]);
});

test('they are made of the same packages', () => {
  for (const directory of builds) {
    expect(bundledPackages(directory)).toEqual(bundledPackages(PROJECT));
  }
});

test('the templates, and the hashes by which assets are found, are the same', () => {
  const [one, other] = builds.map((directory) => contentOf(path.join(directory, 'cdk.out')));
  expect(Object.keys(one)).toEqual(expect.arrayContaining(['Stack.template.json', 'Stack.assets.json']));
  expect(differences(one, other)).toEqual([]);
});
