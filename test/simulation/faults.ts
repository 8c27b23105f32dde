// What goes wrong, how often, and when whole services are down.
import { Random } from './random';

export type ServiceName = 'dynamodb' | 'sqs' | 'sns';

/** Probabilities, each of one call, message or invocation. */
export interface FaultRates {
  /** A call is refused without effect, and given up by the SDK after its retries. */
  readonly refused: number;
  /** A call takes effect, its answer is lost, and the SDK gives up. */
  readonly answerLost: number;
  /** A call takes effect, its answer is lost, and the SDK repeats it. */
  readonly repeated: number;
  /** A call takes seconds. */
  readonly slow: number;
  /** Some entries of a batch are refused. */
  readonly partial: number;
  /** A worker dies at a call: before it, while it is under way, or after it. */
  readonly crash: number;
  /** A worker dies while it waits for an instant or an endpoint. */
  readonly crashWaiting: number;
  /** A queue delivers a message twice. */
  readonly duplicate: number;
  /** A message becomes visible late. */
  readonly late: number;
  /** A handled message is not deleted. */
  readonly deleteLost: number;
  /** A mapping takes a batch and does not invoke the function. */
  readonly pollLost: number;
  readonly missedTick: number;
  readonly doubleTick: number;
}

export interface Outage {
  readonly service: ServiceName | 'ticks';
  readonly from: number;
  readonly to: number;
}

export const NO_FAULTS: FaultRates = {
  refused: 0, answerLost: 0, repeated: 0, slow: 0, partial: 0, crash: 0, crashWaiting: 0, duplicate: 0, late: 0, deleteLost: 0, pollLost: 0, missedTick: 0,
  doubleTick: 0,
};

/** Each kind of fault is absent, rare or frequent, whatever the others are. */
export function drawRates(random: Random): FaultRates {
  if (random.chance(0.12)) {
    return NO_FAULTS;
  }
  const rates: Partial<Record<keyof FaultRates, number>> = {};
  for (const kind of Object.keys(NO_FAULTS) as (keyof FaultRates)[]) {
    rates[kind] = random.weighted([[3, 0], [4, 0.01], [3, 0.05], [1, 0.2]]);
  }
  return rates as FaultRates;
}

/** What becomes of one call to a service. */
export type Fate = 'done' | 'slow' | 'refused' | 'answerLost' | 'repeated';

export class Faults {
  /** Faults injected, by kind. */
  public readonly counts = new Map<string, number>();
  private active = true;

  public constructor(private readonly random: Random, private readonly rates: FaultRates, private readonly outages: readonly Outage[]) {}

  /** From here on everything works. */
  public stop(): void {
    this.active = false;
  }

  public happens(kind: keyof FaultRates): boolean {
    if (!this.active || !this.random.chance(this.rates[kind])) {
      return false;
    }
    this.count(kind);
    return true;
  }

  public isDown(service: Outage['service'], now: number): boolean {
    return this.active && this.outages.some((outage) => outage.service === service && outage.from <= now && now < outage.to);
  }

  public fateOf(service: ServiceName, now: number): Fate {
    if (!this.active) {
      return 'done';
    }
    if (this.isDown(service, now)) {
      this.count(`${service} down`);
      return this.random.chance(0.1) ? 'answerLost' : 'refused';
    }
    for (const fate of ['refused', 'answerLost', 'repeated', 'slow'] as const) {
      if (this.random.chance(this.rates[fate])) {
        this.count(`${service} ${fate}`);
        return fate;
      }
    }
    return 'done';
  }

  public count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}
