// What the demo and the bench print with: colours, where the terminal has them, and tables.
import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** Colours a text, on a terminal that shows colours. `NO_COLOR` turns them off, as does a pipe. */
export function paint(style: Style, text: string): string {
  return process.stdout.isTTY && process.stdout.hasColors() ? styleText(style, text) : text;
}

export interface Column {
  readonly title: string;
  /** @default - left */
  readonly align?: 'left' | 'right';
}

/** A cell: a text, and the style that it is shown in. */
export type Cell = string | readonly [text: string, style: Style];

const GAP = '  ';

/** A table as lines of text, indented by two spaces. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const text = (cell: Cell) => (typeof cell === 'string' ? cell : cell[0]);
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => text(row[i]).length)));
  const line = (cells: readonly Cell[]) => GAP + cells.map((cell, i) => {
    const padded = columns[i].align === 'right' ? text(cell).padStart(widths[i]) : text(cell).padEnd(widths[i]);
    return typeof cell === 'string' ? padded : paint(cell[1], padded);
  }).join(GAP).trimEnd();
  const rule = paint('dim', GAP + widths.map((width) => '─'.repeat(width)).join('──'));
  return [line(columns.map(({ title }) => [title, 'bold'] as const)), rule, ...rows.map(line)].join('\n');
}
