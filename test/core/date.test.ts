import { parseDate } from '../../src/core/date';

const iso = (text: string) => {
  const instant = parseDate(text);
  return instant === undefined ? undefined : new Date(instant).toISOString();
};

test.each([
  ['2030-01-31T09:30:00Z', '2030-01-31T09:30:00.000Z'],
  ['2030-01-31T09:30Z', '2030-01-31T09:30:00.000Z'],
  ['2030-01-31t09:30:00z', '2030-01-31T09:30:00.000Z'],
  ['2030-01-31T09:30:00.25Z', '2030-01-31T09:30:00.250Z'],
  ['2030-01-31T09:30:00,250Z', '2030-01-31T09:30:00.250Z'],
  ['2030-01-31T09:30:00+02:00', '2030-01-31T07:30:00.000Z'],
  ['2030-01-31T09:30:00-0530', '2030-01-31T15:00:00.000Z'],
  ['2030-01-31T09:30:00+01', '2030-01-31T08:30:00.000Z'],
  ['2030-01-01T00:30:00+01:00', '2029-12-31T23:30:00.000Z'],
  ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
  ['0099-06-01T00:00:00Z', '0099-06-01T00:00:00.000Z'],
])('%s is %s', (text, expected) => {
  expect(iso(text)).toBe(expected);
});

test('a date without an offset is UTC, whatever the time zone of the machine, as Python writes it', () => {
  const before = process.env.TZ;
  process.env.TZ = 'America/New_York';
  try {
    expect(iso('2030-07-31T09:30:00.123000')).toBe('2030-07-31T09:30:00.123Z'); // datetime.utcnow().isoformat()
    expect(iso('2030-07-31 09:30:00')).toBe('2030-07-31T09:30:00.000Z'); // str(datetime.utcnow())
  } finally {
    process.env.TZ = before;
  }
});

test('what is finer than a millisecond is rounded up, never down: early is worse than late', () => {
  expect(iso('2030-01-31T09:30:00.123001Z')).toBe('2030-01-31T09:30:00.124Z');
  expect(iso('2030-01-31T09:30:00.123000Z')).toBe('2030-01-31T09:30:00.123Z');
  expect(iso('2030-01-31T23:59:59.999999999Z')).toBe('2030-02-01T00:00:00.000Z');
  expect(iso('2030-01-31T09:30:00.001Z')).toBe('2030-01-31T09:30:00.001Z');
});

test.each([
  '', 'tomorrow', '2030-01-31', '09:30:00', '2030-1-31T09:30:00Z', '2030-02-30T00:00:00Z', '2029-02-29T00:00:00Z', '2030-13-01T00:00:00Z',
  '2030-01-31T24:00:00Z', '2030-01-31T09:60:00Z', '2030-01-31T09:30:60Z', '2030-01-31T09:30:00+25:00', '2030-01-31T09:30:00+01:75',
  '2030-01-31T09:30:00 Z', ' 2030-01-31T09:30:00Z', '2030-01-31T09:30:00Z\n', '2030-01-31T09:30:00.1234567890Z', '1893490200', '20300131T093000Z',
])('%p names no instant', (text) => {
  expect(parseDate(text)).toBeUndefined();
});
