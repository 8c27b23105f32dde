// How webhooks lie in the table: the one place that names its keys and attributes.
//
//   what       pk                      sk               attributes
//   message    <minute>#<partition>    <due ms>#<id>    m, p or z: the message; o: 1 if ingest sends it; ttl
//   state      id#<id>                 state            status, dueAt, partition, claimant, leaseUntil, endedAt, attempts, ttl
//   name       id#<id>                 name             hash, ttl: makes an id that a producer chose unique
//   cursor     load                    cursor           start, version, loadedTo: how far load has come
//
// A message row is written once and billed by its size, hence its short names. Claim and outcome are written to the state row, which
// stays below the one kilobyte that a write unit covers whatever the size of the message.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { minuteOf } from '../core/timing';
import { Webhook, WebhookKey } from '../core/webhook';

export type Item = Record<string, AttributeValue>;

/** Names of the table's own attributes, for the construct. */
export const PARTITION_KEY = 'pk';
export const SORT_KEY = 'sk';
export const TTL_ATTRIBUTE = 'ttl';

export const CURSOR_KEY: Item = { pk: { S: 'load' }, sk: { S: 'cursor' } };

export function messageKey({ id, dueAt, partition }: WebhookKey): Item {
  return { pk: { S: minutePartition(minuteOf(dueAt), partition) }, sk: { S: `${dueAt}#${id}` } };
}

export function minutePartition(minute: number, partition: number): string {
  return `${minute}#${partition}`;
}

export function stateKey(id: string): Item {
  return { pk: { S: `id#${id}` }, sk: { S: 'state' } };
}

export function nameKey(id: string): Item {
  return { pk: { S: `id#${id}` }, sk: { S: 'name' } };
}

/** Reads the id and the date back out of a message row's sort key. */
export function fromSortKey(sk: string): { id: string; dueAt: number } {
  const separator = sk.indexOf('#');
  return { dueAt: Number(sk.slice(0, separator)), id: sk.slice(separator + 1) };
}

/** Whole seconds, as DynamoDB's time to live takes them. */
export function ttlOf(instant: number): AttributeValue {
  return { N: String(Math.ceil(instant / 1000)) };
}

const WRITE_UNIT_BYTES = 1024;

/** Compresses the message where that saves a write unit; `otherBytes` is the size of the rest of the row. */
export function encodeMessage(webhook: Webhook, otherBytes: number): Item {
  const { date, url, method, headers, cookies, ownId, payload } = webhook;
  const head = JSON.stringify([date, url, method, headers ?? 0, cookies ?? 0, ownId ? 1 : 0]);
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

type Head = [date: string, url: string, method: string, headers: Record<string, string> | 0, cookies: Record<string, string> | 0, ownId: 0 | 1];

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
    const text = inflateRawSync(item.z.B).toString();
    const lineBreak = text.indexOf('\n');
    head = lineBreak < 0 ? text : text.slice(0, lineBreak);
    payload = lineBreak < 0 ? undefined : text.slice(lineBreak + 1);
  }
  if (head === undefined) {
    throw new Error(`row of webhook ${key.id} holds no message`);
  }
  const [date, url, method, headers, cookies, ownId] = JSON.parse(head) as Head;
  return { ...key, date, url, method, headers: headers || undefined, cookies: cookies || undefined, ownId: ownId === 1, payload };
}

/** Size of a row as DynamoDB counts it: names and values in UTF-8, a number at most 21 bytes. */
export function sizeOf(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value.S ?? value.N ?? ''), 0);
}
