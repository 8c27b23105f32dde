import { noticeText } from '../../src/core/failure-notice';
import { parseMessage } from '../../src/core/message';
import { PUBLIC_INTERNET } from '../support/network';

const FAILURE = { reason: 'validation', id: 'sns-1', failedAt: 0 } as const;

test('carries the message as the JSON it was, digit for digit', () => {
  const text = noticeText({ ...FAILURE, errors: [{ field: 'date', received: 'nothing', expected: 'a date' }], message: '{"n":12345678901234567890}' });
  expect(text).toContain('"message":{"n":12345678901234567890}');
  expect(JSON.parse(text)).toMatchObject({
    version: 1, reason: 'validation', id: 'sns-1', failedAt: '1970-01-01T00:00:00.000Z', errors: [{ field: 'date' }],
  });
});

test('carries what was not JSON as a string', () => {
  expect(JSON.parse(noticeText({ ...FAILURE, message: 'not "JSON"' }))).toMatchObject({ message: 'not "JSON"' });
});

test('carries JSON that subscribers may fail to read as a string: nested too deep, no Unicode, or a number out of range', () => {
  const nested = (levels: number) => `{"payload":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
  expect(JSON.parse(noticeText({ ...FAILURE, message: nested(51) }))).toMatchObject({ message: { payload: [expect.anything()] } });
  expect(JSON.parse(noticeText({ ...FAILURE, message: nested(52) }))).toMatchObject({ message: nested(52) });
  // What JSON.stringify makes of a string that was cut, and numbers that some languages have no type for.
  for (const value of ['"\\ud83d"', '["\\ude00\\ud83d"]', '{"\\ud83d":1}', '"\\\\\\ud83d"', '1e400', '-1e999', '9'.repeat(310), `[0,${'9'.repeat(5000)}]`]) {
    const message = `{"a":${value}}`;
    expect(JSON.parse(noticeText({ ...FAILURE, message }))).toMatchObject({ message });
  }
  for (const value of ['"\\ud83d\\ude00"', '"\\\\ud83d"', '1e308', '0.' + '1'.repeat(500), '-0', '12345678901234567890']) {
    expect(noticeText({ ...FAILURE, message: `{"a":${value}}` })).toContain(`"message":{"a":${value}}`);
  }
  expect(noticeText({ ...FAILURE, message: '17' })).toContain('"message":17}');
  expect(noticeText({ ...FAILURE, message: '1e999' })).toContain('"message":"1e999"}');
  const halves = noticeText({ ...FAILURE, message: '{"a":"\ud800"}' });
  expect(halves).not.toMatch(/\p{Surrogate}/u); // which could not be published
  expect(JSON.parse(halves)).toMatchObject({ message: '{"a":"\ud800"}' });
});

test('says of a webhook that failed how each attempt went, and when it failed', () => {
  const attempts = [
    { at: '2030-01-01T00:00:00.001Z', lateMs: 1, durationMs: 20, status: 503 },
    { at: '2030-01-01T00:00:05.021Z', lateMs: 0, durationMs: 15_000, error: 'timeout' },
  ];
  const failure = { reason: 'exhausted', id: 'order-42', failedAt: Date.parse('2030-01-01T00:00:20.021Z'), attempts, message: '{"url":"https://example.com"}' } as const;
  expect(JSON.parse(noticeText(failure))).toEqual({
    version: 1, reason: 'exhausted', id: 'order-42', failedAt: '2030-01-01T00:00:20.021Z', attempts, message: { url: 'https://example.com' },
  });
});

test('says of an action that was refused which and why, and of a dead letter where it waits', () => {
  const head = { version: 1, id: 'a', failedAt: '1970-01-01T00:00:00.000Z' };
  const refused = noticeText({ reason: 'refused', id: 'a', failedAt: 0, action: 'cancel', refusal: 'delivered', message: '{"action":"cancel","id":"a"}' });
  expect(JSON.parse(refused)).toEqual({ ...head, reason: 'refused', action: 'cancel', refusal: 'delivered', message: { action: 'cancel', id: 'a' } });
  const deadLetter = noticeText({ reason: 'dead-letter', id: 'a', failedAt: 0, queue: 'ingest', message: 'poison' });
  expect(JSON.parse(deadLetter)).toEqual({ ...head, reason: 'dead-letter', queue: 'ingest', message: 'poison' });
});

test('leaves out what is not known: of a webhook that is missing, its message', () => {
  expect(JSON.parse(noticeText({ reason: 'missing', id: 'a', failedAt: 0, attempts: [], message: undefined })))
    .toEqual({ version: 1, reason: 'missing', id: 'a', failedAt: '1970-01-01T00:00:00.000Z', attempts: [] });
});

test('is not cut between the halves of a character', () => {
  expect(JSON.parse(noticeText({ ...FAILURE, message: `x${'😀'.repeat(70_000)}` })).message).toBe(`x${'😀'.repeat(8_191)}`);
});

test('fits into a notification however large the message was', () => {
  for (const message of [JSON.stringify('x'.repeat(262_100)), '\u0000'.repeat(262_000), JSON.stringify({ a: 'é'.repeat(131_060) })]) {
    const text = noticeText({ ...FAILURE, message });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(261_120);
    expect(JSON.parse(text)).toMatchObject({ reason: 'validation', message: message.slice(0, 16_384), messageTruncated: true });
  }
});

test('fits into a notification beside as many and as long errors as there can be', () => {
  const headers = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${'x'.repeat(4_000)}${i} `, '\u0000'.repeat(200)]));
  const parsed = parseMessage(JSON.stringify({ headers }), {
    defaultId: 'a', now: 0, maxHorizonMs: 1, partitions: 16, retry: { delaysMs: [], jitter: 0 }, network: PUBLIC_INTERNET,
  });
  const text = noticeText({ ...FAILURE, errors: 'errors' in parsed ? parsed.errors : [], message: '\u0000'.repeat(262_000) });
  expect(JSON.parse(text)).toMatchObject({ messageTruncated: true });
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(261_120);
});
