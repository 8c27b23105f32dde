// What the bench shows and keeps of a run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import * as path from 'node:path';
import type { Figures, Percentiles, Sample } from './measure';
import type { Work } from './work';
import { Cell, Column, table } from '../scripts/support/terminal';

const RESULTS = path.join(__dirname, 'results');
const GIB = 1024 ** 3;

const COLUMNS: readonly Column[] = [
  { title: 'Work' },
  ...['Count', 'Arrived', 'Early', 'Twice', 'Lost', 'Late, ms:', 'p50', 'p90', 'p99', 'max'].map((title) => ({ title, align: 'right' } as const)),
];

export function figuresTable(name: string, figures: Figures): string {
  const bad = (number: number): Cell => (number > 0 ? [String(number), 'red'] : String(number));
  const { count, arrived, early, twice, lost, lateMs, workerLateMs } = figures;
  return table(COLUMNS, [
    [name, String(count), String(arrived), bad(early), bad(twice), bad(lost), 'receiver', ...lateCells(lateMs)],
    ['', '', '', '', '', '', 'worker', ...lateCells(workerLateMs)],
  ]);
}

/** Writes the run as JSON and returns the file's name, relative to the project. */
export function keepResult(name: string, work: Work, figures: Figures, samples: readonly Sample[]): string {
  mkdirSync(RESULTS, { recursive: true });
  const at = new Date().toISOString();
  const file = path.join(RESULTS, `${name}-${at.replace(/[:.]/g, '-')}.json`);
  const [{ model }] = cpus();
  const machine = {
    cpu: model, cores: cpus().length, memoryGib: Math.round(totalmem() / GIB), node: process.version, load1m: Number(loadavg()[0].toFixed(2)),
  };
  writeFileSync(file, `${JSON.stringify({ work: name, description: work.description, at, machine, figures, samples }, undefined, 2)}\n`);
  return path.relative(path.join(__dirname, '..'), file);
}

function lateCells(late: Percentiles | undefined): string[] {
  return late ? [late.p50, late.p90, late.p99, late.max].map(String) : ['–', '–', '–', '–'];
}
