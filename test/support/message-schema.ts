// The JSON Schema that ships with the package, and the parser of messages: what each has to say against a message, by the same names.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import Ajv2020, { ErrorObject } from 'ajv/dist/2020';
import { cutTo100 } from './faulty-messages';
import { parseMessage, ParseOptions, partsOf } from '../../src/core/message';

export const SCHEMA_FILE = path.join(__dirname, '..', '..', 'schema', 'webhook-message.schema.json');
export const SCHEMA = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')) as Record<string, unknown>;

interface Field {
  readonly description: string;
  readonly examples: unknown[];
  readonly properties: Readonly<Record<string, { readonly maximum: number }>>;
}
/** What it says of each field of an object. */
export const SCHEMA_FIELDS = (SCHEMA.$defs as { message: { properties: Record<string, Field> } }).message.properties;

const validate = new Ajv2020({
  allErrors: true,
  strict: true, // unknown keywords and formats, for one thing
  allowUnionTypes: true,
  strictNumbers: false, // 1e400 is a number
  // Its conditions are about values of any type.
  strictTypes: false,
  strictRequired: false,
}).compile(SCHEMA);

/**
 * The fields that the schema has something against, each once; none where the text is valid. Those of a listed webhook have its place before
 * them: `0.date`.
 */
export function schemaFaults(text: string): string[] {
  const value: unknown = JSON.parse(text);
  if (validate(value)) {
    return [];
  }
  // These two only say that others are to follow.
  const errors = (validate.errors ?? []).filter(({ keyword }) => !['if', 'propertyNames'].includes(keyword));
  return [...new Set(errors.map((error) => faultOf(error, Array.isArray(value))))];
}

/** The same of the parser, of each part of the message. */
export function parserFaults(text: string, options: Omit<ParseOptions, 'defaultId' | 'isListed'>): string[] {
  const faults = partsOf(text, 'message').flatMap((part, place) => {
    const parsed = parseMessage(part.text, { ...options, ...part });
    return 'errors' in parsed ? parsed.errors.map(({ field }) => (part.isListed ? `${place}.${field}` : field)) : [];
  });
  return [...new Set(faults)];
}

function faultOf({ instancePath, keyword, params, propertyName }: ErrorObject, isList: boolean): string {
  const steps = instancePath.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const below = keyword === 'required' ? (params as { missingProperty: string }).missingProperty : propertyName;
  const names = below === undefined ? steps : [...steps, below];
  const place = isList ? names.splice(0, 1) : [];
  // Of an object as a whole: it is none, or an action that says nothing. Of a list as a whole: how many it holds.
  const whole = ['type', 'minItems', 'maxItems'].includes(keyword) ? 'message' : 'action';
  return [...place, names.length > 0 ? cutTo100(names.join('.')) : whole].join('.');
}
