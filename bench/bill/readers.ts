// What a batching window costs at most. The engine gathers a batch in one place, and looks every few milliseconds; of Lambda, AWS says less than that.
import { Bill } from './bill';
import { POLLERS } from './idle';
import type { MeteredRun } from './metered';
import { ourBill } from './ours';
import type { FunctionUsage, RequestUsage } from '../../src/local/engine';

/** Each gathers a batch of its own: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
const READERS = Math.max(...POLLERS);

/**
 * The bill of a work whose ingest has a batching window, by the worst that AWS's words allow: Lambda's five readers divide the messages among them, so
 * that there are five batches to a window, and each long poll of theirs ends with what was published in one call. Durations are left as metered.
 */
export function atMost(run: MeteredRun): Bill {
  const { work: { name, count, batchSize, ratePerMinute, windowSeconds = 0 }, functions, usage } = run;
  const batches = Math.min(READERS * count / ratePerMinute * 60 / windowSeconds, count);
  const isIngest = (functionName: string): boolean => functionName === functions.ingest;
  const perOperation: Readonly<Record<string, number>> = { ReceiveMessage: count / batchSize, DeleteMessageBatch: batches };
  const requests = usage.requests.map((used): RequestUsage => {
    const least = used.caller.kind === 'lambda' && isIngest(used.caller.functionName) ? perOperation[used.operation] ?? 0 : 0;
    const more = Math.max(least - (used.requests - used.empty), 0);
    return { ...used, requests: used.requests + more, units: used.units + more };
  });
  const used = usage.functions.map((each): FunctionUsage => (
    isIngest(each.functionName) ? { ...each, invocations: Math.max(each.invocations, batches) } : each
  ));
  return ourBill(`${name}, at most`, { ...run, usage: { ...usage, requests, functions: used } });
}
