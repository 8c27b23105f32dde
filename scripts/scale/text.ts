// How figures are written.

/** A time in its unit: `0.5 ms`, `46 ms`, `1.4 s`, `49 s`, `9.1 min`. */
export function timeText(ms: number): string {
  if (ms < 999.5) {
    return `${threeDigits(ms)} ms`;
  }
  return ms < 120_000 ? `${threeDigits(ms / 1000)} s` : `${threeDigits(ms / 60_000)} min`;
}

/** One digit after the point below ten, none above. */
function threeDigits(value: number): string {
  return value < 9.95 ? value.toFixed(1) : value.toFixed(0);
}

export function countText(value: number): string {
  return Math.round(value).toLocaleString('en');
}

export function dollarsText(usd: number): string {
  return usd < 100 ? `$${usd.toFixed(2)}` : `$${countText(usd)}`;
}

/** A percentage of something, with as many digits as tell it from nothing. */
export function shareText(share: number): string {
  const percent = share * 100;
  return percent < 0.95 ? `${Math.max(percent, 0.1).toFixed(1)} %` : `${percent.toFixed(0)} %`;
}

/** A table of Markdown. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
