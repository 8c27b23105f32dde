// Dates against a reckoning of its own: days counted year by year and month by month, seconds in whole nanoseconds.
import * as fc from 'fast-check';
import { parseDate } from '../../src/core/date';

interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const isLeapYear = (year: number) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const daysOfYear = (year: number) => (isLeapYear(year) ? 366 : 365);
const daysOfMonth = (year: number, month: number) => (month === 2 ? 28 + Number(isLeapYear(year)) : 31 - Number([4, 6, 9, 11].includes(month)));

/** Days from 1970-01-01 to the date. */
function dayNumber({ year, month, day }: Civil): number {
  let days = day - 1;
  for (let m = 1; m < month; m++) {
    days += daysOfMonth(year, m);
  }
  for (let y = 1970; y < year; y++) {
    days += daysOfYear(y);
  }
  for (let y = year; y < 1970; y++) {
    days -= daysOfYear(y);
  }
  return days;
}

function instantOf(civil: Civil, fraction: string, offsetMinutes: number): number {
  const seconds = dayNumber(civil) * 86_400 + civil.hour * 3_600 + civil.minute * 60 + civil.second - offsetMinutes * 60;
  const nanoseconds = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  const remainder = ((nanoseconds % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return Number((nanoseconds - remainder) / 1_000_000n) + (remainder > 0n ? 1 : 0);
}

const two = (value: number) => String(value).padStart(2, '0');
const dateOf = ({ year, month, day }: Civil) => `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
const timeOf = ({ hour, minute, second }: Civil) => `${two(hour)}:${two(minute)}:${two(second)}`;

const year = fc.oneof(fc.integer({ min: 2020, max: 2040 }), fc.integer({ min: 0, max: 9999 }), fc.constantFrom(0, 99, 1600, 1900, 1970, 2000, 2100));
const time = { hour: fc.integer({ min: 0, max: 23 }), minute: fc.integer({ min: 0, max: 59 }), second: fc.integer({ min: 0, max: 59 }) };
const yearAndMonth = fc.record({ year, month: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(2)) });
/** Any date there is, the last days of months often, and the ends of days too. */
const civil: fc.Arbitrary<Civil> = yearAndMonth.chain(({ year: y, month }) => {
  const last = daysOfMonth(y, month);
  const ends = fc.constantFrom({ hour: 0, minute: 0, second: 0 }, { hour: 23, minute: 59, second: 59 });
  return fc.tuple(fc.oneof(fc.integer({ min: 1, max: last }), fc.constant(last)), fc.oneof(fc.record(time), ends))
    .map(([day, clock]) => ({ year: y, month, day, ...clock }));
});
const fraction = fc.oneof(fc.stringMatching(/^\d{1,9}$/), fc.constantFrom('1', '10', '100', '000000001', '999', '9990', '999000001', '999999999'));
const offset = fc.oneof(
  fc.constantFrom({ text: '', minutes: 0 }, { text: 'Z', minutes: 0 }, { text: 'z', minutes: 0 }),
  fc.record({
    sign: fc.constantFrom('+', '-'),
    hours: fc.integer({ min: 0, max: 23 }),
    minutes: fc.integer({ min: 0, max: 59 }),
    form: fc.constantFrom('h', 'hm', 'h:m'),
  }).map(({ sign, hours, minutes, form }) => ({
    text: `${sign}${two(hours)}${form === 'h' ? '' : `${form === 'hm' ? '' : ':'}${two(minutes)}`}`,
    minutes: (sign === '-' ? -1 : 1) * (hours * 60 + (form === 'h' ? 0 : minutes)),
  })),
);
const separator = fc.constantFrom('T', 't', ' ');

test('each date there is names the instant that counting says, whatever its fraction and offset', () => {
  fc.assert(fc.property(civil, separator, fc.option(fraction, { nil: '' }), fc.constantFrom('.', ','), offset, (c, t, digits, point, o) => {
    const text = `${dateOf(c)}${t}${timeOf(c)}${digits && point}${digits}${o.text}`;
    expect(parseDate(text)).toBe(instantOf(c, digits, o.minutes));
  }), { numRuns: 3_000 });
});

test('without seconds it is the full minute', () => {
  fc.assert(fc.property(civil, separator, offset, (c, t, o) => {
    expect(parseDate(`${dateOf(c)}${t}${timeOf(c).slice(0, 5)}${o.text}`)).toBe(instantOf({ ...c, second: 0 }, '', o.minutes));
  }));
});

test('a fraction is a decimal one: zeros behind it change nothing, and no more digits make it earlier', () => {
  fc.assert(fc.property(civil, fc.stringMatching(/^\d{1,6}$/), fc.integer({ min: 0, max: 3 }), fc.stringMatching(/^\d{1,3}$/), (c, digits, zeros, more) => {
    const at = (text: string) => parseDate(`${dateOf(c)}T${timeOf(c)}.${text}Z`) as number;
    expect(at(digits + '0'.repeat(zeros))).toBe(at(digits));
    expect(at(digits + more)).toBeGreaterThanOrEqual(at(digits));
  }));
});

test('what is written by Date is read as the same instant', () => {
  const years0To9999 = fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true });
  fc.assert(fc.property(years0To9999, (date) => {
    expect(parseDate(date.toISOString())).toBe(date.getTime());
  }), { numRuns: 1_000 });
});

type Writer = (c: Civil) => string;

/** Past the end of a field, 24 o'clock and leap seconds included. */
const notThere: fc.Arbitrary<Writer> = fc.oneof(
  fc.constantFrom(0, 13, 20, 99).map((month): Writer => (c) => `${dateOf({ ...c, month })}T${timeOf(c)}Z`),
  fc.constantFrom(1, 2, 31, 60).map((over): Writer => (c) => `${dateOf({ ...c, day: daysOfMonth(c.year, c.month) + over })}T${timeOf(c)}Z`),
  fc.constant<Writer>((c) => `${dateOf({ ...c, day: 0 })}T${timeOf(c)}Z`),
  fc.constantFrom(24, 25, 99).map((hour): Writer => (c) => `${dateOf(c)}T${timeOf({ ...c, hour })}Z`),
  fc.constant<Writer>((c) => `${dateOf(c)}T24:00:00Z`),
  fc.constantFrom(60, 61, 99).map((minute): Writer => (c) => `${dateOf(c)}T${timeOf({ ...c, minute })}Z`),
  fc.constantFrom(60, 61, 99).map((second): Writer => (c) => `${dateOf(c)}T${timeOf({ ...c, second })}Z`),
  fc.constantFrom(24, 25, 99).map((hours): Writer => (c) => `${dateOf(c)}T${timeOf(c)}+${two(hours)}:00`),
  fc.constantFrom(60, 61, 99).map((minutes): Writer => (c) => `${dateOf(c)}T${timeOf(c)}-01:${two(minutes)}`),
);
/** Other forms of ISO 8601, and none. */
const otherwiseWritten: fc.Arbitrary<Writer> = fc.constantFrom<Writer[]>(
  (c) => `${dateOf(c)}${timeOf(c)}Z`,
  (c) => `${dateOf(c)}  ${timeOf(c)}Z`,
  (c) => `${dateOf(c)}T${timeOf(c).slice(0, 2)}Z`,
  (c) => `${dateOf(c)}T${timeOf(c).slice(0, 5)}.5Z`,
  (c) => `${dateOf(c)}T${timeOf(c)}.Z`,
  (c) => `${dateOf(c)}T${timeOf(c)}.0000000000Z`,
  (c) => `${dateOf(c)}T${timeOf(c)} Z`,
  (c) => `${dateOf(c)}T${timeOf(c)}+1`,
  (c) => `${dateOf(c)}T${timeOf(c)}+01:00[Europe/Berlin]`,
  (c) => `${dateOf(c)}T${timeOf(c)}Z\n`,
  (c) => ` ${dateOf(c)}T${timeOf(c)}Z`,
  (c) => `+0${dateOf(c)}T${timeOf(c)}Z`,
  (c) => `-${dateOf(c)}T${timeOf(c)}Z`,
  (c) => `${dateOf(c).replaceAll('-', '')}T${timeOf(c).replaceAll(':', '')}Z`,
  (c) => dateOf(c),
);

test('a date that there is not names no instant', () => {
  fc.assert(fc.property(civil, fc.oneof(notThere, otherwiseWritten), (c, write) => {
    expect(parseDate(write(c))).toBeUndefined();
  }), { numRuns: 3_000 });
});

test('any other text names no instant: nothing is guessed', () => {
  const almost = fc.stringMatching(/^[\dTZtz+\-:., ]{0,30}$/);
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), almost), (text) => {
    fc.pre(!/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d/.test(text));
    expect(parseDate(text)).toBeUndefined();
  }), { numRuns: 1_000 });
});

describe('where clocks are changed', () => {
  const HOUR_MS = 3_600_000;
  const DAY_MS = 24 * HOUR_MS;
  /** By an hour, by half an hour, over midnight, in the southern summer, and odd offsets all year. */
  const ZONES = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/St_Johns', 'America/Santiago', 'Pacific/Chatham'];
  const formats = new Map([...ZONES, 'UTC'].map((timeZone) => [timeZone, new Intl.DateTimeFormat('en-US', {
    timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
  })]));

  /** What the clocks of a time zone show. */
  function wallClock(zone: string, instant: number): Civil {
    const parts = new Map(formats.get(zone)?.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) as number;
    return { year: part('year'), month: part('month'), day: part('day'), hour: part('hour'), minute: part('minute'), second: part('second') };
  }

  const offsetAt = (zone: string, instant: number) => (instantOf(wallClock(zone, instant), '', 0) - instant) / 60_000;
  const written = (c: Civil, offsetMinutes: number) => {
    const minutes = Math.abs(offsetMinutes);
    return `${dateOf(c)}T${timeOf(c)}${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  };

  /** The first instants, in whole seconds, of a new offset. */
  function changesOf(zone: string, from: number, to: number): number[] {
    const changes: number[] = [];
    for (let day = from; day < to; day += DAY_MS) {
      let [before, after] = [day, day + DAY_MS];
      const offsetBefore = offsetAt(zone, before);
      if (offsetBefore !== offsetAt(zone, after)) {
        while (after - before > 1_000) {
          const middle = before + Math.floor((after - before) / 2_000) * 1_000;
          [before, after] = offsetAt(zone, middle) === offsetBefore ? [middle, after] : [before, middle];
        }
        changes.push(after);
      }
    }
    return changes;
  }

  const CHANGES = ZONES.flatMap((zone) => changesOf(zone, Date.UTC(2029, 0, 1), Date.UTC(2031, 0, 1)).map((change) => ({ zone, change })));

  test('each zone has four changes in two years', () => {
    expect(CHANGES).toHaveLength(ZONES.length * 4);
  });

  test('every clock reading around a change, with its offset, names its instant', () => {
    fc.assert(fc.property(fc.constantFrom(...CHANGES), fc.integer({ min: -3 * 3_600, max: 3 * 3_600 }), ({ zone, change }, seconds) => {
      const instant = change + seconds * 1_000;
      expect(parseDate(written(wallClock(zone, instant), offsetAt(zone, instant)))).toBe(instant);
    }), { numRuns: 1_000 });
  });

  test('a clock reading that comes twice, or never, still names one instant for each offset', () => {
    fc.assert(fc.property(fc.constantFrom(...CHANGES), fc.nat(), ({ zone, change }, seconds) => {
      const [lesser, greater] = [offsetAt(zone, change - 1_000), offsetAt(zone, change)].sort((a, b) => a - b);
      // The readings between the change by the one offset and by the other: repeated where clocks go back, skipped where they go forward.
      const gap = (greater - lesser) * 60_000;
      const within = (seconds * 1_000) % gap;
      const reading = wallClock('UTC', change + lesser * 60_000 + within);
      expect(parseDate(written(reading, greater))).toBe(change + within - gap);
      expect(parseDate(written(reading, lesser))).toBe(change + within);
    }), { numRuns: 500 });
  });
});
