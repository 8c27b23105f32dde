// The loads and settings that the page shows.
import { AWS_COSTS } from './costs';
import { deliver, Deliveries } from './delivery';
import { ingest, Ingestion } from './ingestion';
import { Polling } from './polling';
import { QUOTAS } from './quotas';
import { DEFAULTS, SchedulerSettings } from './scheduler-settings';
import { Random } from '../../test/simulation/random';

/** Webhooks a minute, or on one instant. */
export const LOADS = [1_000, 10_000, 100_000, 1_000_000] as const;
/** Between them, for the pictures. */
export const POINTS = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000] as const;

export interface Scenario {
  /** As the tables name it. */
  readonly name: string;
  /** The same in the picture, on two lines at most. */
  readonly label: string;
  readonly settings: SchedulerSettings;
}

/** A message of a kilobyte takes one write unit when it is stored, one for its claim and one for its outcome. */
export const WRITES = 3;

const TABLE_QUOTA = QUOTAS.dynamodb.tableUnits.value;
/** As many invocations as an account has by default. */
const UNBOUNDED: Polling = { mode: 'standard', maxConcurrency: 1_000 };
const GROWN: SchedulerSettings = { ...DEFAULTS, ingestPolling: UNBOUNDED, deliverPolling: UNBOUNDED, tableWrites: TABLE_QUOTA };

/** Steady loads, on a table that has grown with them, above its quota too. */
export const STEADY: readonly Scenario[] = [256, 512, 1_024, 1_769].map((deliverMemoryMib) => {
  const isDefault = deliverMemoryMib === DEFAULTS.deliverMemoryMib;
  const memory = `${deliverMemoryMib.toLocaleString('en')} MiB`;
  return {
    name: `\`deliverMemory\` ${memory}${isDefault ? ', the default' : ''}`,
    label: `${memory}${isDefault ? '\nthe default' : ''}`,
    settings: { ...GROWN, tableWrites: 2 * TABLE_QUOTA, deliverMemoryMib },
  };
});

const pollers = (minimum: number): Polling => ({ mode: 'provisioned', minimum, maximum: 2_000 });

/** All on one instant, by a scheduler that had nothing to do before. */
export const AT_ONCE: readonly Scenario[] = [
  { name: 'the defaults, on a new table', label: 'the defaults,\nnew table', settings: DEFAULTS },
  { name: 'table warmed to its quota, `maxConcurrency` 1,000', label: '512 MiB,\nwarmed table', settings: GROWN },
  { name: '… and `deliverMemory` 1,769 MiB', label: '1,769 MiB,\nwarmed table', settings: { ...GROWN, deliverMemoryMib: 1_769 } },
  {
    name: '… and 10 `deliverPollers`',
    label: '10 pollers,\n1,769 MiB, warmed table',
    settings: { ...GROWN, deliverMemoryMib: 1_769, deliverPolling: pollers(10) },
  },
  {
    name: '… and 100, of 4,000 invocations that the account may have',
    label: '100 pollers, 1,769 MiB,\nconcurrency raised',
    settings: { ...GROWN, deliverMemoryMib: 1_769, deliverPolling: pollers(100), accountConcurrency: 4_000 },
  },
  {
    name: '… and 200, 2,550 MiB, 400,000 write units',
    label: '200 pollers, 2,550 MiB,\nall quotas raised',
    settings: { ...GROWN, tableWrites: 400_000, deliverMemoryMib: 2_550, deliverPolling: pollers(200), accountConcurrency: 4_000 },
  },
];

/** All published within a second, for different minutes. */
export const PUBLISHED: readonly Pick<Scenario, 'name' | 'settings'>[] = [
  { name: '`maxConcurrency` 1,000', settings: GROWN },
  ...[2, 20].map((minimum) => ({ name: `${minimum} \`ingestPollers\``, settings: { ...GROWN, ingestPolling: { mode: 'provisioned', minimum, maximum: minimum } as const } })),
];

/** Any instant; whole minutes, so that nothing begins in the middle of one. */
const NOON = 720 * 60_000;
const SEED = 1;
/** The queues are full after it: what comes next is what every minute looks like. */
const SETTLING_MS = 5_000;
/** As many are enough for their percentiles, and as long for a second of each kind. */
const [ENOUGH, LEAST_MS, MOST_MS] = [60_000, 6_000, 60_000];

/** Webhooks at any millisecond, that many a minute, for long. */
export function runSteady(perMinute: number, settings: SchedulerSettings): Deliveries {
  const ms = 60_000 / perMinute;
  const countedMs = Math.min(Math.max(ENOUGH * ms, LEAST_MS), MOST_MS);
  const count = Math.round((SETTLING_MS + countedMs) / ms);
  const random = new Random(SEED);
  return deliver({
    settings,
    costs: AWS_COSTS,
    dueAt: Float64Array.from({ length: count }, () => NOON + Math.floor(random.next() * count * ms)).sort(),
    countFrom: NOON + SETTLING_MS,
    isGrown: true,
    // Those that come due later are being stored.
    otherWrites: perMinute / 60,
    seed: SEED,
  });
}

/** All on one instant, after a time of nothing to do. */
export function runAtOnce(count: number, settings: SchedulerSettings): Deliveries {
  return deliver({ settings, costs: AWS_COSTS, dueAt: new Float64Array(count).fill(NOON), isGrown: false, seed: SEED });
}

/** All published within one second, for different minutes, after a time of nothing to do. */
export function runPublished(count: number, settings: SchedulerSettings): Ingestion {
  return ingest({
    settings,
    costs: AWS_COSTS,
    publishedAt: Float64Array.from({ length: count }, (_, i) => NOON + Math.max(1000 / count, 1000 / QUOTAS.sns.publish.value) * i),
    isGrown: false,
    dueTogether: false,
    seed: SEED,
  });
}
