// How many invocations at a time Lambda lets an event source mapping of a queue bring about, and how that grows.
import { QUOTAS } from './quotas';

export type Polling =
  | { readonly mode: 'standard'; readonly maxConcurrency?: number }
  | { readonly mode: 'provisioned'; readonly minimum: number; readonly maximum: number };

/** The mode's rules: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
export interface ScalingRules {
  /** Invocations at a time when messages come in after a time of little traffic. */
  readonly initial: number;
  readonly most: number;
  /** As long as more messages wait than can be taken, this many more … */
  readonly step: number;
  /** … each time so many milliseconds have passed. */
  readonly stepMs: number;
  /** Calls of ReceiveMessage in a second, for each invocation that is allowed; each brings up to ten messages. */
  readonly receivesPerSecond: number;
}

export function rulesOf(polling: Polling): ScalingRules {
  const { standard, provisioned } = QUOTAS;
  if (polling.mode === 'standard') {
    const { maxConcurrency } = polling;
    const most = Math.min(maxConcurrency ?? Infinity, standard.most.value);
    return {
      // What keeps a bound also keeps all five readers there, while there is nothing to read.
      initial: Math.min(maxConcurrency === undefined ? standard.idle.value : standard.initial.value, most),
      most,
      step: 1,
      stepMs: 60_000 / standard.growthPerMinute.value,
      receivesPerSecond: Infinity,
    };
  }
  const perPoller = provisioned.perPoller.value;
  return {
    initial: polling.minimum * perPoller,
    most: Math.min(polling.maximum * perPoller, provisioned.most.value),
    step: perPoller,
    stepMs: 60_000 * perPoller / provisioned.growthPerMinute.value,
    receivesPerSecond: provisioned.receivesPerSecond.value / perPoller,
  };
}
