// What `docs/scale.md` shows of the model: its tables, between their marks, and its pictures.
import { comparisons } from './beside-bench';
import { Chart, draw } from './chart';
import { AWS_COSTS, Latencies, WorkerCosts } from './costs';
import type { Deliveries } from './delivery';
import { ingestBatchMs } from './ingestion';
import { Lateness, latenessOf } from './lateness';
import { loadRowMs, READ_UNIT_BYTES, ROW_BYTES } from './load-time';
import { needsOf } from './needs';
import { HOURS_A_MONTH, pollersAMonth, priceOf } from './prices';
import { Quota, QUOTAS } from './quotas';
import { AT_ONCE, LOADS, POINTS, PUBLISHED, runAtOnce, runPublished, runSteady, Scenario, STEADY, WRITES } from './scenarios';
import { DEFAULTS, FIXED, SchedulerSettings, webhooksAnInvocation } from './scheduler-settings';
import { countText, dollarsText, markdownTable, shareText, timeText } from './text';

/** What would take longer is not run: it is long past being a question of lateness. */
const TOO_LONG_MS = 5 * 60_000;

interface Point {
  readonly load: number;
  readonly deliveries: Deliveries;
  readonly late: Lateness;
}

interface Runs {
  readonly scenario: Scenario;
  readonly points: readonly Point[];
}

export interface Page {
  /** Text between marks, by its name. */
  readonly blocks: Readonly<Record<string, string>>;
  /** Pictures, by the names of their files. */
  readonly pictures: Readonly<Record<string, string>>;
}

/** Runs the whole model: the same each time. */
export function makePage(): Page {
  const steady = runsOf(STEADY, runSteady, () => true);
  const atOnce = runsOf(AT_ONCE, runAtOnce, (load, { tableWrites }) => WRITES * load / tableWrites * 1000 <= TOO_LONG_MS);
  return {
    blocks: {
      'needs': needsTable(steady),
      'steady': latenessTable('webhooks a minute', steady),
      'at-once': latenessTable('all at once', atOnce),
      'published': publishedTable(),
      'lambda': lambdaTable(steady),
      'pollers': pollersTable(),
      'month': monthTable(steady),
      'quotas': quotasTable(),
      'assumptions': assumptionsTable(),
      'beside-bench': comparisonsTable(),
    },
    pictures: {
      'scale-steady.svg': draw(steadyChart(steady)),
      'scale-at-once.svg': draw(atOnceChart(atOnce)),
    },
  };
}

function runsOf(
  scenarios: readonly Scenario[], run: (load: number, settings: SchedulerSettings) => Deliveries,
  isRun: (load: number, settings: SchedulerSettings) => boolean,
): Runs[] {
  return scenarios.map((scenario) => ({
    scenario,
    points: POINTS.filter((load) => isRun(load, scenario.settings)).map((load) => {
      const deliveries = run(load, scenario.settings);
      return { load, deliveries, late: latenessOf(deliveries.lateMs) };
    }),
  }));
}

function latenessTable(title: string, runs: readonly Runs[]): string {
  return markdownTable([title, ...LOADS.map(countText)], runs.map(({ scenario, points }) => [
    scenario.name,
    ...LOADS.map((load) => {
      const point = points.find((other) => other.load === load);
      return point ? [point.late.p50, point.late.p99, point.late.max].map(timeText).join(' · ') : `over ${timeText(TOO_LONG_MS)}`;
    }),
  ]));
}

function needsTable(steady: readonly Runs[]): string {
  const { points } = defaultsOf(steady);
  const needs = LOADS.map((load) => needsOf(load, DEFAULTS, pointAt(points, load).deliveries));
  return markdownTable(['webhooks a minute', ...LOADS.map(countText), 'of'], needs[0].map(({ name, available, unit }, i) => [
    name,
    ...needs.map((column) => `${countText(Math.ceil(column[i].taken))}, ${emphasised(column[i].taken / column[i].available)}`),
    `${countText(available)} ${unit}`,
  ]));
}

/** More than there is stands out. */
function emphasised(share: number): string {
  return share > 1 ? `**${shareText(share)}**` : shareText(share);
}

function publishedTable(): string {
  return markdownTable(['stored after, p50 · p99 · max', ...LOADS.map(countText)], PUBLISHED.map(({ name, settings }) => {
    const late = LOADS.map((load) => latenessOf(runPublished(load, settings).acceptedMs));
    return [name, ...late.map(({ p50, p99, max }) => [p50, p99, max].map(timeText).join(' · '))];
  }));
}

/** Dollars of Lambda that a million webhooks take in deliver. */
function lambdaPerMillion({ deliveries: { usage, written } }: Point, { deliverMemoryMib }: SchedulerSettings): number {
  return 1e6 / written * lambdaUsd(usage.billedMs, deliverMemoryMib, usage.invocations);
}

function lambdaUsd(ms: number, memoryMib: number, invocations: number): number {
  return ms / 1000 * memoryMib / 1024 * priceOf('lambda.arm-gb-second') + invocations * priceOf('lambda.request');
}

function lambdaTable(steady: readonly Runs[]): string {
  return markdownTable(['webhooks a minute', ...LOADS.map(countText)], steady.map(({ scenario: { name, settings }, points }) => [
    name, ...LOADS.map((load) => dollarsText(lambdaPerMillion(pointAt(points, load), settings))),
  ]));
}

function pollersTable(): string {
  const minimums = [2, 10, 50, 100, 200];
  const memories = [DEFAULTS.deliverMemoryMib, 1_769];
  const { perPoller } = QUOTAS.provisioned;
  const ready = (minimum: number, memoryMib: number) => minimum * perPoller.value * webhooksAnInvocation(memoryMib);
  return markdownTable(['`deliverPollers.minimum`', ...minimums.map(countText)], [
    ['ready at one instant, invocations', ...minimums.map((minimum) => countText(minimum * perPoller.value))],
    ...memories.map((memoryMib) => [`… webhooks, ${countText(memoryMib)} MiB`, ...minimums.map((minimum) => countText(ready(minimum, memoryMib)))]),
    ['a month', ...minimums.map((minimum) => dollarsText(pollersAMonth(minimum)))],
  ]);
}

function monthTable(steady: readonly Runs[]): string {
  const { scenario: { settings }, points } = defaultsOf(steady);
  const perMillion = LOADS.map((load) => millionUsd(pointAt(points, load), settings));
  const millions = LOADS.map((load) => load * 60 * HOURS_A_MONTH / 1e6);
  return markdownTable(['webhooks a minute', ...LOADS.map(countText)], [
    ['millions a month', ...millions.map(countText)],
    ['a million costs', ...perMillion.map(dollarsText)],
    ['a month', ...perMillion.map((usd, i) => dollarsText(Math.round(usd * millions[i])))],
  ]);
}

/** Published ten to a call; a message of a kilobyte; without logs, storage and transfer. */
function millionUsd(point: Point, settings: SchedulerSettings): number {
  const { deliveries: { usage, sends, written } } = point;
  const batch = QUOTAS.sqs.batch.value;
  const requests = 2 / batch + (sends + 2 * usage.invocations) / written;
  return lambdaPerMillion(point, settings) + 1e6 * (
    priceOf('sns.request') / batch
    + WRITES * priceOf('dynamodb.write')
    + (EVENTUAL_READ + ROW_BYTES / READ_UNIT_BYTES) * priceOf('dynamodb.read')
    + requests * priceOf('sqs.request')
    + lambdaUsd(ingestBatchMs(AWS_COSTS), FIXED.ingestMemoryMib, 1) / batch
    + lambdaUsd(loadRowMs(settings, AWS_COSTS), FIXED.loadMemoryMib, 0)
  );
}

/** Of a read unit, what an eventually consistent read of up to four kilobytes takes. */
const EVENTUAL_READ = 0.5;

function quotasTable(): string {
  const quotas: readonly Quota[] = Object.values(QUOTAS).flatMap((group) => Object.values(group) as Quota[]);
  return markdownTable(['quota', 'can be raised', 'source'], quotas.map(({ value, what, raise, source }) => [
    what.replace('{}', `**${countText(value)}**`), raise ?? '–', `[${new URL(source).pathname.split('/').pop()}](${source})`,
  ]));
}

function assumptionsTable(): string {
  const { first, later, ingest: ingestMs, loadRow, latency, handover } = AWS_COSTS;
  const processor = Object.entries(STAGE_NAMES).map(([key, name]) => [
    name, ...[first, later].map((costs) => String(costs[key as keyof typeof costs])),
  ]);
  const waits = Object.entries(LATENCY_NAMES).map(([key, name]) => [name, String(latency[key as keyof typeof latency])]);
  return [
    markdownTable(['processor time of deliver, in milliseconds', 'first invocation', 'later ones'], processor),
    markdownTable(['milliseconds', ''], [
      ['processor time of ingest, for a message', String(ingestMs)],
      ['… of load, for a row', String(loadRow)],
      ...waits,
      ['from a message\'s becoming visible to the handler, p50 · p90 · p99', Object.values(handover).join(' · ')],
    ]),
  ].join('\n\n');
}

const STAGE_NAMES: Readonly<Record<keyof WorkerCosts, string>> = {
  batch: 'an invocation',
  claim: 'a webhook: its row, and its claim in a batch',
  claimAlone: '… its claim alone, where it is the only one or the batch was throttled',
  connect: '… its request made, signed and connected, with TLS',
  fire: '… written, at the instant',
  settle: '… its answer and outcome',
};

const LATENCY_NAMES: Readonly<Record<keyof Latencies, string>> = {
  read: 'the rows of a batch read',
  write: 'a conditional write',
  send: 'a call to SQS',
  connect: 'connecting to the endpoint',
  endpoint: 'the endpoint\'s answer',
  coldStart: 'a cold start',
};

function comparisonsTable(): string {
  return markdownTable(['late, p50 · p99', 'measured', 'simulated'], comparisons().map(({ work, measured, simulated }) => [
    work, ...[measured, simulated].map(({ p50, p99 }) => [p50, p99].map(timeText).join(' · ')),
  ]));
}

function steadyChart(runs: readonly Runs[]): Chart {
  return {
    title: 'How late under a steady load',
    description: `Lines for ${namesOf(runs)}. Each shows how late the 99th of 100 webhooks is, against webhooks a minute, on logarithmic axes.`,
    x: { title: 'webhooks a minute', from: 1_000, to: 1_000_000, tick: countText },
    y: { title: 'late, 99 of 100 at most', from: 0.1, to: 1_000, tick: tickText },
    lines: linesOf(runs),
  };
}

function atOnceChart(runs: readonly Runs[]): Chart {
  return {
    title: 'How late when all are due at one instant',
    description: `Lines for ${namesOf(runs)}. Each shows how late the 99th of 100 webhooks is, against their number, on logarithmic axes.`,
    x: { title: 'webhooks on one instant', from: 1_000, to: 1_000_000, tick: countText },
    y: { title: 'late, 99 of 100 at most', from: 10, to: 1_000_000, tick: tickText },
    lines: linesOf(runs),
  };
}

/** Apart for every eye, by the colour-blind safe palette of Okabe and Ito, and by their dashes. */
const STROKES = [
  { colour: '#b45309' }, { colour: '#0072b2' }, { colour: '#7c3aed', dashes: '7 4' }, { colour: '#047857' }, { colour: '#be185d', dashes: '7 4' },
  { colour: '#334155', dashes: '2 3' },
] as const;

function linesOf(runs: readonly Runs[]) {
  return runs.map(({ scenario: { label }, points }, i) => ({
    label, ...STROKES[i], points: points.map(({ load, late }): [number, number] => [load, late.p99]),
  }));
}

function namesOf(runs: readonly Runs[]): string {
  return runs.map(({ scenario: { label } }) => label.replace('\n', ' ')).join('; ');
}

function tickText(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${countText(ms / 1000)} s`;
}

function defaultsOf(runs: readonly Runs[]): Runs {
  return runs.find(({ scenario: { settings } }) => settings.deliverMemoryMib === DEFAULTS.deliverMemoryMib)!;
}

function pointAt(points: readonly Point[], load: number): Point {
  return points.find((point) => point.load === load)!;
}
