// Reads the `date` of a message: ISO 8601 with a time; without an offset it is UTC.

const ISO_8601 = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|z|[+-]\d{2}(?::?\d{2})?)?$/;

/** What {@link parseDate} takes, in words for an error. */
export const DATE_FORMAT = 'an ISO 8601 date and time such as 2030-01-31T09:30:00.250Z (without an offset it is UTC)';

/**
 * The instant a date names, in milliseconds since the epoch, or `undefined` if it names none.
 *
 * Fractions finer than a millisecond are rounded up: a webhook may not fire before its date.
 */
export function parseDate(text: string): number | undefined {
  const match = ISO_8601.exec(text);
  if (!match) {
    return undefined;
  }
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  if (hour > 23 || minute > 59 || second > 59) {
    return undefined;
  }
  const civil = new Date(0);
  // Not Date.UTC: it takes the years 0 to 99 for 1900 to 1999.
  civil.setUTCFullYear(year, month - 1, day);
  civil.setUTCHours(hour, minute, second);
  if (civil.getUTCMonth() !== month - 1) {
    return undefined; // 30 February would roll over to March
  }
  const offset = offsetMinutes(match[8]);
  if (offset === undefined) {
    return undefined;
  }
  return civil.getTime() + millisecondsUp(match[7]) - offset * 60_000;
}

/** Milliseconds of a decimal fraction of a second, rounded up; counted in digits, since a float would round `.001`. */
function millisecondsUp(fraction = ''): number {
  const finer = /[1-9]/.test(fraction.slice(3)) ? 1 : 0;
  return Number(fraction.slice(0, 3).padEnd(3, '0')) + finer;
}

function offsetMinutes(offset: string | undefined): number | undefined {
  if (offset === undefined || offset.toUpperCase() === 'Z') {
    return 0;
  }
  const [hours, minutes] = [Number(offset.slice(1, 3)), Number(offset.slice(3).replace(':', ''))];
  if (hours > 23 || minutes > 59) {
    return undefined;
  }
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
