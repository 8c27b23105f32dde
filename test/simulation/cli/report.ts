// What `npm run simulate` prints.
import { INVARIANTS } from '../oracle/invariants';
import { Outcome } from '../world';
import { Totals } from './totals';

const MAX_LINES = 60;
const MAX_WIDTH = 300;
const MAX_FAILED = 20;
const DAY_MS = 86_400_000;

/** What came of all seeds. */
export function summary(totals: Totals, seconds: number): string {
  const { seeds, simulatedMs, webhooks, listed, requests, repeats, gathered, packs, packsPutAside, steps, faults, failed } = totals;
  const kinds = Object.entries(faults).sort(([a], [b]) => a.localeCompare(b)).map(([kind, times]) => `${kind} ${number(times)}`);
  const rows: [string, string][] = [
    ['seeds', `${number(seeds)}, of which ${number(failed.length)} failed`],
    ['simulated', `${number(Math.round(simulatedMs / DAY_MS))} days in ${number(steps)} events`],
    ['webhooks', `${number(webhooks)}, and ${number(listed)} parts of lists, right and wrong ones, among what was published`],
    ['requests', `${number(requests)}, of which ${number(repeats)} repeated after a crash or an outcome that could not be written`],
    ['batches', `${number(gathered)} of more than ten messages, gathered within a batching window of ingest`],
    ['packs', `${number(packs)} queue messages with several turns, of which ${number(packsPutAside)} were put aside as dead letters`],
    ['faults', wrap(kinds.join(', ') || 'none', 14)],
    ['took', `${seconds.toFixed(1)} s, ${(seeds / seconds).toFixed(1)} seeds a second`],
  ];
  return rows.map(([name, text]) => `  ${name.padEnd(12)}${text}`).join('\n');
}

/** Every seed that failed, and why. */
export function failures({ failed }: Totals): string {
  const lines = failed.slice(0, MAX_FAILED).map(({ seed, invariant, what }) => `  seed ${seed}: ${invariant}: ${what}`);
  return [...lines, ...(failed.length > MAX_FAILED ? [`  and ${failed.length - MAX_FAILED} more`] : [])].join('\n');
}

/** What was found in a world, with what happened before it, and how to see it again. */
export function finding({ seed, violation, names, trace }: Outcome): string {
  if (!violation) {
    return `seed ${seed}: every invariant holds`;
  }
  const { invariant, what, subject } = violation;
  return [
    `seed ${seed}: ${invariant} does not hold: ${INVARIANTS[invariant]}`,
    `${subject === undefined ? '' : `${subject}: `}${what}`,
    '',
    ...focused(trace, names).slice(-MAX_LINES).map((line) => (line.length > MAX_WIDTH ? `${line.slice(0, MAX_WIDTH)}…` : line)),
    '',
    `again: npm run simulate -- --seed ${seed}`,
    `all of it: npm run simulate -- --seed ${seed} --trace`,
  ].join('\n');
}

/** The lines that a webhook or publication occurs in, and the ends of the workers that had to do with it. */
export function focused(trace: readonly string[], names: readonly string[]): readonly string[] {
  if (names.length === 0) {
    return trace;
  }
  const mentions = (line: string) => names.some((name) => new RegExp(`(^|[^\\w-])${name}($|[^\\w-])`).test(line));
  const actor = (line: string) => /^\S+ \S+ +(\S+)/.exec(line)?.[1] ?? '';
  const actors = new Set(trace.filter(mentions).map(actor));
  return trace.filter((line) => mentions(line) || (actors.has(actor(line)) && / (died|timed out|invocation .*)$/.test(line)));
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

/** Breaks a text at its commas, further lines indented. */
function wrap(text: string, indent: number): string {
  return text.replace(/(.{60,90}?, )/g, `$1\n${' '.repeat(indent)}`).replace(/ +\n/g, '\n');
}
