// What those who want to contribute are told, held against what there is.
import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';

const PROJECT = path.join(__dirname, '..');
const file = (...names: string[]): string => readFileSync(path.join(PROJECT, ...names), 'utf8');
const { scripts } = JSON.parse(file('package.json')) as { scripts: Record<string, string> };
const { tasks } = JSON.parse(file('.projen', 'tasks.json')) as { tasks: Record<string, unknown> };

const PAGES = ['CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'examples/README.md'];

test.each(PAGES)('%s names scripts, tasks and files that exist', (page) => {
  const text = file(page);
  for (const [, name] of text.matchAll(/npm run ([a-z0-9][\w:]*)/g)) {
    expect(scripts).toHaveProperty([name]);
  }
  for (const [, name] of text.matchAll(/npx projen ([a-z][\w:-]*)/g)) {
    expect(tasks).toHaveProperty([name]);
  }
  const paths = [...text.matchAll(/(?<![\w/])((?:src|test|scripts|docs|examples|schema)\/[\w./-]*\w)(?![\w*…/])/g)].map(([, name]) => name);
  for (const name of paths) {
    expect([name, existsSync(path.join(PROJECT, name))]).toEqual([name, true]);
  }
});

test('CONTRIBUTING.md knows every directory of the sources', () => {
  const text = file('CONTRIBUTING.md');
  for (const name of ['handlers', 'core', 'adapters', 'local']) {
    expect(text).toContain(`\`src/${name}\``);
  }
});

interface Form {
  readonly name: string;
  readonly questions: readonly string[];
}

/** Enough of YAML for what projen writes. */
function formOf(text: string): Form {
  const [, name = ''] = /^name: (.*)$/m.exec(text) ?? [];
  return { name, questions: [...text.matchAll(/^ {4}id: (.*)$/gm)].map(([, id]) => id) };
}

test('issues have forms, and vulnerabilities another way', () => {
  expect(formOf(file('.github', 'ISSUE_TEMPLATE', 'bug.yml'))).toEqual({ name: 'Bug', questions: ['what', 'code', 'notice', 'local', 'versions'] });
  expect(formOf(file('.github', 'ISSUE_TEMPLATE', 'feature.yml'))).toEqual({ name: 'Feature', questions: ['task', 'today', 'solution'] });
  expect(file('.github', 'ISSUE_TEMPLATE', 'config.yml')).toMatch(/blank_issues_enabled: false[^]*name: Vulnerability\n +url: .*\/security\/policy/);
});
