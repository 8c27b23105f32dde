// Takes JSON apart into the texts of its members and elements, so that each can be passed on exactly as it was written.
// Parsing and serializing again would change them: 12345678901234567890 comes back as 12345678901234567000, and 1.10 as 1.1.

/**
 * The JSON text of each member's value in the object that `json` holds, by name.
 * The last one counts where a name is repeated, as in `JSON.parse`.
 *
 * @param json text that `JSON.parse` has accepted as an object
 */
export function memberTexts(json: string): Map<string, string> {
  return new Map(memberEntries(json));
}

/**
 * Each member of the object that `json` holds, as often as its name is repeated.
 *
 * @param json text that `JSON.parse` has accepted as an object
 */
export function* memberEntries(json: string): Iterable<[name: string, json: string]> {
  let position = skipSpace(json, json.indexOf('{') + 1);
  while (json[position] === '"') {
    const nameEnd = endOfString(json, position);
    const name = JSON.parse(json.slice(position, nameEnd)) as string;
    const valueStart = skipSpace(json, json.indexOf(':', nameEnd) + 1);
    const valueEnd = endOfValue(json, valueStart);
    yield [name, json.slice(valueStart, valueEnd)];
    position = skipSpace(json, valueEnd);
    if (json[position] === ',') {
      position = skipSpace(json, position + 1);
    }
  }
}

/**
 * The JSON text of each element of the array that `json` holds.
 *
 * @param json text that `JSON.parse` has accepted as an array
 */
export function elementTexts(json: string): string[] {
  const elements: string[] = [];
  let position = skipSpace(json, json.indexOf('[') + 1);
  while (json[position] !== ']') {
    const end = endOfValue(json, position);
    elements.push(json.slice(position, end));
    position = skipSpace(json, end);
    if (json[position] === ',') {
      position = skipSpace(json, position + 1);
    }
  }
  return elements;
}

/** The object whose members {@link memberTexts} gave. */
export function objectText(members: Iterable<readonly [name: string, json: string]>): string {
  return `{${[...members].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

/**
 * A string, or a number or boolean as it was written, where text is wanted; `undefined` for any other value.
 *
 * @param json text that `JSON.parse` has accepted
 */
export function scalarText(json: string): string | undefined {
  if (json.startsWith('"')) {
    return JSON.parse(json) as string;
  }
  return json === 'null' || json.startsWith('{') || json.startsWith('[') ? undefined : json;
}

/**
 * How many arrays and objects lie inside one another; 0 for a string, number or word.
 *
 * @param json text that `JSON.parse` has accepted
 */
export function depthOf(json: string): number {
  let [depth, deepest] = [0, 0];
  for (let position = 0; position < json.length; position++) {
    const character = json[position];
    if (character === '"') {
      position = endOfString(json, position) - 1;
    } else if (character === '{' || character === '[') {
      deepest = Math.max(deepest, ++depth);
    } else if (character === '}' || character === ']') {
      depth--;
    }
  }
  return deepest;
}

/**
 * Whether parsers of other languages read it, too: some refuse half a surrogate pair, if only as the escape that `JSON.stringify` writes for it, and
 * a number that is more than a double holds.
 *
 * @param json text that `JSON.parse` has accepted
 */
export function isPortable(json: string): boolean {
  for (let position = 0; position < json.length; position++) {
    const start = position;
    if (json[start] === '"') {
      position = endOfString(json, start) - 1;
      if (!isWellFormed(JSON.parse(json.slice(start, position + 1)) as string)) {
        return false;
      }
    } else if ('-0123456789'.includes(json[start])) {
      while ('0123456789.eE+-'.includes(json[position + 1] ?? ' ')) {
        position++;
      }
      if (!Number.isFinite(Number(json.slice(start, position + 1)))) {
        return false;
      }
    }
  }
  return true;
}

/** Whether text holds no half of a surrogate pair, which UTF-8 has no bytes for: encoders refuse it, or write another character. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
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
