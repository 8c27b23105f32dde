import * as fc from 'fast-check';
import { parseMessage } from '../../src/core/message';
import { encodeForm, HttpRequest, toRequest } from '../../src/core/request';
import { publicId, Webhook } from '../../src/core/webhook';
import { arrayJsonOf, numberJson, objectTextOf, scalarJson, stringJson, textJson, validFields } from '../support/arbitrary';
import { LOOPBACK_TOO } from '../support/network';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const plainText = (json: string) => (json.startsWith('"') ? JSON.parse(json) as string : json);

const webhook: fc.Arbitrary<Webhook> = validFields(NOW - 1_000, NOW, { maxAttempts: 1, maxAgeSeconds: 60 }).chain(objectTextOf).map((text) => {
  const parsed = parseMessage(text, {
    defaultId: 'b0e5a9f1-6f0d-4a53-8f0c-8a5a62f6a3ce',
    now: NOW,
    maxHorizonMs: 0,
    partitions: 16,
    retry: { delaysMs: [], jitter: 0, maxAgeMs: 60_000 },
    network: LOOPBACK_TOO,
  });
  return (parsed as { webhook: Webhook }).webhook;
});
const attemptAt = fc.integer({ min: 0, max: 4_102_444_800_000 });

const header = (request: HttpRequest, lowerCase: string) =>
  Object.entries(request.headers).filter(([name]) => name.toLowerCase() === lowerCase).map(([, value]) => value);

test('a form says, name by name, what was written, digit for digit', () => {
  const member = fc.tuple(fc.string({ unit: 'grapheme' }), fc.oneof(scalarJson, fc.array(scalarJson, { maxLength: 3 })));
  const isWellFormed = (text: string) => !/[\ud800-\udfff]/u.test(text);
  const members = fc.uniqueArray(member, { selector: ([name]) => name, maxLength: 6 })
    .filter((list) => list.flatMap(([, value]) => value).every((json) => isWellFormed(plainText(json))));
  fc.assert(fc.property(members, (list) => {
    const payload = `{${list.map(([name, value]) => `${JSON.stringify(name)}:${Array.isArray(value) ? `[ ${value.join(' , ')} ]` : value}`).join(',')}}`;
    const { body, unencodable } = encodeForm(payload);
    expect(unencodable).toEqual([]);
    expect([...new URLSearchParams(body)]).toEqual(list.flatMap(([name, value]) => [value].flat().map((json) => [name, plainText(json)])));
  }), { numRuns: 200 });
});

test('what no form can hold is named, and nothing else', () => {
  const NO_FORM = ['null', '{}', '[{}]', '[[]]', '[1,null]', '"\\ud800"', '["\\udc00"]'];
  const members = fc.uniqueArray(
    fc.tuple(fc.stringMatching(/^[a-z]{1,4}$/), fc.oneof(textJson, arrayJsonOf(textJson), fc.constantFrom(...NO_FORM))), { selector: ([name]) => name },
  );
  fc.assert(fc.property(members, (list) => {
    const { unencodable } = encodeForm(`{${list.map(([name, json]) => `"${name}":${json}`).join(',')}}`);
    expect(unencodable).toEqual(list.filter(([, json]) => NO_FORM.includes(json)).map(([name]) => name));
  }), { numRuns: 200 });
});

test('a request carries the method, the URL and the body of its message, and every header that it asks for', () => {
  fc.assert(fc.property(webhook, attemptAt, (w, at) => {
    const request = toRequest(w, at);
    expect([request.method, request.url]).toEqual([w.method, w.url]);
    const isForm = /urlencoded/i.test(Object.values(w.headers ?? {}).join());
    if (w.payload === undefined) {
      expect(request.body).toBeUndefined();
    } else if (w.payload.startsWith('"')) {
      expect(request.body).toBe(JSON.parse(w.payload));
    } else if (!isForm) {
      expect(request.body).toBe(w.payload);
    }
    for (const [name, value] of Object.entries(w.headers ?? {})) {
      expect(header(request, name.toLowerCase())).toEqual([name.toLowerCase() === 'cookie' ? expect.stringContaining(value) : value]);
    }
  }), { numRuns: 200 });
});

test('each header of the sender\'s own is there once: who it is, which webhook, and when', () => {
  fc.assert(fc.property(webhook, attemptAt, (w, at) => {
    const request = toRequest(w, at);
    expect(header(request, 'webhook-id')).toEqual([publicId(w.id)]);
    expect(header(request, 'webhook-timestamp')).toEqual([String(Math.floor(at / 1_000))]);
    expect(header(request, 'user-agent')).toHaveLength(1);
    const names = Object.keys(request.headers).map((name) => name.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
  }), { numRuns: 200 });
});

test('cookies become one header that comes apart into them again', () => {
  fc.assert(fc.property(webhook, (w) => {
    const own = Object.entries(w.headers ?? {}).filter(([name]) => name.toLowerCase() === 'cookie').map(([, value]) => value).filter(Boolean);
    const cookies = Object.entries(w.cookies ?? {}).map(([name, value]) => `${name}=${value}`);
    const all = [...own, ...cookies];
    expect(header(toRequest(w, 0), 'cookie').filter(Boolean)).toEqual(all.length === 0 ? [] : [all.join('; ')]);
  }), { numRuns: 200 });
});

test('a message says which content it has: JSON, unless it is a string or says so itself', () => {
  fc.assert(fc.property(fc.oneof(numberJson, stringJson, arrayJsonOf(scalarJson)), fc.constantFrom(undefined, 'text/plain'), (payload, contentType) => {
    const w: Webhook = {
      id: 'a',
      ownId: false,
      dueAt: 0,
      partition: 0,
      date: '',
      url: 'https://example.com',
      method: 'POST',
      payload,
      headers: contentType === undefined ? undefined : { 'Content-Type': contentType },
    };
    expect(header(toRequest(w, 0), 'content-type')).toEqual([...(contentType ? [contentType] : payload.startsWith('"') ? [] : ['application/json'])]);
  }));
});
