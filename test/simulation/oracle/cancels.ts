// What a producer can count on: a cancel that is taken in early enough takes effect there and then.
import { Ending } from '../fleet';
import { dueOf, Publication } from '../publication';
import { Invocation } from '../worker';
import { Book } from './book';
import type { State } from '../../../src/core/state';
import { CANCEL_GUARANTEE_MS } from '../../../src/core/timing';

export class Cancels {
  /** Cancels that invocations have been given, with the states that they found. */
  private readonly underWay = new Map<Invocation, ReadonlyMap<Publication, State | undefined>>();

  public constructor(private readonly book: Book) {}

  public invoked(invocation: Invocation): void {
    if (invocation.worker.functionName !== 'ingest') {
      return;
    }
    const publications = invocation.batch.map(({ body }) => this.book.publications.actionIn(body));
    this.underWay.set(invocation, new Map(publications.flatMap((publication) => {
      const model = this.book.named(publication?.id);
      // Without a state, a webhook is not found by its MessageId.
      const isKnown = model !== undefined && (model.accepted.id !== undefined || model.state !== undefined);
      return publication?.kind === 'cancel' && isKnown ? [[publication, model.state]] : [];
    })));
  }

  public ended(invocation: Invocation, how: Ending): void {
    for (const [publication, found] of this.underWay.get(invocation) ?? []) {
      const model = this.book.named(publication.id);
      const left = (found?.at ?? (model ? dueOf(model.accepted.fields) : 0)) - this.book.now();
      const isWaiting = found === undefined || found.status === 'scheduled' || found.status === 'retrying';
      const isSuperseded = model?.isSuperseded(publication) === true;
      if (how === 'answered' && !invocation.disturbed && isWaiting && !isSuperseded && left >= CANCEL_GUARANTEE_MS) {
        this.book.findings.require(model?.state !== found, 'cancelPrevails', () => `taken in ${left} ms before the date, to no effect`, publication.id);
      }
    }
    this.underWay.delete(invocation);
  }
}
