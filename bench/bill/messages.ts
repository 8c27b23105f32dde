// The messages that the bill is made out for: events of a shop, of an exact size.
import { Random } from '../../test/simulation/random';

/** What a message is to be like. */
export interface MessageShape {
  /** Size of the whole message as it is published, envelope included. */
  readonly bytes: number;
  /** Whether it brings an id of its own. */
  readonly ownId: boolean;
  /** `event`: a JSON object as systems send them. `random`: nothing but random letters and digits, of which compression saves a quarter. */
  readonly payload: 'event' | 'random';
}

export interface MessageOptions extends MessageShape {
  readonly index: number;
  readonly dueAt: number;
  readonly url: string;
}

/** What the printed page says of an `event`. */
export const EVENT_DESCRIPTION = 'an order event in JSON: names, prices, times and line items, ids and a signature of random letters and digits';

const ALPHABET = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'];
const FIRST_NAMES = ['Ada', 'Bruno', 'Chidi', 'Dana', 'Elif', 'Farah', 'Goran', 'Hana', 'Ivo', 'Jun', 'Kofi', 'Lena', 'Mina', 'Nils', 'Olga', 'Priya'];
const LAST_NAMES = ['Okafor', 'Silva', 'Haddad', 'Novak', 'Lindqvist', 'Tanaka', 'Moreau', 'Costa', 'Weber', 'Iyer', 'Kaya', 'Bianchi'];
const GOODS = ['kettle', 'desk lamp', 'wool blanket', 'water bottle', 'notebook', 'headphones', 'rain jacket', 'bicycle bell', 'coffee beans', 'teapot'];
const TYPES = ['order.created', 'order.shipped', 'invoice.due', 'subscription.renewed', 'cart.abandoned'];

/** The text of a message; the same options always give the same text. */
export function messageText({ bytes, ownId, payload, index, dueAt, url }: MessageOptions): string {
  const random = new Random(2 * index);
  const target = `${url}?order=${randomText(random, 12)}`;
  const envelope = { date: new Date(dueAt).toISOString(), url: target, method: 'POST', ...(ownId ? { id: `order-${randomText(random, 16)}` } : {}) };
  const sized = (filler: string): string => JSON.stringify({
    ...envelope, payload: payload === 'event' ? event(new Random(2 * index + 1), bytes, filler) : { blob: filler },
  });
  const missing = bytes - Buffer.byteLength(sized(''));
  if (missing < 0) {
    throw new RangeError(`a message of ${bytes} bytes is too small for its envelope, expected at least ${bytes - missing}`);
  }
  return sized(randomText(random, missing));
}

/** An event, somewhat smaller than it is to be in the end; its signature takes up the rest. */
function event(random: Random, bytes: number, signature: string): object {
  const name = `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`;
  const items = Array.from({ length: Math.max(1, Math.floor((bytes - 560) / 96)) }, () => ({
    sku: `SKU-${randomText(random, 8)}`, name: random.pick(GOODS), quantity: random.int(1, 4), unitPriceCents: random.int(100, 20_099),
  }));
  return {
    type: random.pick(TYPES),
    eventId: `evt_${randomText(random, 20)}`,
    occurredAt: new Date(1_780_000_000_000 + random.int(0, 29_999_999) * 1000).toISOString(),
    customer: { id: `cus_${randomText(random, 14)}`, name, email: `${name.toLowerCase().replace(' ', '.')}@example.com` },
    order: { id: `ord_${randomText(random, 14)}`, currency: 'EUR', totalCents: random.int(100, 90_099), items },
    signature,
  };
}

/** Repeatable, so that two runs are billed for the same bytes. */
function randomText(random: Random, length: number): string {
  return Array.from({ length }, () => random.pick(ALPHABET)).join('');
}
