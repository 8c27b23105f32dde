// What producers publish, and what the simulator knows of it without asking the code under test.
import { Random } from './random';

export type PublicationKind = 'webhook' | 'invalid' | 'cancel' | 'reschedule' | 'redrive';

/** The fields of a message, by name, as JSON text. */
export type Fields = ReadonlyMap<string, string>;

/** So many webhooks a message takes; a list of more is refused as a whole. */
const MAX_LISTED = 10;

/** A message, or one webhook of a list. */
export interface Publication {
  /** SNS MessageId of the message. */
  readonly messageId: string;
  /** What it is known by where it brings no id. */
  readonly defaultId: string;
  readonly kind: PublicationKind;
  /** No two publications have the same text, also where their content is the same. */
  readonly text: string;
  readonly publishedAt: number;
  /** Of a webhook, what it consists of; of a reschedule, what it replaces. */
  readonly fields: Fields;
  /** The id that a producer chose, or that an action names. */
  readonly id?: string;
}

/** What is published at once. */
export interface Message {
  readonly messageId: string;
  readonly text: string;
  /** Itself, or the webhooks of its list. */
  readonly publications: readonly Publication[];
}

/** Body of the queue messages that no function can read, and that no producer has published. */
export const POISON = 'poison';

/** What is to be published. */
export interface Draft extends Pick<Publication, 'kind' | 'fields' | 'id'> {
  /** What stands before the fields, where it is no plain message. */
  readonly action?: 'cancel' | 'reschedule' | 'redrive';
}

export class Publisher {
  private count = 0;

  public constructor(private readonly random: Random) {}

  public message(draft: Draft, now: number): Message {
    const text = this.textOf(draft);
    const messageId = this.random.uuid();
    return { messageId, text, publications: [publicationOf(draft, text, messageId, now)] };
  }

  public list(drafts: readonly Draft[], now: number): Message {
    const texts = drafts.map((draft) => this.textOf(draft));
    const messageId = this.random.uuid();
    const text = `[${texts.join(', ')}]`;
    const publications = drafts.length > MAX_LISTED
      ? [publicationOf({ kind: 'invalid', fields: new Map() }, text, messageId, now)]
      : drafts.map((draft, place) => publicationOf(draft, texts[place], messageId, now, `${messageId}-${place}`));
    return { messageId, text, publications };
  }

  /** White space tells texts apart that mean the same. */
  private textOf({ fields, id, action }: Draft): string {
    const all = [
      ...(action ? [['action', JSON.stringify(action)] as const] : []), ...(id === undefined ? [] : [['id', JSON.stringify(id)] as const]), ...fields,
    ];
    const members = this.random.shuffle(all).map(([name, json]) => `${JSON.stringify(name)}:${json}`);
    return `{${' '.repeat(++this.count)}${members.join(',')}}`;
  }
}

function publicationOf({ kind, fields, id }: Draft, text: string, messageId: string, now: number, defaultId = messageId): Publication {
  return { messageId, defaultId, kind, text, publishedAt: now, fields, id };
}

/** Whether two messages mean the same. */
export function isSameContent(a: Fields, b: Fields): boolean {
  return a.size === b.size && [...a].every(([name, json]) => b.get(name) === json);
}

/** The due instant that fields name. */
export function dueOf(fields: Fields): number {
  return Date.parse(JSON.parse(fields.get('date') ?? '""') as string);
}
