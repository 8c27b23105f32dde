// Watches the world, and finds what should not be. Its hooks are called as things happen; nothing here acts on the world.
import { EndpointObserver, SeenRequest } from '../endpoint';
import { Item } from '../expressions';
import { Faults } from '../faults';
import { Ending, FleetObserver } from '../fleet';
import { Message } from '../publication';
import { QueueMessage, QueueObserver } from '../queue';
import { CallObserver } from '../services';
import { QueueName, Settings } from '../settings';
import { RowKey, TableObserver } from '../table';
import { Invocation, Worker } from '../worker';
import { Book } from './book';
import { Cancels } from './cancels';
import { Violation } from './invariants';
import { Notices } from './notices';
import { Requests } from './requests';
import { States } from './states';
import { Supply } from './supply';
import { Tally } from './tally';
import { decodeState } from '../../../src/adapters/table-schema';
import { Metrics } from '../../../src/core/ports';

export class Oracle implements QueueObserver, TableObserver, FleetObserver, CallObserver, EndpointObserver {
  private readonly book: Book;
  private readonly supply: Supply;
  private readonly states: States;
  private readonly requests: Requests;
  private readonly notices: Notices;
  private readonly cancels: Cancels;
  private readonly tally: Tally;

  /** @param now true time */
  public constructor(now: () => number, settings: Settings, faults: Faults) {
    this.book = new Book(now, settings, faults);
    this.supply = new Supply(this.book);
    this.states = new States(this.book);
    this.requests = new Requests(this.book);
    this.notices = new Notices(this.book);
    this.cancels = new Cancels(this.book);
    this.tally = new Tally(this.book);
  }

  public metricsOf(worker: Worker): Metrics {
    return this.tally.of(worker);
  }

  /** The first invariant found broken. */
  public get violation(): Violation | undefined {
    return this.book.findings.violation;
  }

  /** Webhooks accepted. */
  public get webhooks(): number {
    return this.book.models.size;
  }

  /** Requests that were a turn's second or later. */
  public get repeats(): number {
    return [...this.book.models.values()].reduce((sum, { repeats }) => sum + repeats, 0);
  }

  /** Queue messages that held several turns, and those of them that were put aside. */
  public get packs(): readonly [sent: number, putAside: number] {
    return [this.supply.packs, this.supply.packsPutAside];
  }

  /** What a webhook or publication is called in the trace. */
  public namesOf(subject: string): readonly string[] {
    const model = this.book.named(subject);
    const published = model?.accepted ?? this.book.publications.known(subject);
    return [subject, ...(published ? [published.messageId] : []), ...(model?.state?.actions ?? [])];
  }

  public published(message: Message): void {
    this.book.publications.add(message);
  }

  public queued(queue: QueueName, message: QueueMessage, by: Worker | undefined): void {
    this.notices.queued(queue, message, by);
    this.supply.queued(queue, message, by);
  }

  public left(queue: QueueName, message: QueueMessage, why: 'deleted' | 'moved' | 'expired'): void {
    this.supply.left(queue, message, why);
  }

  public wrote(key: RowKey, after: Item, by: Worker): void {
    if (key.pk === 'load') {
      this.supply.wroteOfLoad(key, after);
    } else if (key.sk === 'state') {
      this.supply.hasChanged(this.states.wrote(decodeState(after), by));
    } else if (key.sk === 'name') {
      this.supply.wroteName(key, after);
    } else {
      this.supply.wroteDueRow(key, after);
    }
  }

  /** Load would have come so far, had it run. */
  public skippedTo(cursor: Item): void {
    this.supply.wroteCursor(cursor);
  }

  public expired(key: RowKey, item: Item): void {
    this.supply.expired(key, item);
  }

  public invoked(invocation: Invocation): void {
    this.cancels.invoked(invocation);
    this.tally.invoked(invocation);
  }

  public ended(invocation: Invocation, how: Ending): void {
    this.requests.ended(invocation, how);
    this.cancels.ended(invocation, how);
  }

  public misused(worker: Worker, what: string): void {
    this.book.findings.report('permissions', `${worker.name}: ${what}`);
  }

  public outlived(worker: Worker, command: string): void {
    this.book.findings.report('answersInTime', `${worker.name} calls ${command} after it has answered`);
  }

  public unanswered(worker: Worker, command: string, input: object): void {
    this.requests.unanswered(worker, command, input);
  }

  public requested(seen: SeenRequest): void {
    this.requests.requested(seen);
  }

  public notified(text: string, reason: string | undefined, worker: Worker): void {
    this.notices.notified(text, reason, worker);
  }

  /** To be called after each event. */
  public checkStep(): void {
    this.supply.check();
  }

  /** To be called when nothing more happens. */
  public checkEnd(): void {
    const { findings, models, publications, faults } = this.book;
    for (const model of models.values()) {
      // Dead letters have been moved back.
      findings.require(model.hasEnded && model.state?.reason !== 'dead-letter', 'everythingEnds',
        () => `${model.state?.status ?? 'accepted'} ${model.state?.reason ?? ''}, and stays so`, model.publicId);
      const copies = publications.copiesOf(model.accepted);
      findings.require(model.firstSenders.length <= copies || !faults.isFaultless, 'oneOwner', () => `sent ${model.firstSenders.length} times`, model.publicId);
    }
    this.notices.checkEnd();
    this.tally.checkEnd();
    publications.checkEnds((id) => this.book.named(id), faults.isFaultless);
  }

  /** To be called when things still happen long after they should have come to an end. */
  public checkEndless(): void {
    const { findings, models } = this.book;
    findings.report('everythingEnds', 'there is no end to it', [...models.values()].find(({ hasEnded }) => !hasEnded)?.publicId);
  }
}
