// What ingest's readers cost at most. The engine reads a queue in one place, and looks every few milliseconds; of Lambda, AWS says less than that.
import { Bill } from './bill';
import { POLLERS } from './idle';
import type { MeteredRun, Work } from './metered';
import { ourBill } from './ours';
import { QUOTAS } from '../../scripts/scale/quotas';
import type { FunctionUsage, RequestUsage } from '../../src/local/engine';

/** Each gathers a batch of its own: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
const READERS = Math.max(...POLLERS);

/** How often ingest's mapping receives and invokes, of the messages of one work; it deletes as often as it invokes, in calls of ten. */
interface Readings {
  readonly receives: number;
  readonly batches: number;
}

/**
 * The bill of a work by the worst that AWS's words allow. With a batching window, Lambda's five readers divide the messages among them, so that there
 * are five batches to a window, and each long poll of theirs ends with what was published in one call. Provisioned pollers call ten times a second
 * each, at most, and each call may be an invocation. Durations are left as metered.
 */
export function atMost(run: MeteredRun): Bill {
  return billOf(`${run.work.name}, at most`, run, mostReadings(run.work), Math.max);
}

/** The bill of a work, at most, if it came at another rate, to so many provisioned pollers. */
export function atMostWithPollers(run: MeteredRun, ratePerMinute: number, pollers: number): Bill {
  const work: Work = { ...run.work, ratePerMinute, pollers };
  return billOf(`${work.name}, at most`, { ...run, work }, mostReadings(work), (_, most) => most);
}

export function mostReadings({ count, batchSize, ratePerMinute, windowSeconds = 0, pollers }: Work): Readings {
  const seconds = count / ratePerMinute * 60;
  if (pollers !== undefined) {
    const receives = Math.min(count / batchSize, pollers * QUOTAS.provisioned.receivesPerSecond.value * seconds);
    return { receives, batches: receives };
  }
  return { receives: count / batchSize, batches: Math.min(READERS * seconds / windowSeconds, count) };
}

function billOf(name: string, run: MeteredRun, { receives, batches }: Readings, choose: (metered: number, most: number) => number): Bill {
  const { functions: { ingest }, usage } = run;
  const perOperation: Readonly<Record<string, number>> = { ReceiveMessage: receives, DeleteMessageBatch: batches };
  const requests = usage.requests.map((used): RequestUsage => {
    const most = used.caller.kind === 'lambda' && used.caller.functionName === ingest ? perOperation[used.operation] : undefined;
    const more = most === undefined ? 0 : choose(used.requests - used.empty, most) - (used.requests - used.empty);
    return { ...used, requests: used.requests + more, units: used.units + more };
  });
  const used = usage.functions.map((each): FunctionUsage => (
    each.functionName === ingest ? { ...each, invocations: choose(each.invocations, batches) } : each
  ));
  return ourBill(name, { ...run, usage: { ...usage, requests, functions: used } });
}
