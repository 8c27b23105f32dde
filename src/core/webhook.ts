// A webhook as it was accepted, and the key it is stored under.

/** An accepted message. Immutable from here on. */
export interface Webhook extends WebhookKey {
  /** The `date` as the producer wrote it. */
  readonly date: string;
  readonly url: string;
  /** In capitals. */
  readonly method: string;
  /** JSON text of the payload, exactly as the producer wrote it, or `undefined` for no body. */
  readonly payload?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: Readonly<Record<string, string>>;
  /** Whether the producer chose the id, see {@link ownKeyId}; otherwise it is the SNS MessageId. */
  readonly ownId: boolean;
}

/** Identifies a stored webhook; all that travels through the delay queue. */
export interface WebhookKey {
  /** The SNS MessageId, or {@link ownKeyId} of the producer's own id. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
  readonly partition: number;
}

/**
 * What an id that a producer chose is stored under: behind a full stop, which neither such ids nor MessageIds have. A producer may well
 * use the MessageId of an earlier webhook as an id, and means another one.
 */
export function ownKeyId(id: string): string {
  return `.${id}`;
}

/** The id as the producer knows it. */
export function publicId(keyId: string): string {
  return keyId.startsWith('.') ? keyId.slice(1) : keyId;
}

/** The partition of an id: the same for each copy of it, and even over many ids. */
export function partitionOf(id: string, partitions: number): number {
  let hash = 0;
  for (let i = 0; i < id.length; i++) {
    hash = (hash * 33 + id.charCodeAt(i)) % 2_147_483_647; // a prime, and small enough for the product to be exact
  }
  return hash % partitions;
}

/**
 * The message that a producer would publish to get this webhook; for failure notices.
 *
 * Spliced as text, so that the payload's numbers keep every digit.
 */
export function messageText(webhook: Webhook): string {
  const fields: [string, string | undefined][] = [
    ['id', webhook.ownId ? JSON.stringify(publicId(webhook.id)) : undefined],
    ['date', JSON.stringify(webhook.date)],
    ['url', JSON.stringify(webhook.url)],
    ['method', JSON.stringify(webhook.method)],
    ['payload', webhook.payload],
    ['headers', webhook.headers && JSON.stringify(webhook.headers)],
    ['cookies', webhook.cookies && JSON.stringify(webhook.cookies)],
  ];
  return `{${fields.filter(([, json]) => json !== undefined).map(([name, json]) => `"${name}":${json}`).join(',')}}`;
}

/** A key as the text of a queue message. */
export function keyText({ id, dueAt, partition }: WebhookKey): string {
  return JSON.stringify({ id, dueAt, partition });
}

/** The key that {@link keyText} wrote; throws on any other text. */
export function parseKey(text: string): WebhookKey {
  const { id, dueAt, partition } = JSON.parse(text) as Partial<WebhookKey>;
  if (typeof id !== 'string' || !Number.isInteger(dueAt) || !Number.isInteger(partition)) {
    throw new TypeError('not the key of a webhook: expected a JSON object with id, dueAt and partition');
  }
  return { id, dueAt: dueAt as number, partition: partition as number };
}
