import { readFileSync, rmSync } from 'node:fs';
import * as path from 'node:path';
import { Figures } from '../../bench/measure';
import { keepResult, Printer, sectionText, workTable } from '../../bench/report';

const figures = (ms: number, lost = 0): Figures => ({
  count: 100,
  arrived: 100 - lost,
  early: 0,
  twice: 0,
  lost,
  lateMs: { p50: ms, p90: ms, p99: 2 * ms, max: 3 * ms },
  answeredMs: { p50: ms + 200, p90: ms + 200, p99: 2 * ms + 200, max: 3 * ms + 200 },
});
const floor = figures(10);

const PROJECT = path.join(__dirname, '..', '..');
const versionIn = (directory: string) => (JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as { version: string }).version;
const installed = (name: string) => versionIn(path.join(PROJECT, 'node_modules', name));

/** Cells of each line, without what lines them up. */
function cells(text: string): string[][] {
  return text.split('\n').map((line) => line.trim().split(/ {2,}/));
}

test('sets who sent a work side by side, with what each row measured, and the ratio to the floor', () => {
  const lines = cells(workTable([
    {
      label: 'this scheduler',
      settings: 'as it is',
      receiver: 'receiver: goes first',
      figures: figures(25, 1),
      repetitions: 3,
      floor,
      limit: 'before the date none of the processors',
    },
    { label: 'bare HTTP client', settings: '32 connections', receiver: 'receiver: goes first', figures: floor, repetitions: 1 },
  ], []));
  expect(lines.slice(2)).toEqual([
    ['this scheduler', 'arrival', '25', '25', '50', '75', '2.5', '2.5', '2.5', '0', '0', '1', '100'],
    ['its answer', '225', '225', '250', '275', '1.1', '1.1', '1.2'],
    ['bare HTTP client', 'arrival', '10', '10', '20', '30', '0', '0', '0', '100'],
    ['its answer', '210', '210', '220', '230'],
    ['this scheduler: as it is; medians of 3 repetitions; limit reached before the date none of the processors'],
    ['bare HTTP client: 32 connections'],
    ['receiver: goes first'],
  ]);
});

test('says under the table whether each goal is met', () => {
  const text = workTable([], [
    { goal: 'p50 ≤ 5 ms', value: 1, met: true }, { goal: 'p99 ≤ 25 ms', value: 26, met: false }, { goal: 'max ≤ 2 × the bare HTTP client' },
  ]);
  expect(text.split('\n').slice(-3)).toEqual([
    '  Goal: p50 ≤ 5 ms: 1, met', '  Goal: p99 ≤ 25 ms: 26, missed', '  Goal: max ≤ 2 × the bare HTTP client: not measured',
  ]);
});

test('prints a section with its tables under their captions', () => {
  const text = sectionText({ title: 'How much', tables: [{ caption: 'what', text: '  1' }, { caption: 'why', text: '  2' }] });
  expect(text).toBe('\n  How much\n\n  what\n\n  1\n\n  why\n\n  2');
});

test('prints a table as soon as it is there, and with its section what is left, each once and under one title', () => {
  const printed: string[] = [];
  const printer = new Printer((text) => printed.push(text));
  const [first, second, third] = ['1', '2', '3'].map((number) => ({ caption: `what ${number}`, text: number }));
  printer.table('How late', first);
  expect(printed).toEqual(['\n  How late\n\n  what 1\n\n1']);
  printer.section({ name: 'x', title: 'How late', tables: [first, second], json: {}, ok: true });
  printer.section({ name: 'y', title: 'How heavy', tables: [third], json: {}, ok: true });
  expect(printed.slice(1)).toEqual(['\n  what 2\n\n2', '\n  How heavy\n\n  what 3\n\n3']);
});

test.each([['nothing', undefined], ['BullMQ', 'bullmq']] as const)('keeps what was found in a file, with the versions of what was measured, beside %s', (_, peer) => {
  const file = path.join(PROJECT, keepResult({ peer }, [{ name: 'x', title: 'How much', tables: [], json: { found: 1 }, ok: true }]));
  try {
    const { versions, ...kept } = JSON.parse(readFileSync(file, 'utf8'));
    expect(kept).toEqual({ at: expect.stringMatching(/Z$/), machine: expect.anything(), options: { ...(peer ? { peer } : {}) }, x: { found: 1 } });
    const names = ['aws-cdk-lib', '@aws-sdk/client-dynamodb', '@aws-sdk/client-sqs', 'dynalite', 'fauxqs', ...(peer ? [peer] : [])];
    // The commit and redis-server are there where git and Redis are.
    const { commit, 'redis-server': redis, ...packages } = versions;
    expect(packages).toEqual({ 'cdk-webhook-scheduler': versionIn(PROJECT), ...Object.fromEntries(names.map((name) => [name, installed(name)])) });
    expect(packages['aws-cdk-lib']).toMatch(/^2\.\d+\.\d+/);
    expect(commit ?? '0').toMatch(/^[\da-f]+(-dirty)?$/);
    expect(redis ?? (peer ? '0' : 'none')).toMatch(peer ? /^[\d.]+$/ : /^none$/);
  } finally {
    rmSync(file);
  }
});
