// PartiQL as far as it is known outside AWS: statements that insert one item, each of whose values is a parameter.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.insert.html

/** A statement of a call of BatchExecuteStatement; `Value` is an attribute as the API writes it, or as the SDK does. */
export interface BatchStatement<Value> {
  readonly Statement?: string;
  /** The values of its question marks, in their order. */
  readonly Parameters?: readonly Value[];
}

export interface Insert<Value> {
  readonly tableName: string;
  readonly item: Readonly<Record<string, Value>>;
}

/** Why DynamoDB does not carry out a statement: the message that goes with the code `ValidationError`. */
export interface InvalidStatement {
  readonly invalid: string;
}

const MAX_STATEMENTS = 25;
const MAX_STATEMENT_LENGTH = 8192;
const NAME = /'((?:[^']|'')+)'/;
const ATTRIBUTE = new RegExp(`${NAME.source}\\s*:\\s*\\?`);
const INSERT = new RegExp(
  `^\\s*INSERT\\s+INTO\\s*"([^"]+)"\\s*VALUE\\s*\\{(\\s*${ATTRIBUTE.source}(?:\\s*,\\s*${ATTRIBUTE.source})*\\s*)\\}\\s*$`, 'i',
);
const READ = /^\s*SELECT\b/i;

/**
 * Reads `INSERT INTO "<table>" VALUE {'<attribute>': ?, …}`. DynamoDB takes more than that: literals, for one, and names of tables without
 * quotes. The messages are those of DynamoDB Local 1.25, but for what only this reader does not know.
 */
export function readInsert<Value>({ Statement = '', Parameters = [] }: BatchStatement<Value>): Insert<Value> | InvalidStatement {
  const [, tableName, attributes] = INSERT.exec(Statement) ?? [];
  if (tableName === undefined) {
    return { invalid: `No PartiQL is known here but INSERT INTO "table" VALUE {'attribute': ?, …}. This is another statement: ${Statement}` };
  }
  const names = Array.from(attributes.matchAll(new RegExp(NAME, 'g')), ([, name]) => name.replaceAll('\'\'', '\''));
  const repeated = names.find((name, i) => names.indexOf(name) < i);
  if (repeated !== undefined) return { invalid: `Duplicate keys in tuple. Key: ${repeated}` };
  // DynamoDB ignores parameters that are left over.
  if (Parameters.length < names.length) return { invalid: 'Number of parameters in request and statement don\'t match.' };
  return { tableName, item: Object.fromEntries(names.map((name, i): [string, Value] => [name, Parameters[i]])) };
}

/** Why DynamoDB refuses a call of these statements as a whole, and carries out none: the message of its ValidationException. */
export function refusalOf(statements: readonly BatchStatement<unknown>[]): string | undefined {
  if (statements.length === 0 || statements.some(({ Statement = '' }) => Statement === '')) return 'The statement was empty.';
  if (statements.length > MAX_STATEMENTS) return `BatchWriteItem cannot write more than ${MAX_STATEMENTS} items`;
  if (statements.some(({ Statement = '' }) => Statement.length > MAX_STATEMENT_LENGTH)) {
    return `Member must have length less than or equal to ${MAX_STATEMENT_LENGTH}`;
  }
  const reads = statements.filter(({ Statement = '' }) => READ.test(Statement)).length;
  if (reads > 0 && reads < statements.length) return 'Read and write requests together in the same batch is not supported.';
  return undefined;
}

/** The same, once it is known which items they are about; `keys` has the table and key of each, as one text. */
export function repetitionOf(keys: readonly string[]): string | undefined {
  return new Set(keys).size < keys.length ? 'Provided list of item keys contains duplicates' : undefined;
}

/** What DynamoDB says of a statement whose key is that of an item which exists. */
export const DUPLICATE_ITEM = { Code: 'DuplicateItem', Message: 'Duplicate primary key exists in table' } as const;
