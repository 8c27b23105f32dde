// How late webhooks are: from load's sending of their turns to the requests' being written.
import { Account, Consumer, ConsumerUsage } from './consumer';
import type { Costs } from './costs';
import { EventQueue } from './event-queue';
import { loadRowMs } from './load-time';
import { QUOTAS } from './quotas';
import { FIXED, processorShare, SchedulerSettings } from './scheduler-settings';
import { TableCapacity } from './table-capacity';
import { runWorker } from './worker';
import {
  comeBackSeconds, MAX_TURNS_PER_MESSAGE, packLimitsOf, queueDelaySeconds, turnsPerInvocationOf, turnsPerMessageOf,
} from '../../src/core/timing';
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
  /** Calls in which load sent the messages. */
  readonly sends: number;
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
  const turnsPerMessage = turnsPerMessageOf(settings.deliverMemoryMib);
  const most = turnsPerInvocationOf(turnsPerMessage);
  const table = new TableCapacity(Math.max(settings.tableWrites - otherWrites, 1), dueAt[0] - FIXED.loadHorizonMs);
  const lateMs = new Float64Array(dueAt.length);
  let [written, counted, comeAgain] = [0, 0, 0];

  const invoke = (batch: readonly Message[], startsAt: number, isFirst: boolean) => {
    const turns = turnsOf(batch);
    const [dates, receives] = [turns.dates.subarray(0, most), turns.receives.subarray(0, most)];
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
    const again = sentAgain(unclaimed.map(([i]) => ({ date: dates[i], receives: receives[i] })), sentAt);
    const rest = packsOf(turns.dates.subarray(most), turnsPerMessage).map(({ dueAt: of }): Message => ({ dueAt: of, receives: 1 }));
    return { endsAt, sent: rest.length === 0 ? again : [...again, [rest, startsAt + costs.latency.send] as const] };
  };

  const consumer = new Consumer<Message>(events, {
    polling: settings.deliverPolling,
    account: new Account(settings.accountConcurrency),
    handover: costs.handover,
    coldStartMs: costs.latency.coldStart,
    random: new Random(seed),
    isGrown,
    invoke,
  });
  const sends = sendTurns(packsOf(dueAt, turnsPerMessage), loadRowMs(settings, costs), consumer, leadMs);
  events.run();
  return { lateMs: lateMs.subarray(0, counted).sort(), written, lost: dueAt.length - written, usage: consumer.usage, sends, comeAgain };
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

/** Turns that travel in one message. */
interface Pack {
  readonly dueAt: Float64Array;
  readonly leadMs: number;
}

/** By the rules of `src/core/packs.ts`, of turns that are not yet due. */
function packsOf(dueAt: Float64Array, turnsPerMessage: number): Pack[] {
  const [density, dense] = [new Map<number, number>(), turnsPerInvocationOf(turnsPerMessage)];
  dueAt.forEach((at) => density.set(secondOf(at), (density.get(secondOf(at)) ?? 0) + 1));
  const isDense = (index: number) => (density.get(secondOf(dueAt[index])) ?? 0) >= dense;
  const packs: Pack[] = [];
  for (let first = 0; first < dueAt.length;) {
    const { turns, leadMs, spanMs } = packLimitsOf(isDense(first), turnsPerMessage);
    let end = first + 1;
    while (end < dueAt.length && end - first < turns && dueAt[end] - dueAt[first] < spanMs && isDense(end) === isDense(first)) {
      end++;
    }
    packs.push({ dueAt: dueAt.subarray(first, end), leadMs });
    first = end;
  }
  return packs;
}

/** As load does: each minute, what is due within the horizon, as many messages to a call as it takes. Returns how many calls there were. */
function sendTurns(packs: readonly Pack[], rowMs: number, consumer: Consumer<Message>, everyLeadMs?: number): number {
  const mostOfCall = QUOTAS.sqs.batch.value * MAX_TURNS_PER_MESSAGE;
  let [sentAt, calls, turns] = [-Infinity, 0, 0];
  let call: Pack[] = [];
  const send = () => {
    const visible = new Map<number, Message[]>();
    for (const { dueAt, leadMs } of call) {
      const visibleAt = sentAt + queueDelaySeconds(dueAt[0], sentAt, everyLeadMs ?? leadMs) * 1000;
      visible.set(visibleAt, [...visible.get(visibleAt) ?? [], { dueAt, receives: 1 }]);
    }
    visible.forEach((messages, at) => consumer.arrive(at, messages));
    [call, turns] = [[], 0];
    calls++;
  };
  packs.forEach((pack, index) => {
    const { dueAt } = pack;
    // The tick that sees it first comes within a minute of the horizon; and what is sent before it takes its time.
    const tickAt = Math.ceil((dueAt[dueAt.length - 1] - FIXED.loadHorizonMs) / FIXED.tickMs) * FIXED.tickMs + TICK_PHASE_MS;
    sentAt = Math.max(sentAt, tickAt) + dueAt.length * rowMs;
    call.push(pack);
    turns += dueAt.length;
    const next = packs[index + 1]?.dueAt.length ?? Infinity;
    if (call.length === QUOTAS.sqs.batch.value || turns + next > mostOfCall) {
      send();
    }
  });
  return calls;
}

function secondOf(at: number): number {
  return Math.floor(at / 1000);
}
