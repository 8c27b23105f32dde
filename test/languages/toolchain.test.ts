// Whether what is missing is found, and said: the tests of the languages, and `package-all`, leave out what they cannot do.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { LANGUAGES, Language, missingOf } from '../../scripts/languages/toolchain';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-toolchain-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A directory of commands which print a line on standard error and end with an exit code. */
function commands(name: string, scripts: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const bin = path.join(directory, name);
  mkdirSync(bin);
  for (const [command, script] of Object.entries(scripts)) {
    writeFileSync(path.join(bin, command), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(bin, command), 0o755);
  }
  return { PATH: bin };
}

test.each<[Language, string]>([['python', 'python3'], ['java', 'javac'], ['dotnet', 'dotnet'], ['go', 'go']])(
  'says of %s which command is not there', (language, command) => {
    expect(missingOf(language, directory, { PATH: path.join(directory, 'nowhere') })).toBe(`${command} is not installed.`);
  },
);

test('finds what comes with one part of a toolchain and not with another', () => {
  expect(missingOf('java', directory, commands('jdk', { javac: 'exit 0' }))).toBe('mvn is not installed.');
});

test('says what the registry answers', () => {
  const env = commands('no-registry', { python3: 'if [ "$2" = pip ]; then echo "Looking …" >&2; echo "No matching distribution" >&2; exit 1; fi' });
  expect(missingOf('python', directory, env)).toBe('python3 -m pip download: No matching distribution');
});

test('finds nothing where every command is content', () => {
  const env = commands('all', Object.fromEntries(['python3', 'javac', 'mvn', 'dotnet', 'go'].map((command) => [command, 'exit 0'])));
  expect(LANGUAGES.map((language) => missingOf(language, directory, env))).toEqual(LANGUAGES.map(() => undefined));
});

const withoutGo = spawnSync('go', ['version'], { stdio: 'ignore' }).error !== undefined;
if (withoutGo) {
  console.warn('Skipped: whether a registry that nobody answers for counts as missing. Go, which can be told of one, is not installed.');
}

(withoutGo ? test.skip : test)('takes a registry that nobody answers for as missing', () => {
  expect(missingOf('go', directory, { ...process.env, GOPROXY: 'off' })).toMatch(/^go list -m -versions: .*GOPROXY=off/);
});
