// What is written on states: legal ways only, outcomes as they were, actions as they were asked for.
import { Fields, Publication } from '../publication';
import { Worker } from '../worker';
import { wrongOutcome } from './attempts';
import { Book } from './book';
import { WebhookModel } from './model';
import { turnsIn } from './queue-bodies';
import { isLegal } from './transitions';
import type { State } from '../../../src/core/state';
import { CANCEL_GUARANTEE_MS } from '../../../src/core/timing';

/** A write comes to pass within this, or not at all. */
const MAX_LATE_WRITE_MS = 60_000;

export class States {
  public constructor(private readonly book: Book) {}

  /** A state was written; returns the webhook whose it is. */
  public wrote(after: State, by: Worker): WebhookModel | undefined {
    const model = this.book.models.get(after.id);
    if (!model) {
      this.book.findings.report('legalStates', `a state without a webhook: ${JSON.stringify(after)}`, after.id);
      return undefined;
    }
    // What it was, also where the row has expired.
    const before = model.state;
    if (JSON.stringify(before) === JSON.stringify(after)) {
      return model;
    }
    this.checkChange(model, before, after, by);
    model.state = after;
    model.past.push({ state: after, from: this.book.now() });
    if (by.functionName === 'ingest' && after.status !== 'failed') {
      this.wroteAction(model, before, after);
    }
    if (after.status === 'delivering') {
      this.wroteClaim(model, after, by);
    } else if (before?.status === 'delivering' && after.claimant !== undefined && after.claimant === before.claimant) {
      this.wroteOutcome(model, before, after);
    }
    if (after.status === 'failed') {
      this.wroteFailure(model, before, after);
    } else if (before?.status === 'failed' && before.unreported) {
      model.failings[model.failings.length - 1].isOvertaken = true;
    }
    return model;
  }

  private checkChange(model: WebhookModel, before: State | undefined, after: State, by: Worker): void {
    const { findings } = this.book;
    findings.require(isLegal(before, after, by.functionName, by.clock.now()), 'legalStates',
      () => `${by.name} makes ${nameOf(before)} ${nameOf(after)}`, model.publicId);
    // A claim of a first turn reckons by the clock of its worker, which may be behind that of who wrote before; and in whole seconds. And a write
    // may come to pass a while after it was asked for, over one that was asked for later.
    const apart = 2 * this.book.settings.maxSkewMs + 1_000 + MAX_LATE_WRITE_MS;
    findings.require(after.keepUntil >= Math.max((before?.keepUntil ?? 0) - apart, after.at), 'keptLongEnough',
      () => `kept until ${after.keepUntil}, before that until ${before?.keepUntil}`, model.publicId);
  }

  private wroteAction(model: WebhookModel, before: State | undefined, after: State): void {
    const messageId = after.actions?.at(-1) ?? '';
    const publication = this.book.publications.action(messageId);
    const isRight = publication !== undefined && publication.id === model.publicId && isMadeBy(publication, before, after)
      && !model.actions.has(messageId) && !model.isSuperseded(publication);
    this.book.findings.require(isRight, 'actions', () => `${publication?.kind} of ${publication?.id} makes ${nameOf(before)} ${nameOf(after)}`, model.publicId);
    model.actions.add(messageId);
    model.actionAt = Math.max(model.actionAt, publication?.publishedAt ?? 0);
    if (publication?.kind === 'redrive') {
      model.redrivenAt = publication.publishedAt;
    }
    this.book.publications.tookEffect(messageId);
    if (publication && after.version === messageId) {
      const changes: Fields = publication.kind === 'redrive'
        ? new Map([['date', JSON.stringify(new Date(publication.publishedAt).toISOString())]]) : publication.fields;
      model.contents.set(messageId, new Map([...model.contents.get(before?.version) ?? [], ...changes]));
    }
  }

  private wroteClaim(model: WebhookModel, { claimant = '', turn, at }: State, { invocation }: Worker): void {
    // A claim that comes to pass after its invocation is one that nothing follows.
    if (!invocation || !claimant.startsWith(invocation.id) || model.claims.has(claimant)) {
      return;
    }
    model.claims.set(claimant, { claimant, turn, at, invocation, isRecorded: false, isOpen: false });
    this.book.findings.require(at - this.book.now() <= CANCEL_GUARANTEE_MS, 'cancelPrevails',
      () => `claimed ${at - this.book.now()} ms before its instant`, model.publicId);
  }

  private wroteOutcome(model: WebhookModel, before: State, after: State): void {
    const claim = model.claims.get(before.claimant ?? '');
    if (!claim) {
      return;
    }
    claim.isRecorded = true;
    const { findings } = this.book;
    const { request, turn } = claim;
    if (after.attempts.length === before.attempts.length) {
      findings.require(!request, 'attemptsRecorded', () => `the request of turn ${turn} is not on the state`, model.publicId);
      return;
    }
    const attempt = after.attempts.at(-1);
    const answer = request?.answer;
    const isTrue = answer !== undefined && after.attempts.length === before.attempts.length + 1
      && attempt?.at === new Date(answer.sentAt).toISOString() && attempt.lateMs === answer.sentAt - claim.at
      && attempt.durationMs === answer.durationMs && attempt.status === answer.status && attempt.error === answer.error;
    findings.require(isTrue, 'attemptsRecorded', () => `${JSON.stringify(attempt)} for ${JSON.stringify(answer)}`, model.publicId);
    const wrong = request && wrongOutcome(request, after, model.content, this.book.settings.retry);
    findings.require(wrong === undefined, 'retryPolicy', () => wrong ?? '', model.publicId);
  }

  private wroteFailure(model: WebhookModel, before: State | undefined, after: State): void {
    const { findings } = this.book;
    if (before?.status !== 'failed') {
      model.failings.push({ turn: after.turn, reason: after.reason ?? '', notices: 0, isOvertaken: false });
      findings.require(after.reason !== 'missing', 'nothingLost', () => 'its message is missing', model.publicId);
      findings.require(after.reason !== 'dead-letter' || hasMessageOf(model, after), 'legalStates', () => 'dead letters of another turn make it fail', model.publicId);
    } else if (!after.unreported) {
      findings.require(model.isTold(after.turn), 'notices', () => 'reported, it says, and it is not', model.publicId);
    }
  }
}

/** Whether there is a queue message of the turn that a state is at. */
function hasMessageOf({ id, delayMessages }: WebhookModel, { turn, version }: State): boolean {
  return [...delayMessages].some(({ body }) => turnsIn(body).some((other) => other.id === id && other.turn === turn && other.version === version));
}

function isMadeBy({ kind, messageId }: Publication, before: State | undefined, after: State): boolean {
  if (kind === 'cancel') {
    return after.status === 'cancelled';
  }
  const isRevived = before?.status === 'failed' && before.reason !== 'dead-letter';
  return after.status !== 'cancelled' && after.version === messageId && (kind === 'redrive' ? before?.status === 'failed' : !isRevived);
}

function nameOf(state: State | undefined): string {
  return state ? `turn ${state.turn} ${state.status}${state.reason ? ` (${state.reason})` : ''}` : 'an accepted webhook';
}
