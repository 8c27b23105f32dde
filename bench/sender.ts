// What sends the webhooks of a work.
import type { Load } from './work';

/** A webhook that is to be sent. */
export interface PlannedWebhook {
  /** Path and query, which tell the webhooks apart. */
  readonly target: string;
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
}

export interface Sender {
  /** How it was set up, for whoever reads its figures. */
  readonly settings: string;
  /** Milliseconds from handing the webhooks over to the first date. */
  readonly aheadMs: number;
  /** What to warm it up with. @default the load that all others are warmed up with */
  readonly warmUp?: Load;
  /** Its processes by their part in it; read after the work, when all of them are there. */
  processes(): Readonly<Record<string, readonly number[]>>;
  /** Takes webhooks over; resolves once it has them all. */
  schedule(planned: readonly PlannedWebhook[]): Promise<void>;
  /** What its workers themselves say of when they wrote the requests, by target: milliseconds after the date. */
  workerLateMs?(): ReadonlyMap<string, number>;
  /** What else it found in the work it did last, whose first date was `first`, to be kept with the figures. */
  notes?(first: number): Readonly<Record<string, unknown>>;
}
