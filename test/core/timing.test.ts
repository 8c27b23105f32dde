import { LEAD_MS, MAX_HOLD_MS, minuteOf, ownerOf, queueDelaySeconds, startOfMinute } from '../../src/core/timing';

const NOW = Date.parse('2030-01-01T00:00:00.123Z');

test('a webhook becomes visible within the second before its lead time, whatever the milliseconds', () => {
  for (let ms = 0; ms < 120_000; ms += 37) {
    const dueAt = NOW + LEAD_MS + ms;
    const ahead = dueAt - (NOW + queueDelaySeconds(dueAt, NOW) * 1000);
    expect(ahead).toBeGreaterThanOrEqual(LEAD_MS);
    expect(ahead).toBeLessThan(LEAD_MS + 1000);
  }
});

test('the delay stays within what SQS takes', () => {
  expect(queueDelaySeconds(NOW - 5_000, NOW)).toBe(0);
  expect(queueDelaySeconds(NOW + 500, NOW)).toBe(0);
  expect(queueDelaySeconds(NOW + 86_400_000, NOW)).toBe(900);
});

test('what becomes visible on time is held, not sent back', () => {
  expect(LEAD_MS + 1000).toBeLessThan(MAX_HOLD_MS);
});

test('ingest owns what is due up to its horizon, load the rest', () => {
  expect(ownerOf(NOW + 600_000, NOW, 600_000)).toBe('ingest');
  expect(ownerOf(NOW + 600_001, NOW, 600_000)).toBe('load');
  expect(ownerOf(NOW - 1, NOW, 600_000)).toBe('ingest');
});

test('minutes are counted from the epoch, before it too', () => {
  expect(startOfMinute(minuteOf(NOW))).toBe(Date.parse('2030-01-01T00:00:00Z'));
  expect(minuteOf(-1)).toBe(-1);
});
