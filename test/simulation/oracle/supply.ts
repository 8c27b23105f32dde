// Where webhooks lie: rows ahead of load, messages in queues. Whatever has not ended has to lie somewhere.
import { Item } from '../expressions';
import { dueOf, isSameContent, POISON, Publication } from '../publication';
import { QueueMessage } from '../queue';
import { QueueName } from '../settings';
import { RowKey } from '../table';
import { Worker } from '../worker';
import { Book } from './book';
import { WebhookModel } from './model';
import { isPack, turnsIn } from './queue-bodies';
import { ID_PREFIX } from '../../../src/adapters/table-keys';

const MINUTE_KEY = /^\d+#(\d+)$/;
const OPENING_KEY = /^partitions#(\d+)$/;

export class Supply {
  /** Queue messages with several turns that the scheduler has sent, and those among them that SQS has put aside. */
  public packs = 0;
  public packsPutAside = 0;
  /** Whose supply has changed since the last look. */
  private readonly changed = new Set<WebhookModel>();
  /** Messages of each publication on their way to ingest or put aside, by MessageId. */
  private readonly ingestMessages = new Map<string, number>();
  private loadedTo = new Map<number, number>();
  /** Since when load looks into so many partitions. */
  private readonly openings = new Map<number, number>();

  public constructor(private readonly book: Book) {}

  public queued(queue: QueueName, message: QueueMessage, by: Worker | undefined): void {
    if (message.body.startsWith(POISON)) {
      return;
    }
    if (isForIngest(queue)) {
      this.count(message, 1);
    } else {
      this.packs += queue === 'delay' && isPack(message.body) ? 1 : 0;
      this.packsPutAside += queue === 'delayUnreported' && isPack(message.body) ? 1 : 0;
      this.queuedTurns(queue, message, by);
    }
  }

  public left(queue: QueueName, message: QueueMessage, why: 'deleted' | 'moved' | 'expired'): void {
    if (message.body.startsWith(POISON)) {
      return;
    }
    this.book.findings.require(why !== 'expired', 'nothingLost', () => `a message has lain in ${queue} for too long: ${message.body}`);
    if (isForIngest(queue)) {
      this.count(message, -1);
      this.allChanged();
    } else {
      for (const { id } of turnsIn(message.body)) {
        const model = this.book.models.get(id);
        model?.delayMessages.delete(message);
        this.hasChanged(model);
      }
    }
  }

  /** What load goes by: where it has come to, or another number of partitions to begin with. */
  public wroteOfLoad({ sk }: RowKey, item: Item): void {
    const partitions = OPENING_KEY.exec(sk)?.[1];
    if (partitions === undefined) {
      this.wroteCursor(item);
    } else {
      this.openings.set(Number(partitions), Number(item.since.N));
    }
  }

  /** Load has come so far, or would have, had it run. */
  public wroteCursor(item: Item): void {
    this.loadedTo = new Map(Object.entries(item.loadedTo.M ?? {}).map(([partition, to]) => [Number(partition), Number(to.N)]));
    this.allChanged();
  }

  /** From here on an id stands for one webhook. */
  public wroteName({ pk }: RowKey, { dueAt }: Item): void {
    const id = pk.slice(ID_PREFIX.length);
    if (!this.book.models.has(id) && !this.accept(id, Number(dueAt.N))) {
      this.book.findings.report('acceptedOnce', `the id ${id} is taken by nothing that was published`, id);
    }
  }

  /** A message, or a pointer to one. */
  public wroteDueRow({ pk, sk }: RowKey, item: Item): void {
    const [at, id, version] = sk.split('#');
    const partition = Number(MINUTE_KEY.exec(pk)?.[1]);
    const isFirst = item.d === undefined && version === undefined;
    const model = this.book.models.get(id) ?? (isFirst ? this.accept(id, Number(at)) : undefined);
    if (!model) {
      this.book.findings.report('acceptedOnce', `row ${pk} ${sk} belongs to nothing that was accepted`, id);
      return;
    }
    if (isFirst) {
      this.book.findings.require(Number(at) === dueOf(model.accepted.fields), 'acceptedOnce', () => `stored for ${at} too`, model.publicId);
      model.owner = item.o === undefined || model.owner === 'load' ? 'load' : 'ingest';
      model.storedAt = Math.min(model.storedAt, this.book.now());
    }
    if (item.o === undefined) {
      model.dueRows.set(`${pk} ${sk}`, { turn: Number(item.t?.N ?? 0), at: Number(at), partition });
    }
  }

  public expired({ pk, sk }: RowKey, item: Item): void {
    const isById = pk.startsWith(ID_PREFIX);
    const [, rowId, version] = sk.split('#');
    const model = this.book.models.get(isById ? pk.slice(ID_PREFIX.length) : rowId);
    if (!model) {
      return;
    }
    const isNeeded = isById || (item.d === undefined ? version === model.state?.version : model.dueRows.get(`${pk} ${sk}`)?.turn === model.turn);
    this.book.findings.require(model.hasEnded || !isNeeded, 'keptLongEnough', () => `row ${pk} ${sk} has expired before its webhook has ended`, model.publicId);
    model.dueRows.delete(`${pk} ${sk}`);
    model.hasLostRows = true;
    this.hasChanged(model);
  }

  /** To be called when a webhook may need something else than before. */
  public hasChanged(model: WebhookModel | undefined): void {
    if (model) {
      this.changed.add(model);
    }
  }

  /** Whether everything that has not ended will still be brought on. */
  public check(): void {
    for (const model of this.changed) {
      this.book.findings.require(this.isBroughtOn(model), 'nothingLost',
        () => `nothing will bring it on: turn ${model.turn}, ${model.state?.status ?? 'accepted'}`, model.publicId);
    }
    this.changed.clear();
  }

  private queuedTurns(queue: QueueName, message: QueueMessage, by: Worker | undefined): void {
    for (const { id, turn, partition } of turnsIn(message.body)) {
      const model = this.book.models.get(id);
      if (!model) {
        this.book.findings.report('acceptedOnce', `sent on without having been accepted: ${message.body}`, id);
        return;
      }
      model.delayMessages.add(message);
      model.sent++;
      model.wasPutAsideInPack ||= queue === 'delayUnreported' && isPack(message.body);
      // Load takes apart the packs that were put aside, whoever sent them.
      const isFromPack = model.wasPutAsideInPack && !isPack(message.body);
      if (queue === 'delay' && turn === 0 && !isFromPack && (by?.functionName === 'ingest' || by?.functionName === 'load')) {
        model.firstSenders.push({ by: by.functionName, partition });
        const ofRow = model.firstSenders.filter((sender) => sender.partition === partition);
        this.book.findings.require(
          ofRow.every((sender) => sender.by === by.functionName), 'oneOwner', () => 'the first turn was sent by ingest and by load', model.publicId,
        );
      }
    }
  }

  private accept(id: string, dueAt: number): WebhookModel | undefined {
    const publication = this.book.publications.webhook(id, dueAt);
    if (!publication) {
      return undefined;
    }
    const model = new WebhookModel(id, publication);
    this.book.add(model);
    this.hasChanged(model);
    return model;
  }

  private isBroughtOn(model: WebhookModel): boolean {
    return model.hasEnded || model.delayMessages.size > 0 || this.isAheadOfLoad(model) || this.isAtIngest(model);
  }

  private isAheadOfLoad({ dueRows, turn }: WebhookModel): boolean {
    return [...dueRows.values()].some((row) => row.turn === turn && row.at >= (this.loadedTo.get(row.partition) ?? this.openedAt(row.partition)));
  }

  /** `Infinity` where load does not look. */
  private openedAt(partition: number): number {
    return Math.min(...[...this.openings].flatMap(([partitions, since]) => (partition < partitions ? [since] : [])));
  }

  /** Whether ingest has a message to handle, or to handle again, that brings this webhook on. */
  private isAtIngest({ accepted, owner, state }: WebhookModel): boolean {
    return [...this.ingestMessages.keys()].some((messageId) => state?.actions?.includes(messageId)
      || (owner !== 'load' && this.book.publications.of(messageId).some((publication) => isCopy(publication, accepted))));
  }

  private count({ body }: QueueMessage, change: 1 | -1): void {
    const { MessageId: id } = JSON.parse(body) as { MessageId: string };
    const count = (this.ingestMessages.get(id) ?? 0) + change;
    if (count > 0) {
      this.ingestMessages.set(id, count);
    } else {
      this.ingestMessages.delete(id);
    }
  }

  private allChanged(): void {
    for (const model of this.book.models.values()) {
      if (!model.hasEnded) {
        this.changed.add(model);
      }
    }
  }
}

function isForIngest(queue: QueueName): boolean {
  return queue.startsWith('ingest');
}

function isCopy(publication: Publication, accepted: Publication): boolean {
  return publication.kind === 'webhook' && (publication === accepted
    || (accepted.id !== undefined && publication.id === accepted.id && isSameContent(publication.fields, accepted.fields)));
}
