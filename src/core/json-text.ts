// Finds the text of one member of a JSON object, so that a payload can be passed on exactly as it was written.
// Parsing and serializing again would change it: 12345678901234567890 comes back as 12345678901234567000.

/**
 * The JSON text of the value of `name` in the object that `json` holds, or `undefined` if it has no such member.
 * The last one counts where a name is repeated, as in `JSON.parse`.
 *
 * @param json text that `JSON.parse` has accepted as an object
 */
export function memberText(json: string, name: string): string | undefined {
  let found: string | undefined;
  let position = skipSpace(json, json.indexOf('{') + 1);
  while (json[position] === '"') {
    const nameEnd = endOfString(json, position);
    const memberName: unknown = JSON.parse(json.slice(position, nameEnd));
    const valueStart = skipSpace(json, json.indexOf(':', nameEnd) + 1);
    const valueEnd = endOfValue(json, valueStart);
    if (memberName === name) {
      found = json.slice(valueStart, valueEnd);
    }
    position = skipSpace(json, valueEnd);
    if (json[position] === ',') {
      position = skipSpace(json, position + 1);
    }
  }
  return found;
}

function skipSpace(json: string, position: number): number {
  while (' \t\n\r'.includes(json[position] ?? '-')) {
    position++;
  }
  return position;
}

function endOfString(json: string, start: number): number {
  let position = start + 1;
  while (json[position] !== '"') {
    position += json[position] === '\\' ? 2 : 1;
  }
  return position + 1;
}

function endOfValue(json: string, start: number): number {
  let depth = 0;
  let position = start;
  for (;;) {
    const character = json[position];
    if (character === '"') {
      position = endOfString(json, position);
    } else if (character === '{' || character === '[') {
      depth++;
      position++;
    } else if (character === '}' || character === ']') {
      if (depth === 0) {
        return position; // closes the object around a bare number or word
      }
      depth--;
      position++;
    } else if (depth === 0) {
      while (!' \t\n\r,}]'.includes(json[position])) {
        position++; // a number or a word
      }
      return position;
    } else {
      position++;
      continue;
    }
    if (depth === 0) {
      return position;
    }
  }
}
