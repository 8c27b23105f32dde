// Outcomes that travelled on in the queue, since the table did not take them from who brought them about.
import { FollowUp } from './follow-up';
import { Log, Outcome, StateStore } from './ports';
import { publicId } from './webhook';

/** Writes an outcome down, and sees to what follows. Rejects if the table does not take it now either. */
export async function recordOutcome({ turn, next }: Outcome, store: StateStore, followUp: FollowUp, log: Log): Promise<void> {
  if (await store.replaceState({ turn, status: 'delivering', claimant: next.claimant }, next)) {
    await followUp.of(next);
  } else {
    log.warn('outcome came too late: another worker has taken the webhook over', { webhookId: publicId(next.id) });
  }
}
