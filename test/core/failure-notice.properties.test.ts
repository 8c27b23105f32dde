import * as fc from 'fast-check';
import { Failure, noticeText } from '../../src/core/failure-notice';
import { memberTexts } from '../../src/core/json-text';
import { MAX_MESSAGE_BYTES } from '../../src/core/limits';
import { parseMessage } from '../../src/core/message';
import { anyJson, ownId } from '../support/arbitrary';
import { PUBLIC_INTERNET } from '../support/network';

const MAX_BYTES = 255 * 1024;
const OPTIONS = { defaultId: 'a', now: 0, maxHorizonMs: 1, partitions: 16, retry: { delaysMs: [], jitter: 0 }, network: PUBLIC_INTERNET };

const attempt = fc.record({
  at: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-01-01T00:00:00Z') }).map((date) => date.toISOString()),
  lateMs: fc.nat(),
  durationMs: fc.nat(),
  status: fc.integer({ min: 100, max: 599 }),
  error: fc.string(),
}, { requiredKeys: ['at', 'lateMs', 'durationMs'], noNullPrototype: true });

const failure: fc.Arbitrary<Failure> = fc.record({
  reason: fc.constantFrom('validation', 'permanent', 'exhausted', 'expired', 'missing', 'dead-letter', 'refused'),
  id: ownId,
  failedAt: fc.integer({ min: 0, max: 4_102_444_800_000 }),
  errors: fc.array(fc.record({ field: fc.string(), received: fc.string(), expected: fc.string() }, { noNullPrototype: true })),
  attempts: fc.array(attempt, { maxLength: 31 }),
  action: fc.constantFrom('cancel', 'reschedule', 'redrive'),
  refusal: fc.constantFrom('unknown-id', 'delivering', 'superseded'),
  queue: fc.constantFrom('ingest', 'delay'),
}, { requiredKeys: ['reason', 'id', 'failedAt'], noNullPrototype: true });

const parsed = (text: string) => JSON.parse(text) as Record<string, unknown>;

/** Whether all that JSON text holds, values of repeated names too, are numbers and texts that every language has. */
function isPortable(json: string): boolean {
  const string = /"(?:[^"\\]|\\.)*"/g;
  const texts = (json.match(string) ?? []).map((text) => JSON.parse(text) as string);
  const numbers = json.replace(string, '').match(/-?\d[\d.eE+-]*/g) ?? [];
  return texts.every((text) => !/\p{Surrogate}/u.test(text)) && numbers.every((number) => Number.isFinite(Number(number)));
}

test('says everything there is to say, and carries a JSON message to the character, or as a string where some parsers would refuse it', () => {
  fc.assert(fc.property(failure, anyJson, fc.stringMatching(/^[ \n\t]{0,2}$/), (f, message, space) => {
    const whole = `${space}${message}${space}`;
    const text = noticeText({ ...f, message: whole });
    const { failedAt, ...rest } = f;
    const value: unknown = isPortable(message) ? JSON.parse(message) : whole;
    expect(parsed(text)).toEqual({ version: 1, ...rest, failedAt: new Date(failedAt).toISOString(), message: value });
    expect(memberTexts(text).get('message')).toBe(isPortable(message) ? message : JSON.stringify(whole));
  }), { numRuns: 500 });
});

test('carries anything else as the string it was, and no message where there is none', () => {
  const isJson = (text: string) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(fc.property(failure, fc.oneof(fc.string({ unit: 'binary' }), anyJson.map((json) => `${json},`)).filter((text) => !isJson(text)), (f, message) => {
    expect(parsed(noticeText({ ...f, message })).message).toBe(message);
    expect(parsed(noticeText(f))).not.toHaveProperty('message');
  }), { numRuns: 500 });
});

test('never exceeds what a notification takes; is whole if it fits, and says if it is not', () => {
  // From one byte a character in a notice to six: what JSON takes as it is, what UTF-8 makes longer, what JSON escapes.
  const unit = fc.constantFrom('x', 'é', '✓', '"', '\u0000');
  const large = fc.tuple(unit, fc.oneof(fc.integer({ min: 1, max: 262_144 }), fc.integer({ min: 260_000, max: 261_200 })), fc.boolean())
    .map(([character, bytes, isJson]) => {
      const once = isJson ? JSON.stringify(character).slice(1, -1) : character;
      const text = once.repeat(Math.ceil(bytes / Buffer.byteLength(once)));
      return { message: isJson ? `{"text":"${text}"}` : `not JSON: ${text}`, isJson }; // two quotes alone would be JSON
    });
  fc.assert(fc.property(failure, large, (f, { message, isJson }) => {
    const text = noticeText({ ...f, message });
    const whole = `${noticeText(f).slice(0, -1)},"message":${isJson ? message : JSON.stringify(message)}}`;
    if (Buffer.byteLength(whole) <= MAX_BYTES) {
      expect(text).toBe(whole);
    } else {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_BYTES);
      expect(parsed(text)).toEqual({ ...parsed(noticeText(f)), message: message.slice(0, 16_384), messageTruncated: true });
    }
  }), { numRuns: 100 });
});

test('fits with whatever errors a message can have', () => {
  const name = fc.tuple(fc.constantFrom('x', '\u0000', '😀', '"'), fc.integer({ min: 1, max: 400 }), fc.nat(999)).map(([c, times, n]) => `${c.repeat(times)}${n}`);
  const fields = fc.dictionary(name, fc.constantFrom('\u0000'.repeat(300), 'é'.repeat(99), 1), { minKeys: 50, maxKeys: 120 });
  fc.assert(fc.property(fields, fields, (others, headers) => {
    const message = JSON.stringify({ ...others, headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [`${key} `, value])) });
    fc.pre(Buffer.byteLength(message) <= MAX_MESSAGE_BYTES);
    const answer = parseMessage(message, OPTIONS);
    const errors = 'errors' in answer ? answer.errors : [];
    expect(errors).toHaveLength(50);
    const text = noticeText({ reason: 'validation', id: 'a', failedAt: 0, errors, message: message + '\u0000'.repeat(MAX_MESSAGE_BYTES - message.length) });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_BYTES);
    expect(parsed(text)).toMatchObject({ messageTruncated: true, errors });
  }), { numRuns: 30 });
});
