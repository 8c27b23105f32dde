// What has to hold, whatever happens; and the first thing found that does not.

export const INVARIANTS = {
  neverEarly: 'no request is written before its instant, by the clock of who writes it',
  firesByRight: 'who writes a request has claimed its turn, and nothing is fired that is delivered, cancelled, failed or overtaken',
  rightRequest: 'a request is what the producer published last',
  repeats: 'a request is repeated for one turn only where a crash or an outcome that could not be written left open how it went, once for each, and never two at a time',
  cancelPrevails: 'a cancel that is taken in longer than its guarantee before the date takes effect',
  acceptedOnce: 'the same id is accepted once, for one content',
  nothingLost: 'whatever has not ended is in a queue, or in the table ahead of load',
  everythingEnds: 'every webhook ends as delivered, cancelled, or failed and reported, and every queue is emptied',
  notices: 'every failure is reported, as what was published, what is wrong with one of a list once the others are stored and sent, and nothing is reported that did not happen',
  actions: 'every action takes effect or is refused; both only where a fault has its message come again',
  retryPolicy: 'there are no more attempts than policy and message allow, no sooner than they ask for',
  attemptsRecorded: 'the attempts on a state are the requests that were written, save for those whose outcome is unknown',
  permissions: 'a function asks for nothing that its role does not allow or that a service refuses as invalid',
  answersInTime: 'a function that nothing has disturbed answers within its timeout, and none goes on after its answer',
  legalStates: 'a state only goes where it may from where it is, and its turn never back',
  keptLongEnough: 'no row goes while it is needed',
  oneOwner: 'a first turn is sent to the delay queue by ingest or by load, never by both, and without faults only once',
  metrics: 'without faults, the functions count as many webhooks scheduled, delivered, cancelled and failed as there are',
  punctual: 'without faults a request is written within milliseconds of its instant, clocks aside, and none is counted as late that was published too late',
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
  /** Id of the webhook or publication that it is about, as it occurs in the trace. */
  readonly subject?: string;
}

export class Findings {
  /** The first: what follows may be its consequence. */
  public violation?: Violation;

  public report(invariant: Invariant, what: string, subject?: string): void {
    this.violation ??= { invariant, what, subject };
  }

  public require(condition: boolean, invariant: Invariant, what: () => string, subject?: string): void {
    if (!condition) {
      this.report(invariant, what(), subject);
    }
  }
}
