// What load reads of all partitions, sent together: so that turns of one second fill queue messages, whichever partitions they lie in.
import { Clock } from './clock';
import { DelayQueue } from './ports';
import { Turn } from './webhook';

/** The page of a partition that waits to be sent. */
interface Parcel {
  readonly turns: readonly Turn[];
  readonly since: number;
  readonly resolve: (unsent: readonly Turn[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * So many turns go without waiting for more: fewer of a minute are less than a hundred a second, so that a pack of theirs is an invocation's worth,
 * and is to be made of all partitions.
 */
const MANY_TURNS = 6_000;

/**
 * So long a page waits for partitions that come back with nothing. Most have a minute or two of that before they are done, but one that is new
 * has a day of it, and with hundreds of them minutes would go by in which nothing is sent.
 */
const MAX_WAIT_MS = 1_000;

/**
 * Collects the pages of partitions that are read side by side. Each partition waits until its page has been sent, so that of each there are
 * two at most: the one that waits and the one that is read meanwhile. What there is goes as soon as nobody else can be waited for, or is worth it.
 */
export class Shipments {
  private waiting: Parcel[] = [];

  /** @param reading how many partitions are being read: at first all, then those that neither wait for their page to be sent nor have left */
  public constructor(private reading: number, private readonly clock: Clock, private readonly delayQueue: Pick<DelayQueue, 'send'>) {}

  /** Sends the turns of a partition, along with those of others; returns those that could not be sent. */
  public async send(turns: readonly Turn[]): Promise<readonly Turn[]> {
    if (turns.length === 0) {
      if (this.waiting.length > 0 && this.clock.now() - this.waiting[0].since >= MAX_WAIT_MS) {
        this.shipAll();
      }
      return [];
    }
    const unsent = new Promise<readonly Turn[]>((resolve, reject) => {
      this.waiting.push({ turns, since: this.clock.now(), resolve, reject });
    });
    this.reading--;
    this.shipIfReady();
    try {
      return await unsent;
    } finally {
      this.reading++;
    }
  }

  /** A partition has nothing more to send. */
  public leave(): void {
    this.reading--;
    this.shipIfReady();
  }

  private shipIfReady(): void {
    if (this.waiting.length === 0) {
      return;
    }
    const count = this.waiting.reduce((sum, { turns }) => sum + turns.length, 0);
    if (this.reading === 0 || count >= MANY_TURNS) {
      this.shipAll();
    }
  }

  private shipAll(): void {
    const parcels = this.waiting;
    this.waiting = [];
    void this.ship(parcels);
  }

  private async ship(parcels: readonly Parcel[]): Promise<void> {
    try {
      const unsent = new Set(await this.delayQueue.send(parcels.flatMap(({ turns }) => turns)));
      parcels.forEach(({ turns, resolve }) => resolve(turns.filter((turn) => unsent.has(turn))));
    } catch (error) {
      parcels.forEach(({ reject }) => reject(error));
    }
  }
}
