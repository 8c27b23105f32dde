// The page at scale: its tables and pictures are what the model makes of it, and the model is of this scheduler.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { AWS_COSTS } from '../../scripts/scale/costs';
import { pollersAMonth } from '../../scripts/scale/prices';
import { Quota, QUOTAS } from '../../scripts/scale/quotas';
import { AT_ONCE, runAtOnce, STEADY } from '../../scripts/scale/scenarios';
import { DEFAULTS, FIXED, processorShare } from '../../scripts/scale/scheduler-settings';
import { WebhookScheduler, WebhookSchedulerProps } from '../../src';
import { turnsPerMessageOf } from '../../src/core/timing';

const ROOT = path.join(__dirname, '../..');
const PAGE = readFileSync(path.join(ROOT, 'docs/scale.md'), 'utf8');

function command(...args: string[]) {
  return spawnSync(process.execPath, ['--import', 'tsx', 'scripts/scale.ts', ...args], { cwd: ROOT, encoding: 'utf8' });
}

test('the command says what it takes, and refuses anything else', () => {
  expect(command('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('Usage: npm run scale') });
  expect(command('--wright')).toMatchObject({ status: 2, stderr: expect.stringMatching(/'--wright'[^]*Usage/) });
});

describe('docs/scale.md', () => {
  test('has the tables and pictures that the model makes', () => {
    // In a process of its own: under Jest, every global is looked up so slowly that the model takes eight times as long.
    expect(command('--check')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('shows every picture', () => {
    const pictures = readdirSync(path.join(ROOT, 'docs')).filter((name) => /^scale-.*\.svg$/.test(name));
    expect(pictures.length).toBeGreaterThan(1);
    expect(pictures.filter((name) => !PAGE.includes(`](${name})`))).toEqual([]);
  });

  test('links to sections that are there', () => {
    const sections = [...PAGE.matchAll(/^#+ (.+)$/gm)].map(([, title]) => `#${title.toLowerCase().replace(/[^\w -]/g, '').replace(/ /g, '-')}`);
    const links = [...PAGE.matchAll(/\]\((#[^)]+)\)/g)].map(([, link]) => link);
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((link) => !sections.includes(link))).toEqual([]);
  });

  test('shows how to warm the table', () => {
    const stack = new Stack(new App(), 'Stack');
    const scheduler = new WebhookScheduler(stack, 'Sched');
    const [warm] = [...PAGE.matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => code);
    const run = (code: string) => new Function('scheduler', code.replace(/ as \w+\.\w+;/g, ';').replace(/\b(\d+)_(\d+)\b/g, '$1$2'))(scheduler);
    expect(warm).toContain(` as dynamodb.${dynamodb.CfnTable.name};`);
    run(warm);
    Template.fromStack(stack).hasResourceProperties('AWS::DynamoDB::Table', { WarmThroughput: { ReadUnitsPerSecond: 40_000, WriteUnitsPerSecond: 40_000 } });
  });

  test('says how many of one instant the first wave has ready', () => {
    const { lateMs } = runAtOnce(2_000, DEFAULTS);
    expect(PAGE).toMatch(/\(5 \+ 5 × 3\) × 100 = 2,000 are in the hands of workers [^.]*\. [^:]*: some 1,200 are on time, the others of the 2,000 within two seconds/);
    expect(lateMs.filter((late) => late < 100).length / 100).toBeCloseTo(12, 0);
    expect(lateMs[lateMs.length - 1]).toBeLessThan(2_000);
  });

  test('says how many rows load takes a minute', () => {
    const rowsAMinute = (memoryMib: number) => 60_000 * processorShare(memoryMib) / AWS_COSTS.loadRow;
    expect(PAGE).toMatch(/\*\*`loadMemory`\*\* of 512 MiB, the default, is enough for some three quarters of a million rows a minute, .* at 1,769 MiB, for two and a half million/);
    expect(Math.round(rowsAMinute(512) / 50_000)).toBe(15);
    expect(Math.round(rowsAMinute(1_769) / 500_000)).toBe(5);
  });
});

interface FunctionResource {
  readonly Properties: { readonly MemorySize: number; readonly Environment: { readonly Variables: Readonly<Record<string, string>> } };
}

function functionsOf(props: WebhookSchedulerProps = {}) {
  const stack = new Stack(new App(), 'Stack');
  new WebhookScheduler(stack, 'Sched', props);
  const template = Template.fromStack(stack);
  const functions = Object.entries(template.findResources('AWS::Lambda::Function') as Record<string, FunctionResource>);
  const find = (name: string) => functions.find(([id]) => id.startsWith(`Sched${name}`))![1].Properties;
  const mappings = Object.values(template.findResources('AWS::Lambda::EventSourceMapping'));
  return { ingest: find('Ingest'), load: find('Load'), deliver: find('Deliver'), mappings };
}

test('the model has the settings of the construct', () => {
  const { ingest, load, deliver, mappings } = functionsOf();
  expect(ingest.MemorySize).toBe(FIXED.ingestMemoryMib);
  expect(load.MemorySize).toBe(FIXED.loadMemoryMib);
  expect(deliver.MemorySize).toBe(DEFAULTS.deliverMemoryMib);
  expect(Number(load.Environment.Variables.LOAD_HORIZON_SECONDS) * 1000).toBe(FIXED.loadHorizonMs);
  expect(Number(ingest.Environment.Variables.PARTITIONS)).toBe(DEFAULTS.partitions);
  for (const { Properties } of mappings) {
    const polling = { mode: 'standard', maxConcurrency: Properties.ScalingConfig.MaximumConcurrency };
    expect(DEFAULTS).toMatchObject({ ingestPolling: polling, deliverPolling: polling });
    expect(Properties.BatchSize).toBe(QUOTAS.sqs.batch.value);
  }
});

test.each([...STEADY, ...AT_ONCE])('$name: the construct takes these settings', ({ settings: { ingestPolling, deliverPolling, deliverMemoryMib, partitions } }) => {
  const { deliver } = functionsOf({
    deliverMemory: Size.mebibytes(deliverMemoryMib),
    partitions,
    ...(deliverPolling.mode === 'provisioned' ? { deliverPollers: { minimum: deliverPolling.minimum, maximum: deliverPolling.maximum } } : {}),
    ...(ingestPolling.mode === 'standard' ? { maxConcurrency: ingestPolling.maxConcurrency } : {}),
  });
  expect(Number(deliver.Environment.Variables.TURNS_PER_MESSAGE)).toBe(turnsPerMessageOf(deliverMemoryMib));
});

test('every quota names its page, and says what there is so much of', () => {
  const quotas: Quota[] = Object.values(QUOTAS).flatMap((group) => Object.values(group));
  expect(quotas.length).toBeGreaterThan(15);
  for (const { source, what, value } of quotas) {
    expect(source).toMatch(/^https:\/\/(docs\.)?aws\.amazon\.com\//);
    expect(what.split('{}')).toHaveLength(2);
    expect(value).toBeGreaterThan(0);
  }
});

test('prices are those of the bench', () => {
  expect(pollersAMonth(10)).toBeCloseTo(10 * 730 * 0.00925);
});
