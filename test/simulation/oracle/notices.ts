// What the failure topic tells: of what has happened, with the message as it was published.
import { Fields, isSameContent, POISON, Publication } from '../publication';
import { QueueMessage } from '../queue';
import { QueueName, timeoutOf } from '../settings';
import { Worker } from '../worker';
import { Book } from './book';
import { Notice } from './publications';

export class Notices {
  /** Bodies that nobody could read, and whether that was told. */
  private readonly poison = new Map<string, boolean>();

  public constructor(private readonly book: Book) {}

  public queued(queue: QueueName, { body }: QueueMessage, by: Worker | undefined): void {
    if (!body.startsWith(POISON)) {
      return;
    }
    if (queue.endsWith('Dead') && by === undefined) {
      this.poison.delete(body); // SQS itself has put it aside, since the topic was down for too long
    } else {
      const isTold = this.poison.get(body) ?? false;
      this.book.findings.require(isTold || !queue.endsWith('Dead'), 'notices', () => `put aside without a word: ${body}`);
      this.poison.set(body, isTold);
    }
  }

  public notified(text: string, reason: string | undefined, worker: Worker): void {
    const notice = JSON.parse(text) as Notice;
    this.book.findings.require(reason === notice.reason, 'notices', () => `reason ${reason} beside ${notice.reason}`, notice.id);
    if (notice.reason === 'validation' || notice.reason === 'refused') {
      this.refused(notice, text, worker);
    } else if (typeof notice.message === 'string' && notice.message.startsWith(POISON)) {
      this.poison.set(notice.message, true);
    } else if (notice.queue === 'delay' && notice.message === undefined) {
      // Told without a look at the table; what it is about waits among the dead letters.
      this.book.findings.require((this.book.named(notice.id)?.delayMessages.size ?? 0) > 0, 'notices', () => `no dead letter: ${text}`, notice.id);
    } else if (notice.queue === 'ingest') {
      this.book.findings.require(this.book.publications.isMessageTold(text), 'notices', () => `never published: ${text}`, notice.id);
    } else {
      this.failed(notice, text);
    }
  }

  /** To be called when nothing more happens. */
  public checkEnd(): void {
    const { findings, faults } = this.book;
    for (const model of this.book.models.values()) {
      for (const { turn, reason, notices, isOvertaken } of model.failings) {
        findings.require(isOvertaken || model.isTold(turn), 'notices', () => `nobody was told that turn ${turn} failed: ${reason}`, model.publicId);
        // Two copies in the queue may tell it at the same time.
        findings.require(notices <= model.sent || !faults.isFaultless, 'notices', () => `told ${notices} times that turn ${turn} failed`, model.publicId);
      }
    }
    for (const [body, isTold] of this.poison) {
      findings.require(isTold, 'notices', () => `nobody was told of ${body}`, body);
    }
  }

  private refused(notice: Notice, text: string, worker: Worker): void {
    const publication = this.book.publications.toldBy(text);
    if (!publication) {
      this.book.findings.report('notices', `never published: ${text}`, notice.id);
      return;
    }
    this.book.publications.refused(publication);
    const isTrue = notice.reason === 'validation'
      ? ['invalid', 'webhook', 'reschedule'].includes(publication.kind)
      : notice.action === publication.kind && notice.id === publication.id && this.isRefusable(publication, notice, worker);
    this.book.findings.require(isTrue, 'notices', () => `${publication.kind} told as ${notice.reason} ${notice.refusal ?? ''}`, publication.id);
    // Otherwise it would be told again each time the others have the message come again.
    const left = this.book.publications.of(publication.messageId).find((other) => other.kind === 'webhook' && !this.isTakenIn(other));
    this.book.findings.require(left === undefined, 'notices', () => `told before ${left?.id ?? left?.defaultId} is stored and sent`, publication.id);
  }

  /** Whether a webhook, or one that has taken its id, is stored, and sent to the delay queue if ingest has to. */
  private isTakenIn({ id, defaultId, fields }: Publication): boolean {
    const model = this.book.named(id ?? defaultId);
    const isOther = model !== undefined && !isSameContent(model.accepted.fields, fields);
    return isOther || (model !== undefined && model.storedAt < Infinity && (model.owner !== 'ingest' || model.firstSenders.length > 0));
  }

  /** Whether that reason was given at some time of the invocation. */
  private isRefusable(publication: Publication, { refusal, failedAt }: Notice, { invocation, clock }: Worker): boolean {
    const { settings } = this.book;
    const refusedAt = new Date(failedAt).getTime() - (clock.now() - this.book.now());
    // A notice may come to pass after its invocation, in the midst of the next one.
    const isLate = invocation === undefined || refusedAt < invocation.startedAt;
    const startedAt = isLate ? refusedAt - timeoutOf('ingest', settings) : invocation.startedAt;
    const model = this.book.named(publication.id);
    const states = model?.since(startedAt) ?? [undefined];
    switch (refusal) {
      case 'unknown-id':
        // By a MessageId nothing is found before there is a state.
        return !model || model.storedAt >= startedAt || (model.accepted.id === undefined && states.includes(undefined));
      case 'superseded':
        return model?.isSuperseded(publication) === true;
      case 'not-failed':
        return states.some((state) => ['scheduled', 'retrying', 'delivering'].includes(state?.status ?? 'scheduled'));
      case 'missing':
        return model?.hasLostRows === true;
      default:
        return states.some((state) => state?.status === refusal);
    }
  }

  private failed(notice: Notice, text: string): void {
    const model = this.book.named(notice.id);
    const failing = model?.failings.filter(({ reason }) => reason === notice.reason).at(-1);
    if (!model || !failing) {
      this.book.findings.report('notices', `told, and not so: ${text}`, notice.id);
      return;
    }
    failing.notices++;
    const isMessage = model.past.some(({ state }) => state?.status === 'failed' && isMessageOf(model.contents.get(state.version), notice, text));
    this.book.findings.require(isMessage, 'notices', () => `not the message that failed: ${text}`, notice.id);
  }
}

function isMessageOf(message: Fields | undefined, notice: Notice, text: string): boolean {
  const told = notice.message as Record<string, unknown> | undefined;
  return told !== undefined && message !== undefined && text.includes(message.get('payload') ?? '')
    && [...message].every(([name, json]) => JSON.stringify(told[name]) === JSON.stringify(JSON.parse(json)))
    && Object.keys(told).every((name) => name === 'id' || message.has(name));
}
