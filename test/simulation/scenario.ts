// What producers do in one world, drawn from its seed: webhooks due from long ago to months ahead, and actions at the worst moments.
import { Character } from './endpoint';
import { Draft, dueOf, Fields } from './publication';
import { Random } from './random';
import { DAY, HOUR, INGEST_HORIZON_MS, LOAD_HORIZON_MS, MINUTE, SECOND, Settings } from './settings';

/** Something that is published at an instant. */
export interface Planned {
  readonly at: number;
  readonly draft: Draft;
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

export class Scenario {
  /** A redrive of a webhook that has failed. */
  public static redrive(id: string): Draft {
    return { kind: 'redrive', action: 'redrive', id, fields: new Map() };
  }

  public readonly planned: Planned[] = [];
  private names = 0;
  /** Within which those of a burst are due. */
  private readonly burstMs: number;

  public constructor(private readonly random: Random, private readonly settings: Settings, private readonly start: number) {
    // A batching window is to gather what comes within it, and more than would come at once.
    const { ingestWindowMs: window } = settings;
    const [many, most] = window === undefined ? [20, 1] : [60, 4];
    const few = random.weighted([[60, random.int(1, 4)], [80, random.int(3, 12)], [many, random.int(12, 40)], [most, random.int(130, 180)]]);
    const span = random.pick([20, SECOND, ...(window === undefined ? [] : [window]), 10 * MINUTE, 3 * HOUR, 2 * DAY]);
    // In so large a world it is the second in which all are due that is to be looked at.
    const isBurst = random.chance(0.6) || few > 100;
    const webhooks = isBurst ? Math.max(few, random.int(2, 8)) : few;
    const burst = isBurst ? start + random.pick([random.spread(SECOND, DAY), random.spread(INGEST_HORIZON_MS, DAY)]) : undefined;
    this.burstMs = few > 100 ? 500 : random.pick([0, 500, 2_500]);
    for (let i = 0; i < webhooks; i++) {
      this.planWebhook(start + Math.floor(random.next() * span), burst);
    }
  }

  /** What a producer may ask of a webhook, published at `at`. */
  public actionsOn(id: string, at: number, due: number): Planned[] {
    const { random } = this;
    const actions: Planned[] = [];
    const more = random.chance(0.05) ? 0.92 : 0.3;
    while (random.chance(more)) {
      const when = this.nearly(at, due);
      const kind = random.weighted([[4, 'cancel'], [4, 'reschedule'], [1, 'redrive']] as const);
      actions.push({ at: when, draft: { kind, action: kind, id, fields: kind === 'reschedule' ? this.changes(when, due) : new Map() } });
    }
    return actions;
  }

  private planWebhook(at: number, burst: number | undefined): void {
    const { random } = this;
    if (random.chance(0.08)) {
      this.plan(at, { kind: 'invalid', fields: new Map([...this.fields(at), random.pick(INVALID)]) });
      return;
    }
    const id = random.chance(0.6) ? `order-${++this.names}` : undefined;
    const fields = this.fields(burst !== undefined && random.chance(0.7) ? Math.max(at, burst + random.int(0, this.burstMs)) : at + this.ahead());
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
    this.planned.push(...this.actionsOn(id, at, due));
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
    this.planned.push({ at, draft });
  }
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
