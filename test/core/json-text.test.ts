import { elementTexts, memberTexts, objectText, scalarText } from '../../src/core/json-text';

test.each([
  ['{"a":1}', '1'],
  ['{ "b" : [1, {"a": 2}] , "a" : 12345678901234567890 }', '12345678901234567890'],
  ['{"a":{"x":"}\\"]","y":[[]]},"c":1}', '{"x":"}\\"]","y":[[]]}'],
  ['{"a":"x\\\\"}', '"x\\\\"'],
  ['{"\\u0061":true}', 'true'],
  ['{"a":1,"a":2.50}', '2.50'],
  ['{"b":"\\"a\\":7","a":null}', 'null'],
  ['\n{\r"a"\t:\n-1e400\n}\n', '-1e400'],
  ['{"a":[ 1 , 2 ]}', '[ 1 , 2 ]'],
])('of %s, "a" is %s', (json, expected) => {
  JSON.parse(json);
  expect(memberTexts(json).get('a')).toBe(expected);
});

test('an object without the member has no text for it, however deep the name occurs', () => {
  expect(memberTexts('{}').get('a')).toBeUndefined();
  expect(memberTexts('{"b":{"a":1}}').get('a')).toBeUndefined();
});

test('depth is no problem', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  expect(memberTexts(`{"a":${deep},"b":1}`).get('a')).toBe(deep);
  expect(memberTexts(`{"a":${deep},"b":1}`).get('b')).toBe('1');
});

test('for every value, the text found parses to the value', () => {
  const values = [0, -0.5, 1e21, '', 'é\u2028"\\', null, true, [], {}, [[], [{}]], { a: { a: [1] } }, [1, 'a', { b: null }]];
  for (const a of values) {
    for (const space of [undefined, 2]) {
      const json = JSON.stringify({ before: { a: 'not this' }, a, after: ['"a":'] }, undefined, space);
      expect(JSON.parse(memberTexts(json).get('a') ?? '')).toEqual(a);
    }
  }
});

test.each([
  ['[]', []],
  [' [ ] ', []],
  ['[1.10,2]', ['1.10', '2']],
  ['\n[ 1e400 , "a,]" ,\t{"b":[1,2]}, [ [] ] , null\r]', ['1e400', '"a,]"', '{"b":[1,2]}', '[ [] ]', 'null']],
])('the elements of %p are %p', (json, expected) => {
  JSON.parse(json);
  expect(elementTexts(json)).toEqual(expected);
});

test('a scalar as text is what was written, without the quotes and escapes of a string', () => {
  expect(['"\\u0061\\n"', '1.10', '-0', '12345678901234567890', 'true'].map(scalarText)).toEqual(['a\n', '1.10', '-0', '12345678901234567890', 'true']);
  expect(['null', '{}', '[1]'].map(scalarText)).toEqual([undefined, undefined, undefined]);
});

test('an object can be put together again from its members', () => {
  expect(objectText(memberTexts(' { "b" : [1, 2] , "\\u0061\\"" : 1.10 } '))).toBe('{"b":[1, 2],"a\\"":1.10}');
});
