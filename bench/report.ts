// What the bench shows and keeps of a run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import * as path from 'node:path';
import { ratio, Verdict } from './goal';
import type { Figures, Percentiles } from './measure';
import type { Options } from './options';
import type { Section, Table } from './section';
import { versionsOf } from './versions';
import type { Work } from './work';
import { Cell, Column, paint, table } from '../scripts/support/terminal';

const PROJECT = path.join(__dirname, '..');
const RESULTS = path.join(__dirname, 'results');
const GIB = 1024 ** 3;

/** What one sender made of a work. */
export interface Row {
  readonly label: string;
  readonly settings: string;
  /** How the receiver stood to it. */
  readonly receiver: string;
  /** Of all repetitions. */
  readonly figures: Figures;
  readonly repetitions: number;
  /** What the bare HTTP client made of it, to set figures in proportion to; absent for itself, and where it was not asked. */
  readonly floor?: Figures;
  /** What held it up. */
  readonly limit?: string;
}

const LATENESS = ['p50', 'p90', 'p99', 'max'] as const;

const COLUMNS: readonly Column[] = [
  { title: 'Sent by' },
  { title: 'Milliseconds from the date to' },
  ...[...LATENESS, '× floor p50', 'p99', 'max', 'Early', 'Twice', 'Lost', 'of'].map((title) => ({ title, align: 'right' } as const)),
];

export function workCaption(name: string, { description }: Work): string {
  return `${name}: ${description}`;
}

/** One work: who sent it, how late that was, and whether the goals are met. */
export function workTable(rows: readonly Row[], verdicts: readonly Verdict[]): string {
  const notes = rows.map(({ label, settings, repetitions, limit }) => (
    paint('dim', `  ${label}: ${settings}${repetitions > 1 ? `; medians of ${repetitions} repetitions` : ''}${limit ? `; limit reached ${limit}` : ''}`)
  ));
  const receivers = [...new Set(rows.map(({ receiver }) => receiver))].map((text) => paint('dim', `  ${text}`));
  return [table(COLUMNS, rows.flatMap(linesOf)), ...notes, ...receivers, ...verdicts.map(verdictLine)].join('\n');
}

function linesOf({ label, figures, floor }: Row): Cell[][] {
  const { count, early, twice, lost, lateMs, answeredMs, workerLateMs } = figures;
  const bad = (number: number): Cell => (number > 0 ? [String(number), 'red'] : String(number));
  const lines: [what: string, late: Percentiles | undefined, base: Percentiles | undefined][] = [
    ['arrival', lateMs, floor?.lateMs],
    ['its answer', answeredMs, floor?.answeredMs],
    ...(workerLateMs ? [['being written', workerLateMs, undefined] as [string, Percentiles, undefined]] : []),
  ];
  return lines.map(([what, late, base], i): Cell[] => [
    i === 0 ? label : '', what, ...lateCells(late), ...ratioCells(late, base),
    ...(i === 0 ? [bad(early), bad(twice), bad(lost), String(count)] : ['', '', '', '']),
  ]);
}

function lateCells(late: Percentiles | undefined): string[] {
  return LATENESS.map((name) => (late ? String(late[name]) : '–'));
}

function ratioCells(late: Percentiles | undefined, base: Percentiles | undefined): string[] {
  return (['p50', 'p99', 'max'] as const).map((name) => (late && base ? ratio(late[name], base[name]).toFixed(1) : ''));
}

function verdictLine({ goal, value, met }: Verdict): string {
  const [text, style] = met === undefined ? ['not measured', 'yellow'] as const : met ? ['met', 'green'] as const : ['missed', 'red'] as const;
  return `  Goal: ${goal}: ${value === undefined ? '' : `${value}, `}${paint(style, text)}`;
}

/** A section as it is printed. */
export function sectionText({ title, tables }: Pick<Section, 'title' | 'tables'>): string {
  return [`\n  ${paint(['bold', 'underline'], title)}`, ...tables.map(tableText)].join('\n');
}

function tableText({ caption, text }: Table): string {
  return `\n  ${paint('bold', caption)}\n\n${text}`;
}

/** Prints each table once, be it told of before its section is complete or with it, under one title. */
export class Printer {
  private title?: string;
  private readonly printed = new Set<Table>();

  public constructor(private readonly print: (text: string) => void) {}

  public table(title: string, found: Table): void {
    this.print(title === this.title ? tableText(found) : sectionText({ title, tables: [found] }));
    this.title = title;
    this.printed.add(found);
  }

  public section({ title, tables }: Section): void {
    tables.filter((found) => !this.printed.has(found)).forEach((found) => this.table(title, found));
  }
}

/** Writes the run as one JSON file and returns its name, relative to the project. */
export function keepResult(options: Pick<Options, 'peer'>, sections: readonly Section[]): string {
  mkdirSync(RESULTS, { recursive: true });
  const at = new Date().toISOString();
  const file = path.join(RESULTS, `bench-${at.replace(/[:.]/g, '-')}.json`);
  const [{ model }] = cpus();
  const machine = {
    cpu: model, cores: cpus().length, memoryGib: Math.round(totalmem() / GIB), node: process.version, load1m: Number(loadavg()[0].toFixed(2)),
  };
  const found = Object.fromEntries(sections.map(({ name, json }) => [name, json]));
  writeFileSync(file, `${JSON.stringify({ at, machine, versions: versionsOf(options.peer), options, ...found }, undefined, 2)}\n`);
  return path.relative(PROJECT, file);
}
