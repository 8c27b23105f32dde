// What things cost, from the price list of the bench: us-east-1, in dollars.
import { dollars, PriceName } from '../../bench/bill/prices';

/** Of one unit. */
export function priceOf(name: PriceName): number {
  return dollars(name, 1);
}

export const HOURS_A_MONTH = 730;

/** What so many provisioned pollers of one queue cost. */
export function pollersAMonth(minimum: number): number {
  return minimum * HOURS_A_MONTH * priceOf('lambda.event-poller-hour');
}
