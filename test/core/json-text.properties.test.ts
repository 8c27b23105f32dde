import * as fc from 'fast-check';
import { elementTexts, memberTexts, objectText, scalarText } from '../../src/core/json-text';
import { anyJson, arrayJsonOf, numberJson, objectTextOf, stringJson } from '../support/arbitrary';

const members = fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary', maxLength: 6 }), anyJson), { selector: ([name]) => name, maxLength: 6 })
  .map((entries) => new Map(entries));
const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const sorted = (map: ReadonlyMap<string, string>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

test('each member is found as it was written, to the character', () => {
  fc.assert(fc.property(members.chain((m) => fc.tuple(fc.constant(m), objectTextOf(m))), ([written, text]) => {
    JSON.parse(text);
    expect(sorted(memberTexts(text))).toEqual(sorted(written));
  }), { numRuns: 400 });
});

test('of a name that is repeated the last member counts, as in JSON.parse, however its name is escaped', () => {
  const escaped = (name: string) => [...name].map((c) => (c < '\u0080' ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : c)).join('');
  fc.assert(fc.property(fc.stringMatching(/^[a-z_]{1,9}$/), anyJson, anyJson, (name, first, last) => {
    expect([...memberTexts(`{"${name}":${first},"${escaped(name)}":${last}}`)]).toEqual([[name, last]]);
  }));
});

test('each element is found as it was written', () => {
  fc.assert(fc.property(fc.array(fc.tuple(space, anyJson, space), { maxLength: 6 }), (elements) => {
    const text = `[${elements.map((parts) => parts.join('')).join(',')}]`;
    expect(elementTexts(text)).toEqual(elements.map(([, element]) => element));
  }), { numRuns: 400 });
});

test('taken apart and put together, an object holds the same texts, and then stays the same text', () => {
  fc.assert(fc.property(members.chain(objectTextOf), (text) => {
    const again = objectText(memberTexts(text));
    expect(memberTexts(again)).toEqual(memberTexts(text));
    expect(objectText(memberTexts(again))).toBe(again);
    expect(JSON.parse(again)).toEqual(JSON.parse(text));
  }), { numRuns: 400 });
});

test('a scalar gives its text: of a string what it says, of a number how it was written, of all else nothing', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), numberJson, arrayJsonOf(stringJson), (text, number, array) => {
    expect(scalarText(JSON.stringify(text))).toBe(text);
    expect(scalarText(number)).toBe(number);
    expect(scalarText(array)).toBeUndefined();
  }));
});
