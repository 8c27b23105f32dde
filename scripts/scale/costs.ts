// What the parts of the way take, in time: measured by the bench where our code is what takes it, published where it is a service.

/** Processor time of deliver, in milliseconds of one whole processor. */
export interface WorkerCosts {
  /** An invocation, whatever its batch: the event parsed, the rows asked for, clients and connections woken. */
  readonly batch: number;
  /** A webhook: its row read, and its part of a batch of claims. */
  readonly claim: number;
  /** … its claim in a request of its own, where it is the only one or the table has not taken it in a batch. */
  readonly claimAlone: number;
  /** … its request made, signed and connected, with TLS. */
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
 * On AWS. Processor time is of the bundled handlers, of the program and the system, as measured on 30 November 2026 on an Intel Xeon with Node.js
 * 20 (`npm run bench -- --weight`), at one whole processor; a function gets its share of one. The steps of a hundred webhooks over https are medians
 * of three runs; what an invocation takes by itself, and a claim of a batch, is told apart by ten webhooks beside a hundred. Of ingest it is a message
 * among ten of a later invocation, of load a row among 300,000. The handover is a published measurement of 2022; the other latencies are assumed:
 * single digits of milliseconds are what AWS says of DynamoDB.
 */
export const AWS_COSTS: Costs = {
  first: { batch: 51, claim: 0.7, claimAlone: 2.7, connect: 3, fire: 0.11, settle: 3.8 },
  later: { batch: 10.6, claim: 0.48, claimAlone: 1.7, connect: 3.5, fire: 0.14, settle: 3 },
  ingest: 2.3,
  loadRow: 0.023,
  latency: { read: 8, write: 6, send: 12, connect: 30, endpoint: 100, coldStart: 600 },
  handover: { p50: 16, p90: 34, p99: 105 },
  patienceMs: 1_775,
};
