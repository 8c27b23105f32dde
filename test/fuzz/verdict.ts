// Runs a fuzzed batch through the handlers, and says what became of each message that should not have.
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { FuzzCase, webhooksOf } from './messages';
import { FuzzScheduler, START } from './scheduler';
import { Item, messageKey } from '../../src/adapters/table-schema';
import { depthOf, memberTexts } from '../../src/core/json-text';
import { HttpRequest } from '../../src/core/request';
import { minuteOf } from '../../src/core/timing';
import { firstTurn, turnText } from '../../src/core/webhook';
import { TABLE_NAME } from '../simulation/settings';
import { notification } from '../support/sqs-events';

/** SNS takes as much, attributes included. */
const MAX_NOTICE_BYTES = 256 * 1024;
/** The least that a common JSON parser takes: System.Text.Json. */
const MAX_NOTICE_DEPTH = 64;
/** Far more than a batch takes; something quadratic would take minutes. */
const MAX_BATCH_MS = 20_000;

export interface Tally {
  batches: number;
  /** Without those that are valid for certain. */
  hostile: number;
  messages: number;
  /** Webhooks of lists. */
  listed: number;
  fired: number;
  refused: number;
  /** Actions on webhooks that there are not, and webhooks whose life had ended. */
  ended: number;
  aside: number;
  slowestMs: number;
}

export const newTally = (): Tally => ({ batches: 0, hostile: 0, messages: 0, listed: 0, fired: 0, refused: 0, ended: 0, aside: 0, slowestMs: 0 });

interface Notice {
  readonly reason: string;
  readonly id: string;
  readonly errors?: readonly { readonly field: unknown; readonly received: unknown; readonly expected: unknown }[];
  readonly message?: unknown;
  readonly queue?: string;
}

/** Throws an error that says which message, and what is wrong. */
export async function judge(cases: readonly FuzzCase[], tally: Tally = newTally()): Promise<void> {
  const started = performance.now();
  const scheduler = new FuzzScheduler();
  const messages = cases.map((fuzzCase, i) => {
    const messageId = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
    return { ...fuzzCase, messageId, body: fuzzCase.fate === 'aside' ? fuzzCase.text : notification(fuzzCase.text, messageId) };
  });
  const webhooks = messages.filter(({ fate }) => fate !== 'aside').flatMap((message) => (
    webhooksOf(message, message.messageId).map((webhook) => ({ ...webhook, id: ownIdIn(webhook.text) ?? webhook.defaultId }))
  ));
  const poison = messages.filter(({ fate }) => fate === 'aside').map(({ body }) => body);

  const again = await scheduler.ingest(messages.map(({ body }) => body));
  ensure(same(again, poison), () => `comes again for ever: ${show(without(again, poison))}; does not, though nobody can read it: ${show(without(poison, again))}`);
  const late = await scheduler.fireAll();
  ensure(late.length === 0, () => `a turn comes again: ${show(late)}`);
  await scheduler.putAside('ingest', again);
  ensure(scheduler.unexpected.length === 0, () => `unexpected error: ${scheduler.unexpected[0]}`);

  ensure(scheduler.unwritable.length === 0, () => `accepted, and Node.js does not write it: ${show(scheduler.unwritable)}`);

  const notices = scheduler.services.notices.map(readNotice);
  const aside = notices.filter(({ reason }) => reason === 'dead-letter');
  ensure(same(scheduler.bodiesIn('ingestDead'), poison), () => 'not all that nobody can read is kept');
  ensure(aside.length === poison.length, () => `${poison.length} messages were put aside, ${aside.length} of them told`);
  ensure(scheduler.bodiesIn('ingestUnreported').length === 0, () => 'something stays untold');

  for (const { fate, id, defaultId, text } of webhooks) {
    // Nobody says whose a webhook is that has no id of its own in it; one that has may be known by either.
    const isOwn = (other: string | undefined) => other === defaultId || other === id;
    const fired = scheduler.requests.filter(({ headers }) => isOwn(headers['webhook-id'])).length;
    const told = notices.filter((notice) => notice.reason !== 'dead-letter' && isOwn(notice.id));
    const isAlone = webhooks.filter((other) => other.id === id || other.defaultId === id).length === 1;
    ensure(!isAlone || fired + told.length === 1, () => `fired ${fired} times, told ${told.length} times: ${show(text)}`);
    ensure(fate !== 'fired' || fired === 1, () => `valid, and not fired: ${show(text)} ${show(told)}`);
    ensure(fate !== 'fired' || scheduler.requests.some((request) => isOwn(request.headers['webhook-id']) && isOf(request, text)), () => `another request: ${show(text)}`);
    ensure(fate !== 'refused' || told.some(({ reason, message }) => reason === 'validation' && isTold(message, text)), () => `not valid, and not told: ${show(text)} ${show(told)}`);
  }
  const refused = notices.filter(({ reason }) => reason === 'validation').length;
  ensure(scheduler.requests.length + refused <= webhooks.length, () => 'more fired and told than were published');

  const ms = performance.now() - started;
  ensure(ms < MAX_BATCH_MS, () => `took ${Math.round(ms)} ms: ${show(messages.map(({ text }) => text.slice(0, 100)))}`);
  tally.batches++;
  tally.hostile += messages.filter(({ fate }) => [fate].flat().some((one) => one !== 'fired')).length;
  tally.messages += messages.length;
  tally.listed += webhooks.filter(({ isListed }) => isListed).length;
  tally.fired += scheduler.requests.length;
  tally.refused += refused;
  tally.ended += notices.length - refused - aside.length;
  tally.aside += aside.length;
  tally.slowestMs = Math.max(tally.slowestMs, ms);
}

/** Hands hostile messages of the delay queue to deliver; throws an error that says what is lost, or what nobody was told. */
export async function judgeTurns(bodies: readonly string[]): Promise<void> {
  const scheduler = new FuzzScheduler();
  const again = await scheduler.deliver(bodies);
  ensure(scheduler.unexpected.length === 0, () => `unexpected error: ${scheduler.unexpected[0]}`);
  for (const body of scheduler.bodiesIn('delay')) {
    ensure(new Date((JSON.parse(body) as { at?: number; dueAt: number }).dueAt).getTime() < Infinity, () => `goes round for ever: ${body}`);
  }
  await scheduler.putAside('delay', again);
  ensure(scheduler.bodiesIn('delayUnreported').length === 0, () => `stays untold: ${show(scheduler.bodiesIn('delayUnreported'))}`);
  const notices = scheduler.services.notices.map(readNotice);
  const kept = scheduler.bodiesIn('delayDead');
  ensure(kept.length === notices.filter(({ reason }) => reason === 'dead-letter').length, () => `${kept.length} are kept, and ${show(notices)} told`);
  for (const body of bodies.filter(isNoObject)) {
    ensure(kept.includes(body), () => `lost: ${show(body)}`);
  }
}

/** Has hostile rows fired, each due now as the webhook `row-<n>`; throws an error that says which one nobody is told of. */
export async function judgeRows(rows: readonly Item[]): Promise<void> {
  const scheduler = new FuzzScheduler();
  const turns = rows.map((_, i) => firstTurn({ id: `row-${i}`, dueAt: START, partition: 0 }));
  await Promise.all(turns.map((turn, i) => (
    scheduler.services.client.send(new PutItemCommand({ TableName: TABLE_NAME, Item: { ...messageKey(turn), ttl: { N: '9999999999' }, ...rows[i] } }))
  )));
  const again = await scheduler.deliver(turns.map(turnText));
  ensure(scheduler.unexpected.length === 0 && again.length === 0, () => `cannot be fired, nor told: ${scheduler.unexpected[0]} ${show(again)}`);
  const notices = scheduler.services.notices.map(readNotice);
  turns.forEach(({ id }, i) => {
    const fired = scheduler.requests.filter(({ headers }) => headers['webhook-id'] === id).length;
    const told = notices.filter((notice) => notice.id === id && ['missing', 'expired', 'exhausted', 'permanent'].includes(notice.reason)).length;
    ensure(fired + told === 1, () => `fired ${fired} times, told ${told} times: ${show(rows[i])}`);
  });
}

/** Has load find hostile rows of a minute; throws an error if that keeps it from those beside them, or if nobody is told. */
export async function judgeMinute(sortKeys: readonly string[]): Promise<void> {
  const scheduler = new FuzzScheduler();
  const date = new Date(START + 3_600_000).toISOString();
  await scheduler.ingest([notification({ date, url: 'https://example.com', method: 'get' }, 'beside')]);
  const keys = [...scheduler.services.table.rows()].map(([key]) => key);
  const pk = keys.find((key) => key.pk.startsWith(String(minuteOf(Date.parse(date)))))?.pk ?? '';
  await Promise.all(sortKeys.map((sk) => (
    scheduler.services.client.send(new PutItemCommand({
      TableName: TABLE_NAME, Item: { pk: { S: pk }, sk: { S: `${Date.parse(date)}${sk}` }, ttl: { N: '9999999999' } },
    }))
  )));
  const aside = await scheduler.fireAll();
  await scheduler.putAside('delay', aside);
  ensure(scheduler.requests.length === 1, () => 'the webhook beside them does not fire');
  ensure(scheduler.services.notices.map(readNotice).length === new Set(sortKeys).size, () => `not all are told of: ${show(scheduler.services.notices)}`);
}

function readNotice(text: string): Notice {
  ensure(Buffer.byteLength(text) <= MAX_NOTICE_BYTES - 1024 && !/\p{Surrogate}/u.test(text) && depthOf(text) <= MAX_NOTICE_DEPTH, () => `no notice that can be published and read: ${show(text)}`);
  const notice = JSON.parse(text) as Notice;
  if (notice.reason === 'validation') {
    const { errors = [] } = notice;
    const isComplete = errors.length > 0 && errors.length <= 50 && errors.every((error) => [error.field, error.received, error.expected].every((part) => typeof part === 'string'));
    ensure(isComplete && notice.message !== undefined, () => `a notice that does not say what is wrong: ${show(text)}`);
  }
  return notice;
}

/** The id that a webhook has of its own, as anybody would read it. */
function ownIdIn(text: string): string | undefined {
  try {
    const { id } = JSON.parse(text) as { id?: unknown };
    return typeof id === 'string' && id !== '' ? id : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a request is the one that a valid message asks for, as anybody would read it. */
function isOf({ url, method, body }: HttpRequest, text: string): boolean {
  const message = JSON.parse(text) as { url: string; method: string; payload?: unknown; headers?: Record<string, unknown> };
  const isForm = /urlencoded/i.test(Object.values(message.headers ?? {}).join());
  const { payload } = message;
  const isBody = payload === undefined ? body === undefined : typeof payload === 'string' ? body === payload : isForm || body === memberTexts(text).get('payload');
  return url === message.url && method === message.method.toUpperCase() && isBody;
}

/** Whether a notice holds a message: as JSON, or as text where it is none, or cannot be read by everybody. */
function isTold(message: unknown, text: string): boolean {
  return typeof message === 'string' || JSON.stringify(message) === JSON.stringify(JSON.parse(text));
}

function isNoObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value !== 'object' || value === null || Array.isArray(value);
  } catch {
    return true;
  }
}

function without(list: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return list.filter((one) => !left.includes(one) || (left.splice(left.indexOf(one), 1), false));
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return without(one, other).length === 0 && without(other, one).length === 0;
}

function show(value: unknown): string {
  return JSON.stringify(value).slice(0, 2_000);
}

function ensure(condition: boolean, problem: () => string): void {
  if (!condition) {
    throw new Error(problem());
  }
}
