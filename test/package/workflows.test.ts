// What the workflows of the repository may do: each job says so, and few may write.
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';

const WORKFLOWS = path.join(__dirname, '..', '..', '.github', 'workflows');

interface Job {
  readonly name: string;
  readonly text: string;
  /** `contents: read` and the like; none: the job has whatever the repository grants by default. */
  readonly permissions: readonly string[];
}

/** Jobs of all workflows, as projen writes them. */
const JOBS: readonly Job[] = readdirSync(WORKFLOWS).flatMap((file) => {
  const [, jobs = ''] = readFileSync(path.join(WORKFLOWS, file), 'utf8').split(/^jobs:\n/m);
  return jobs.split(/^(?= {2}[\w-]+:$)/m).map((text) => {
    const [, permissions = ''] = /^ {4}permissions:\n((?: {6}.*\n)+)/m.exec(text) ?? [];
    return { name: `${file} ${text.slice(2, text.indexOf(':'))}`, text, permissions: permissions.split('\n').map((line) => line.trim()).filter(Boolean) };
  });
});

test('every job says what it may do, and only these may write', () => {
  expect(JOBS.map(({ name }) => name)).toEqual(expect.arrayContaining(['build.yml build', 'release.yml release_npm', 'audit.yml audit']));
  expect(JOBS.filter(({ permissions }) => permissions.length === 0).map(({ name }) => name)).toEqual([]);
  const writing = JOBS.map(({ name, permissions }) => [name, permissions.filter((permission) => !permission.endsWith(': read'))] as const);
  expect(Object.fromEntries(writing.filter(([, permissions]) => permissions.length > 0))).toEqual({
    'pull-request-lint.yml validate': ['pull-requests: write'],
    'release.yml release': ['contents: write'],
    'release.yml release_github': ['contents: write'],
    'release.yml release_npm': ['id-token: write'],
    'release.yml release_pypi': ['id-token: write'],
  });
});

test('what pull requests bring is run without secrets and without a right to write', () => {
  // Of these, GitHub gives to the workflow what it has on the main branch.
  const privileged = JOBS.filter(({ name }) => name.startsWith('pull-request-lint.yml'));
  expect(privileged.map(({ text }) => /^ +run: /m.test(text) || text.includes('actions/checkout'))).toEqual([false]);
  const build = JOBS.filter(({ name }) => name.startsWith('build.yml'));
  expect(build.length).toBeGreaterThan(1);
  expect(build.filter(({ text, permissions }) => text.includes('secrets.') || permissions.join() !== 'contents: read').map(({ name }) => name)).toEqual([]);
});

test('what ships is audited before it is released, and each day', () => {
  const auditing = JOBS.filter(({ text }) => text.includes('run: npm run audit:shipped')).map(({ name }) => name);
  expect(auditing).toEqual(['audit.yml audit', 'build.yml build', 'release.yml release']);
});

test('what is run with the secrets of a registry is of a fixed version', () => {
  const commands = JOBS.flatMap(({ text }) => [...text.matchAll(/publib@(\S+?)'/g)].map(([, version]) => version));
  expect(commands).toHaveLength(5);
  expect(commands.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  const actions = JOBS.flatMap(({ text }) => [...text.matchAll(/uses: (\S+)/g)].map(([, action]) => action));
  expect(actions.length).toBeGreaterThan(20);
  expect(actions.filter((action) => !/@([0-9a-f]{40}|v\d+\.\d+\.\d+)$/.test(action))).toEqual([]);
});
