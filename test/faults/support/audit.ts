// What has to hold after every fault: nothing lost, nothing early, and no request repeated but those that had to be.
import { Rig, RETRY_DELAYS_MS, webhookIdOf } from './rig';
import { EndReason } from '../../../src/core/failure-notice';
import { State } from '../../../src/core/state';
import { until } from '../../support/until';

/** How a webhook has to end. */
export interface End {
  readonly id: string;
  readonly ends: 'delivered' | 'cancelled' | EndReason;
  /** Status or error class of each attempt that the scheduler knows of, in order. @default - one of 200 if it is delivered, none otherwise */
  readonly attempts?: readonly (number | string)[];
  /** Requests beyond those attempts: of workers that were killed before they could write down how it went. @default 0 */
  readonly repeats?: number;
  /** Failure notices of the webhook. @default - one if it has failed */
  readonly notices?: number;
}

/** Attempts that fail before there is a connection to write a request to. */
const UNSENT = ['ECONNREFUSED', 'DEPTH_ZERO_SELF_SIGNED_CERT'];

/** Seconds that anything may take on a slow machine. */
const PATIENCE_SECONDS = 90;

/** Waits for a webhook to end, and sees that it did so as it should. */
export async function settle(rig: Rig, end: End): Promise<void> {
  await until(`the end of ${end.id}`, async () => {
    const state = await rig.stateOf(end.id);
    return state !== undefined && hasSettled(state);
  }, PATIENCE_SECONDS);
  await check(rig, end);
  rig.ends.set(end.id, end);
}

/**
 * Waits for the queues to be empty, and looks at everything once more: also at what {@link settle} was never asked about, and for what has
 * come after it was.
 *
 * @param deadLetters how many lie in each dead-letter queue
 */
export async function audit(rig: Rig, deadLetters = 0): Promise<void> {
  const queueUrls = [rig.scheduler.ingestQueueUrl, rig.scheduler.delayQueueUrl];
  const behind = await Promise.all(queueUrls.map(async (url) => rig.queuesBehind(url)));
  const emptied = [...queueUrls, ...behind.map(({ unreported }) => unreported)];
  const counts = async (urls: readonly string[]) => Promise.all(urls.map(async (url) => rig.countOf(url)));
  await until('empty queues', async () => (await counts(emptied)).every((count) => count === 0), PATIENCE_SECONDS);
  expect(await counts(behind.map((queues) => queues.deadLetters))).toEqual([deadLetters, deadLetters]);

  expect([...rig.ends.keys()].sort()).toEqual([...rig.published.keys()].sort());
  expect([...(await rig.states()).values()].filter((state) => !hasSettled(state))).toEqual([]);
  const strangers = rig.receiver.requests.filter((request) => !rig.published.has(webhookIdOf(request) ?? ''));
  expect(strangers).toEqual([]);
  for (const end of rig.ends.values()) {
    await check(rig, end);
  }
}

function hasSettled({ status, unreported }: State): boolean {
  return ['delivered', 'failed', 'cancelled'].includes(status) && !unreported;
}

async function check(rig: Rig, end: End): Promise<void> {
  const { id, ends } = end;
  const failed = ends !== 'delivered' && ends !== 'cancelled';
  const state = await rig.stateOf(id);
  const notices = (await rig.noticesOf(id)).filter(({ reason }) => reason !== 'refused' && reason !== 'validation');
  const requests = rig.requestsOf(id);
  const attempts = attemptsOf(state, notices.flatMap((notice) => notice.attempts ?? []));

  // Nothing lost: it has ended, and whoever listens knows if it has failed.
  expect({ id, status: state?.status, reason: state?.reason }).toEqual({ id, status: failed ? 'failed' : ends, reason: failed ? ends : undefined });
  expect({ id, notices: notices.length }).toEqual({ id, notices: end.notices ?? (failed ? 1 : 0) });
  if (failed) {
    expect(notices[notices.length - 1]).toMatchObject({ id, reason: ends, reasonAttribute: ends });
  }
  // Nothing early.
  const due = rig.published.get(id) ?? Infinity;
  expect({ id, early: requests.filter(({ arrivedAt }) => arrivedAt < due) }).toEqual({ id, early: [] });
  expect({ id, early: attempts.filter(({ at, lateMs }) => lateMs < 0 || Date.parse(at) < due) }).toEqual({ id, early: [] });
  expect({ id, gaps: gapsOf(state?.attempts ?? []).filter((gap, i) => gap < RETRY_DELAYS_MS[i]) }).toEqual({ id, gaps: [] });
  // No request but those that the attempts tell of, and those of workers that died with theirs.
  const outcomes = attempts.map(({ status, error }) => status ?? error);
  expect({ id, outcomes }).toEqual({ id, outcomes: end.attempts ?? (ends === 'delivered' ? [200] : []) });
  const sent = attempts.filter(({ error = '' }) => !UNSENT.includes(error));
  expect({ id, requests: requests.length }).toEqual({ id, requests: sent.length + (end.repeats ?? 0) });
}

/** Attempts of the state, and those before a redrive, of which only a notice tells. */
function attemptsOf(state: State | undefined, told: State['attempts']): State['attempts'] {
  const all = new Map([...told, ...(state?.attempts ?? [])].map((attempt) => [attempt.at, attempt]));
  return [...all.values()].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function gapsOf(attempts: State['attempts']): number[] {
  return attempts.slice(1).map(({ at }, i) => Date.parse(at) - Date.parse(attempts[i].at));
}
