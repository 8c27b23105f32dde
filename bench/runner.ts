// Runs a load through a sender, to a receiver in a process of its own, and says what became of each webhook.
import { constants, getPriority, setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sample } from './measure';
import { Cores, coresBetween, ProcessorTime, processorTimeOf } from './processor-time';
import type { PlannedWebhook, Sender } from './sender';
import type { Load } from './work';
import type { Behaviour } from '../scripts/support/receiver';
import type { Arrival } from '../scripts/support/receiver-child';
import { ReceiverProcess } from '../scripts/support/receiver-process';

/** What has not come this long after the last date is lost. */
const PATIENCE_MS = 90_000;
/** A second copy would be on the heels of the first. */
const COPY_MS = 3_000;
const POLL_MS = 100;
/** Before the first date, from where on workers get ready for it. */
const PREPARATION_MS = 3_000;

const WORK_PATH = '/work';
const HANGING_PATH = '/hanging';
const WARM_UP_PATH = '/warm-up';
/** Long enough for every connection of a client to be opened before the first answer. */
const WARM_UP_MS = 300;
/** To warm connections up with: a target whose answer takes its time. */
export const SLOW_WARM_UP = `${WARM_UP_PATH}/slow`;

/**
 * Loads the code, lets it be compiled, fills caches and opens connections, the same for every sender; not measured. Spread, so that no more
 * workers start at one time than a machine can bear.
 */
const WARM_UP: Load = { dueMs: Array.from({ length: 800 }, (_, i) => i * 10) };

/** What became of one repetition. */
export interface Run {
  readonly samples: readonly Sample[];
  /** Of the webhooks to an endpoint that never answers, which come again as often as the retry policy says. */
  readonly hanging: readonly Sample[];
  /** Cores that each part kept busy, shortly before the first date and from then to the last arrival; absent where that cannot be told. */
  readonly cores?: { readonly before: Cores; readonly after: Cores };
  readonly notes: Readonly<Record<string, unknown>>;
}

export async function receiverFor(endpoint: Behaviour = {}): Promise<ReceiverProcess> {
  const receiver = await ReceiverProcess.start({
    [WORK_PATH]: endpoint, [HANGING_PATH]: { misbehaviour: 'hang' }, [SLOW_WARM_UP]: { delayMs: WARM_UP_MS },
  });
  takePrecedence(receiver.pid);
  return receiver;
}

/**
 * The receiver is somebody else's machine. Here it shares the processors with whom it measures, and when a request comes it would stand in line behind
 * the answers and outcomes of those before: the more processes a sender has, the longer. So it goes before them, all alike, where that is allowed.
 */
function takePrecedence(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_HIGHEST);
  } catch {
    // Most systems grant it to root only: `precedenceOf` tells.
  }
}

/** How the receiver stands to whom it measures. */
export function precedenceOf({ pid }: ReceiverProcess): string {
  return getPriority(pid) < 0
    ? 'receiver: goes before all senders at the processors, as if it had a machine of its own'
    : 'receiver: waits for the processors with the senders, since only root may have it go before them';
}

export class Runner {
  /** @param name tells the targets of this runner from those of others with the same receiver */
  public constructor(private readonly receiver: ReceiverProcess, private readonly sender: Sender, private readonly name: string) {}

  public async warmUp(): Promise<void> {
    const load = this.sender.warmUp ?? WARM_UP;
    const prefix = targetPrefix(WARM_UP_PATH, this.name);
    const planned = plan(load, () => prefix, this.sender.aheadMs);
    await this.sender.schedule(planned);
    await this.untilArrived(prefix, planned.length, planned[0].dueAt + lastOf(load));
    await delay(COPY_MS);
  }

  public async run(load: Load, repetition: number): Promise<Run> {
    const run = `${this.name}-${repetition}`;
    const [work, hanging] = [targetPrefix(WORK_PATH, run), targetPrefix(HANGING_PATH, run)];
    const planned = plan(load, (index) => (load.hangs?.(index) ? hanging : work), this.sender.aheadMs);
    const measured = planned.filter(({ target }) => target.startsWith(work));
    const first = planned[0].dueAt;
    await this.sender.schedule(planned);
    const takenOverMs = first - Date.now();

    const look = (): Look => ({ at: Date.now(), time: processorTimeOf({ ...this.sender.processes(), receiver: [this.receiver.pid] }) });
    await delay(Math.max(0, first - PREPARATION_MS - Date.now()));
    const preparing = look();
    await delay(Math.max(0, first - Date.now()));
    const sending = look();
    await this.untilArrived(work, measured.length, first + lastOf(load));
    const end = look();
    await delay(COPY_MS);

    return {
      samples: await this.samplesOf(measured, work),
      hanging: await this.samplesOf(planned.filter(({ target }) => target.startsWith(hanging)), hanging),
      ...coresOf(preparing, sending, end),
      notes: { takenOverMs, ...this.sender.notes?.(first) },
    };
  }

  /** Asks nothing of the receiver before the last date, since answering takes its time. */
  private async untilArrived(prefix: string, count: number, last: number): Promise<void> {
    await delay(Math.max(0, last - Date.now()));
    while (await this.receiver.count(prefix) < count && Date.now() < last + PATIENCE_MS) {
      await delay(POLL_MS);
    }
  }

  private async samplesOf(planned: readonly PlannedWebhook[], prefix: string): Promise<Sample[]> {
    const byTarget = new Map<string, Arrival[]>();
    for (const arrival of await this.receiver.arrivals(prefix)) {
      byTarget.set(arrival.target, [...byTarget.get(arrival.target) ?? [], arrival]);
    }
    const workerLateMs = this.sender.workerLateMs?.();
    return planned.map(({ target, dueAt }) => {
      const arrivals = byTarget.get(target) ?? [];
      return {
        dueAt, arrivals: arrivals.map(({ arrivedAt }) => arrivedAt), answeredAt: arrivals[0]?.answeredAt, workerLateMs: workerLateMs?.get(target),
      };
    });
  }
}

interface Look {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly time?: ProcessorTime;
}

function coresOf(preparing: Look, sending: Look, end: Look): Pick<Run, 'cores'> {
  const between = (a: Look, b: Look) => a.time && b.time && coresBetween(a.time, b.time, b.at - a.at);
  const [before, after] = [between(preparing, sending), between(sending, end)];
  return before && after ? { cores: { before, after } } : {};
}

function targetPrefix(path: string, run: string): string {
  return `${path}?run=${run}&`;
}

function plan({ dueMs }: Load, prefixOf: (index: number) => string, aheadMs: number): PlannedWebhook[] {
  const first = Date.now() + aheadMs;
  return dueMs.map((ms, i) => ({ target: `${prefixOf(i)}n=${i}`, dueAt: first + ms }));
}

function lastOf({ dueMs }: Load): number {
  return dueMs.reduce((last, ms) => Math.max(last, ms), 0);
}
