// How late webhooks are: from load's sending of their turns to the requests' being written.
import { Account, Consumer, ConsumerUsage } from './consumer';
import type { Costs } from './costs';
import { EventQueue } from './event-queue';
import { loadRowMs } from './load-time';
import { QUOTAS } from './quotas';
import { FIXED, processorShare, SchedulerSettings } from './scheduler-settings';
import { TableCapacity } from './table-capacity';
import { runWorker } from './worker';
import { comeBackSeconds, DENSE_LEAD_MS, turnsPerInvocationOf, LEAD_MS, queueDelaySeconds, turnsPerMessageOf } from '../../src/core/timing';
import { Random } from '../../test/simulation/random';

/** Of a tick after the second: SQS delays by whole seconds, so that this makes the lead half a second more than the least. */
const TICK_PHASE_MS = 500;

/** A message of the delay queue: turns, by when they are due. */
interface Message {
  readonly dueAt: Float64Array | readonly number[];
  /** How often it has come off the queue, or what it was taken out of. */
  readonly receives: number;
}

export interface Deliveries {
  /** How late each request was written, in milliseconds, in ascending order. */
  readonly lateMs: Float64Array;
  /** All that were written, counted or not. */
  readonly written: number;
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
  /** Of a processor, what a worker gets. Default: what its memory brings on Lambda. */
  readonly share?: number;
  /** How early a second's turns become visible at the least, however many there are. Default: as load sends them. */
  readonly leadMs?: number;
}

export function deliver(options: DeliveryOptions): Deliveries {
  const { settings, costs, dueAt, countFrom = -Infinity, isGrown, otherWrites = 0, seed } = options;
  const { share = processorShare(settings.deliverMemoryMib), leadMs } = options;
  const events = new EventQueue();
  const table = new TableCapacity(Math.max(settings.tableWrites - otherWrites, 1), dueAt[0] - FIXED.loadHorizonMs);
  const lateMs = new Float64Array(dueAt.length);
  let [written, counted, comeAgain] = [0, 0, 0];

  const invoke = (batch: readonly Message[], startsAt: number, isFirst: boolean) => {
    const { dates, receives } = turnsOf(batch);
    const { firedAt, unclaimed, endsAt } = runWorker(startsAt, dates, share, isFirst ? costs.first : costs.later, costs, table);
    for (let i = 0; i < dates.length; i++) {
      if (!Number.isNaN(firedAt[i])) {
        written++;
        if (dates[i] >= countFrom) {
          lateMs[counted++] = firedAt[i] - dates[i];
        }
      }
    }
    comeAgain += unclaimed.length;
    const sentAt = unclaimed.length === 0 ? endsAt : unclaimed[unclaimed.length - 1][1];
    return { endsAt, sent: sentAgain(unclaimed.map(([i]) => ({ date: dates[i], receives: receives[i] })), sentAt) };
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
  sendTurns(dueAt, turnsPerMessageOf(settings.deliverMemoryMib), loadRowMs(settings, costs), consumer, leadMs);
  events.run();
  return { lateMs: lateMs.subarray(0, counted).sort(), written, lost: dueAt.length - written, usage: consumer.usage, comeAgain };
}

/** All turns of a batch, what is due first coming first. */
function turnsOf(batch: readonly Message[]): { readonly dates: Float64Array; readonly receives: Int32Array } {
  const count = batch.reduce((sum, { dueAt }) => sum + dueAt.length, 0);
  const dates = new Float64Array(count);
  const receives = new Int32Array(count);
  let filled = 0;
  // Packs do not overlap but where some have come again: then each is put behind those that are due no later.
  for (const message of [...batch].sort((a, b) => a.dueAt[0] - b.dueAt[0])) {
    for (const date of message.dueAt) {
      let i = filled++;
      for (; i > 0 && dates[i - 1] > date; i--) {
        dates[i] = dates[i - 1];
        receives[i] = receives[i - 1];
      }
      dates[i] = date;
      receives[i] = message.receives;
    }
  }
  return { dates, receives };
}

/** What could not be claimed goes back alone, with the delay of its receives. */
function sentAgain(turns: readonly { readonly date: number; readonly receives: number }[], at: number): [messages: Message[], visibleAt: number][] {
  const byReceives = new Map<number, Message[]>();
  for (const { date, receives } of turns) {
    const messages = byReceives.get(receives) ?? [];
    messages.push({ dueAt: [date], receives: receives + 1 });
    byReceives.set(receives, messages);
  }
  return [...byReceives].map(([receives, messages]) => [messages, at + comeBackSeconds(receives) * 1000]);
}

/** As load does: each minute, what is due within the horizon, packed by seconds, ten messages to a call. */
function sendTurns(dueAt: Float64Array, mostTurns: number, rowMs: number, consumer: Consumer<Message>, everyLeadMs?: number): void {
  const [density, dense] = [new Map<number, number>(), turnsPerInvocationOf(mostTurns)];
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
    const isDense = (density.get(secondOf(dueAt[first])) ?? 0) >= dense;
    call.push({ pack: dueAt.subarray(first, end), leadMs: everyLeadMs ?? (isDense ? DENSE_LEAD_MS : LEAD_MS) });
    if (call.length === QUOTAS.sqs.batch.value || end === dueAt.length) {
      send();
    }
    first = end;
  }
}

function secondOf(at: number): number {
  return Math.floor(at / 1000);
}
