// Runs queries of CloudWatch Logs Insights over log lines: the commands and functions that the queries of docs/monitoring.md use, and no others.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html

/** A log event, or a row of a result. */
export type Row = Readonly<Record<string, unknown>>;

export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly logGroup: string;
  readonly text: string;
}

type Command = (rows: readonly Row[]) => readonly Row[];
type Condition = (row: Row) => boolean;

/** Returns the rows that a query finds. Throws on whatever is no part of the language, or not known here. */
export function runQuery(query: string, lines: readonly LogLine[]): readonly Row[] {
  // No string or expression of these queries holds a pipe but those between slashes.
  const commands = query.trim().split(/\n\s*\|/).map((text) => commandOf(text.trim()));
  return commands.reduce<readonly Row[]>((rows, command) => command(rows), lines.map(eventOf));
}

/** An event, with the fields that are discovered in JSON: those of objects and arrays by their path. */
function eventOf({ at, logGroup, text }: LogLine): Row {
  const row: Record<string, unknown> = { '@timestamp': at, '@log': logGroup, '@message': text };
  const discover = (value: unknown, path: string) => {
    if (typeof value === 'object' && value !== null) {
      Object.entries(value).forEach(([name, part]) => discover(part, path === '' ? name : `${path}.${name}`));
    } else if (value !== null && path !== '') {
      row[path] = value;
    }
  };
  if (text.startsWith('{')) {
    discover(JSON.parse(text), '');
  }
  return row;
}

function commandOf(text: string): Command {
  const [, name, rest] = /^(\w+)\s+([^]*)$/.exec(text) ?? [];
  switch (name) {
    case 'fields': {
      const columns = rest.split(/,(?![^(]*\))/).map((column) => columnOf(column.trim()));
      // What later commands use need not be among those shown: they are chosen at the end, and this is close enough.
      return (rows) => rows.map((row) => ({
        ...row, ...Object.fromEntries(columns.map((column) => [column.name, column.of(row)])), [SHOWN]: columns.map((column) => column.name),
      }));
    }
    case 'filter': {
      const condition = new ConditionParser(rest).parse();
      return (rows) => rows.filter(condition);
    }
    case 'stats':
      return statsOf(rest);
    case 'sort': {
      const [, field, direction] = /^(\S+)\s+(asc|desc)$/.exec(rest) ?? unknown(text);
      const sign = direction === 'asc' ? 1 : -1;
      return (rows) => [...rows].sort((a, b) => sign * (Number(a[fieldOf(field)]) - Number(b[field])));
    }
    case 'limit': {
      const [, count] = /^(\d+)$/.exec(rest) ?? unknown(text);
      return (rows) => rows.slice(0, Number(count));
    }
    default:
      return unknown(text);
  }
}

/** A field, or the first of several that there is, under a name of its own. */
function columnOf(text: string): { readonly name: string; readonly of: (row: Row) => unknown } {
  const [, fields, alias] = /^coalesce\((.+)\) as (\w+)$/.exec(text) ?? [];
  if (alias === undefined) {
    return { name: fieldOf(text), of: (row) => row[text] };
  }
  const names = fields.split(',').map((field) => fieldOf(field.trim()));
  return { name: fieldOf(alias), of: (row) => names.map((name) => row[name]).find((value) => value !== undefined) };
}

const SHOWN = '';

/** The columns of a row that a query shows, with their values. */
export function shown(row: Row): Row {
  const names = row[SHOWN] as readonly string[] | undefined;
  return names ? Object.fromEntries(names.map((name) => [name, row[name]])) : row;
}

/** Other characters would have to be quoted by backticks. */
function fieldOf(text: string): string {
  return /^@?[A-Za-z]\w*(\.\w+)*$/.test(text) ? text : unknown(text);
}

function statsOf(text: string): Command {
  const [, calls, by] = /^([^]*?)\s+by\s+([^]*)$/.exec(text) ?? unknown(text);
  const columns = calls.split(/,\s*(?=\w+\()/).map((call) => {
    const [, name, argument, percent, alias] = /^(\w+)\((\*|[\w.]+)(?:,\s*(\d+))?\)\s+as\s+(\w+)$/.exec(call.trim()) ?? unknown(call);
    return { alias, value: aggregateOf(name, argument, percent) };
  });
  const groups = by.split(',').map((group) => groupOf(group.trim()));
  return (rows) => {
    const found = new Map<string, { keys: Row; rows: Row[] }>();
    for (const row of rows) {
      const keys = Object.fromEntries(groups.map(({ name, of }) => [name, of(row)]));
      const key = JSON.stringify(keys);
      const group = found.get(key) ?? { keys, rows: [] };
      found.set(key, group);
      group.rows.push(row);
    }
    return [...found.values()].map((group) => ({
      ...group.keys, ...Object.fromEntries(columns.map(({ alias, value }) => [alias, value(group.rows)])),
    }));
  };
}

function groupOf(text: string): { readonly name: string; readonly of: (row: Row) => unknown } {
  const [, minutes] = /^bin\((\d+)m\)$/.exec(text) ?? [];
  if (minutes === undefined) {
    return { name: fieldOf(text), of: (row) => row[text] };
  }
  const ms = Number(minutes) * 60_000;
  return { name: text, of: (row) => Math.floor(Number(row['@timestamp']) / ms) * ms };
}

function aggregateOf(name: string, argument: string, percent: string | undefined): (rows: readonly Row[]) => number {
  const numbers = (rows: readonly Row[]) => rows.flatMap((row) => (argument in row ? [Number(row[argument])] : [])).sort((a, b) => a - b);
  switch (`${name} ${argument === '*' ? '*' : 'field'} ${percent === undefined ? '' : 'percent'}`) {
    case 'count * ':
      return (rows) => rows.length;
    case 'sum field ':
      return (rows) => numbers(rows).reduce((sum, value) => sum + value, 0);
    case 'max field ':
      return (rows) => Math.max(...numbers(rows));
    case 'pct field percent':
      return (rows) => {
        const sorted = numbers(rows);
        return sorted[Math.ceil(sorted.length * Number(percent) / 100) - 1];
      };
    default:
      return unknown(`${name}(${argument})`);
  }
}

/** Comparisons, joined by `and` and `or`; no brackets. */
class ConditionParser {
  private readonly tokens: string[];

  public constructor(private readonly text: string) {
    this.tokens = text.match(/"[^"]*"|\/[^/]*\/|[@\w.]+|[<>!]?=|[<>()[\],]/g) ?? [];
    if (this.tokens.join('') !== text.replace(/\s+(?=(?:[^"/]|"[^"]*"|\/[^/]*\/)*$)/g, '')) {
      unknown(text);
    }
  }

  public parse(): Condition {
    const condition = this.or();
    return this.tokens.length === 0 ? condition : unknown(this.text);
  }

  private or(): Condition {
    const either = [this.and()];
    while (this.take('or')) {
      either.push(this.and());
    }
    return (row) => either.some((condition) => condition(row));
  }

  private and(): Condition {
    const all = [this.comparison()];
    while (this.take('and')) {
      all.push(this.comparison());
    }
    return (row) => all.every((condition) => condition(row));
  }

  private comparison(): Condition {
    if (this.take('ispresent')) {
      this.expect('(');
      const name = fieldOf(this.next());
      this.expect(')');
      return (row) => name in row;
    }
    const field = fieldOf(this.next());
    const operator = this.next();
    if (operator === 'in') {
      const values = this.list();
      return (row) => values.includes(String(row[field]));
    }
    const operand = this.next();
    if (operator === 'like' && operand.startsWith('/')) {
      const pattern = new RegExp(operand.slice(1, -1));
      return (row) => pattern.test(String(row[field] ?? ''));
    }
    const value = operand.startsWith('"') ? stringOf(operand) : Number(operand);
    switch (operator) {
      case '=':
        return (row) => row[field] === value;
      case '<':
        return (row) => field in row && Number(row[field]) < Number(value);
      case '>=':
        return (row) => field in row && Number(row[field]) >= Number(value);
      default:
        return unknown(this.text);
    }
  }

  private list(): string[] {
    const values: string[] = [];
    this.expect('[');
    do {
      values.push(stringOf(this.next()));
    } while (this.take(','));
    this.expect(']');
    return values;
  }

  private take(token: string): boolean {
    const isNext = this.tokens[0] === token;
    if (isNext) {
      this.tokens.shift();
    }
    return isNext;
  }

  private expect(token: string): void {
    if (!this.take(token)) {
      unknown(this.text);
    }
  }

  private next(): string {
    return this.tokens.shift() ?? unknown(this.text);
  }
}

function stringOf(token: string): string {
  return token.startsWith('"') ? token.slice(1, -1) : unknown(token);
}

function unknown(text: string): never {
  throw new Error(`no query that is known here: ${text}`);
}
