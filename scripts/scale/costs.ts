// What the parts of the way take, in time: measured by the bench where our code is what takes it, published where it is a service.

/** Processor time of our own functions, in milliseconds of one whole processor. */
export interface ProcessorCosts {
  /** An invocation of deliver, whatever its batch: the event parsed, the rows asked for. */
  readonly deliverBatch: number;
  /** A webhook: its claim asked for. */
  readonly claim: number;
  /** … the claim's answer read, the request signed and made. */
  readonly prepare: number;
  /** … connected, with TLS. */
  readonly connect: number;
  /** … written, at its instant. */
  readonly fire: number;
  /** … the answer taken, the outcome written down, the log line. */
  readonly settle: number;
  /** A message that ingest takes: parsed, stored, answered. */
  readonly ingest: number;
  /** A row that load reads and sends on. */
  readonly loadRow: number;
}

/** Waiting for others, in milliseconds. */
export interface Latencies {
  /** BatchGetItem of the batch's rows. */
  readonly read: number;
  /** A conditional write. */
  readonly write: number;
  /** A SendMessageBatch. */
  readonly send: number;
  /** A Query of one page. */
  readonly query: number;
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
  readonly processor: ProcessorCosts;
  readonly latency: Latencies;
  readonly handover: Handover;
  /** How long a client tries on what a table does not take: eight tries, seven pauses with full jitter, see `src/adapters/aws-clients.ts`. */
  readonly patienceMs: number;
}

/** On AWS: processor time as measured on this project's machine, at Lambda's share of a processor; latencies as published. */
export const AWS_COSTS: Costs = {
  processor: { deliverBatch: 1, claim: 0.3, prepare: 0.25, connect: 0.6, fire: 0.15, settle: 0.7, ingest: 0.8, loadRow: 0.02 },
  latency: { read: 8, write: 6, send: 12, query: 15, connect: 30, endpoint: 100, coldStart: 600 },
  handover: { p50: 16, p90: 34, p99: 105 },
  patienceMs: 1_775,
};
