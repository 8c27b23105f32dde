import * as fc from 'fast-check';
import { comeBackSeconds, LEAD_MS, MAX_QUEUE_DELAY_SECONDS, minuteOf, ownerOf, queueDelaySeconds, startOfMinute } from '../../src/core/timing';

const instant = fc.integer({ min: Date.parse('2020-01-01T00:00:00Z'), max: Date.parse('2100-01-01T00:00:00Z') });
const LONGEST_MS = MAX_QUEUE_DELAY_SECONDS * 1_000 + LEAD_MS;

test('a turn becomes visible from its lead time on before its instant, up to a second before that, where a queue can delay it so', () => {
  fc.assert(fc.property(instant, fc.integer({ min: LEAD_MS, max: LONGEST_MS }), (now, ahead) => {
    const visible = now + queueDelaySeconds(now + ahead, now) * 1_000;
    expect(now + ahead - visible).toBeGreaterThanOrEqual(LEAD_MS);
    expect(now + ahead - visible).toBeLessThan(LEAD_MS + 1_000);
  }), { numRuns: 2_000 });
});

test('what is nearer becomes visible at once, and what is farther comes too early, never too late', () => {
  fc.assert(fc.property(instant, fc.integer({ min: -1e12, max: LEAD_MS + 999 }), fc.integer({ min: LONGEST_MS, max: 1e12 }), (now, near, far) => {
    expect(queueDelaySeconds(now + near, now)).toBe(0);
    expect(queueDelaySeconds(now + far, now)).toBe(MAX_QUEUE_DELAY_SECONDS);
  }));
});

test('the delay is always one that a queue takes, and a later instant never has the shorter one', () => {
  fc.assert(fc.property(instant, instant, fc.nat(10_000_000), (at, now, later) => {
    const delay = queueDelaySeconds(at, now);
    expect(Number.isInteger(delay) && delay >= 0 && delay <= 900).toBe(true);
    expect(queueDelaySeconds(at + later, now)).toBeGreaterThanOrEqual(delay);
  }), { numRuns: 1_000 });
});

test('a message comes back later each time it was received, between 2 s and 5 minutes', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 5_000 }), (receives) => {
    const seconds = comeBackSeconds(receives);
    expect(Number.isInteger(seconds) && seconds >= 2 && seconds <= 300).toBe(true);
    expect(comeBackSeconds(receives + 1)).toBeGreaterThanOrEqual(seconds);
  }));
});

test('each instant lies in one minute, before the epoch too', () => {
  fc.assert(fc.property(fc.integer({ min: -1e14, max: 1e14 }), (at) => {
    const minute = minuteOf(at);
    expect(startOfMinute(minute)).toBeLessThanOrEqual(at);
    expect(startOfMinute(minute + 1)).toBeGreaterThan(at);
  }));
});

test('of two decisions on one webhook, the later one never gives back to load what ingest had', () => {
  fc.assert(fc.property(instant, instant, fc.nat(100_000_000), fc.nat(1_000_000), (dueAt, now, later, horizonMs) => {
    if (ownerOf(dueAt, now, horizonMs) === 'ingest') {
      expect(ownerOf(dueAt, now + later, horizonMs)).toBe('ingest');
    }
    expect(ownerOf(now + horizonMs, now, horizonMs)).toBe('ingest');
    expect(ownerOf(now + horizonMs + 1, now, horizonMs)).toBe('load');
  }));
});
