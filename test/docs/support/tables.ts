// The tables of the README and the guides.

/** Cells of the rows of the table whose head begins so, without the head; throws where there is none. */
export function rowsOf(text: string, head: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line, i) => line.startsWith(`| ${head} |`) && /^\|[- |]+$/.test(lines[i + 1] ?? ''));
  if (start < 0) {
    throw new Error(`there is no table with the head ${head}`);
  }
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end < 0 ? rows.length : end).map(cellsOf);
}

/** A pipe that stands in a cell is escaped. */
export function cellsOf(row: string): string[] {
  return row.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim());
}

/** What stands in backticks. */
export function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
}
