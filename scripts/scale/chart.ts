// Draws lines over logarithmic axes, as SVG.

export interface Line {
  readonly label: string;
  readonly colour: string;
  /** Pattern of dashes, as SVG takes it. Default: solid. */
  readonly dashes?: string;
  /** `x` and `y` are above 0. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
  readonly title: string;
  /** First and last tick: powers of ten. */
  readonly from: number;
  readonly to: number;
  readonly tick: (value: number) => string;
}

export interface Chart {
  readonly title: string;
  /** For who cannot see it. */
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
}

const WIDTH = 960;
const HEIGHT = 500;
const PLOT = { left: 84, top: 72, right: 700, bottom: 430 };
const LABEL_GAP = 36;
const LABEL_LINE = 15;
const FONT = 'Helvetica, Arial, \'DejaVu Sans\', sans-serif';
const INK = '#334155';
const SOFT = '#475569';

/** On a white sheet with a border, so that it can be read in a dark viewer too. */
export function draw({ title, description, x, y, lines }: Chart): string {
  const across = scale(x, PLOT.left, PLOT.right);
  const up = scale(y, PLOT.bottom, PLOT.top);
  const labelled = [...lines].sort((a, b) => up(lastOf(a)[1]) - up(lastOf(b)[1]));
  const labelAt = spread(labelled.map((line) => up(lastOf(line)[1])), LABEL_GAP, PLOT.top + 4, PLOT.bottom + 20);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="${FONT}" font-size="13" role="img" aria-labelledby="title desc">`,
    `  <title id="title">${escape(title)}</title>`,
    `  <desc id="desc">${escape(description)}</desc>`,
    `  <rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="12" fill="#ffffff" stroke="#cbd5e1"/>`,
    `  <text x="${PLOT.left}" y="34" font-size="16" font-weight="bold" fill="#0f172a">${escape(title)}</text>`,
    '  <g stroke="#e2e8f0">',
    ...decades(x).map((value) => `    <path d="M${pixel(across(value))} ${PLOT.top} V${PLOT.bottom}"/>`),
    ...decades(y).map((value) => `    <path d="M${PLOT.left} ${pixel(up(value))} H${PLOT.right}"/>`),
    '  </g>',
    `  <g fill="${SOFT}">`,
    ...decades(x).map((value) => `    <text x="${pixel(across(value))}" y="${PLOT.bottom + 20}" text-anchor="middle">${escape(x.tick(value))}</text>`),
    ...decades(y).map((value) => `    <text x="${PLOT.left - 10}" y="${pixel(up(value) + 4)}" text-anchor="end">${escape(y.tick(value))}</text>`),
    `    <text x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 46}" text-anchor="middle">${escape(x.title)}</text>`,
    `    <text x="${PLOT.left}" y="${PLOT.top - 10}">${escape(y.title)}</text>`,
    '  </g>',
    ...lines.map((line) => path(line, across, up)),
    ...labelled.map((line, i) => label(line, across(lastOf(line)[0]), up(lastOf(line)[1]), labelAt[i])),
    '</svg>',
  ].join('\n')}\n`;
}

function path({ colour, dashes, points }: Line, across: (value: number) => number, up: (value: number) => number): string {
  const at = points.map(([x, y]) => [pixel(across(x)), pixel(up(y))]);
  return [
    `  <g fill="${colour}" stroke="${colour}">`,
    `    <path d="M${at.map(([x, y]) => `${x} ${y}`).join(' L')}" fill="none" stroke-width="2.2"${dashes ? ` stroke-dasharray="${dashes}"` : ''}/>`,
    ...at.map(([x, y]) => `    <circle cx="${x}" cy="${y}" r="2.6"/>`),
    '  </g>',
  ].join('\n');
}

/** At the right of the plot, with a thin line from where the line ends. */
function label({ label: text, colour }: Line, fromX: number, fromY: number, y: number): string {
  const rows = text.split('\n');
  const left = PLOT.right + 26;
  return [
    `  <path d="M${pixel(fromX + 5)} ${pixel(fromY)} L${pixel(Math.max(PLOT.right + 6, fromX + 8))} ${pixel(fromY)} L${left - 5} ${pixel(y)}" fill="none" stroke="${colour}" stroke-width="0.8" opacity="0.7"/>`,
    `  <text fill="${INK}" font-size="12.5">`,
    ...rows.map((row, i) => `    <tspan x="${left}" y="${pixel(y + 4 + (i - (rows.length - 1) / 2) * LABEL_LINE)}"${i === 0 ? ` fill="${colour}" font-weight="bold"` : ''}>${escape(row)}</tspan>`),
    '  </text>',
  ].join('\n');
}

function scale({ from, to }: Axis, start: number, end: number): (value: number) => number {
  return (value) => start + (end - start) * Math.log(Math.min(Math.max(value, from), to) / from) / Math.log(to / from);
}

function decades({ from, to }: Axis): number[] {
  return Array.from({ length: Math.round(Math.log10(to / from)) + 1 }, (_, i) => from * 10 ** i);
}

/** Moves places apart until each has its gap, within bounds, in their order. */
function spread(places: readonly number[], gap: number, least: number, most: number): number[] {
  const moved = [...places];
  for (let i = 0; i < moved.length; i++) {
    moved[i] = Math.max(moved[i], i === 0 ? least : moved[i - 1] + gap);
  }
  for (let i = moved.length - 1; i >= 0; i--) {
    moved[i] = Math.min(moved[i], i === moved.length - 1 ? most : moved[i + 1] - gap);
  }
  return moved;
}

function lastOf({ points }: Line): readonly [number, number] {
  return points[points.length - 1];
}

/** A tenth of a pixel, so that rounding of processors cannot make another file. */
function pixel(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
