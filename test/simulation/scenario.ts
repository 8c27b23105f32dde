// What producers do in one world, drawn from its seed: webhooks due from long ago to months ahead, and actions at the worst moments.
import { Character } from './endpoint';
import { Draft, dueOf, Fields } from './publication';
import { Random } from './random';
import { DAY, HOUR, INGEST_HORIZON_MS, LOAD_HORIZON_MS, MINUTE, SECOND, Settings } from './settings';

/** Something that is published at an instant. */
export interface Planned {
  readonly at: number;
  /** One, or those of a list. */
  readonly drafts: readonly Draft[];
  readonly isList: boolean;
}

const CHARACTERS: readonly (readonly [number, Character])[] = [
  [5, 'good'], [4, 'flaky'], [2, 'bad'], [1, 'throttling'], [1, 'gone'], [1, 'hanging'], [1, 'slow'],
];

/** What no scheduler accepts. */
const INVALID: readonly (readonly [string, string])[] = [
  ['date', '"2026-02-30T00:00:00Z"'], ['date', '"tomorrow"'], ['date', '"2300-01-01T00:00:00Z"'], ['url', '"ftp://good.example/"'], ['method', '"FETCH"'],
  ['header', '{}'], ['id', '"with.full.stop"'], ['retry', '{"maxAttempts":0}'], ['retry', '{"maxAttempts":99}'], ['headers', '{"host":"good.example"}'],
];

/** Around an instant: at once, or so near that it matters. */
const NASTY_MS = [-15_000, -12_500, -10_001, -10_000, -7_500, -6_000, -5_000, -4_000, -2_500, -1_000, -20, 0, 20, 500, 2_000, 20_000, 90_000];

/** So long after one another webhooks are due that leave no time in between: less than an outcome gives way to the next request. */
const CLOSELY_MS = 12;

/** What is published in a list comes before its own time by less than this. */
const MAX_AHEAD_MS = HOUR;

export class Scenario {
  /** A redrive of a webhook that has failed. */
  public static redrive(id: string, at: number): Planned {
    return single(at, { kind: 'redrive', action: 'redrive', id, fields: new Map() });
  }

  public readonly planned: readonly Planned[];
  /** Before some of them are gathered in lists. */
  private readonly singles: Planned[] = [];
  private names = 0;
  /** Other contents in lists: those of one id differ in their date, by which the oracle tells them apart. */
  private others = 0;

  /**
   * @param added chance of its own, for what was not always drawn
   * @param isHasty whether all are due closely one after the other, for two seconds, and are found by load, which packs them together
   */
  public constructor(
    private readonly random: Random, added: Random, private readonly settings: Settings, private readonly start: number,
    private readonly isHasty: boolean,
  ) {
    // A batching window is to gather what comes within it, and more than would come at once.
    const { ingestWindowMs: window } = settings;
    const [many, most] = window === undefined ? [20, 1] : [60, 4];
    const drawn = random.weighted([[60, random.int(1, 4)], [80, random.int(3, 12)], [many, random.int(12, 40)], [most, random.int(130, 180)]]);
    const few = isHasty ? random.int(150, 190) : drawn;
    const span = isHasty ? MINUTE : random.pick([20, SECOND, ...(window === undefined ? [] : [window]), 10 * MINUTE, 3 * HOUR, 2 * DAY]);
    // In so large a world it is the second in which all are due that is to be looked at.
    const isBurst = random.chance(0.6) || few > 100;
    const webhooks = isBurst ? Math.max(few, random.int(2, 8)) : few;
    const burst = isBurst ? start + random.pick([random.spread(SECOND, DAY), random.spread(INGEST_HORIZON_MS, DAY)]) : undefined;
    const burstMs = few > 100 ? 500 : random.pick([0, 500, 2_500]);
    const isInBurst = () => burst !== undefined && random.chance(0.7);
    for (let i = 0; i < webhooks; i++) {
      const inLine = start + 2 * INGEST_HORIZON_MS + i * CLOSELY_MS;
      const dueFor = (at: number) => (isInBurst() ? Math.max(at, burst! + random.int(0, burstMs)) : at + this.ahead());
      this.planWebhook(start + Math.floor(random.next() * span), isHasty ? () => inLine : dueFor);
    }
    this.planned = added.chance(1 / 3) ? this.gathered() : this.singles;
  }

  /** What a producer may ask of a webhook, published at `at`. */
  public actionsOn(id: string, at: number, due: number): Planned[] {
    const { random } = this;
    const actions: Planned[] = [];
    // Around an action that has to wait, whatever is late is excused; in a hasty world nothing is to be.
    const more = this.isHasty ? 0 : random.chance(0.05) ? 0.92 : 0.3;
    while (random.chance(more)) {
      const when = this.nearly(at, due);
      const kind = random.weighted([[4, 'cancel'], [4, 'reschedule'], [1, 'redrive']] as const);
      actions.push(single(when, { kind, action: kind, id, fields: kind === 'reschedule' ? this.changes(when, due) : new Map() }));
    }
    return actions;
  }

  /** @param dueFor when it is due that is published then */
  private planWebhook(at: number, dueFor: (at: number) => number): void {
    const { random } = this;
    if (random.chance(0.08)) {
      this.plan(at, { kind: 'invalid', fields: new Map([...this.fields(at), random.pick(INVALID)]) });
      return;
    }
    const id = random.chance(0.6) ? `order-${++this.names}` : undefined;
    const fields = this.fields(dueFor(at));
    this.plan(at, { kind: 'webhook', id, fields });
    if (id !== undefined) {
      this.planSequel(at, id, fields);
    } else if (random.chance(0.05)) {
      this.plan(at + random.spread(1, HOUR), { kind: 'cancel', action: 'cancel', id: 'of-nobody', fields: new Map() });
    }
  }

  /** What else is published about a webhook. */
  private planSequel(at: number, id: string, fields: Fields): void {
    const { random } = this;
    const due = Math.max(dueOf(fields), at);
    while (random.chance(0.15)) {
      this.plan(this.nearly(at, due), { kind: 'webhook', id, fields });
    }
    if (random.chance(0.08)) {
      this.plan(this.nearly(at, due), { kind: 'webhook', id, fields: this.fields(due + random.pick([1, SECOND, DAY])) });
    }
    this.singles.push(...this.actionsOn(id, at, due));
  }

  /** With some of the webhooks, right and wrong ones, in lists: those that would be published soon after one another. */
  private gathered(): Planned[] {
    const { random } = this;
    const isWebhook = ({ drafts: [{ kind }] }: Planned) => kind === 'webhook' || kind === 'invalid';
    const webhooks = this.singles.filter(isWebhook).sort((a, b) => a.at - b.at);
    const planned = this.singles.filter((one) => !isWebhook(one));
    while (webhooks.length > 0) {
      const [{ at }] = webhooks;
      const most = random.chance(0.4) ? 1 : random.int(2, 10);
      const near = webhooks.splice(0, webhooks.slice(0, most).filter((one) => one.at - at < MAX_AHEAD_MS).length);
      const drafts = near.flatMap(({ drafts: [draft] }) => [draft, ...this.besides(draft)]);
      planned.push(near.length === 1 ? near[0] : { at, drafts, isList: true });
    }
    return planned;
  }

  /** What comes with a webhook in a list, and should not: itself, others with its id, and actions. */
  private besides(draft: Draft): Draft[] {
    const { random } = this;
    const { kind, id, fields } = draft;
    return [
      ...(random.chance(0.08) ? [draft] : []),
      ...(kind === 'webhook' && id !== undefined && random.chance(0.08) ? [{ kind, id, fields: this.fields(dueOf(fields) + 2 * ++this.others) }] : []),
      ...(random.chance(0.04) ? [{ kind: 'invalid', action: 'cancel', id: id ?? 'of-nobody', fields: new Map() } as const] : []),
    ];
  }

  /** Sometime between publication and a while after the date, most likely near one of them, or just before a message that it follows. */
  private nearly(at: number, due: number): number {
    const { random } = this;
    switch (random.int(0, 3)) {
      case 0:
        return Math.max(this.start, at + random.int(-200, 2_000));
      case 1:
        return at + Math.floor(random.next() * Math.min(due - at + HOUR, DAY));
      default:
        return Math.max(this.start, due + random.pick(NASTY_MS));
    }
  }

  private changes(when: number, due: number): Fields {
    const { random } = this;
    const changes = new Map<string, string>();
    if (random.chance(0.7)) {
      changes.set('date', dateText(random.chance(0.3) ? due + random.pick(NASTY_MS) : when + this.ahead(), random));
    }
    if (changes.size === 0 || random.chance(0.4)) {
      const [name, json] = random.pick([['url', this.url()], ['method', '"PUT"'], ['payload', this.payload()]] as const);
      changes.set(name, json);
    }
    if (random.chance(0.05)) {
      changes.set('retry', '{"maxAttempts":1}');
    }
    return changes;
  }

  private fields(due: number): Fields {
    const { random } = this;
    const fields = new Map([['date', dateText(due, random)], ['url', this.url()], ['method', random.pick(['"POST"', '"PUT"', '"GET"'])]]);
    if (random.chance(0.8)) {
      fields.set('payload', this.payload());
    }
    const limits = {
      ...(random.chance(0.15) ? { maxAttempts: random.int(1, this.settings.retry.delaysMs.length + 1) } : {}),
      ...(random.chance(0.1) ? { maxAgeSeconds: this.maxAgeSeconds() } : {}),
    };
    if (Object.keys(limits).length > 0) {
      fields.set('retry', JSON.stringify(limits));
    }
    return fields;
  }

  /** No more than the retry policy surely grants. */
  private maxAgeSeconds(): number {
    const { delaysMs, maxAgeMs = Infinity } = this.settings.retry;
    const most = Math.min(delaysMs.reduce((sum, ms) => sum + ms, 0), maxAgeMs) / SECOND;
    return this.random.int(1, Math.max(1, Math.floor(most)));
  }

  /** How far ahead a date lies. */
  private ahead(): number {
    const { random } = this;
    const horizon = this.settings.maxHorizonMs - DAY;
    return random.weighted([
      [1, -random.spread(1, DAY)],
      [2, random.int(0, 10_000)],
      [3, random.spread(SECOND, INGEST_HORIZON_MS)],
      [1, LOAD_HORIZON_MS + random.int(-5_000, 5_000)],
      [2, INGEST_HORIZON_MS + random.int(-8_000, 8_000)],
      [3, random.spread(INGEST_HORIZON_MS, DAY)],
      [1, random.spread(DAY, horizon)],
    ]);
  }

  private url(): string {
    const character = this.random.weighted(CHARACTERS);
    return JSON.stringify(`https://${character}.example/${this.random.int(0, 1e9)}`);
  }

  private payload(): string {
    return this.random.pick([`{"number":12345678901234567890.${this.random.int(0, 1e9)}}`, `"text ${this.random.int(0, 1e9)}"`, `[1.10,${this.random.int(0, 1e9)}]`]);
  }

  private plan(at: number, draft: Draft): void {
    this.singles.push(single(at, draft));
  }
}

function single(at: number, draft: Draft): Planned {
  return { at, drafts: [draft], isList: false };
}

/** A date as producers write it: in UTC, or by the clock on some wall. */
function dateText(instant: number, random: Random): string {
  if (random.chance(0.7)) {
    return JSON.stringify(new Date(instant).toISOString());
  }
  const hours = random.int(-11, 11);
  const offset = `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}:30`;
  const shifted = instant + (hours < 0 ? -1 : 1) * (Math.abs(hours) * HOUR + HOUR / 2);
  return JSON.stringify(new Date(shifted).toISOString().replace('Z', offset));
}
