// What endpoints see: by right, at its instant, as published, and again only where nobody could know.
import { SeenRequest } from '../endpoint';
import { Item } from '../expressions';
import { Ending } from '../fleet';
import { dueOf, Fields } from '../publication';
import { MAX_WINDOW_MS } from '../settings';
import { Invocation, Worker } from '../worker';
import { isTooLate } from './attempts';
import { Book } from './book';
import { Claim, WebhookModel } from './model';
import { ID_PREFIX } from '../../../src/adapters/table-keys';
import type { State } from '../../../src/core/state';
import { LEAD_MS } from '../../../src/core/timing';

const PUNCTUAL_MS = 50;
/** From publication to the delay queue and off it again, at most, where nothing goes wrong. */
const NOTICE_MS = 4_000;
/** What comes off the delay queue is fired within this, on a worker that has to be started. */
const START_MS = 800;

export class Requests {
  public constructor(private readonly book: Book) {}

  public requested(seen: SeenRequest): void {
    const { findings, settings } = this.book;
    const { worker, sentAt, writtenAt, request } = seen;
    const id = request.headers['webhook-id'];
    const model = this.book.named(id);
    const state = model?.state;
    const claim = model?.claims.get(state?.claimant ?? '');
    if (!model || state?.status !== 'delivering' || claim?.invocation !== worker.invocation) {
      findings.report('firesByRight', `${worker.name} fires what is ${state?.status ?? 'accepted'}, and claimed by ${state?.claimant ?? 'nobody'}`, id);
      return;
    }
    const due = dueOf(model.content);
    findings.require(sentAt >= state.at && sentAt >= due && writtenAt >= state.at - settings.maxSkewMs, 'neverEarly',
      () => `written at ${sentAt}, due ${due}, to be attempted at ${state.at}`, id);
    findings.require(isRequestOf(model.content, seen), 'rightRequest', () => `${request.method} ${request.url} ${request.body}`, id);
    const isDelayed = worker.invocation?.disturbed === true;
    findings.require(isDelayed || !isTooLate(sentAt, model.content, settings.retry), 'retryPolicy', () => 'written after the life of its message', id);
    this.checkRepeat(model, claim as Claim);
    this.checkPunctual(model, state, sentAt);
    (claim as Claim).request = seen;
  }

  /** An outcome that could not be written leaves open what becomes of its turn. */
  public unanswered(worker: Worker, command: string, input: object): void {
    if (worker.functionName === 'deliver' && /^(Put|Update)Item/.test(command)) {
      const { Item: item, Key: key } = input as { Item?: Item; Key?: Item };
      const model = this.book.models.get((item ?? key)?.pk?.S?.slice(ID_PREFIX.length) ?? '');
      this.openClaims(model, worker.invocation);
    }
  }

  public ended(invocation: Invocation, how: Ending): void {
    const { findings } = this.book;
    findings.require(how === 'answered' || how === 'died' || invocation.disturbed, 'answersInTime', () => `${invocation.worker.name} has ${how}`);
    for (const model of this.book.models.values()) {
      if (how !== 'answered') {
        this.openClaims(model, invocation);
      }
      for (const claim of model.claims.values()) {
        findings.require(claim.invocation !== invocation || !claim.request || claim.isOpen || claim.isRecorded, 'attemptsRecorded',
          () => `the request of turn ${claim.turn} is not on the state`, model.publicId);
      }
    }
  }

  private openClaims(model: WebhookModel | undefined, invocation: Invocation | undefined): void {
    for (const claim of model?.claims.values() ?? []) {
      if (claim.invocation === invocation && !claim.isRecorded) {
        claim.isOpen = true;
      }
    }
  }

  private checkRepeat(model: WebhookModel, claim: Claim): void {
    const { findings } = this.book;
    const all = [...model.claims.values()].filter(({ request }) => request);
    const earlier = all.filter(({ turn }) => turn === claim.turn);
    findings.require(!claim.request, 'repeats', () => `one claim of turn ${claim.turn} is fired twice`, model.publicId);
    findings.require(earlier.every(({ isOpen }) => isOpen), 'repeats', () => `turn ${claim.turn} is fired again, and it was known how it went`, model.publicId);
    findings.require(all.every(({ request, invocation }) => request?.answer ?? invocation.ended), 'repeats', () => 'fired by two workers at a time', model.publicId);
    model.repeats += earlier.length > 0 ? 1 : 0;
  }

  private checkPunctual(model: WebhookModel, { at }: State, sentAt: number): void {
    const since = model.past.filter(({ state }) => state?.status !== 'delivering').at(-1)?.from ?? 0;
    const { faults, settings: { ingestWindowMs, maxSkewMs } } = this.book;
    const noticeMs = ingestWindowMs === undefined ? NOTICE_MS : NOTICE_MS + MAX_WINDOW_MS;
    if (faults.isFaultless && at - Math.max(model.accepted.publishedAt, since) >= noticeMs) {
      const clocksApart = Math.max(0, 2 * maxSkewMs - LEAD_MS + START_MS);
      this.book.findings.require(sentAt - at <= PUNCTUAL_MS + clocksApart, 'punctual', () => `${sentAt - at} ms late`, model.publicId);
    }
  }
}

function isRequestOf(message: Fields, { request, sentAt }: SeenRequest): boolean {
  const payload = message.get('payload');
  const body = payload?.startsWith('"') ? JSON.parse(payload) as string : payload;
  return request.headers['webhook-timestamp'] === String(Math.floor(sentAt / 1_000)) && JSON.stringify(request.url) === message.get('url')
    && JSON.stringify(request.method) === message.get('method') && request.body === body;
}
