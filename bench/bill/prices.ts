// The price file, and dollars for quantities.
import file from './prices.json';

/** Names a price of the file. */
export type PriceName = keyof typeof file.prices;

export interface Price {
  readonly name: string;
  /** US dollars for `per` units. */
  readonly usd: number;
  readonly per: number;
  readonly unit: string;
  /** Page that the value was read on. */
  readonly source: string;
  /** Whether it really was: `false` where no page with the value could be read, and the note says where it is from. */
  readonly readAtSource: boolean;
  /** Date that the source gives itself, `YYYY-MM-DD`. */
  readonly listed: string | null;
  /** Page on which the vendor lists the price. */
  readonly vendorPage: string;
  readonly note: string;
}

/** Day on which all prices were looked up, `YYYY-MM-DD`. */
export const RETRIEVED = file.retrieved;
export const REGION = file.region;
export const PRICES: Readonly<Record<PriceName, Price>> = file.prices;

/** Dollars for so many units of a price. */
export function dollars(name: PriceName, units: number): number {
  const { usd, per } = PRICES[name];
  return units * usd / per;
}
