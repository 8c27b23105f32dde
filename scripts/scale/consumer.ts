// A queue, the event source mapping that reads it, and the function that it invokes.
import type { Handover } from './costs';
import { EventQueue } from './event-queue';
import { Polling, rulesOf, ScalingRules } from './polling';
import { QUOTAS } from './quotas';
import type { Random } from '../../test/simulation/random';

/** The invocations that an account may have at a time, whatever their functions. */
export class Account {
  public running = 0;
  private readonly waiting: (() => void)[] = [];

  public constructor(private readonly concurrency: number) {}

  public get isFull(): boolean {
    return this.running >= this.concurrency;
  }

  public start(): void {
    this.running++;
  }

  public end(): void {
    this.running--;
    this.waiting.splice(0).forEach((resume) => resume());
  }

  /** Calls once an invocation has ended. */
  public whenFree(resume: () => void): void {
    this.waiting.push(resume);
  }
}

/** What an invocation took and left. */
export interface Invoked<M> {
  readonly endsAt: number;
  /** Messages that go into the queue, and when they become visible. */
  readonly sent: readonly (readonly [messages: readonly M[], visibleAt: number])[];
}

export interface ConsumerOptions<M> {
  readonly polling: Polling;
  readonly account: Account;
  readonly handover: Handover;
  readonly coldStartMs: number;
  readonly random: Random;
  /** Whether there has been as much traffic before, so that Lambda has grown, and has environments, to what it takes. */
  readonly isGrown: boolean;
  /** @param isFirst whether it is the first of its execution environment */
  readonly invoke: (batch: readonly M[], startsAt: number, isFirst: boolean) => Invoked<M>;
}

export interface ConsumerUsage {
  invocations: number;
  /** Milliseconds that are paid for. */
  billedMs: number;
  mostAtOnce: number;
  mostInFlight: number;
  coldStarts: number;
}

export class Consumer<M> {
  public readonly usage: ConsumerUsage = { invocations: 0, billedMs: 0, mostAtOnce: 0, mostInFlight: 0, coldStarts: 0 };
  private readonly rules: ScalingRules;
  private readonly visible: M[] = [];
  private head = 0;
  private allowed: number;
  private running = 0;
  private inFlight = 0;
  private idleEnvironments: number;
  private readonly newEnvironments: RateLimit;
  private readonly receives: RateLimit;
  private growing = false;
  private waitingForAccount = false;

  public constructor(private readonly events: EventQueue, private readonly options: ConsumerOptions<M>) {
    this.rules = rulesOf(options.polling);
    this.allowed = options.isGrown ? this.rules.most : this.rules.initial;
    this.idleEnvironments = options.isGrown ? this.rules.most : 0;
    const { newEnvironments: { value: environments } } = QUOTAS.lambda;
    this.newEnvironments = new RateLimit(environments / 10_000, environments);
    this.receives = new RateLimit(...this.receiveRate);
  }

  private get waiting(): number {
    return this.visible.length - this.head;
  }

  /** Calls a millisecond, and how many at once: each poller makes one call at a time. */
  private get receiveRate(): [perMs: number, burst: number] {
    const perSecond = this.rules.receivesPerSecond * this.allowed;
    return [perSecond / 1000, perSecond / 10];
  }

  /** Messages become visible, all at once. */
  public arrive(visibleAt: number, messages: readonly M[]): void {
    this.events.at(visibleAt, () => {
      messages.forEach((message) => this.visible.push(message));
      this.poll();
    });
  }

  private poll(): void {
    const { account } = this.options;
    while (this.waiting > 0 && this.running < this.allowed && this.inFlight + QUOTAS.sqs.batch.value <= QUOTAS.sqs.inFlight.value) {
      if (account.isFull) {
        this.waitForAccount();
        return;
      }
      const receivesAt = this.receives.take(this.events.now);
      this.dispatch(Math.max(receivesAt, this.events.now));
    }
    this.growWhileSaturated();
  }

  private dispatch(receivesAt: number): void {
    const { account, handover, coldStartMs, random, invoke } = this.options;
    const batch = this.visible.slice(this.head, this.head + QUOTAS.sqs.batch.value);
    this.head += batch.length;
    if (this.head > 10_000 && this.head * 2 > this.visible.length) {
      this.visible.splice(0, this.head);
      this.head = 0;
    }
    this.running++;
    this.inFlight += batch.length;
    account.start();
    const arrivesAt = receivesAt + handoverMs(handover, random.next());
    this.events.at(arrivesAt, () => {
      const isCold = this.idleEnvironments === 0;
      const environmentAt = isCold ? this.newEnvironments.take(arrivesAt) : arrivesAt;
      this.idleEnvironments -= isCold ? 0 : 1;
      const coldMs = isCold ? coldStartMs : 0;
      const { endsAt, sent } = invoke(batch, environmentAt + coldMs, isCold);
      sent.forEach(([messages, visibleAt]) => this.arrive(visibleAt, messages));
      const { usage } = this;
      usage.invocations++;
      usage.billedMs += endsAt - environmentAt;
      usage.coldStarts += isCold ? 1 : 0;
      usage.mostAtOnce = Math.max(usage.mostAtOnce, this.running);
      usage.mostInFlight = Math.max(usage.mostInFlight, this.inFlight);
      this.events.at(endsAt, () => {
        this.running--;
        this.inFlight -= batch.length;
        this.idleEnvironments++;
        account.end();
        this.poll();
      });
    });
  }

  private waitForAccount(): void {
    if (!this.waitingForAccount) {
      this.waitingForAccount = true;
      this.options.account.whenFree(() => {
        this.waitingForAccount = false;
        this.poll();
      });
    }
  }

  /** Adds a step each time there has been too much to do for so long. What has been added stays: traffic does not end in the middle of a run. */
  private growWhileSaturated(): void {
    const isSaturated = () => this.waiting > 0 && this.running >= this.allowed && this.allowed < this.rules.most;
    if (this.growing || !isSaturated()) {
      return;
    }
    this.growing = true;
    this.events.at(this.events.now + this.rules.stepMs, () => {
      this.growing = false;
      if (isSaturated()) {
        this.allowed = Math.min(this.allowed + this.rules.step, this.rules.most);
        this.receives.raise(...this.receiveRate);
        this.poll();
      }
    });
  }
}

/** So many at once, and then one each time enough time has passed. */
class RateLimit {
  private tokens: number;
  private at = -Infinity;

  public constructor(private perMs: number, private burst: number) {
    this.tokens = burst;
  }

  public raise(perMs: number, burst: number): void {
    this.perMs = perMs;
    this.burst = burst;
  }

  /** When the next one may be had, from `now` on. */
  public take(now: number): number {
    if (this.perMs === Infinity) {
      return now;
    }
    if (now > this.at) {
      this.tokens = Math.min(this.burst, this.tokens + (now - this.at) * this.perMs);
      this.at = now;
    }
    this.tokens--;
    return this.tokens >= 0 ? now : now - this.tokens / this.perMs;
  }
}

/** Between the published percentiles, and from half the median on, by straight lines; not beyond the 99th by more than a tenth. */
export function handoverMs({ p50, p90, p99 }: Handover, chance: number): number {
  const points = [[0, p50 / 2], [0.5, p50], [0.9, p90], [0.99, p99], [1, p99 * 1.1]] as const;
  const after = points.findIndex(([share]) => chance < share);
  const [[fromShare, from], [toShare, to]] = [points[after - 1], points[after]];
  return from + (to - from) * (chance - fromShare) / (toShare - fromShare);
}
