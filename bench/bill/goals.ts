// What the bill is to be, and whether it is.
import { Bill, dollarsPerMillion, Line, Part, quantityOf, withQuantity } from './bill';

export interface Goal {
  readonly figure: string;
  /** At most this. */
  readonly limit: number;
  readonly measured: number;
  readonly met: boolean;
  /** Which work, and which costs. */
  readonly of: string;
}

export interface Bills {
  readonly batched: Bill;
  /** In batches, of which each message holds ten webhooks. */
  readonly listed: Bill;
  readonly single: Bill;
  /** Of schedulers with a batching window, as metered and at most. */
  readonly windowed: Readonly<Record<'batched' | 'single', readonly Bill[]>>;
  /** Of one by one with provisioned pollers, as metered and at most. */
  readonly polled: readonly Bill[];
  readonly large: Bill;
  /** A kilobyte of payload, in its envelope. */
  readonly payload: Bill;
  readonly older: Bill;
  /** The same, for {@link payload}. */
  readonly olderPayload: Bill;
  /** Dollars for a month. */
  readonly idleMonth: number;
}

const SINGLE_PUBLISH: Line = { what: 'producer: Publish', part: 'requests', price: 'sns.request', quantity: 1 };

/** Half, and what "about" allows. */
const ABOUT_HALF = 0.55;

export function goalsOf({ batched, listed, single, windowed, polled, large, payload, older, olderPayload, idleMonth }: Bills): Goal[] {
  const goal = (figure: string, limit: number, measured: number, of: string): Goal => ({ figure, limit, measured, met: measured <= limit, of });
  const half = (ours: Bill, theirs: Bill, parts: readonly Part[], of: string): Goal => (
    goal('part of the older design', ABOUT_HALF, dollarsPerMillion(ours, parts) / dollarsPerMillion(theirs, parts), `${ours.name}: ${of}`)
  );
  return [
    goal('write units', 3.1, quantityOf(batched, 'dynamodb.write'), batched.name),
    goal('SQS requests', 0.5, quantityOf(batched, 'sqs.request'), batched.name),
    ...[batched, listed, single, ...windowed.batched, ...windowed.single, ...polled].map((bill) => (
      goal('Lambda invocations', 0.1, quantityOf(bill, 'lambda.request'), bill.name)
    )),
    ...[batched, listed, ...windowed.batched].map((bill) => (
      goal('dollars per million, batched', 2.20, dollarsPerMillion(bill, ['requests']), `${bill.name}: requests and units`)
    )),
    ...[single, ...windowed.single, ...polled].map((bill) => (
      goal('dollars per million, single', 2.70, dollarsPerMillion(bill, ['requests']), `${bill.name}: requests and units`)
    )),
    goal('dollars per million, single', 2.70, dollarsPerMillion(withQuantity(batched, SINGLE_PUBLISH), ['requests']), 'one by one, but into ingest by tens, as '
      + 'where many are waiting: requests and units'),
    half(batched, older, ['requests'], 'requests and units'),
    half(payload, olderPayload, ['requests'], 'requests and units'),
    half(batched, older, ['requests', 'duration'], 'requests, units, duration'),
    half(payload, olderPayload, ['requests', 'duration'], 'requests, units, duration'),
    goal('write units of 4 KB above 1 KB', 3, quantityOf(large, 'dynamodb.write') - quantityOf(batched, 'dynamodb.write'), large.name),
    goal('dollars of an idle month', 1, idleMonth, 'everything, five pollers a queue'),
  ];
}
