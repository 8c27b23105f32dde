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

/** What waits for the processor. Of two stages at once, the one that is further on goes first, and batches before claims of their own. */
enum Stage { CLAIM_ALONE, CLAIM_BATCH, CONNECT, FIRE, SETTLE }

/** Claims that travel in one request: `MAX_STATEMENTS` of `src/adapters/dynamodb-store.ts`. */
export const CLAIMS_A_BATCH = 25;

/**
 * Runs a batch through one processor, first come, first served, as an event loop does; but outcomes give way to what is due.
 *
 * @param dueAt in ascending order
 * @param share of one processor, from 0 to 1: Node.js runs our code on no more than one
 * @param processor what each stage takes of it
 * @param connections how many may be open; who finds none takes over that of a request that was answered
 */
export function runWorker(
  startsAt: number, dueAt: Float64Array, share: number, processor: WorkerCosts, { latency, patienceMs }: Costs, table: TableCapacity,
  connections = Infinity,
): WorkerRun {
  const count = dueAt.length;
  const batchSize = (first: number) => Math.min(CLAIMS_A_BATCH, count - first);
  const timeOf = (stage: Stage, index: number) => {
    switch (stage) {
      case Stage.CLAIM_BATCH:
        return batchSize(index) * processor.claim / share;
      case Stage.CLAIM_ALONE:
        return processor.claimAlone / share;
      case Stage.CONNECT:
        return processor.connect / share;
      case Stage.FIRE:
        return processor.fire / share;
      case Stage.SETTLE:
        return processor.settle / share;
    }
  };
  const aheadMs = connectAheadMs(count);
  QUEUES.forEach((queue) => queue.clear(count));
  const firedAt = new Float64Array(count).fill(NaN);
  const unclaimed: [number, number][] = [];
  let free = startsAt + processor.batch / share;
  let endsAt = free + latency.read;
  for (let index = 0; index < count; index += CLAIMS_A_BATCH) {
    QUEUES[batchSize(index) > 1 ? Stage.CLAIM_BATCH : Stage.CLAIM_ALONE].push(index, endsAt);
  }
  let open = 0;
  const inLine: number[] = [];
  const claimed = (index: number, at: number) => {
    if (open < connections) {
      open++;
      QUEUES[Stage.CONNECT].push(index, Math.max(at, dueAt[index] - aheadMs));
    } else {
      inLine.push(index);
    }
  };
  for (let stage = nextStage(free); stage !== undefined; stage = nextStage(free)) {
    const { readyAt } = QUEUES[stage];
    const index = QUEUES[stage].take();
    free = Math.max(free, readyAt) + timeOf(stage, index);
    switch (stage) {
      case Stage.CLAIM_BATCH:
        for (let one = index; one < index + batchSize(index); one++) {
          if (table.write(free, 0) !== undefined) {
            claimed(one, free + latency.write);
          } else {
            QUEUES[Stage.CLAIM_ALONE].push(one, free + latency.write);
          }
        }
        break;
      case Stage.CLAIM_ALONE: {
        const takenAt = table.write(free, patienceMs);
        if (takenAt === undefined) {
          unclaimed.push([index, free + patienceMs]);
          endsAt = Math.max(endsAt, free + patienceMs);
        } else {
          claimed(index, takenAt + latency.write);
        }
        break;
      }
      case Stage.CONNECT:
        QUEUES[Stage.FIRE].push(index, Math.max(free + latency.connect, dueAt[index]));
        break;
      case Stage.FIRE:
        firedAt[index] = free;
        QUEUES[Stage.SETTLE].push(index, free + latency.endpoint);
        if (inLine.length > 0) {
          const next = inLine.shift()!;
          QUEUES[Stage.FIRE].push(next, Math.max(free + latency.endpoint, dueAt[next]));
        } else {
          open--;
        }
        break;
      case Stage.SETTLE:
        endsAt = Math.max(endsAt, (table.write(free, patienceMs) ?? free + patienceMs) + latency.write);
    }
  }
  return { firedAt, unclaimed, endsAt };
}

/** Of the stages with something to do, the one whose turn came first. But an outcome gives way to a request that is due in a moment. */
function nextStage(free: number): Stage | undefined {
  let first: Stage | undefined;
  for (let stage: Stage = Stage.SETTLE; stage >= Stage.CLAIM_ALONE; stage--) {
    if (!QUEUES[stage].isEmpty && (first === undefined || QUEUES[stage].readyAt < QUEUES[first].readyAt)) {
      first = stage;
    }
  }
  const [requests, outcomes] = [QUEUES[Stage.FIRE], QUEUES[Stage.SETTLE]];
  if (first === Stage.SETTLE && !requests.isEmpty) {
    const now = Math.max(free, outcomes.readyAt);
    return requests.readyAt - now <= QUIET_MS && now < outcomes.readyAt + OUTCOME_PATIENCE_MS ? Stage.FIRE : first;
  }
  return first;
}

/** Webhooks that are ready for a stage, by when. */
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

  /** Nearly all become ready in their order; one that was claimed after its batch finds its place among those that are due later. */
  public push(index: number, readyAt: number): void {
    let place = this.tail++;
    for (; place > this.head && this.times[place - 1] > readyAt; place--) {
      this.indexes[place] = this.indexes[place - 1];
      this.times[place] = this.times[place - 1];
    }
    this.indexes[place] = index;
    this.times[place] = readyAt;
  }

  public take(): number {
    return this.indexes[this.head++];
  }
}

/** Of the invocation that is being looked at, by stage; to make them anew for each would take most of the time. */
const QUEUES = Array.from({ length: Stage.SETTLE + 1 }, () => new StageQueue());
