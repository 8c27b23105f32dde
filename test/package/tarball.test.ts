// The package as its users get it: packed, installed into a new app and synthesized there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { contentProblems } from '../../scripts/tarball/contents';

const PROJECT = path.join(__dirname, '..', '..');
/** Compiling and installing aws-cdk-lib take half a minute on an idle machine with a warm cache. */
const TIMEOUT_MS = 300_000;

test('works in a new app, without a bundler, and holds what it should', async () => {
  const check = spawn(process.execPath, ['--import', 'tsx', 'scripts/check-tarball.ts'], { cwd: PROJECT, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, noise] = await Promise.all([text(check.stdout), text(check.stderr), once(check, 'close')]);

  expect(output).not.toContain('✘');
  expect(noise).toBe('');
  expect(output).toMatch(/✔ packed .*: \d+ KiB, unpacked \d+ KiB in \d+ files\n/);
  expect(output).toMatch(/✔ checked /);
  expect(check.exitCode).toBe(0);
}, TIMEOUT_MS);

describe('the check of the contents', () => {
  const FILES: Readonly<Record<string, string>> = {
    'package.json': '{}',
    'README.md': '',
    'API.md': '',
    'LICENSE': '',
    '.jsii': '{}',
    'schema/webhook-message.schema.json': '{}',
    'lib/index.js': '',
    'lib/index.d.ts': '',
    'lib/handlers/ingest.lambda.js': '',
    'assets/THIRD_PARTY_LICENSES.txt': 'bowser@2.15.0 (MIT)\n\nPermission is granted …\n',
    'assets/handlers/ingest.lambda/index.js': '',
    'assets/handlers/load.lambda/index.js': '',
    'assets/handlers/deliver.lambda/index.js': '',
  };
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-contents-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function problemsOf(files: Readonly<Record<string, string>>): string[] {
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
      writeFileSync(path.join(directory, file), content);
    }
    return contentProblems(directory, ['/build/machine/'], ['bowser@2.15.0 (MIT)']);
  }

  test('has nothing against what belongs in it', () => {
    expect(problemsOf(FILES)).toEqual([]);
  });

  test('names what is missing', () => {
    const { 'API.md': _, ...others } = FILES;
    expect(problemsOf(others)).toEqual(['API.md is not in the package.']);
  });

  test.each([
    'src/index.ts', 'test/core/date.test.js', 'lib/local/engine.js', 'lib/index.ts', 'lib/index.js.map', '.npmrc', 'bench/bench.ts', 'tsconfig.json',
    'CHANGELOG.md', 'rosetta/default.ts-fixture', '.jsii.tabl.json',
  ])(
    'names %s, which does not belong in it', (file) => {
      expect(problemsOf({ ...FILES, [file]: '' })).toEqual([`${file} does not belong in the package.`]);
    },
  );

  test('names bundled packages whose licence is not there', () => {
    expect(problemsOf({ ...FILES, 'assets/THIRD_PARTY_LICENSES.txt': 'bowser@2.14.0 (MIT)\n' })).toEqual([
      'assets/THIRD_PARTY_LICENSES.txt does not have the licence of bowser@2.15.0 (MIT).',
    ]);
  });

  test('names files that tell of the machine they were made on, or have a source map', () => {
    expect(problemsOf({ ...FILES, '.jsii': '{"at":"/build/machine/src"}', 'lib/index.js': '//# sourceMappingURL=index.js.map' })).toEqual([
      '.jsii names /build/machine/, a path of this machine.',
      'lib/index.js has a source map.',
    ]);
  });
});
