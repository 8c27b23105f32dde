// What goes wrong, how often, and when whole services are down.
import { Random } from './random';
import { Worker } from './worker';

export type ServiceName = 'dynamodb' | 'sqs' | 'sns';

/** Probabilities, each of one call, message or invocation. */
export interface FaultRates {
  /** A call is refused without effect, and given up by the SDK after its retries. */
  readonly refused: number;
  /** A call takes effect, its answer is lost, and the SDK gives up. */
  readonly answerLost: number;
  /** A call is given up by the SDK, and takes effect after that. */
  readonly lateEffect: number;
  /** A call takes effect, its answer is lost, and the SDK repeats it. */
  readonly repeated: number;
  /** A call takes seconds. */
  readonly slow: number;
  /** Some entries of a batch are refused. */
  readonly partial: number;
  /** A worker dies at a call: before it, or while it is under way. */
  readonly crash: number;
  /** A worker dies while it waits for an instant or an endpoint. */
  readonly crashWaiting: number;
  /** A worker gets no processor for a while when it should go on. */
  readonly stall: number;
  /** A queue delivers a message twice. */
  readonly duplicate: number;
  /** A message becomes visible late. */
  readonly late: number;
  /** A queue puts a message aside that has come again, as if it had come too often: its count is approximate, and to get there takes hours. */
  readonly putAside: number;
  /** What a function has answered is lost, and its messages are not deleted. */
  readonly responseLost: number;
  /** A mapping takes a batch and does not invoke the function. */
  readonly pollLost: number;
  /** A topic cannot hand a notification on, and puts it into the subscription's dead-letter queue. */
  readonly undeliverable: number;
  readonly missedTick: number;
  readonly doubleTick: number;
}

export interface Outage {
  readonly service: ServiceName | 'ticks';
  readonly from: number;
  readonly to: number;
}

export const NO_FAULTS: FaultRates = {
  refused: 0,
  answerLost: 0,
  lateEffect: 0,
  repeated: 0,
  slow: 0,
  partial: 0,
  crash: 0,
  crashWaiting: 0,
  stall: 0,
  duplicate: 0,
  late: 0,
  putAside: 0,
  responseLost: 0,
  pollLost: 0,
  undeliverable: 0,
  missedTick: 0,
  doubleTick: 0,
};

/** Each kind of fault is absent, rare or frequent, whatever the others are. */
export function drawRates(random: Random): FaultRates {
  const rates = { ...NO_FAULTS } as Record<keyof FaultRates, number>;
  for (const kind of Object.keys(NO_FAULTS) as (keyof FaultRates)[]) {
    const rate = random.weighted([[4, 0], [4, 0.01], [3, 0.05], [1, 0.2]]);
    // An invocation makes many calls, and at times it has to come to an end.
    rates[kind] = kind === 'crash' || kind === 'stall' ? rate / 5 : rate;
  }
  return rates;
}

/** What becomes of one call to a service. */
export type Fate = 'done' | 'slow' | 'refused' | 'answerLost' | 'lateEffect' | 'repeated';

export class Faults {
  /** Faults injected, by kind. */
  public readonly counts = new Map<string, number>();
  private active = true;
  private resting = false;

  /** @param isFaultless whether nothing ever goes wrong, so that everything can be expected to be just so */
  public constructor(
    private readonly random: Random,
    private readonly rates: FaultRates,
    private readonly outages: readonly Outage[],
    public readonly isFaultless: boolean,
  ) {}

  /** From here on everything works. */
  public stop(): void {
    this.active = false;
  }

  /** Whether everything works for the time being. */
  public rest(resting: boolean): void {
    this.resting = resting;
  }

  /** Whether a fault strikes; `worker` is whom it disturbs. */
  public happens(kind: keyof FaultRates, worker?: Worker): boolean {
    if (!this.isActive || !this.random.chance(this.rates[kind])) {
      return false;
    }
    this.count(kind, worker);
    return true;
  }

  public isDown(service: Outage['service'], now: number): boolean {
    return this.isActive && this.outages.some((outage) => outage.service === service && outage.from <= now && now < outage.to);
  }

  public fateOf(service: ServiceName, now: number, worker: Worker): Fate {
    if (!this.isActive) {
      return 'done';
    }
    if (this.isDown(service, now)) {
      this.count(`${service} down`, worker);
      return this.random.chance(0.1) ? 'answerLost' : 'refused';
    }
    for (const fate of ['refused', 'answerLost', 'lateEffect', 'repeated', 'slow'] as const) {
      if (this.happens(fate, worker)) {
        return fate;
      }
    }
    return 'done';
  }

  private get isActive(): boolean {
    return this.active && !this.resting;
  }

  private count(kind: string, worker: Worker | undefined): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    if (worker?.invocation) {
      worker.invocation.disturbed = true;
    }
  }
}
