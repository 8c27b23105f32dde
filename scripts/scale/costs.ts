// What the parts of the way take, in time: measured by the bench where our code is what takes it, published where it is a service.

/** Processor time of deliver, in milliseconds of one whole processor. */
export interface WorkerCosts {
  /** An invocation, whatever its batch: the event parsed, the rows asked for, clients and connections woken. */
  readonly batch: number;
  /** A webhook: its claim asked for. */
  readonly claim: number;
  /** … the claim's answer read, the request made and signed. */
  readonly prepare: number;
  /** … connected, with TLS. */
  readonly connect: number;
  /** … written, at its instant. */
  readonly fire: number;
  /** … the answer taken, the outcome written down, the log line. */
  readonly settle: number;
}

/** Waiting for others, in milliseconds. */
export interface Latencies {
  /** BatchGetItem of the batch's rows. */
  readonly read: number;
  /** A conditional write. */
  readonly write: number;
  /** A SendMessageBatch. */
  readonly send: number;
  /** Connecting to the endpoint, name lookup and TLS included. */
  readonly connect: number;
  /** The endpoint's answer. */
  readonly endpoint: number;
  /** A cold start, at the memory of deliver's default. */
  readonly coldStart: number;
}

/** From a message's becoming visible to the handler's start. */
export interface Handover {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export interface Costs {
  /** A worker's first invocation, whose code is not compiled yet, and its later ones. */
  readonly first: WorkerCosts;
  readonly later: WorkerCosts;
  /** Processor time of a message that ingest takes: parsed, stored, answered; in milliseconds of one whole processor. */
  readonly ingest: number;
  /** The same of a row that load reads and sends on. */
  readonly loadRow: number;
  readonly latency: Latencies;
  readonly handover: Handover;
  /** How long a client tries on what a table does not take: eight tries, seven pauses with full jitter, see `src/adapters/aws-clients.ts`. */
  readonly patienceMs: number;
}

/**
 * On AWS. Processor time is of the bundled handlers, of the program and the system, as measured on 25 November 2026 on an AMD EPYC with Node.js
 * 20 (`bench/weight`), at one whole processor; a function gets its share of one. The handover is a published measurement of 2022; the other
 * latencies are assumed: single digits of milliseconds are what AWS says of DynamoDB.
 */
export const AWS_COSTS: Costs = {
  first: { batch: 40, claim: 0.9, prepare: 0.9, connect: 1.6, fire: 0.25, settle: 2 },
  later: { batch: 15, claim: 0.6, prepare: 0.6, connect: 1.3, fire: 0.1, settle: 1.6 },
  ingest: 1,
  loadRow: 0.02,
  latency: { read: 8, write: 6, send: 12, connect: 30, endpoint: 100, coldStart: 600 },
  handover: { p50: 16, p90: 34, p99: 105 },
  patienceMs: 1_775,
};
