// DynamoDB's expression language: read once per text, then evaluated against items.
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

export type Item = Record<string, AttributeValue>;

/** What an expression's placeholders stand for. */
export interface Placeholders {
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, AttributeValue>>;
}

type Operand = (item: Item, placeholders: Placeholders) => AttributeValue | undefined;
type Condition = (item: Item, placeholders: Placeholders) => boolean;
type Change = (before: Item, after: Item, placeholders: Placeholders) => void;
type Path = readonly string[];

const TOKEN = /\s*(<>|<=|>=|[=<>(),.+\-[\]]|[:#]?[A-Za-z0-9_]+)/y;

class Expression {
  /** The tokens of an expression, which has to be read from its start each time. */
  public static tokens(text: string): Expression {
    let expression = expressions.get(text);
    if (!expression) {
      expression = new Expression(text);
      expressions.set(text, expression);
    }
    return expression;
  }

  public readonly list: readonly string[];
  /** What begins with `#` or `:`. */
  public readonly placeholders: readonly string[];

  private constructor(public readonly text: string) {
    const list: string[] = [];
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.trimEnd().length) {
      const match = TOKEN.exec(text);
      if (!match) {
        throw new Error(`not an expression: ${text}`);
      }
      list.push(match[1]);
    }
    this.list = list;
    this.placeholders = list.filter((token) => /^[:#]/.test(token));
  }
}

const expressions = new Map<string, Expression>();
const conditions = new Map<string, Condition>();
const updates = new Map<string, readonly Change[]>();

/** Whether an item (empty where there is none) meets a condition, filter or key condition. */
export function meets(text: string, item: Item, placeholders: Placeholders): boolean {
  let condition = conditions.get(text);
  if (!condition) {
    condition = new Parser(text).condition();
    conditions.set(text, condition);
  }
  return condition(item, placeholders);
}

/** The item after an update expression. */
export function updated(text: string, item: Item, placeholders: Placeholders): Item {
  let changes = updates.get(text);
  if (!changes) {
    changes = new Parser(text).update();
    updates.set(text, changes);
  }
  const after = cloneItem(item);
  changes.forEach((change) => change(item, after, placeholders));
  return after;
}

/** The attributes that a projection expression names; top-level ones only. */
export function projected(text: string, item: Item, { names }: Placeholders): Item {
  const wanted = text.split(',').map((name) => name.trim()).map((name) => (name.startsWith('#') ? names?.[name] ?? '' : name));
  return Object.fromEntries(Object.entries(item).filter(([name]) => wanted.includes(name)));
}

/** Refuses what DynamoDB refuses: placeholders without a meaning, and meanings that no expression asks for. */
export function checkPlaceholders(texts: readonly (string | undefined)[], { names = {}, values = {} }: Placeholders): void {
  const used = new Set(texts.flatMap((text) => (text === undefined ? [] : Expression.tokens(text).placeholders)));
  for (const token of used) {
    if (!(token in (token.startsWith('#') ? names : values))) {
      throw validationError(`an expression attribute ${token} used in expression is not defined`);
    }
  }
  for (const given of [...Object.keys(names), ...Object.keys(values)]) {
    if (!used.has(given)) {
      throw validationError(`value provided but unused in expressions: ${given}`);
    }
  }
}

export function validationError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ValidationException' });
}

export function cloneItem(item: Item): Item {
  const clone: Item = {};
  for (const name in item) {
    clone[name] = cloneValue(item[name]);
  }
  return clone;
}

function cloneValue(value: AttributeValue): AttributeValue {
  if (value.M) {
    return { M: cloneItem(value.M) };
  }
  if (value.L) {
    return { L: value.L.map(cloneValue) };
  }
  return { ...value };
}

/** A recursive-descent parser; each rule returns what evaluates it. */
class Parser {
  private position = 0;
  private readonly tokens: readonly string[];

  public constructor(private readonly text: string) {
    this.tokens = Expression.tokens(text).list;
  }

  public condition(): Condition {
    const condition = this.or();
    if (this.position < this.tokens.length) {
      throw this.error();
    }
    return condition;
  }

  public update(): Change[] {
    const changes: Change[] = [];
    while (this.position < this.tokens.length) {
      const section = this.take().toUpperCase();
      do {
        changes.push(this.change(section));
      } while (this.accept(','));
    }
    return changes;
  }

  private change(section: string): Change {
    const path = this.path();
    switch (section) {
      case 'SET': {
        this.expect('=');
        const value = this.sum();
        return (before, after, placeholders) => {
          const result = value(before, placeholders);
          if (result === undefined) {
            throw validationError('the provided expression refers to an attribute that does not exist in the item');
          }
          setAt(after, path, placeholders, cloneValue(result));
        };
      }
      case 'REMOVE':
        return (_, after, placeholders) => setAt(after, path, placeholders, undefined);
      case 'ADD': {
        const value = this.operand();
        return (before, after, placeholders) => {
          const added = value(before, placeholders) as AttributeValue;
          const existing = valueAt(before, path, placeholders);
          setAt(after, path, placeholders, added.N !== undefined
            ? { N: String(Number(existing?.N ?? 0) + Number(added.N)) }
            : { SS: [...new Set([...existing?.SS ?? [], ...added.SS ?? []])] });
        };
      }
      case 'DELETE': {
        const value = this.operand();
        return (before, after, placeholders) => {
          const gone = value(before, placeholders)?.SS ?? [];
          const left = (valueAt(before, path, placeholders)?.SS ?? []).filter((member) => !gone.includes(member));
          setAt(after, path, placeholders, left.length > 0 ? { SS: left } : undefined);
        };
      }
      default:
        throw this.error();
    }
  }

  private or(): Condition {
    let left = this.and();
    while (this.acceptWord('OR')) {
      const [a, b] = [left, this.and()];
      left = (item, placeholders) => a(item, placeholders) || b(item, placeholders);
    }
    return left;
  }

  private and(): Condition {
    let left = this.not();
    while (this.acceptWord('AND')) {
      const [a, b] = [left, this.not()];
      left = (item, placeholders) => a(item, placeholders) && b(item, placeholders);
    }
    return left;
  }

  private not(): Condition {
    if (this.acceptWord('NOT')) {
      const condition = this.not();
      return (item, placeholders) => !condition(item, placeholders);
    }
    if (this.accept('(')) {
      const condition = this.or();
      this.expect(')');
      return condition;
    }
    return this.predicate();
  }

  private predicate(): Condition {
    switch (this.peek(1) === '(' ? this.peek().toLowerCase() : '') {
      case 'attribute_exists': {
        const path = this.call(() => this.path());
        return (item, placeholders) => valueAt(item, path, placeholders) !== undefined;
      }
      case 'attribute_not_exists': {
        const path = this.call(() => this.path());
        return (item, placeholders) => valueAt(item, path, placeholders) === undefined;
      }
      case 'begins_with': {
        const [text, start] = this.call(() => this.operands());
        return (item, placeholders) => {
          const prefix = start(item, placeholders)?.S;
          return prefix !== undefined && (text(item, placeholders)?.S?.startsWith(prefix) ?? false);
        };
      }
      case 'contains': {
        const [whole, part] = this.call(() => this.operands());
        return (item, placeholders) => {
          const [container, member] = [whole(item, placeholders), part(item, placeholders)];
          return (container?.SS?.includes(member?.S ?? '') ?? false)
            || (container?.L?.some((entry) => isEqual(entry, member)) ?? false)
            || (member?.S !== undefined && (container?.S?.includes(member.S) ?? false));
        };
      }
    }
    const left = this.operand();
    if (this.acceptWord('BETWEEN')) {
      const low = this.operand();
      this.expectWord('AND');
      const high = this.operand();
      return (item, placeholders) => {
        const value = left(item, placeholders);
        return order(value, low(item, placeholders), (sign) => sign >= 0) && order(value, high(item, placeholders), (sign) => sign <= 0);
      };
    }
    if (this.acceptWord('IN')) {
      this.expect('(');
      const choices = this.operands();
      this.expect(')');
      return (item, placeholders) => choices.some((choice) => isEqual(left(item, placeholders), choice(item, placeholders)));
    }
    const comparator = this.take();
    const right = this.operand();
    return (item, placeholders) => compare(comparator, left(item, placeholders), right(item, placeholders));
  }

  private operands(): Operand[] {
    const operands = [this.operand()];
    while (this.accept(',')) {
      operands.push(this.operand());
    }
    return operands;
  }

  /** Of `SET a = x + y`. */
  private sum(): Operand {
    const left = this.operand();
    for (const [sign, factor] of [['+', 1], ['-', -1]] as const) {
      if (this.accept(sign)) {
        const right = this.operand();
        return (item, placeholders) => {
          const [a, b] = [left(item, placeholders)?.N, right(item, placeholders)?.N];
          return a === undefined || b === undefined ? undefined : { N: String(Number(a) + factor * Number(b)) };
        };
      }
    }
    return left;
  }

  private operand(): Operand {
    switch (this.peek(1) === '(' ? this.peek().toLowerCase() : '') {
      case 'if_not_exists': {
        const [value, fallback] = this.call(() => this.operands());
        return (item, placeholders) => value(item, placeholders) ?? fallback(item, placeholders);
      }
      case 'list_append': {
        const [first, second] = this.call(() => this.operands());
        return (item, placeholders) => {
          const [a, b] = [first(item, placeholders)?.L, second(item, placeholders)?.L];
          return a && b ? { L: [...a, ...b] } : undefined;
        };
      }
      case 'size': {
        const path = this.call(() => this.path());
        return (item, placeholders) => {
          const value = valueAt(item, path, placeholders);
          const size = value?.S?.length ?? value?.L?.length ?? value?.SS?.length ?? (value?.M && Object.keys(value.M).length) ?? value?.B?.length;
          return size === undefined ? undefined : { N: String(size) };
        };
      }
    }
    if (this.peek().startsWith(':')) {
      const name = this.take();
      return (_, { values }) => values?.[name];
    }
    const path = this.path();
    return (item, placeholders) => valueAt(item, path, placeholders);
  }

  private path(): Path {
    const path = [this.take()];
    for (;;) {
      if (this.accept('.')) {
        path.push(this.take());
      } else if (this.accept('[')) {
        path.push(`[${this.take()}`);
        this.expect(']');
      } else {
        return path;
      }
    }
  }

  private call<T>(read: () => T): T {
    this.take();
    this.expect('(');
    const result = read();
    this.expect(')');
    return result;
  }

  private peek(ahead = 0): string {
    return this.tokens[this.position + ahead] ?? '';
  }

  private take(): string {
    if (this.position >= this.tokens.length) {
      throw this.error();
    }
    return this.tokens[this.position++];
  }

  private accept(token: string): boolean {
    if (this.peek() !== token) {
      return false;
    }
    this.position++;
    return true;
  }

  private acceptWord(word: string): boolean {
    if (this.peek().toUpperCase() !== word) {
      return false;
    }
    this.position++;
    return true;
  }

  private expect(token: string): void {
    if (!this.accept(token)) {
      throw this.error();
    }
  }

  private expectWord(word: string): void {
    if (!this.acceptWord(word)) {
      throw this.error();
    }
  }

  private error(): Error {
    return validationError(`invalid expression at token ${this.position + 1} (${this.peek() || 'its end'}): ${this.text}`);
  }
}

function resolve(part: string, { names }: Placeholders): string {
  return part.startsWith('#') ? names?.[part] ?? '' : part;
}

function valueAt(item: Item, path: Path, placeholders: Placeholders): AttributeValue | undefined {
  let value: AttributeValue | undefined = item[resolve(path[0], placeholders)];
  for (let i = 1; i < path.length && value !== undefined; i++) {
    value = path[i].startsWith('[') ? value.L?.[Number(path[i].slice(1))] : value.M?.[resolve(path[i], placeholders)];
  }
  return value;
}

function setAt(item: Item, path: Path, placeholders: Placeholders, value: AttributeValue | undefined): void {
  const last = path[path.length - 1];
  const parent = path.length === 1 ? { M: item } : valueAt(item, path.slice(0, -1), placeholders);
  if (last.startsWith('[') && parent?.L) {
    const index = Number(last.slice(1));
    parent.L.splice(index, 1, ...(value === undefined ? [] : [value]));
  } else if (parent?.M) {
    if (value === undefined) {
      delete parent.M[resolve(last, placeholders)];
    } else {
      parent.M[resolve(last, placeholders)] = value;
    }
  } else {
    throw validationError('the document path provided in the update expression is invalid for update');
  }
}

function compare(comparator: string, a: AttributeValue | undefined, b: AttributeValue | undefined): boolean {
  switch (comparator) {
    case '=':
      return isEqual(a, b);
    case '<>':
      return a !== undefined && b !== undefined && !isEqual(a, b);
    case '<':
      return order(a, b, (sign) => sign < 0);
    case '<=':
      return order(a, b, (sign) => sign <= 0);
    case '>':
      return order(a, b, (sign) => sign > 0);
    case '>=':
      return order(a, b, (sign) => sign >= 0);
    default:
      throw validationError(`no such comparator: ${comparator}`);
  }
}

/** Values of different types have no order, and so meet no condition about it. */
function order(a: AttributeValue | undefined, b: AttributeValue | undefined, test: (sign: number) => boolean): boolean {
  if (a?.N !== undefined && b?.N !== undefined) {
    return test(Number(a.N) - Number(b.N));
  }
  if (a?.S !== undefined && b?.S !== undefined) {
    return test(a.S < b.S ? -1 : a.S > b.S ? 1 : 0);
  }
  return false;
}

function isEqual(a: AttributeValue | undefined, b: AttributeValue | undefined): boolean {
  if (a === undefined || b === undefined) {
    return false;
  }
  if (a.N !== undefined || b.N !== undefined) {
    return a.N !== undefined && b.N !== undefined && Number(a.N) === Number(b.N);
  }
  return JSON.stringify(a) === JSON.stringify(b);
}
