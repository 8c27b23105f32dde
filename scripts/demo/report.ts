// What the demo prints: where everything runs, and in the end what became of each webhook.
import type { TemplateValues } from './template-values';
import type { Notice, Verdict, WebhookVerdict } from './verdict';
import { pathOf } from '../support/receiver';
import { Cell, Column, paint, table } from '../support/terminal';

/** The values that the demo runs with, in place of the template's. */
export interface DemoSettings {
  readonly tickSeconds: number;
  readonly ingestHorizonSeconds: number;
  readonly loadHorizonSeconds: number;
}

const COLUMNS: readonly Column[] = [
  { title: 'Webhook' },
  { title: 'Due (UTC)' },
  { title: 'Fired' },
  { title: 'Late', align: 'right' },
  { title: 'Arrived' },
  { title: 'As sent' },
  { title: 'Sent on by' },
];

const INDENT = '  ';
const WIDTH = 100;

export function settingsText(settings: DemoSettings, real: TemplateValues): string {
  const lines: [string, number, string][] = [
    ['a tick every', settings.tickSeconds, real.tick.replace(/^rate\((.+)\)$/, '$1')],
    ['ingest sends on what is due within', settings.ingestHorizonSeconds, duration(real.ingestHorizonSeconds)],
    ['load sends on what is due within', settings.loadHorizonSeconds, duration(real.loadHorizonSeconds)],
  ];
  return [
    '  The template is the one to deploy; only three values are shortened here, so that one webhook takes',
    '  the way through the table while you watch:',
    ...lines.map(([what, seconds, realValue]) => `    ${what.padEnd(36)}${`${seconds} s`.padStart(5)}   ${paint('dim', `deployed: ${realValue}`)}`),
  ].join('\n');
}

export function webhookTable({ webhooks }: Verdict): string {
  return table(COLUMNS, webhooks.map(row));
}

/** A notice as indented JSON for the eye: whatever fits on a line is on one, and long texts are wrapped. */
export function noticeText(text: string): string {
  return INDENT + layOut(JSON.parse(text) as Notice, INDENT, INDENT.length);
}

/** The last lines: what is wrong, or that nothing is. */
export function summaryText({ webhooks, problems }: Verdict, wrongFields: number, seconds: number): string {
  const time = paint('dim', `(${seconds.toFixed(1)} s)`);
  if (problems.length === 0) {
    return `  ${paint('green', '✔')} All ${webhooks.length} webhooks went as they should: as sent, signed, once, none early; what failed was tried again, what was`
      + ` cancelled stayed away;\n    all ${wrongFields} wrong fields were reported. ${time}`;
  }
  return [
    `  ${paint('red', '✘')} ${problems.length === 1 ? 'One thing is' : `${problems.length} things are`} wrong ${time}`,
    ...problems.map((problem) => `    ${paint('red', '•')} ${problem}`),
  ].join('\n');
}

function row({ webhook, arrivals, way, problems }: WebhookVerdict): Cell[] {
  const due = timeOf(webhook.dueAt);
  const verdict: Cell = problems.length === 0 ? ['✔ yes', 'green'] : ['✘ no', 'red'];
  if (arrivals.length === 0) {
    const nothing: Cell = webhook.answers.length === 0 ? 'nothing: cancelled' : ['nothing', 'red'];
    return [webhook.name, due, '–', '–', nothing, verdict, way ?? '–'];
  }
  const [first] = arrivals;
  const late = first.arrivedAt - webhook.dueAt;
  const answers = arrivals.length > 1 ? `: ${webhook.answers.join(', then ')}` : `, ${size(first.body.length)}`;
  return [
    webhook.name, due, timeOf(first.arrivedAt),
    late < 0 ? [`${late} ms`, 'red'] : webhook.past ? 'at once' : `${late} ms`,
    `${first.method} ${pathOf(first.target)}${answers}`, verdict, way ?? '–',
  ];
}

/** @param used columns taken before the value on its first line */
function layOut(value: unknown, indent: string, used: number): string {
  const flat = JSON.stringify(value, undefined, 1).replace(/\n */g, ' ');
  if (used + flat.length < WIDTH) { // with the comma behind it
    return flat;
  }
  if (typeof value !== 'object' || value === null) {
    return wrap(flat, used);
  }
  const inner = `${indent}  `;
  const members = Object.entries(value).map(([name, member]) => {
    const label = Array.isArray(value) ? inner : `${inner}"${name}": `;
    return label + layOut(member, inner, label.length);
  });
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${members.join(',\n')}\n${indent}${close}`;
}

/** Breaks a text at spaces; further lines start below the first. */
function wrap(text: string, indent: number): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines[lines.length - 1];
    if (line !== '' && indent + line.length + word.length + 1 >= WIDTH) {
      lines.push(word);
    } else {
      lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
    }
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}

function duration(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

function timeOf(instant: number): string {
  return new Date(instant).toISOString().slice(11, 23);
}

function size(bytes: number): string {
  return bytes === 0 ? 'no body' : `${bytes} bytes`;
}
