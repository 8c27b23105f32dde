// What the steps of a webhook take of a processor in deliver. The worker looks at its processor time where one step has ended and the next has not
// begun; so that there are such moments, it gets its webhooks early, and the endpoint takes its time to answer.
import { deliverEvent } from './events';
import type { Worker } from './worker';
import type { Scheme, World } from './world';
import { Cell, Column, table } from '../../scripts/support/terminal';
import { connectAheadMs } from '../../src/core/timing';
import { median } from '../measure';

const TIMEOUT_MS = 60_000;
const LATER_REPEAT = 3;
/** Before the instant: the second and a half before the first connection is begun is for the claims. */
const LEAD_MS = 3_500;
/** From the instant to the first answer: enough to write all requests. */
const ANSWER_MS = 300;
/** So long before the next step begins, the worker looks. */
const MARGIN_MS = 15;
/** A look that was later found the thread busy: steps were not apart. */
const MOST_LATE_MS = 5;

/** Milliseconds of processor time, of all threads, in the program and in the system. */
export interface StepTimes {
  /** Until all claims are answered, of the whole invocation: the event is parsed, the rows are read, claims are made. */
  readonly claimedMs: number;
  /** Of a webhook: its request is made, signed and connected. */
  readonly connectedMs: number;
  /** Of a webhook: its request is written. */
  readonly writtenMs: number;
  /** Of a webhook: its answer is read, its outcome kept and logged. */
  readonly settledMs: number;
  /** Whether one step had ended before the next began. */
  readonly isApart: boolean;
  readonly complete: boolean;
}

interface Case {
  readonly scheme: Scheme;
  readonly webhooks: number;
  /** First turns are claimed in batches, others by a request each. */
  readonly turn: 0 | 1;
}

export interface Steps extends Case {
  readonly first: StepTimes;
  /** Medians. */
  readonly later: StepTimes;
}

/** What an invocation takes by itself shows where there are few webhooks beside many. */
const CASES: readonly Case[] = [
  ...[10, 100].map((webhooks) => ({ scheme: 'https', webhooks, turn: 0 } as const)),
  { scheme: 'https', webhooks: 100, turn: 1 },
  { scheme: 'http', webhooks: 100, turn: 0 },
];

export async function measureSteps(world: World): Promise<Steps[]> {
  const measured: Steps[] = [];
  for (const one of CASES) {
    measured.push(await world.withWorker('deliver', {}, async (worker) => {
      const first = await invocation(world, worker, one);
      const later: StepTimes[] = [];
      for (let i = 0; i < LATER_REPEAT; i++) {
        later.push(await invocation(world, worker, one));
      }
      return { ...one, first, later: medianOf(later) };
    }));
  }
  return measured;
}

async function invocation(world: World, worker: Worker, { scheme, webhooks, turn }: Case): Promise<StepTimes> {
  await world.reset(scheme, undefined, ANSWER_MS);
  const { processorMs: before } = await worker.usage();
  const at = Date.now() + LEAD_MS;
  const ends = [at - connectAheadMs(webhooks), at, at + ANSWER_MS].map((next) => next - MARGIN_MS);
  const { usage: { processorMs: after }, looks } = await worker.invoke(deliverEvent(at, webhooks, turn), TIMEOUT_MS, false, ends);
  const [claimedMs, connectedMs, writtenMs, settledMs] = [...looks.map(({ processorMs }) => processorMs), after]
    .map((ms, i, all) => ms - (i === 0 ? before : all[i - 1]));
  return {
    claimedMs,
    connectedMs: connectedMs / webhooks,
    writtenMs: writtenMs / webhooks,
    settledMs: settledMs / webhooks,
    isApart: looks.every(({ lateMs }) => lateMs <= MOST_LATE_MS),
    complete: (await world.counts()).lateMs.length === webhooks,
  };
}

function medianOf(times: readonly StepTimes[]): StepTimes {
  const of = (name: 'claimedMs' | 'connectedMs' | 'writtenMs' | 'settledMs') => median(times.map((one) => one[name]));
  return {
    claimedMs: of('claimedMs'),
    connectedMs: of('connectedMs'),
    writtenMs: of('writtenMs'),
    settledMs: of('settledMs'),
    isApart: times.every(({ isApart }) => isApart),
    complete: times.every(({ complete }) => complete),
  };
}

const COLUMNS: readonly Column[] = [
  { title: 'Invocation' },
  { title: 'Work' },
  ...['Webhooks', 'Claimed, ms in all', 'Connected, ms each', 'Written, ms each', 'Settled, ms each', 'Apart', 'Complete'].map((title) => ({ title, align: 'right' } as const)),
];

export function stepsTable(steps: readonly Steps[]): string {
  return table(COLUMNS, (['first', 'later'] as const).flatMap((when) => steps.map(({ scheme, webhooks, turn, [when]: times }): Cell[] => [
    when, `${scheme}, claimed ${turn === 0 ? 'in batches' : 'one by one'}`, String(webhooks), times.claimedMs.toFixed(0),
    ...[times.connectedMs, times.writtenMs, times.settledMs].map((ms) => ms.toFixed(2)), ...[times.isApart, times.complete].map((is): Cell => (is ? 'yes' : ['no', 'red'])),
  ])));
}
