// What things cost, from the price list of the bench: us-east-1, in dollars.
import list from '../../bench/bill/prices.json';

type Prices = Readonly<Record<string, { readonly usd: number; readonly per: number } | undefined>>;

/** Throws where the list has no such price. */
export function priceOf(key: string): number {
  const price = (list.prices as Prices)[key];
  if (!price) {
    throw new Error(`bench/bill/prices.json has no ${JSON.stringify(key)}`);
  }
  return price.usd / price.per;
}

export const HOURS_A_MONTH = 730;

/** What so many provisioned pollers of one queue cost. */
export function pollersAMonth(minimum: number): number {
  return minimum * HOURS_A_MONTH * priceOf('lambda.event-poller-hour');
}
