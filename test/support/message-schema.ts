// The JSON Schema that ships with the package, as a validator that names wrong fields as the parser of messages does.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import Ajv2020, { ErrorObject } from 'ajv/dist/2020';

export const SCHEMA_FILE = path.join(__dirname, '..', '..', 'schema', 'webhook-message.schema.json');
export const SCHEMA = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')) as Record<string, unknown>;

const validate = new Ajv2020({
  allErrors: true,
  strict: true, // unknown keywords and formats, for one thing
  allowUnionTypes: true,
  strictNumbers: false, // 1e400 is a number
  // Its conditions are about values of any type.
  strictTypes: false,
  strictRequired: false,
}).compile(SCHEMA);

/** The fields that the schema has something against, each once; none where the text is valid. */
export function schemaFaults(text: string): string[] {
  if (validate(JSON.parse(text))) {
    return [];
  }
  // These two only say that others are to follow.
  const errors = (validate.errors ?? []).filter(({ keyword }) => !['if', 'propertyNames'].includes(keyword));
  return [...new Set(errors.map(fieldOf))];
}

function fieldOf({ instancePath, keyword, params, propertyName }: ErrorObject): string {
  const place = instancePath.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const below = keyword === 'required' ? (params as { missingProperty: string }).missingProperty : propertyName;
  const names = below === undefined ? place : [...place, below];
  if (names.length > 0) {
    return names.join('.');
  }
  // Of the message as a whole: it is no object, or an action that says nothing.
  return keyword === 'type' ? 'message' : 'action';
}
