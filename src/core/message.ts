// Turns a published message into a webhook or an action, or says of every wrong field what came and what was expected.
import { DATE_FORMAT, parseDate } from './date';
import { canonicalName, isHeaderValue, isReserved, isToken } from './headers';
import { depthOf, elementTexts, isWellFormed, memberEntries, memberTexts, objectText, scalarText } from './json-text';
import {
  MAX_COOKIE_LENGTH, MAX_COOKIES, MAX_COOKIES_LENGTH, MAX_HEADER_BYTES, MAX_HEADER_NAME_LENGTH, MAX_HEADER_VALUE_LENGTH, MAX_HEADERS,
  MAX_HOST_LENGTH, MAX_MESSAGE_BYTES, MAX_PAST_MS, MAX_PAYLOAD_DEPTH, MAX_URL_LENGTH, MAX_WEBHOOKS_PER_MESSAGE,
} from './limits';
import { NetworkRules, urlRefusal } from './network';
import { encodeForm, headerName, isForm } from './request';
import { mostOf, RetryLimits, RetryPlan } from './retry';
import { isId, ownKeyId, partitionOf, Webhook } from './webhook';

/** One wrong field of a message. */
export interface FieldError {
  /** Name of the field, with a dot before a member: `headers.x-tenant`. `message` for the message as a whole. */
  readonly field: string;
  /** What came, as JSON text, cut after 100 characters; `nothing` where the field is absent. */
  readonly received: string;
  readonly expected: string;
}

/** What a message holds: itself, or one of the webhooks of its list. */
export interface Part {
  readonly text: string;
  /** The id of a webhook that brings none. */
  readonly defaultId: string;
  readonly isListed: boolean;
}

export interface ParseOptions {
  /** The id of a message that brings none: its SNS MessageId, and its place where it is part of a list. */
  readonly defaultId: string;
  /** Whether it is part of a list, in which there are webhooks only. */
  readonly isListed?: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How far ahead a date may lie. */
  readonly maxHorizonMs: number;
  readonly partitions: number;
  /** What the `retry` of a message may ask for less of. */
  readonly retry: RetryPlan;
  /** Where its URL may lead. */
  readonly network: NetworkRules;
}

/** What a producer asks of a webhook it has published. */
export type Action =
  | { readonly kind: 'cancel' | 'redrive'; readonly id: string }
  | {
    readonly kind: 'reschedule';
    readonly id: string;
    /** By the names of the fields to replace, their JSON text as it was written. */
    readonly changes: ReadonlyMap<string, string>;
  };

export type ParsedMessage =
  | { readonly webhook: Webhook }
  | { readonly action: Action }
  | { readonly errors: readonly FieldError[]; readonly id: string };

/** What a reschedule can replace. */
const CHANGEABLE = ['date', 'url', 'method', 'payload', 'headers', 'cookies', 'retry'];
const FIELDS = ['action', 'id', ...CHANGEABLE];
const ACTIONS = ['cancel', 'reschedule', 'redrive'];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const MAX_ERRORS = 50;
const MAX_RECEIVED_LENGTH = 100;

/** Control characters: a URL parser drops some of them without a word, and others end up in what is sent. */
const CONTROL = /[\u0000-\u001f\u007f]/;
/** What stands between the scheme and the path, the query or the fragment, as URL parsers find it: user, host and port. */
const AUTHORITY = /^ *[a-z]+:[/\\]*([^/\\?#]*)/i;
/** As RFC 6265 allows, and spaces, commas, quotes and backslashes, which browsers send too; never a separator. */
const COOKIE_VALUE = /^[\x20-\x3a\x3c-\x7e]*$/;

/** The fields that are given, by name, as JSON text. */
type Fields = ReadonlyMap<string, string>;
/** Notes that a field is wrong; `received` is JSON text. */
type Report = (field: string, received: string | undefined, expected: string) => void;

/**
 * Takes a message apart: into the webhooks of its list, or, if it is none, or not one of 1 to {@link MAX_WEBHOOKS_PER_MESSAGE}, into itself.
 * The default ids of a list are the MessageId, a hyphen, and the place, counted from 0: the same each time the message comes. Never throws.
 */
export function partsOf(text: string, messageId: string): readonly Part[] {
  const list = text.trimStart().startsWith('[') ? valueOf(text) : undefined;
  return Array.isArray(list) && list.length > 0 && list.length <= MAX_WEBHOOKS_PER_MESSAGE
    ? elementTexts(text).map((element, place) => ({ text: element, defaultId: `${messageId}-${place}`, isListed: true }))
    : [{ text, defaultId: messageId, isListed: false }];
}

/** Reads one message as it was published, or one {@link Part} of it. Never throws. */
export function parseMessage(text: string, options: ParseOptions): ParsedMessage {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MAX_MESSAGE_BYTES) {
    return unreadable(text, `at most ${MAX_MESSAGE_BYTES} bytes, not ${bytes}`, options);
  }
  return isWellFormed(text) ? readMessage(text, options) : unreadable(text, 'Unicode text, without halves of surrogate pairs', options);
}

/** Reads a message whatever its size: as an action makes it of one that was accepted. Never throws. */
export function readMessage(text: string, options: ParseOptions): ParsedMessage {
  const value = valueOf(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return unreadable(text, expectedOf(value, options), options);
  }
  const errors: FieldError[] = [];
  const report: Report = (field, received, expected) => {
    if (errors.length < MAX_ERRORS) {
      errors.push({ field: cut(field), received: cut(received ?? 'nothing'), expected });
    }
  };

  const fields = readFields(text, '', report);
  for (const [name, json] of fields) {
    if (!FIELDS.includes(name)) {
      report(name, json, `no such field: a message has ${FIELDS.join(', ')}`);
    }
  }
  const ownId = fields.has('id') ? readId(fields.get('id'), report) : undefined;
  const parsed = fields.has('action') ? readAction(fields, ownId, options, report) : readWebhook(fields, ownId, options, report);
  return errors.length > 0 || !parsed ? { errors, id: ownId ?? options.defaultId } : parsed;
}

/**
 * The message that a webhook's own becomes where a reschedule replaces some of its fields. Whether it is valid as a whole is for
 * {@link parseMessage} to say.
 *
 * @param stored the webhook's message, as `messageText` writes it
 */
export function mergeMessage(stored: string, changes: ReadonlyMap<string, string>): string {
  return objectText(new Map([...memberTexts(stored), ...changes]));
}

/** The top-level fields that errors are about, for the log: by the names that messages have, and `other` for those that a producer made up. */
export function fieldsOf(errors: readonly FieldError[]): string[] {
  const names = errors.map(({ field }) => field.split('.')[0]);
  return [...new Set(names.map((name) => ([...FIELDS, 'message'].includes(name) ? name : 'other')))];
}

/** What is said of a message that cannot be taken apart. */
function unreadable(text: string, expected: string, { defaultId }: ParseOptions): ParsedMessage {
  return { errors: [{ field: 'message', received: cut(JSON.stringify(text)), expected }], id: defaultId };
}

function expectedOf(value: unknown, { isListed = false }: ParseOptions): string {
  const one = 'a JSON object with date, url and method';
  if (isListed) {
    return one;
  }
  const list = `${one}, or an array of 1 to ${MAX_WEBHOOKS_PER_MESSAGE} of them`;
  return Array.isArray(value) && value.length > MAX_WEBHOOKS_PER_MESSAGE ? `${list}, not ${value.length}` : list;
}

/** `undefined` if it is no JSON. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a string is refused for one reason only: it is no JSON
  }
}

/**
 * The members of an object. `null` counts as absent: that is how many languages write an optional field. A name that comes twice is refused:
 * of two values, one program takes the first and the next one the last.
 *
 * @param path what stands before a member's name in an error: `retry.`
 */
function readFields(json: string, path: string, report: Report): Fields {
  const fields = new Map<string, string>();
  for (const [name, value] of memberEntries(json)) {
    if (fields.has(name)) {
      report(`${path}${name}`, value, 'each name once');
    }
    fields.set(name, value);
  }
  return new Map([...fields].filter(([, value]) => value !== 'null'));
}

function readWebhook(fields: Fields, ownId: string | undefined, options: ParseOptions, report: Report): { webhook: Webhook } | undefined {
  const dueAt = readDate(fields.get('date'), options, report);
  const url = readUrl(fields.get('url'), options, report);
  const method = readMethod(fields.get('method'), report);
  const { payload, headers, cookies, retry } = readOptional(fields, options, report);
  if (dueAt === undefined || url === undefined || method === undefined) {
    return undefined;
  }
  const id = ownId === undefined ? options.defaultId : ownKeyId(ownId);
  const date = stringIn(fields.get('date')) as string;
  const partition = partitionOf(id, options.partitions);
  return { webhook: { id, ownId: ownId !== undefined, dueAt, date, url, method, payload, headers, cookies, retry, partition } };
}

function readOptional(
  fields: Fields, options: ParseOptions, report: Report,
): Pick<Webhook, 'payload' | 'headers' | 'cookies' | 'retry'> {
  const payload = fields.get('payload');
  const headers = readHeaders(fields.get('headers'), report);
  const cookies = readCookies(fields.get('cookies'), headers ?? {}, report);
  const retry = readRetry(fields.get('retry'), options.retry, report);
  if (payload !== undefined) {
    checkPayload(payload, headers !== undefined && isForm(headers), report);
  }
  return { payload, headers, cookies, retry };
}

function readAction(fields: Fields, id: string | undefined, options: ParseOptions, report: Report): { action: Action } | undefined {
  const kind = stringIn(fields.get('action')) ?? '';
  if (options.isListed) {
    report('action', fields.get('action'), 'none in a list of webhooks: an action is a message of its own');
  } else if (!ACTIONS.includes(kind)) {
    report('action', fields.get('action'), `one of ${ACTIONS.join(', ')}, or no action for a new webhook`);
  }
  if (!fields.has('id')) {
    report('id', undefined, 'the id of the webhook that the action is for');
  }
  const changes = new Map([...fields].filter(([name]) => CHANGEABLE.includes(name)));
  if (kind === 'cancel' || kind === 'redrive') {
    for (const [name, json] of changes) {
      report(name, json, `nothing: ${kind} takes no field but id`);
    }
    return id === undefined ? undefined : { action: { kind, id } };
  }
  if (kind === 'reschedule' && changes.size === 0) {
    report('action', fields.get('action'), `with at least one of ${CHANGEABLE.join(', ')}: the fields to replace`);
  }
  // Of an unknown action too, so that everything that is wrong is named at once.
  checkChanges(changes, options, report);
  return id === undefined ? undefined : { action: { kind: 'reschedule', id, changes } };
}

function checkChanges(changes: Fields, options: ParseOptions, report: Report): void {
  if (changes.has('date')) {
    readDate(changes.get('date'), options, report);
  }
  if (changes.has('url')) {
    readUrl(changes.get('url'), options, report);
  }
  if (changes.has('method')) {
    readMethod(changes.get('method'), report);
  }
  readOptional(changes, options, report);
}

function readId(json: string | undefined, report: Report): string | undefined {
  const id = stringIn(json);
  if (isId(id)) {
    return id;
  }
  report('id', json, '1 to 128 letters, digits and characters of _ : / + = @ -');
  return undefined;
}

function readDate(json: string | undefined, options: ParseOptions, report: Report): number | undefined {
  const dueAt = parseDate(stringIn(json) ?? '');
  if (dueAt === undefined) {
    report('date', json, DATE_FORMAT);
    return undefined;
  }
  const [earliest, latest] = [options.now - MAX_PAST_MS, options.now + options.maxHorizonMs];
  if (dueAt > latest) {
    report('date', json, `a date up to ${new Date(latest).toISOString()}, the horizon of this scheduler`);
    return undefined;
  }
  if (dueAt < earliest) {
    report('date', json, `a date from ${new Date(earliest).toISOString()} on; one that is long past is a mistake`);
    return undefined;
  }
  return dueAt;
}

function readUrl(json: string | undefined, options: ParseOptions, report: Report): string | undefined {
  const text = stringIn(json);
  const expected = urlExpected(text, options.network);
  if (expected !== undefined) {
    report('url', json, expected);
    return undefined;
  }
  return text;
}

/** What a URL should have been, or `undefined` if it is as it should. */
function urlExpected(text: string | undefined, network: NetworkRules): string | undefined {
  const tooLong = `a URL of at most ${MAX_URL_LENGTH} characters, counted as it is sent`;
  if (text !== undefined && text.length > MAX_URL_LENGTH) {
    return tooLong; // before a parser looks at it
  }
  if (text !== undefined && (CONTROL.test(text) || !isWellFormed(text))) {
    return 'a URL without control characters and halves of surrogate pairs';
  }
  if (text !== undefined && (AUTHORITY.exec(text)?.[1].length ?? 0) > MAX_HOST_LENGTH) {
    return `a URL with a host of at most ${MAX_HOST_LENGTH} characters`; // before a parser looks at it, too
  }
  const url = text === undefined ? undefined : parseUrl(text);
  if (!url) {
    return 'an absolute URL, its scheme and host included';
  }
  return url.href.length > MAX_URL_LENGTH ? tooLong : urlRefusal(url, network);
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined; // a string is refused for one reason only: it is no URL
  }
}

function readMethod(json: string | undefined, report: Report): string | undefined {
  const text = stringIn(json) ?? '';
  const method = text.toUpperCase();
  // Letters beyond ASCII have capitals within it.
  if (METHODS.includes(method) && method.toLowerCase() === text.toLowerCase()) {
    return method;
  }
  report('method', json, `one of ${METHODS.join(', ')}, in any case`);
  return undefined;
}

function readHeaders(json: string | undefined, report: Report): Record<string, string> | undefined {
  const seen = new Set<string>();
  const headers = readStrings('headers', json, MAX_HEADERS, report, (name, text) => {
    const canonical = canonicalName(name);
    if (!isToken(name)) {
      return 'a header name: letters, digits and characters of !#$%&\'*+-.^_`|~';
    }
    if (name.length > MAX_HEADER_NAME_LENGTH) {
      return `a header name of at most ${MAX_HEADER_NAME_LENGTH} characters`;
    }
    if (isReserved(name)) {
      return 'a header that a message may set; this one is the sender\'s own';
    }
    if (seen.has(canonical)) {
      return 'each header once, whatever its case, and every character but letters and digits taken for -';
    }
    seen.add(canonical);
    if (text.length > MAX_HEADER_VALUE_LENGTH) {
      return `a header value of at most ${MAX_HEADER_VALUE_LENGTH} characters`;
    }
    return isHeaderValue(text) ? undefined : 'a header value: Latin-1 text without line breaks and control characters';
  });
  checkLength('headers', json, sentLength(headers, ': \r\n'), MAX_HEADER_BYTES, report);
  return headers;
}

function readCookies(json: string | undefined, headers: Readonly<Record<string, string>>, report: Report): Record<string, string> | undefined {
  const cookies = readStrings('cookies', json, MAX_COOKIES, report, (name, text) => {
    if (!isToken(name)) {
      return 'a cookie name: letters, digits and characters of !#$%&\'*+-.^_`|~';
    }
    if (name.length + text.length > MAX_COOKIE_LENGTH) {
      return `a cookie of at most ${MAX_COOKIE_LENGTH} characters, name and value together`;
    }
    return COOKIE_VALUE.test(text) ? undefined : 'a cookie value: printable ASCII without semicolon';
  });
  if (cookies) {
    const name = headerName(headers, 'cookie');
    const [more, of] = name === undefined ? [0, ''] : [headers[name].length, ', the header of that name included'];
    checkLength('cookies', json, sentLength(cookies, '=; ') + more, MAX_COOKIES_LENGTH, report, of);
  }
  return cookies;
}

/** Reads an object of at most `max` strings (a number or a boolean counts as its text), asking `check` what each entry should have been. */
function readStrings(
  field: string, json: string | undefined, max: number, report: Report, check: (name: string, text: string) => string | undefined,
): Record<string, string> | undefined {
  if (json === undefined) {
    return undefined;
  }
  if (!json.startsWith('{')) {
    report(field, json, 'an object of names and strings');
    return undefined;
  }
  const members = [...memberEntries(json)];
  if (members.length > max) {
    report(field, json, `at most ${max} ${field}, not ${members.length}`);
    return undefined;
  }
  const names = new Set<string>();
  const entries = members.map(([name, entry]): [string, string] => {
    const text = scalarText(entry);
    const expected = names.has(name) ? 'each name once' : text === undefined ? 'a string, number or boolean' : check(name, text);
    names.add(name);
    if (expected !== undefined) {
      report(`${field}.${name}`, entry, expected);
    }
    return [name, text ?? ''];
  });
  return Object.fromEntries(entries);
}

/** @param around what is written around each name and value */
function sentLength(strings: Readonly<Record<string, string>> | undefined, around: string): number {
  return Object.entries(strings ?? {}).reduce((sum, [name, value]) => sum + name.length + value.length + around.length, 0);
}

function checkLength(field: string, json: string | undefined, length: number, max: number, report: Report, of = ''): void {
  if (length > max) {
    report(field, json, `at most ${max} characters as they are sent${of}, not ${length}`);
  }
}

function readRetry(json: string | undefined, plan: RetryPlan, report: Report): RetryLimits | undefined {
  if (json === undefined) {
    return undefined;
  }
  const most = mostOf(plan);
  const names = Object.keys(most);
  if (!json.startsWith('{')) {
    report('retry', json, `an object with ${names.join(', ')} or both`);
    return undefined;
  }
  const limits: Partial<Record<string, number>> = {};
  for (const [name, entry] of readFields(json, 'retry.', report)) {
    const max = names.includes(name) ? most[name as keyof RetryLimits] : undefined;
    const value: unknown = JSON.parse(entry);
    if (max === undefined) {
      report(`retry.${name}`, entry, `no such field: retry has ${names.join(' and ')}`);
    } else if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max) {
      report(`retry.${name}`, entry, `an integer from 1 to ${max}, the most that this scheduler grants`);
    } else {
      limits[name] = value;
    }
  }
  return limits;
}

function checkPayload(json: string, isSentAsForm: boolean, report: Report): void {
  if (depthOf(json) > MAX_PAYLOAD_DEPTH) {
    report('payload', json, `at most ${MAX_PAYLOAD_DEPTH} arrays and objects inside one another`);
  } else if (!isWellFormed(stringIn(json) ?? '')) {
    report('payload', json, 'Unicode text, without halves of surrogate pairs');
  } else if (isSentAsForm) {
    checkForm(json, report);
  }
}

function checkForm(json: string, report: Report): void {
  if (json.startsWith('{')) {
    const members = readFields(json, 'payload.', report);
    for (const name of encodeForm(json).unencodable) {
      report(`payload.${name}`, members.get(name) ?? 'null', 'Unicode text, a number or a boolean, or an array of them, since the payload is sent as a form');
    }
  } else if (!json.startsWith('"')) {
    report('payload', json, 'an object or a string, since the payload is sent as a form');
  }
}

/** The string that JSON text holds, if it holds one. */
function stringIn(json: string | undefined): string | undefined {
  return json?.startsWith('"') ? JSON.parse(json) as string : undefined;
}

/** Never between the halves of a surrogate pair, and with none that came alone: strict JSON parsers refuse them. */
function cut(text: string): string {
  const start = text.length > MAX_RECEIVED_LENGTH ? `${text.slice(0, MAX_RECEIVED_LENGTH).replace(/[\ud800-\udbff]$/, '')}…` : text;
  return start.replace(/\p{Surrogate}/gu, '\ufffd');
}
