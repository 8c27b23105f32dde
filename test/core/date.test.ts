import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModuleKind, transpileModule } from 'typescript';
import { parseDate } from '../../src/core/date';

const transpiled = (file: string) =>
  transpileModule(readFileSync(join(__dirname, file), 'utf8'), { compilerOptions: { module: ModuleKind.CommonJS } }).outputText;

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

test('a date without an offset is UTC, as Python writes it', () => {
  expect(iso('2030-07-31T09:30:00.123000')).toBe('2030-07-31T09:30:00.123Z'); // datetime.utcnow().isoformat()
  expect(iso('2030-07-31 09:30:00')).toBe('2030-07-31T09:30:00.000Z'); // str(datetime.utcnow())
});

test('the time zone of the machine does not matter, nor that its clocks are changed', () => {
  // In a process of its own: Node.js takes the time zone from its real environment, and jest hands tests a copy.
  const script = `${transpiled('../../src/core/date.ts')};
    const dates = process.argv.slice(1);
    console.log(JSON.stringify([new Date(dates[0]).toISOString(), ...dates.map((date) => new Date(exports.parseDate(date)).toISOString())]));`;
  const dates = ['2030-07-31T09:30:00', '2030-03-10T02:30:00', '2030-11-03T01:30:00', '2030-03-10T02:30:00-05:00'];
  const output = execFileSync(process.execPath, ['-e', script, ...dates], { env: { TZ: 'America/New_York' }, encoding: 'utf8' });
  expect(JSON.parse(output)).toEqual([
    '2030-07-31T13:30:00.000Z', // what Date makes of the first one: the process does have the other time zone
    '2030-07-31T09:30:00.000Z', '2030-03-10T02:30:00.000Z', '2030-11-03T01:30:00.000Z', '2030-03-10T07:30:00.000Z',
  ]);
});

test('what is finer than a millisecond is rounded up, never down: early is worse than late', () => {
  expect(iso('2030-01-31T09:30:00.123001Z')).toBe('2030-01-31T09:30:00.124Z');
  expect(iso('2030-01-31T09:30:00.123000Z')).toBe('2030-01-31T09:30:00.123Z');
  expect(iso('2030-01-31T23:59:59.999999999Z')).toBe('2030-02-01T00:00:00.000Z');
  expect(iso('2030-01-31T09:30:00.001Z')).toBe('2030-01-31T09:30:00.001Z');
  expect(iso('2030-01-31T09:30:00.0001Z')).toBe('2030-01-31T09:30:00.001Z');
});

test.each(['.1', '.10', '.100', '.1000', '.100000000', ',1', ',10'])('a fraction of %s is a tenth of a second', (fraction) => {
  expect(iso(`2030-01-31T09:30:00${fraction}Z`)).toBe('2030-01-31T09:30:00.100Z');
});

test.each([
  '', 'tomorrow', '2030-01-31', '09:30:00', '2030-1-31T09:30:00Z', '2030-02-30T00:00:00Z', '2029-02-29T00:00:00Z', '2030-13-01T00:00:00Z',
  '2030-01-31T24:00:00Z', '2030-01-31T09:60:00Z', '2030-01-31T09:30:60Z', '2016-12-31T23:59:60Z', '2030-01-31T09:30:00+25:00', '2030-01-31T09:30:00+01:75',
  '2030-01-31T09:30:00 Z', ' 2030-01-31T09:30:00Z', '2030-01-31T09:30:00Z\n', '2030-01-31T09:30:00.1234567890Z', '1893490200', '20300131T093000Z',
])('%p names no instant', (text) => {
  expect(parseDate(text)).toBeUndefined();
});
