// Draws a dashboard as SVG: its widgets where CloudWatch puts them, under their titles, with lines that are made up.
import type { Alarms, Body, Graph, Line, Log, Text, Widget, YAxis } from './body';
import { LOG_LINES, MINUTES, sampleOf } from './samples';

const COLUMN = 50;
const ROW = 32;
const MARGIN = 14;
const GAP = 8;
const COLUMNS = 24;
const WIDTH = COLUMNS * COLUMN + 2 * MARGIN;
const FONT = 'Helvetica, Arial, \'DejaVu Sans\', sans-serif';
const INK = '#0f172a';
const SOFT = '#475569';
const FAINT = '#e2e8f0';
const LINK = '#0b5fae';
const OK = '#047857';
/** Of a letter of 12 pixels, on average, in what the picture says. */
const LETTER = 6.1;
const CLOCK = ['09:00', '09:30', '10:00', '10:30', '11:00', '11:30'];
/** How far apart the points of a line are, in minutes; more of them would be lost in a picture of this size. */
const STEP = 3;

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export function draw({ widgets }: Body): string {
  const rows = Math.max(...widgets.map(({ y, height }) => y + height));
  const height = rows * ROW + 2 * MARGIN;
  const titles = widgets.flatMap((widget) => ('title' in widget ? [widget.title] : []));
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="${FONT}" font-size="12" role="img" aria-labelledby="title desc">`,
    '  <title id="title">The dashboard of a webhook scheduler</title>',
    `  <desc id="desc">${escape(`From top to bottom, and from left to right: ${titles.join('; ')}. The lines are made up.`)}</desc>`,
    `  <rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="12" fill="#f1f5f9" stroke="#cbd5e1"/>`,
    ...widgets.flatMap((widget) => widgetOf(widget)),
    '</svg>',
  ].join('\n')}\n`;
}

function widgetOf(widget: Widget): string[] {
  const box = boxOf(widget);
  return [
    '  <g>',
    `    <rect x="${box.left}" y="${box.top}" width="${box.right - box.left}" height="${box.bottom - box.top}" rx="5" fill="#ffffff" stroke="#cbd5e1"/>`,
    ...('title' in widget ? [`    <text x="${box.left + 12}" y="${box.top + 21}" font-size="13.5" font-weight="bold" fill="${INK}">${escape(widget.title)}</text>`] : []),
    ...contentOf(widget, box).map((line) => `    ${line}`),
    '  </g>',
  ];
}

function contentOf(widget: Widget, box: Box): string[] {
  switch (widget.type) {
    case 'metric':
      return graph(widget, box);
    case 'alarm':
      return alarms(widget, box);
    case 'text':
      return text(widget, box);
    case 'log':
      return log(widget, box);
  }
}

function boxOf({ x, y, width, height }: Widget): Box {
  return {
    left: MARGIN + x * COLUMN + GAP / 2,
    top: MARGIN + y * ROW + GAP / 2,
    right: MARGIN + (x + width) * COLUMN - GAP / 2,
    bottom: MARGIN + (y + height) * ROW - GAP / 2,
  };
}

/** The bit of Markdown that the dashboard uses: a heading, bold, links. */
function text({ markdown }: Text, box: Box): string[] {
  return markdown.split('\n\n').map((paragraph, i) => {
    const [isHeading, words] = paragraph.startsWith('## ') ? [true, paragraph.slice(3)] : [false, paragraph];
    const spans = words.split(/(\*\*.+?\*\*|\[.+?\]\(.+?\))/).map((part) => {
      const bold = /^\*\*(.+)\*\*$/.exec(part);
      const link = /^\[(.+)\]\(.+\)$/.exec(part);
      return bold ? `<tspan font-weight="bold">${escape(bold[1])}</tspan>` : link ? `<tspan fill="${LINK}">${escape(link[1])}</tspan>` : escape(part);
    });
    const style = isHeading ? `font-size="17" font-weight="bold" fill="${INK}"` : `font-size="13" fill="${SOFT}"`;
    return `<text x="${box.left + 14}" y="${box.top + 27 + i * 25}" xml:space="preserve" ${style}>${spans.join('')}</text>`;
  });
}

/** All is well: an alarm that goes off is red. */
function alarms({ alarms: arns }: Alarms, box: Box): string[] {
  const [columns, gap, height] = [2, 6, 19];
  const width = (box.right - box.left - 24 - gap) / columns;
  return arns.flatMap((arn, i) => {
    const [, name] = /Alarms([A-Z][A-Za-z]+)[0-9A-F]{8}\.Arn/.exec(arn) ?? [];
    if (!name) {
      throw new Error(`${arn} names no alarm of a scheduler`);
    }
    const left = box.left + 12 + (i % columns) * (width + gap);
    const top = box.top + 34 + Math.floor(i / columns) * (height + 4);
    return [
      `<rect x="${left}" y="${top}" width="${width}" height="${height}" rx="3" fill="#ecfdf5" stroke="#a7f3d0"/>`,
      `<circle cx="${left + 10}" cy="${top + height / 2}" r="3.5" fill="${OK}"/>`,
      `<text x="${left + 19}" y="${top + 13.5}" font-size="11" fill="${INK}">${escape(name.replace(/(?<=[a-z])(?=[A-Z])/g, ' '))}</text>`,
    ];
  });
}

function log({ query }: Log, box: Box): string[] {
  const [, fields] = /fields (.+)/.exec(query)!;
  const columns = fields.split(/, (?![^(]*\))/).map((field) => field.replace(/^.* as /, ''));
  const unknown = LOG_LINES.flatMap((line) => Object.keys(line)).find((name) => !columns.includes(name));
  if (unknown) {
    throw new Error(`the lines of the log have a "${unknown}", which is none of ${columns.join(', ')}`);
  }
  const widths = columns.map((name) => Math.max(name.length, ...LOG_LINES.map((line) => (line[name] ?? '').length)) + 3);
  const letter = (box.right - box.left - 28) / widths.reduce((sum, width) => sum + width);
  const lefts = widths.map((_, i) => box.left + 14 + letter * widths.slice(0, i).reduce((sum, width) => sum + width, 0));
  const rowAt = (row: number) => box.top + 50 + row * 27;
  return [
    ...columns.map((name, i) => `<text x="${pixel(lefts[i])}" y="${rowAt(0)}" font-weight="bold" fill="${SOFT}">${escape(name)}</text>`),
    ...LOG_LINES.flatMap((line, row) => [
      `<path d="M${box.left + 14} ${rowAt(row) + 10} H${box.right - 14}" stroke="${FAINT}"/>`,
      ...columns.map((name, i) => `<text x="${pixel(lefts[i])}" y="${rowAt(row + 1)}" fill="${INK}">${escape(line[name] ?? '')}</text>`),
    ]),
  ];
}

function graph(widget: Graph, box: Box): string[] {
  const visible = widget.lines.filter(({ options }) => options.visible !== false);
  const drawn = visible.map((line) => ({ line, sample: sampleOf(widget, line), isRight: line.options.yAxis === 'right' }));
  const legend = legendOf(visible, box);
  const hasRight = drawn.some(({ isRight }) => isRight);
  const plot = { left: box.left + 52, top: box.top + 52, right: box.right - (hasRight ? 52 : 16), bottom: legend.top - 24 };
  const highest = (onRight: boolean) => drawn.filter(({ isRight }) => isRight === onRight).flatMap(({ sample }) => sample);
  const tops = {
    left: niceTop(Math.max(...highest(false), ...widget.annotations.flatMap(({ value, yAxis: side }) => (side === 'right' ? [] : [value])))),
    // An axis with an end has it in the picture too.
    right: widget.right?.max ?? niceTop(Math.max(...highest(true))),
  };
  const up = (value: number, top: number) => plot.bottom - Math.min(1, value / top) * (plot.bottom - plot.top);
  return [
    ...yAxis(widget.left, tops.left, plot, box, 'left'),
    ...(hasRight ? yAxis(widget.right!, tops.right, plot, box, 'right') : []),
    ...clock(plot),
    ...widget.annotations.flatMap(({ value, label, color, yAxis: side = 'left' }, i) => {
      const y = up(value, tops[side]);
      // The lower one of two is named below its line, so that the names keep apart.
      const isBelow = i === 0 && widget.annotations.length > 1;
      return [
        `<path d="M${plot.left} ${pixel(y)} H${plot.right}" stroke="${color}" stroke-width="1.4" stroke-dasharray="6 4"/>`,
        `<text x="${plot.right - 4}" y="${pixel(y + (isBelow ? 14 : -5))}" text-anchor="end" font-size="11" fill="${dark(color)}">${escape(label)}</text>`,
      ];
    }),
    ...drawn.map(({ line, sample, isRight }) => {
      const points = sample.filter((_, minute) => minute % STEP === 0 || minute === MINUTES - 1);
      const across = (i: number) => plot.left + (i / (points.length - 1)) * (plot.right - plot.left);
      const path = points.map((value, i) => `${i === 0 ? 'M' : 'L'}${pixel(across(i))} ${pixel(up(value, isRight ? tops.right : tops.left))}`).join(' ');
      return `<path d="${path}" fill="none" stroke="${line.options.color}" stroke-width="1.6" stroke-linejoin="round"/>`;
    }),
    ...legend.lines,
  ];
}

function yAxis({ label }: YAxis, top: number, plot: Box, box: Box, side: 'left' | 'right'): string[] {
  const isLeft = side === 'left';
  const x = isLeft ? plot.left - 8 : plot.right + 8;
  const anchor = isLeft ? 'end' : 'start';
  const grid = [0, 0.5, 1].map((part) => ({ value: part * top, y: plot.bottom - part * (plot.bottom - plot.top) }));
  return [
    `<text x="${isLeft ? box.left + 12 : box.right - 12}" y="${box.top + 39}" text-anchor="${isLeft ? 'start' : 'end'}" font-size="11" fill="${SOFT}">${escape(label)}</text>`,
    ...(isLeft ? grid.map(({ y }) => `<path d="M${plot.left} ${pixel(y)} H${plot.right}" stroke="${FAINT}"/>`) : []),
    ...grid.map(({ value, y }) => `<text x="${x}" y="${pixel(y + 4)}" text-anchor="${anchor}" font-size="11" fill="${SOFT}">${tick(value)}</text>`),
  ];
}

/** As many times of day as have room. */
function clock({ left, right, bottom }: Box): string[] {
  const every = right - left < 260 ? 2 : 1;
  return CLOCK.flatMap((time, i) => (i % every === 0
    ? [`<text x="${pixel(left + (i / CLOCK.length) * (right - left))}" y="${bottom + 16}" text-anchor="middle" font-size="10.5" fill="${SOFT}">${time}</text>`]
    : []));
}

/** Names of the lines, in as many rows as they need, at the bottom. */
function legendOf(lines: readonly Line[], { left, right, bottom }: Box): { readonly top: number; readonly lines: string[] } {
  const rows: { x: number; label: string; color: string }[][] = [[]];
  let x = left + 14;
  for (const { options: { label = '', color = INK } } of lines) {
    const width = 16 + label.length * LETTER + 14;
    if (x + width > right - 4 && rows[rows.length - 1].length > 0) {
      rows.push([]);
      x = left + 14;
    }
    rows[rows.length - 1].push({ x, label, color });
    x += width;
  }
  const top = bottom - 8 - (rows.length - 1) * 16;
  return {
    top: top - 10,
    lines: rows.flatMap((row, i) => row.flatMap(({ x: at, label, color }) => [
      `<rect x="${pixel(at)}" y="${top + i * 16 - 8}" width="10" height="8" rx="1.5" fill="${color}"/>`,
      `<text x="${pixel(at + 15)}" y="${top + i * 16}" font-size="11.5" fill="${INK}">${escape(label)}</text>`,
    ])),
  };
}

/** The least round number that has everything below it. */
function niceTop(value: number): number {
  const wanted = Math.max(value * 1.08, 1);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return [1, 2, 4, 6, 8, 10].map((factor) => factor * power).find((top) => top >= wanted)!;
}

function tick(value: number): string {
  return value >= 1000 ? `${Number((value / 1000).toFixed(1))}k` : String(Number(value.toFixed(1)));
}

/** Of a colour that is too light for letters. */
function dark(colour: string): string {
  return colour === '#e69f00' ? '#9a6700' : colour;
}

function pixel(value: number): string {
  return String(Number(value.toFixed(1)));
}

function escape(value: string): string {
  return value.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
