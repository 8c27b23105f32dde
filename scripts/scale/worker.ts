// One invocation of deliver: webhooks that share a processor, wait for the table, for their instant and for the endpoint.
import type { Costs, WorkerCosts } from './costs';
import type { TableCapacity } from './table-capacity';
import { connectAheadMs, OUTCOME_PATIENCE_MS, QUIET_MS } from '../../src/core/timing';

export interface WorkerRun {
  /** When each request had been written; `NaN` where its claim was not taken. */
  readonly firedAt: Float64Array;
  /** The claims that the table did not take: when each was given up, by index. */
  readonly unclaimed: readonly (readonly [index: number, at: number])[];
  readonly endsAt: number;
}

/** What waits for the processor: the claim, the preparation, the connection, the request, and what comes of it, each in the order of the dates. */
const STAGES = 5;

/**
 * Runs a batch through one processor, first come, first served, as an event loop does; but outcomes give way to what is due.
 *
 * @param dueAt in ascending order
 * @param share of one processor, from 0 to 1: Node.js runs our code on no more than one
 * @param processor what each stage takes of it
 */
export function runWorker(
  startsAt: number, dueAt: Float64Array, share: number, processor: WorkerCosts, { latency, patienceMs }: Costs, table: TableCapacity,
): WorkerRun {
  const time = [processor.claim, processor.prepare, processor.connect, processor.fire, processor.settle].map((cost) => cost / share);
  const count = dueAt.length;
  const aheadMs = connectAheadMs(count);
  QUEUES.forEach((queue) => queue.clear(count));
  const firedAt = new Float64Array(count).fill(NaN);
  const unclaimed: [number, number][] = [];
  let free = startsAt + processor.batch / share;
  let endsAt = free + latency.read;
  for (let index = 0; index < count; index++) {
    QUEUES[0].push(index, endsAt);
  }
  for (let stage = nextStage(free); stage >= 0; stage = nextStage(free)) {
    free = Math.max(free, QUEUES[stage].readyAt) + time[stage];
    const index = QUEUES[stage].take();
    switch (stage) {
      case 0: {
        const takenAt = table.write(free, patienceMs);
        if (takenAt === undefined) {
          unclaimed.push([index, free + patienceMs]);
          endsAt = Math.max(endsAt, free + patienceMs);
        } else {
          QUEUES[1].push(index, takenAt + latency.write);
        }
        break;
      }
      case 1:
        QUEUES[2].push(index, Math.max(free, dueAt[index] - aheadMs));
        break;
      case 2:
        QUEUES[3].push(index, Math.max(free + latency.connect, dueAt[index]));
        break;
      case 3:
        firedAt[index] = free;
        QUEUES[4].push(index, free + latency.endpoint);
        break;
      default:
        endsAt = Math.max(endsAt, (table.write(free, patienceMs) ?? free + patienceMs) + latency.write);
    }
  }
  return { firedAt, unclaimed, endsAt };
}

/**
 * Of the stages with something to do, the one whose turn came first; of two at once, the one that is further on. But an outcome gives way to
 * a request that is due in a moment.
 */
function nextStage(free: number): number {
  let first = -1;
  for (let stage = STAGES - 1; stage >= 0; stage--) {
    if (!QUEUES[stage].isEmpty && (first < 0 || QUEUES[stage].readyAt < QUEUES[first].readyAt)) {
      first = stage;
    }
  }
  const [requests, outcomes] = [QUEUES[STAGES - 2], QUEUES[STAGES - 1]];
  if (first === STAGES - 1 && !requests.isEmpty) {
    const now = Math.max(free, outcomes.readyAt);
    return requests.readyAt - now <= QUIET_MS && now < outcomes.readyAt + OUTCOME_PATIENCE_MS ? STAGES - 2 : first;
  }
  return first;
}

/** Webhooks that are ready for a stage. They become ready in their order, since each wait is the same for all. */
class StageQueue {
  private indexes = new Int32Array(0);
  private times = new Float64Array(0);
  private head = 0;
  private tail = 0;

  /** Makes room for so many. */
  public clear(capacity: number): void {
    if (this.indexes.length < capacity) {
      this.indexes = new Int32Array(capacity);
      this.times = new Float64Array(capacity);
    }
    this.head = 0;
    this.tail = 0;
  }

  public get isEmpty(): boolean {
    return this.head === this.tail;
  }

  public get readyAt(): number {
    return this.times[this.head];
  }

  public push(index: number, readyAt: number): void {
    this.indexes[this.tail] = index;
    this.times[this.tail++] = readyAt;
  }

  public take(): number {
    return this.indexes[this.head++];
  }
}

/** Of the invocation that is being looked at; to make them anew for each would take most of the time. */
const QUEUES = Array.from({ length: STAGES }, () => new StageQueue());
