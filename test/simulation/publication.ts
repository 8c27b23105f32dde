// What producers publish, and what the simulator knows of it without asking the code under test.
import { Random } from './random';

export type PublicationKind = 'webhook' | 'invalid' | 'cancel' | 'reschedule' | 'redrive';

/** The fields of a message, by name, as JSON text. */
export type Fields = ReadonlyMap<string, string>;

export interface Publication {
  /** SNS MessageId. */
  readonly messageId: string;
  readonly kind: PublicationKind;
  /** No two publications have the same text, also where their content is the same. */
  readonly text: string;
  readonly publishedAt: number;
  /** Of a webhook, what it consists of; of a reschedule, what it replaces. */
  readonly fields: Fields;
  /** The id that a producer chose, or that an action names. */
  readonly id?: string;
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

  public publication({ kind, fields, id, action }: Draft, now: number): Publication {
    const all = [
      ...(action ? [['action', JSON.stringify(action)] as const] : []), ...(id === undefined ? [] : [['id', JSON.stringify(id)] as const]), ...fields,
    ];
    const members = this.random.shuffle(all).map(([name, json]) => `${JSON.stringify(name)}:${json}`);
    // White space tells texts apart that mean the same.
    const text = `{${' '.repeat(++this.count)}${members.join(',')}}`;
    return { messageId: this.random.uuid(), kind, text, publishedAt: now, fields, id };
  }
}

/** Whether two messages mean the same. */
export function isSameContent(a: Fields, b: Fields): boolean {
  return a.size === b.size && [...a].every(([name, json]) => b.get(name) === json);
}

/** The due instant that fields name. */
export function dueOf(fields: Fields): number {
  return Date.parse(JSON.parse(fields.get('date') ?? '""') as string);
}
