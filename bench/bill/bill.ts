// A bill: what one webhook uses, line by line, and what a million of them cost.
import { dollars, PriceName } from './prices';

/**
 * What a line is about, since sums that leave some of it out have to say so:
 *
 * - `requests`: what is billed by the request or unit, and the pollers that make some of the requests
 * - `duration`: Lambda's time
 * - `logs`: what is written to CloudWatch Logs
 * - `storage`: what is kept in the table
 */
export type Part = 'requests' | 'duration' | 'logs' | 'storage';

export interface Line {
  readonly what: string;
  readonly part: Part;
  readonly price: PriceName;
  /** Units of the price for one webhook. */
  readonly quantity: number;
  /** Why so many, where that is not plain. */
  readonly why?: string;
}

export interface Bill {
  readonly name: string;
  readonly lines: readonly Line[];
}

export const ALL_PARTS: readonly Part[] = ['requests', 'duration', 'logs', 'storage'];

const MILLION = 1_000_000;

/** What the lines cost for one webhook, or for whatever their quantities are for, by the parts that are asked for. */
export function dollarsOf({ lines }: Bill, parts: readonly Part[] = ALL_PARTS): number {
  return lines.filter(({ part }) => parts.includes(part)).reduce((sum, { price, quantity }) => sum + dollars(price, quantity), 0);
}

/** What a million webhooks cost, by the parts that are asked for. */
export function dollarsPerMillion(bill: Bill, parts: readonly Part[] = ALL_PARTS): number {
  return dollarsOf(bill, parts) * MILLION;
}

/** Units of a price that one webhook uses. */
export function quantityOf({ lines }: Bill, price: PriceName): number {
  return lines.filter((line) => line.price === price).reduce((sum, { quantity }) => sum + quantity, 0);
}

/** The bill with another number of units of a price, which is then one line. */
export function withQuantity({ name, lines }: Bill, line: Line): Bill {
  return { name, lines: [...lines.filter(({ price }) => price !== line.price), line] };
}
