// How late webhooks are: from load's sending of their turns to the requests' being written.
import { Account, Consumer, ConsumerUsage } from './consumer';
import type { Costs } from './costs';
import { EventQueue } from './event-queue';
import { loadRowMs } from './load-time';
import { QUOTAS } from './quotas';
import { FIXED, processorShare, SchedulerSettings, turnsPerMessage } from './scheduler-settings';
import { TableCapacity } from './table-capacity';
import { runWorker } from './worker';
import { comeBackSeconds, DENSE_LEAD_MS, DENSE_TURNS, LEAD_MS, queueDelaySeconds } from '../../src/core/timing';
import { Random } from '../../test/simulation/random';

/** Of a tick after the second: SQS delays by whole seconds, so that this makes the lead half a second more than the least. */
const TICK_PHASE_MS = 500;

/** A message of the delay queue: turns, by when they are due. */
interface Message {
  readonly dueAt: Float64Array;
  /** How often it has come off the queue, or what it was taken out of. */
  readonly receives: number;
}

export interface Deliveries {
  /** How late each request was written, in milliseconds, in ascending order. */
  readonly lateMs: Float64Array;
  /** Webhooks that were never written. The model loses none. */
  readonly lost: number;
  readonly usage: ConsumerUsage;
  /** Claims that the table did not take in time, so that the turn came again. */
  readonly comeAgain: number;
}

export interface DeliveryOptions {
  readonly settings: SchedulerSettings;
  readonly costs: Costs;
  /** When each webhook is due, in milliseconds, in ascending order. */
  readonly dueAt: Float64Array;
  /** What is due before this only fills the queues, and is not counted. Default: all counts. */
  readonly countFrom?: number;
  /** Whether as much has been going on for long; else the scheduler has been idle. */
  readonly isGrown: boolean;
  /** Write units a second that something else takes of the table. Default: none. */
  readonly otherWrites?: number;
  readonly seed: number;
}

export function deliver(options: DeliveryOptions): Deliveries {
  const { settings, costs, dueAt, countFrom = -Infinity, isGrown, otherWrites = 0, seed } = options;
  const events = new EventQueue();
  const share = processorShare(settings.deliverMemoryMib);
  const table = new TableCapacity(Math.max(settings.tableWrites - otherWrites, 1), dueAt[0] - FIXED.loadHorizonMs);
  const lateMs: number[] = [];
  let [written, comeAgain] = [0, 0];

  const invoke = (batch: readonly Message[], startsAt: number) => {
    const turns = batch.flatMap(({ dueAt: dates, receives }) => Array.from(dates, (date) => ({ date, receives }))).sort((a, b) => a.date - b.date);
    const { firedAt, unclaimed, endsAt } = runWorker(startsAt, Float64Array.from(turns, ({ date }) => date), share, costs, table);
    firedAt.forEach((at, index) => {
      if (!Number.isNaN(at)) {
        written++;
        if (turns[index].date >= countFrom) {
          lateMs.push(at - turns[index].date);
        }
      }
    });
    comeAgain += unclaimed.length;
    const sent = unclaimed.map(([index, at]): [Message, number] => {
      const { date, receives } = turns[index];
      return [{ dueAt: Float64Array.of(date), receives: receives + 1 }, at + comeBackSeconds(receives) * 1000];
    });
    return { endsAt, sent };
  };

  const consumer = new Consumer<Message>(events, {
    polling: settings.polling,
    account: new Account(settings.accountConcurrency),
    handover: costs.handover,
    coldStartMs: costs.latency.coldStart,
    random: new Random(seed),
    isGrown,
    invoke,
  });
  sendTurns(dueAt, turnsPerMessage(settings.deliverMemoryMib), loadRowMs(settings, costs), consumer);
  events.run();
  return { lateMs: Float64Array.from(lateMs).sort(), lost: dueAt.length - written, usage: consumer.usage, comeAgain };
}

/** As load does: each minute, what is due within the horizon, packed by seconds, ten messages to a call. */
function sendTurns(dueAt: Float64Array, mostTurns: number, rowMs: number, consumer: Consumer<Message>): void {
  const density = new Map<number, number>();
  dueAt.forEach((at) => density.set(secondOf(at), (density.get(secondOf(at)) ?? 0) + 1));
  let sentAt = -Infinity;
  let call: { readonly pack: Float64Array; readonly leadMs: number }[] = [];
  const send = () => {
    const visible = new Map<number, Message[]>();
    for (const { pack, leadMs } of call) {
      const visibleAt = sentAt + queueDelaySeconds(pack[0], sentAt, leadMs) * 1000;
      visible.set(visibleAt, [...visible.get(visibleAt) ?? [], { dueAt: pack, receives: 1 }]);
    }
    visible.forEach((messages, at) => consumer.arrive(at, messages));
    call = [];
  };
  for (let first = 0; first < dueAt.length;) {
    let end = first + 1;
    while (end < dueAt.length && end - first < mostTurns && dueAt[end] - dueAt[first] < 1000) {
      end++;
    }
    // The tick that sees it first comes within a minute of the horizon; and what is sent before it takes its time.
    const tickAt = Math.ceil((dueAt[end - 1] - FIXED.loadHorizonMs) / FIXED.tickMs) * FIXED.tickMs + TICK_PHASE_MS;
    sentAt = Math.max(sentAt, tickAt) + (end - first) * rowMs;
    call.push({ pack: dueAt.subarray(first, end), leadMs: (density.get(secondOf(dueAt[first])) ?? 0) >= DENSE_TURNS ? DENSE_LEAD_MS : LEAD_MS });
    if (call.length === QUOTAS.sqs.batch.value || end === dueAt.length) {
      send();
    }
    first = end;
  }
}

function secondOf(at: number): number {
  return Math.floor(at / 1000);
}
