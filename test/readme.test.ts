// What the README says and the code has to keep true.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { WebhookScheduler } from '../src';

const file = (...names: string[]) => readFileSync(path.join(__dirname, '..', ...names), 'utf8');
const README = file('README.md');
const packageJson = JSON.parse(file('package.json')) as { scripts: Record<string, string> };

test('the smallest app is the example', () => {
  const [, code] = /```ts\n([^]*?)```/.exec(README) ?? [];
  expect(file('examples', 'typescript', 'smallest', 'app.ts')).toBe(`// The smallest complete app: one scheduler, and its topic as an output.\n${code}`);
});

test('what it says is exposed is', () => {
  const [, list] = /to be monitored and extended: ([^]*?)\.\n/.exec(README) ?? [];
  const names = [...list.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  expect(names).toHaveLength(12);
  const scheduler = new WebhookScheduler(new Stack(new App(), 'Stack'), 'Sched');
  expect(Object.keys(scheduler)).toEqual(expect.arrayContaining(names));
});

test('the commands exist', () => {
  const commands = [...README.matchAll(/npm run ([\w:]+)|npm (test)\b/g)].map(([, script, name]) => script ?? name);
  expect(new Set(commands)).toEqual(new Set(['demo', 'test', 'bench', 'local', 'scale', 'simulate', 'fuzz', 'audit:shipped']));
  expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(commands));
});

test('the props table names every prop', () => {
  const interfaceText = /export interface WebhookSchedulerProps \{([^]*?)\n\}/.exec(file('src', 'webhook-scheduler-props.ts'))?.[1] ?? '';
  const props = [...interfaceText.matchAll(/readonly (\w+)\?:/g)].map(([, name]) => name);
  const [, table] = /\| prop \| default \| \|\n([^]*?)\n\n/.exec(README) ?? [];
  expect([...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)).toEqual(props);
});
