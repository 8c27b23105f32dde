// What the README says and the code has to keep true.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { WebhookScheduler } from '../src';

const file = (...names: string[]) => readFileSync(path.join(__dirname, '..', ...names), 'utf8');
const README = file('README.md');
const packageJson = JSON.parse(file('package.json')) as { scripts: Record<string, string> };

test.each([
  ['ts nofixture', '//', 'typescript/smallest/app.ts'],
  ['python', '#', 'python/smallest/app.py'],
  ['java', '//', 'java/smallest/src/main/java/example/Smallest.java'],
  ['csharp', '//', 'csharp/smallest/Program.cs'],
  ['go', '//', 'go/smallest/main.go'],
])('the smallest app in %s is the example', (language, comment, example) => {
  const [, code] = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(README) ?? [];
  expect(file('examples', example)).toBe(`${comment} The smallest complete app: one scheduler, and its topic as an output.\n${code}`);
});

test('the names of the packages are those that are published', () => {
  const { name, jsii: { targets } } = JSON.parse(file('package.json')) as { name: string; jsii: { targets: Record<string, Record<string, unknown>> } };
  const { groupId, artifactId } = targets.java.maven as Record<string, string>;
  const { moduleName } = targets.go as Record<string, string>;
  expect(README).toContain(`npm install ${name}`);
  expect(README).toContain(`<code>pip install ${targets.python.distName as string}</code>`);
  expect(README).toContain(`<code>${groupId}:${artifactId}</code>`);
  expect(README).toContain(`<code>dotnet add package ${targets.dotnet.packageId as string}</code>`);
  expect(README).toContain(`<code>go get ${moduleName}/${name.replaceAll('-', '')}</code>`);
});

test('what it says is exposed is', () => {
  const [, list] = /to be monitored and extended: ([^]*?)\.\n/.exec(README) ?? [];
  const names = [...list.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  expect(names).toHaveLength(15);
  const scheduler = new WebhookScheduler(new Stack(new App(), 'Stack'), 'Sched');
  expect(Object.keys(scheduler)).toEqual(expect.arrayContaining(names));
});

test('the commands exist', () => {
  const commands = [...README.matchAll(/npm run ([\w:]+)|npm (test)\b/g)].map(([, script, name]) => script ?? name);
  expect(new Set(commands)).toEqual(new Set(['demo', 'test', 'bench', 'local', 'scale', 'simulate', 'fuzz', 'audit:shipped', 'e2e', 'dashboard']));
  expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(commands));
});

test('the props table names every prop', () => {
  const interfaceText = /export interface WebhookSchedulerProps \{([^]*?)\n\}/.exec(file('src', 'webhook-scheduler-props.ts'))?.[1] ?? '';
  const props = [...interfaceText.matchAll(/readonly (\w+)\?:/g)].map(([, name]) => name);
  const [, table] = /\| prop \| default \| \|\n([^]*?)\n\n/.exec(README) ?? [];
  expect([...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)).toEqual(props);
});
