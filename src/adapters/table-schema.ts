// How webhooks lie in the table: the one place that names its keys and attributes
// (those that the construct names too are in table-keys.ts).
//
//   what       pk                      sk                        attributes
//   message    <minute>#<partition>    <due ms>#<id>             m, p or z: the message; o: 1 if load is not to send it; ttl
//   message    <minute>#<partition>    <due ms>#<id>#<version>   as an action wrote it anew; also t: the turn it is for
//   pointer    <minute>#<partition>    <at ms>#<id>#<turn>       a retry: d, v: due ms and version of its message; t: its turn; ttl
//   state      id#<id>                 state                     status, turn, at, dueAt, partition, version, attempts, claimant,
//                                                                leaseUntil, endedAt, reason, unreported, actions, actionAt, redrivenAt, ttl
//   name       id#<id>                 name                      hash, dueAt, partition, ttl: makes an id that a producer chose unique
//   opening    load                    partitions#<number>       since: when webhooks were first spread over so many partitions
//   cursor     load                    cursor                    version, loadedTo: how far load has come, by partition
//
// A message row is written once and billed by its size, hence its short names. Claim and outcome are written to the state row, which
// stays below the one kilobyte that a write unit covers for some ten attempts, whatever the size of the message.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { ID_PREFIX } from './table-keys';
import type { Attempt } from '../core/attempt';
import { MAX_MESSAGE_BYTES } from '../core/limits';
import type { Cursor } from '../core/ports';
import type { RetryLimits } from '../core/retry';
import type { State } from '../core/state';
import { minuteOf } from '../core/timing';
import { rowKey, Turn, Webhook, WebhookKey } from '../core/webhook';

export type Item = Record<string, AttributeValue>;

const LOAD = 'load';
const OPENING_PREFIX = 'partitions#';

export const CURSOR_KEY: Item = { pk: { S: LOAD }, sk: { S: 'cursor' } };

export function openingItem(partitions: number, since: number): Item {
  return { pk: { S: LOAD }, sk: { S: `${OPENING_PREFIX}${partitions}` }, since: number(since) };
}

/**
 * How far each partition is loaded that anything may have been stored in, by the rows of load: as the cursor says, or, of one that load has not
 * come to yet, from when it was opened. `undefined` where none was.
 */
export function decodeCursor(items: readonly Item[]): Cursor | undefined {
  const openings = items.filter(({ sk }) => sk.S?.startsWith(OPENING_PREFIX));
  if (openings.length === 0) {
    return undefined;
  }
  const loadedTo = new Map<number, number>();
  for (const { sk, since } of openings) {
    const partitions = Number(sk.S?.slice(OPENING_PREFIX.length));
    for (let partition = 0; partition < partitions; partition++) {
      loadedTo.set(partition, Math.min(Number(since.N), loadedTo.get(partition) ?? Infinity));
    }
  }
  const cursor = items.find(({ sk }) => sk.S === CURSOR_KEY.sk.S);
  Object.entries(cursor?.loadedTo.M ?? {}).forEach(([partition, to]) => loadedTo.set(Number(partition), Number(to.N)));
  return { version: Number(cursor?.version.N ?? 0), loadedTo };
}

export function cursorItem({ version, loadedTo }: Cursor): Item {
  const partitions = [...loadedTo].map(([partition, to]): [string, AttributeValue] => [String(partition), number(to)]);
  return { ...CURSOR_KEY, version: number(version), loadedTo: { M: Object.fromEntries(partitions) } };
}

export function messageKey(key: WebhookKey): Item {
  return { pk: { S: minutePartition(minuteOf(key.dueAt), key.partition) }, sk: { S: rowKey(key) } };
}

export function pointerItem({ id, dueAt, partition, version, turn, at }: Turn): Item {
  return {
    pk: { S: minutePartition(minuteOf(at), partition) },
    sk: { S: `${at}#${id}#${turn}` },
    d: number(dueAt),
    ...(version === undefined ? {} : { v: { S: version } }),
    t: number(turn),
  };
}

/** The turn that a message or a pointer row stands for. Of a row that is neither, one that deliver cannot read, so that it is told of. */
export function turnOfRow(item: Item, partition: number): Turn {
  const [at, id, suffix] = (item.sk.S ?? '').split('#');
  const version = item.d ? item.v?.S : suffix;
  return {
    id,
    dueAt: Number(item.d?.N ?? Number.parseInt(at, 10)),
    partition,
    ...(version === undefined ? {} : { version }),
    turn: Number(item.t?.N ?? 0),
    at: Number.parseInt(at, 10),
  };
}

export function minutePartition(minute: number, partition: number): string {
  return `${minute}#${partition}`;
}

const STATE = 'state';
const NAME = 'name';

export function idPartition(id: string): string {
  return `${ID_PREFIX}${id}`;
}

export function stateKey(id: string): Item {
  return { pk: { S: idPartition(id) }, sk: { S: STATE } };
}

export function nameKey(id: string): Item {
  return { pk: { S: idPartition(id) }, sk: { S: NAME } };
}

/** Whole seconds, as DynamoDB's time to live takes them. */
export function ttlOf(instant: number): AttributeValue {
  return { N: String(Math.ceil(instant / 1000)) };
}

const WRITE_UNIT_BYTES = 1024;

/** Compresses the message where that saves a write unit; `otherBytes` is the size of the rest of the row. */
export function encodeMessage(webhook: Webhook, otherBytes: number): Item {
  const { date, url, method, headers, cookies, ownId, retry, payload } = webhook;
  const head = JSON.stringify([date, url, method, headers ?? 0, cookies ?? 0, ownId ? 1 : 0, ...(retry ? [retry] : [])]);
  const plainBytes = otherBytes + Buffer.byteLength(head) + 1 + (payload === undefined ? 0 : Buffer.byteLength(payload) + 1);
  if (plainBytes > WRITE_UNIT_BYTES) {
    // The head is JSON on one line, so the first line break ends it.
    const compressed = deflateRawSync(payload === undefined ? head : `${head}\n${payload}`);
    if (Math.ceil((otherBytes + compressed.length + 1) / WRITE_UNIT_BYTES) < Math.ceil(plainBytes / WRITE_UNIT_BYTES)) {
      return { z: { B: compressed } };
    }
  }
  return { m: { S: head }, ...(payload === undefined ? {} : { p: { S: payload } }) };
}

type Head = [
  date: string, url: string, method: string, headers: Record<string, string> | 0, cookies: Record<string, string> | 0, ownId: 0 | 1,
  retry?: RetryLimits,
];

/** A message is written in other words than it was published: a number among its headers as a string. */
const MAX_INFLATED_BYTES = 2 * MAX_MESSAGE_BYTES;

/** The webhook of a message row, or `undefined` if the row holds none that can be read: one such row must not stop those beside it. */
export function decodeMessage(key: WebhookKey, item: Item): Webhook | undefined {
  try {
    return decode(key, item);
  } catch {
    return undefined; // whatever is wrong with it, it is no message of ours
  }
}

function decode(key: WebhookKey, item: Item): Webhook {
  let head = item.m?.S;
  let payload = item.p?.S;
  if (item.z?.B) {
    const text = inflateRawSync(item.z.B, { maxOutputLength: MAX_INFLATED_BYTES }).toString();
    const lineBreak = text.indexOf('\n');
    head = lineBreak < 0 ? text : text.slice(0, lineBreak);
    payload = lineBreak < 0 ? undefined : text.slice(lineBreak + 1);
  }
  if (head === undefined) {
    throw new Error(`row of webhook ${key.id} holds no message`);
  }
  const [date, url, method, headers, cookies, ownId, retry] = JSON.parse(head) as Head;
  const { id, dueAt, partition, version } = key;
  if (![date, url, method].every((text) => typeof text === 'string') || ![headers, cookies].every(isTexts) || !isObject(retry ?? {})) {
    throw new Error(`row of webhook ${key.id} holds no message`);
  }
  // Who reads it can rely on both: a URL names a host, and a payload comes apart.
  new URL(url);
  JSON.parse(payload ?? 'null');
  const [withHeaders, withCookies] = [headers || undefined, cookies || undefined];
  return { id, dueAt, partition, version, ownId: ownId === 1, date, url, method, payload, headers: withHeaders, cookies: withCookies, retry };
}

function isTexts(value: unknown): boolean {
  return value === 0 || (isObject(value) && Object.values(value as object).every((text) => typeof text === 'string'));
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The attributes of a state row, without its key. */
export function encodeState(state: State): Item {
  const { status, turn, at, dueAt, partition, version, attempts, claimant, leaseUntil, endedAt, reason, unreported } = state;
  const { actions, actionAt, redrivenAt } = state;
  return {
    status: { S: status },
    turn: number(turn),
    at: number(at),
    dueAt: number(dueAt),
    partition: number(partition),
    ...(version === undefined ? {} : { version: { S: version } }),
    attempts: { L: attempts.map((attempt) => ({ M: encodeAttempt(attempt) })) },
    ...(claimant === undefined ? {} : { claimant: { S: claimant } }),
    ...(leaseUntil === undefined ? {} : { leaseUntil: number(leaseUntil) }),
    ...(endedAt === undefined ? {} : { endedAt: number(endedAt) }),
    ...(reason === undefined ? {} : { reason: { S: reason } }),
    ...(unreported ? { unreported: { BOOL: true } } : {}),
    ...(actions === undefined ? {} : { actions: { L: actions.map((id) => ({ S: id })) } }),
    ...(actionAt === undefined ? {} : { actionAt: number(actionAt) }),
    ...(redrivenAt === undefined ? {} : { redrivenAt: number(redrivenAt) }),
    ttl: ttlOf(state.keepUntil),
  };
}

export function decodeState(item: Item): State {
  const optional = (name: string) => (item[name]?.N === undefined ? undefined : Number(item[name].N));
  return {
    id: (item.pk.S ?? '').slice(ID_PREFIX.length),
    status: item.status.S as State['status'],
    turn: Number(item.turn.N),
    at: Number(item.at.N),
    dueAt: Number(item.dueAt.N),
    partition: Number(item.partition.N),
    ...(item.version?.S === undefined ? {} : { version: item.version.S }),
    attempts: (item.attempts?.L ?? []).map(({ M }) => decodeAttempt(M ?? {})),
    claimant: item.claimant?.S,
    leaseUntil: optional('leaseUntil'),
    endedAt: optional('endedAt'),
    reason: item.reason?.S as State['reason'],
    unreported: item.unreported?.BOOL,
    actions: item.actions?.L?.map(({ S }) => S ?? ''),
    actionAt: optional('actionAt'),
    redrivenAt: optional('redrivenAt'),
    keepUntil: Number(item.ttl.N) * 1000,
  };
}

function encodeAttempt({ at, lateMs, durationMs, status, error }: Attempt): Item {
  return {
    at: { S: at },
    lateMs: number(lateMs),
    durationMs: number(durationMs),
    ...(status === undefined ? {} : { status: number(status) }),
    ...(error === undefined ? {} : { error: { S: error } }),
  };
}

function decodeAttempt({ at, lateMs, durationMs, status, error }: Item): Attempt {
  return {
    at: at.S ?? '',
    lateMs: Number(lateMs.N),
    durationMs: Number(durationMs.N),
    ...(status === undefined ? {} : { status: Number(status.N) }),
    ...(error === undefined ? {} : { error: error.S }),
  };
}

function number(value: number): AttributeValue {
  return { N: String(value) };
}

/** Size of a row as DynamoDB counts it: names and values in UTF-8, a number at most 21 bytes. */
export function sizeOf(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value.S ?? value.N ?? ''), 0);
}
