// Turns a published message into a webhook, or says of every wrong field what came and what was expected.
import { DATE_FORMAT, parseDate } from './date';
import { memberText } from './json-text';
import { encodeForm, isForm, scalarText } from './request';
import { ownKeyId, partitionOf, Webhook } from './webhook';

/** One wrong field of a message. */
export interface FieldError {
  /** Name of the field, with a dot before a member: `headers.x-tenant`. `message` for the message as a whole. */
  readonly field: string;
  /** What came, as JSON text, cut after 100 characters; `nothing` where the field is absent. */
  readonly received: string;
  readonly expected: string;
}

export interface ParseOptions {
  /** The id of a message that brings none: its SNS MessageId. */
  readonly defaultId: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How far ahead a date may lie. */
  readonly maxHorizonMs: number;
  readonly partitions: number;
}

export type ParsedMessage = { readonly webhook: Webhook } | { readonly errors: readonly FieldError[]; readonly id: string };

const FIELDS = ['id', 'date', 'url', 'method', 'payload', 'headers', 'cookies'];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const MAX_URL_LENGTH = 8192;
const MAX_ERRORS = 50;
const MAX_RECEIVED_LENGTH = 100;

/** No full stop: the signed content of a webhook is `id.timestamp.body`, which has to come apart in one way only. */
const ID = /^[A-Za-z0-9_:/+=@-]{1,128}$/;
/** `token` of RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** `field-value` of RFC 9110, section 5.5: visible characters, spaces and tabs, Latin-1. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** As RFC 6265 allows, and spaces, commas, quotes and backslashes, which browsers send too; never a separator. */
const COOKIE_VALUE = /^[\x20-\x3a\x3c-\x7e]*$/;

/** Set by the HTTP client (RFC 9112 and the hop-by-hop headers of RFC 9110, section 7.6.1); from a message they would corrupt the request. */
const RESERVED_HEADERS = [
  'connection', 'content-length', 'expect', 'host', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade',
];
/** The names that Standard Webhooks gives to the sender. */
const RESERVED_PREFIX = 'webhook-';

type Fields = Readonly<Record<string, unknown>>;
type Report = (field: string, received: unknown, expected: string) => void;

/** Reads one message as it was published. Never throws. */
export function parseMessage(text: string, options: ParseOptions): ParsedMessage {
  const errors: FieldError[] = [];
  const report: Report = (field, received, expected) => {
    if (errors.length < MAX_ERRORS) {
      errors.push({ field, received: excerpt(received), expected });
    }
  };

  const message = parseObject(text);
  if (!message) {
    report('message', text, 'a JSON object with date, url and method');
    return { errors, id: options.defaultId };
  }
  for (const name of Object.keys(message).filter((key) => !FIELDS.includes(key))) {
    report(cut(name), message[name], `no such field: a message has ${FIELDS.join(', ')}`);
  }
  const ownId = isGiven(message.id);
  const id = ownId ? readId(message.id, report) : options.defaultId;
  const dueAt = readDate(message.date, options, report);
  const url = readUrl(message.url, report);
  const method = readMethod(message.method, report);
  const headers = readHeaders(message.headers, report);
  const cookies = readCookies(message.cookies, report);
  const payload = isGiven(message.payload) ? memberText(text, 'payload') : undefined;
  if (payload !== undefined && headers !== undefined && isForm(headers)) {
    checkForm(message.payload, report);
  }

  if (errors.length > 0 || id === undefined || dueAt === undefined || url === undefined || method === undefined) {
    return { errors, id: id ?? options.defaultId };
  }
  const keyId = ownId ? ownKeyId(id) : id;
  const partition = partitionOf(keyId, options.partitions);
  return { webhook: { id: keyId, ownId, dueAt, url, method, payload, headers, cookies, date: message.date as string, partition } };
}

/** The top-level fields that errors are about, for the log: by the names that messages have, and `other` for those that a producer made up. */
export function fieldsOf(errors: readonly FieldError[]): string[] {
  const names = errors.map(({ field }) => field.split('.')[0]);
  return [...new Set(names.map((name) => ([...FIELDS, 'message'].includes(name) ? name : 'other')))];
}

function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

function readId(value: unknown, report: Report): string | undefined {
  if (typeof value === 'string' && ID.test(value)) {
    return value;
  }
  report('id', value, '1 to 128 letters, digits and characters of _ : / + = @ -');
  return undefined;
}

function readDate(value: unknown, options: ParseOptions, report: Report): number | undefined {
  const dueAt = typeof value === 'string' ? parseDate(value) : undefined;
  if (dueAt === undefined) {
    report('date', value, DATE_FORMAT);
    return undefined;
  }
  const latest = options.now + options.maxHorizonMs;
  if (dueAt > latest) {
    report('date', value, `a date up to ${new Date(latest).toISOString()}, the horizon of this scheduler`);
    return undefined;
  }
  return dueAt;
}

function readUrl(value: unknown, report: Report): string | undefined {
  const expected = `an absolute http or https URL of at most ${MAX_URL_LENGTH} characters, without user name and password`;
  const url = typeof value === 'string' && value.length <= MAX_URL_LENGTH && URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    report('url', value, expected);
    return undefined;
  }
  return value as string;
}

function readMethod(value: unknown, report: Report): string | undefined {
  const method = typeof value === 'string' ? value.toUpperCase() : '';
  if (METHODS.includes(method)) {
    return method;
  }
  report('method', value, `one of ${METHODS.join(', ')}, in any case`);
  return undefined;
}

function readHeaders(value: unknown, report: Report): Record<string, string> | undefined {
  const headers = readStrings('headers', value, report, (name, text) => {
    const lowerCase = name.toLowerCase();
    if (!TOKEN.test(name)) {
      return 'a header name: letters, digits and characters of !#$%&\'*+-.^_`|~';
    }
    if (RESERVED_HEADERS.includes(lowerCase) || lowerCase.startsWith(RESERVED_PREFIX)) {
      return 'a header that a message may set; this one is the sender\'s own';
    }
    return HEADER_VALUE.test(text) ? undefined : 'a header value: Latin-1 text without line breaks and control characters';
  });
  const seen = new Set<string>();
  for (const name of Object.keys(headers ?? {})) {
    if (seen.has(name.toLowerCase())) {
      report(`headers.${cut(name)}`, headers?.[name], 'each header once, whatever its case');
    }
    seen.add(name.toLowerCase());
  }
  return headers;
}

function readCookies(value: unknown, report: Report): Record<string, string> | undefined {
  return readStrings('cookies', value, report, (name, text) => {
    if (!TOKEN.test(name)) {
      return 'a cookie name: letters, digits and characters of !#$%&\'*+-.^_`|~';
    }
    return COOKIE_VALUE.test(text) ? undefined : 'a cookie value: printable ASCII without semicolon';
  });
}

/** Reads an object of strings (an exact number or a boolean counts as its text), asking `check` what each entry should have been. */
function readStrings(
  field: string, value: unknown, report: Report, check: (name: string, text: string) => string | undefined,
): Record<string, string> | undefined {
  if (!isGiven(value)) {
    return undefined;
  }
  if (!isObject(value)) {
    report(field, value, 'an object of names and strings');
    return undefined;
  }
  const entries = Object.entries(value).map(([name, entry]): [string, string] => {
    const text = scalarText(entry);
    const expected = text === undefined ? 'a string' : check(name, text);
    if (expected !== undefined) {
      report(`${field}.${cut(name)}`, entry, expected);
    }
    return [name, text ?? ''];
  });
  return Object.fromEntries(entries);
}

function checkForm(payload: unknown, report: Report): void {
  if (isObject(payload)) {
    for (const name of encodeForm(payload).unencodable) {
      report(`payload.${cut(name)}`, payload[name],
        'a string, boolean or number of at most 15 digits, or an array of them, since the payload is sent as a form');
    }
  } else if (typeof payload !== 'string') {
    report('payload', payload, 'an object or a string, since the payload is sent as a form');
  }
}

/** `null` counts as absent: that is how many languages write an optional field. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function excerpt(value: unknown): string {
  if (value === undefined) {
    return 'nothing';
  }
  try {
    return cut(JSON.stringify(value));
  } catch (error) {
    if (error instanceof RangeError) {
      return 'a value nested too deeply to show'; // JSON.stringify recurses where JSON.parse does not
    }
    throw error;
  }
}

function cut(text: string): string {
  return text.length > MAX_RECEIVED_LENGTH ? `${text.slice(0, MAX_RECEIVED_LENGTH)}…` : text;
}
