// The messages that the bill is made out for: events of a shop, of an exact size.

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

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const FIRST_NAMES = ['Ada', 'Bruno', 'Chidi', 'Dana', 'Elif', 'Farah', 'Goran', 'Hana', 'Ivo', 'Jun', 'Kofi', 'Lena', 'Mina', 'Nils', 'Olga', 'Priya'];
const LAST_NAMES = ['Okafor', 'Silva', 'Haddad', 'Novak', 'Lindqvist', 'Tanaka', 'Moreau', 'Costa', 'Weber', 'Iyer', 'Kaya', 'Bianchi'];
const GOODS = ['kettle', 'desk lamp', 'wool blanket', 'water bottle', 'notebook', 'headphones', 'rain jacket', 'bicycle bell', 'coffee beans', 'teapot'];
const TYPES = ['order.created', 'order.shipped', 'invoice.due', 'subscription.renewed', 'cart.abandoned'];

/** The text of a message; the same options always give the same text. */
export function messageText({ bytes, ownId, payload, index, dueAt, url }: MessageOptions): string {
  const random = new Random(2 * index);
  const target = `${url}?order=${random.text(12)}`;
  const envelope = { date: new Date(dueAt).toISOString(), url: target, method: 'POST', ...(ownId ? { id: `order-${random.text(16)}` } : {}) };
  const sized = (filler: string): string => JSON.stringify({
    ...envelope, payload: payload === 'event' ? event(new Random(2 * index + 1), bytes, filler) : { blob: filler },
  });
  const missing = bytes - Buffer.byteLength(sized(''));
  if (missing < 0) {
    throw new RangeError(`a message of ${bytes} bytes is too small for its envelope, expected at least ${bytes - missing}`);
  }
  return sized(random.text(missing));
}

/** An event, somewhat smaller than it is to be in the end; its signature takes up the rest. */
function event(random: Random, bytes: number, signature: string): object {
  const name = `${random.of(FIRST_NAMES)} ${random.of(LAST_NAMES)}`;
  const items = Array.from({ length: Math.max(1, Math.floor((bytes - 560) / 96)) }, () => ({
    sku: `SKU-${random.text(8)}`, name: random.of(GOODS), quantity: 1 + random.below(4), unitPriceCents: 100 + random.below(20_000),
  }));
  return {
    type: random.of(TYPES),
    eventId: `evt_${random.text(20)}`,
    occurredAt: new Date(1_780_000_000_000 + random.below(30_000_000) * 1000).toISOString(),
    customer: { id: `cus_${random.text(14)}`, name, email: `${name.toLowerCase().replace(' ', '.')}@example.com` },
    order: { id: `ord_${random.text(14)}`, currency: 'EUR', totalCents: 100 + random.below(90_000), items },
    signature,
  };
}

/** Pseudo-random and repeatable, so that two runs are billed for the same bytes: Lehmer's generator with the multiplier 48271. */
class Random {
  private state: number;

  public constructor(seed: number) {
    this.state = (seed + 1) * SPREAD % MODULUS;
    this.below(1);
  }

  public below(limit: number): number {
    this.state = this.state * MULTIPLIER % MODULUS;
    return Math.floor(this.state / MODULUS * limit);
  }

  public of<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  public text(length: number): string {
    return Array.from({ length }, () => ALPHABET[this.below(ALPHABET.length)]).join('');
  }
}

const MODULUS = 2 ** 31 - 1;
const MULTIPLIER = 48_271;
/** Neighbouring seeds are to begin far apart. */
const SPREAD = 999_983;
