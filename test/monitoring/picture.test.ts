// The dashboard's picture and the table of alarms in the docs: that they are what the construct makes, and that all of it can be read.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { THRESHOLD_OPTIONS } from '../../scripts/dashboard/alarms-table';
import { Body, Graph, readBody } from '../../scripts/dashboard/body';
import { draw } from '../../scripts/dashboard/picture';
import { MINUTES, sampleOf } from '../../scripts/dashboard/samples';
import { WebhookScheduler } from '../../src';

const ROOT = path.join(__dirname, '../..');
const PICTURE = readFileSync(path.join(ROOT, 'docs/dashboard.svg'), 'utf8');
const GUIDE = readFileSync(path.join(ROOT, 'docs/monitoring.md'), 'utf8');

function command(...args: string[]) {
  return spawnSync(process.execPath, ['--import', 'tsx', 'scripts/dashboard.ts', ...args], { cwd: ROOT, encoding: 'utf8' });
}

function bodyOf(): Body {
  const stack = new Stack(new App(), 'Shop');
  const scheduler = new WebhookScheduler(stack, 'Webhooks');
  scheduler.addAlarms();
  const { dashboard } = scheduler.addDashboard();
  return readBody(stack.resolve((dashboard.node.defaultChild as cloudwatch.CfnDashboard).dashboardBody));
}

const BODY = bodyOf();
const GRAPHS = BODY.widgets.filter((widget): widget is Graph => widget.type === 'metric');
const decode = (text: string) => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');

interface Words {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly anchor: string;
  readonly text: string;
}

/** All words of the picture, with where they stand. */
const WORDS: readonly Words[] = [...PICTURE.matchAll(/<text ([^>]*)>([^]*?)<\/text>/g)].map(([, attributes, content]) => {
  const attribute = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
  return {
    x: Number(attribute('x')),
    y: Number(attribute('y')),
    size: Number(attribute('font-size') ?? 12),
    anchor: attribute('text-anchor') ?? 'start',
    text: decode(content.replace(/<[^>]+>/g, '')),
  };
});

test('the command says what it takes, and refuses anything else', () => {
  expect(command('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('Usage: npm run dashboard') });
  expect(command('--wright')).toMatchObject({ status: 2, stderr: expect.stringMatching(/'--wright'[^]*Usage/) });
});

test('the picture and the table of alarms in docs/ are what the construct makes', () => {
  expect(command('--check')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(draw(BODY)).toBe(PICTURE);
});

describe('the guide', () => {
  test('shows the picture', () => {
    expect(GUIDE).toMatch(/!\[[^\]]+\]\(dashboard\.svg\)/);
  });

  test('has a row for each alarm, with the options that set when it goes off', () => {
    const rows = [...GUIDE.matchAll(/^\| \[`(\w+)`\]\(operations\.md#[\w-]+\) \|.*\| ([^|]+) \|$/gm)].map(([, name, options]) => [name, options]);
    const source = readFileSync(path.join(ROOT, 'src/webhook-scheduler-alarms.ts'), 'utf8');
    const [, body] = /export interface WebhookSchedulerAlarmsOptions \{([^]*?)\n\}/.exec(source)!;
    const options = [...body.matchAll(/readonly (\w+)\?: ([\w.]+)/g)].map(([, name, type]) => ({ name, type }));
    expect(rows.map(([name]) => name)).toEqual(options.filter(({ type }) => type === 'boolean').map(({ name }) => name));
    const thresholds = options.filter(({ name, type }) => type !== 'boolean' && name !== 'alarmTopic').map(({ name }) => name);
    expect(Object.values(THRESHOLD_OPTIONS).flat()).toEqual(thresholds);
    expect(rows.flatMap(([, cell]) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name))).toEqual(thresholds);
  });
});

test('every widget, line, axis, and threshold of the dashboard is in it', () => {
  const texts = WORDS.map(({ text }) => text);
  for (const { title, lines, left, right, annotations } of GRAPHS) {
    const labels = lines.filter(({ options }) => options.visible !== false).map(({ options }) => options.label);
    const axes = right ? [left.label, right.label] : [left.label];
    expect(texts).toEqual(expect.arrayContaining([title, ...labels, ...axes, ...annotations.map(({ label }) => label)]));
  }
  const alarms = BODY.widgets.flatMap((widget) => (widget.type === 'alarm' ? widget.alarms : []));
  expect(alarms).toHaveLength(11);
  const names = alarms.map((arn) => /WebhooksAlarms(\w+?)[0-9A-F]{8}\.Arn/.exec(arn)![1]);
  expect(texts.map((text) => text.replace(/ /g, ''))).toEqual(expect.arrayContaining(names));
  const curves = [...PICTURE.matchAll(/<path d="M[^"]*" fill="none" stroke="(#[0-9a-f]{6})"/g)].map(([, colour]) => colour);
  expect(curves).toEqual(GRAPHS.flatMap(({ lines }) => lines.filter(({ options }) => options.visible !== false).map(({ options }) => options.color)));
});

test('what it says keeps apart, and within its page', () => {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(PICTURE)!.map(Number);
  const boxes = WORDS.filter(({ text }) => text !== '').map(({ x, y, size, anchor, text }) => {
    const long = text.length * size * 0.5;
    const left = anchor === 'end' ? x - long : anchor === 'middle' ? x - long / 2 : x;
    return { text, left, right: left + long, top: y - size * 0.72, bottom: y };
  });
  for (const { left, right, top, bottom } of boxes) {
    expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
    expect(right).toBeLessThanOrEqual(width);
    expect(bottom).toBeLessThanOrEqual(height);
  }
  const overlapping = boxes.flatMap((a, i) => boxes.slice(i + 1)
    .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
    .map((b) => `${a.text} / ${b.text}`));
  expect(overlapping).toEqual([]);
});

test('lines are made up, the same each time, for all that is shown, and for nothing else', () => {
  const [graph] = GRAPHS;
  expect(sampleOf(graph, graph.lines[0])).toHaveLength(MINUTES);
  for (const { lines, ...rest } of GRAPHS) {
    for (const line of lines.filter(({ options }) => options.visible !== false)) {
      const sample = sampleOf({ lines, ...rest }, line);
      expect(sample).toEqual(sampleOf({ lines, ...rest }, line));
      expect(Math.min(...sample)).toBeGreaterThanOrEqual(0);
    }
  }
  expect(() => sampleOf(graph, { options: { label: 'Moon' } })).toThrow(`has no shape for the line "Moon" of "${graph.title}"`);
});

test('a template with something in the body that is not known here is refused', () => {
  expect(() => readBody({ 'Fn::Sub': 'x' })).toThrow('Fn::Sub is in the body of a dashboard, expected Fn::Join, Ref');
});
