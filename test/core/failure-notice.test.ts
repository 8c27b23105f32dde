import { noticeText } from '../../src/core/failure-notice';
import { parseMessage } from '../../src/core/message';

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

test('fits into a notification however large the message was', () => {
  for (const message of [JSON.stringify('x'.repeat(262_100)), '\u0000'.repeat(262_000), JSON.stringify({ a: 'é'.repeat(131_060) })]) {
    const text = noticeText({ ...FAILURE, message });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(261_120);
    expect(JSON.parse(text)).toMatchObject({ reason: 'validation', message: message.slice(0, 16_384), messageTruncated: true });
  }
});

test('fits into a notification beside as many and as long errors as there can be', () => {
  const headers = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${'x'.repeat(4_000)}${i} `, '\u0000'.repeat(200)]));
  const parsed = parseMessage(JSON.stringify({ headers }), { defaultId: 'a', now: 0, maxHorizonMs: 1, partitions: 16, retry: { delaysMs: [], jitter: 0 } });
  const text = noticeText({ ...FAILURE, errors: 'errors' in parsed ? parsed.errors : [], message: '\u0000'.repeat(262_000) });
  expect(JSON.parse(text)).toMatchObject({ messageTruncated: true });
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(261_120);
});
