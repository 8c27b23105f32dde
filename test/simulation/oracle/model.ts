// What the oracle knows of one webhook: from what was published, written, queued and requested.
import type { State } from '../../../src/core/state';
import { publicId } from '../../../src/core/webhook';
import { SeenRequest } from '../endpoint';
import { Fields, Publication } from '../publication';
import { QueueMessage } from '../queue';
import { Invocation } from '../worker';

/** A turn that a worker took the right to fire. */
export interface Claim {
  readonly claimant: string;
  readonly turn: number;
  readonly at: number;
  readonly invocation: Invocation;
  request?: SeenRequest;
  /** Its outcome is on the state. */
  isRecorded: boolean;
  /** Its worker died, or could not write the outcome. */
  isOpen: boolean;
}

/** A row by which load finds a turn. */
export interface DueRow {
  readonly turn: number;
  readonly at: number;
  readonly partition: number;
}

/** A failure as it was written, and how often it was told. */
export interface Failing {
  readonly turn: number;
  readonly reason: string;
  notices: number;
  /** An action, or a dead letter that came back, had it go on before it was told. */
  isOvertaken: boolean;
}

/** What a state was, and since when. */
export interface Past {
  readonly state: State | undefined;
  readonly from: number;
}

export class WebhookModel {
  public readonly publicId: string;
  public state?: State;
  /** What the state was, the latest last. */
  public readonly past: Past[] = [{ state: undefined, from: 0 }];
  /** The message, by the version of the row it is in. */
  public readonly contents = new Map<string | undefined, Fields>();
  /** Who sends the first turn, once the message is stored; load, where one of several rows is its own. */
  public owner?: 'ingest' | 'load';
  /** When the message was stored; true time. */
  public storedAt = Infinity;
  /** MessageIds of the actions that have taken effect. */
  public readonly actions = new Set<string>();
  /** When the latest of them was published, and the latest redrive. */
  public actionAt = 0;
  public redrivenAt = 0;
  /** Rows that load has yet to find, or has found, by their keys. */
  public readonly dueRows = new Map<string, DueRow>();
  /** Whether a row of it has expired. */
  public hasLostRows = false;
  /** In the delay queue and the queues behind it. */
  public readonly delayMessages = new Set<QueueMessage>();
  /** How many there have been. */
  public sent = 0;
  /** Whether SQS has put aside a message that holds a turn of it along with others'. */
  public wasPutAsideInPack = false;
  public readonly claims = new Map<string, Claim>();
  public readonly failings: Failing[] = [];
  /**
   * Who sent the first turn to the delay queue, each time. Copies of a message without an id of its own have a row each where the number of partitions
   * changed between them: both are sent, and the claim stops one.
   */
  public readonly firstSenders: { readonly by: string; readonly partition?: number }[] = [];
  /** Requests that were a turn's second or later. */
  public repeats = 0;

  public constructor(public readonly id: string, public readonly accepted: Publication) {
    this.publicId = publicId(id);
    this.contents.set(undefined, accepted.fields);
  }

  /** The message as it is now. */
  public get content(): Fields {
    return this.contents.get(this.state?.version) ?? this.accepted.fields;
  }

  public get turn(): number {
    return this.state?.turn ?? 0;
  }

  /** Whether nothing more has to happen. */
  public get hasEnded(): boolean {
    const { state } = this;
    return state !== undefined && (state.status === 'delivered' || state.status === 'cancelled' || (state.status === 'failed' && !state.unreported));
  }

  /** The states it has been in since an instant. */
  public since(instant: number): (State | undefined)[] {
    return this.past.filter((_, i) => (this.past[i + 1]?.from ?? Infinity) >= instant).map(({ state }) => state);
  }

  /** Whether an action comes too late: published before one that has taken effect. A cancel prevails over all but redrives. */
  public isSuperseded({ kind, publishedAt }: Publication): boolean {
    return (kind === 'cancel' ? this.redrivenAt : this.actionAt) > publishedAt;
  }

  /** Whether a failure of this turn has been told. */
  public isTold(turn: number): boolean {
    return this.failings.some((failing) => failing.turn === turn && failing.notices > 0);
  }
}
