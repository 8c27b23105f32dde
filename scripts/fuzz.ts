// The command `npm run fuzz`: hands malformed and hostile messages to the handlers, and shows, made as small as it can be, what breaks them.
import { parseArgs } from 'node:util';
import * as fc from 'fast-check';
import { batch, FuzzCase, rows, sortKeys, turnBodies } from '../test/fuzz/messages';
import { judge, judgeMinute, judgeRows, judgeTurns, newTally } from '../test/fuzz/verdict';

const USAGE = `usage: npm run fuzz -- [--messages N] [--seed S]

  --messages N  hand so many hostile messages to ingest, good ones among them; and a hundredth as many batches of queue messages to deliver, and of rows
                to deliver and load (default: 100000)
  --seed S      the same messages each time (default: by the clock)`;

/** Of a batch, on average, and somewhat less. */
const LEAST_HOSTILE = 6;
const DEFAULT_MESSAGES = 100_000;
const [OK, FAILED, WRONG_USAGE] = [0, 1, 2];

class UsageError extends Error {}

function parseOptions(): { messages: number; seed: number } {
  try {
    const { messages, seed } = parseArgs({ options: { messages: { type: 'string' }, seed: { type: 'string' } } }).values;
    return { messages: wholeNumber('--messages', messages ?? String(DEFAULT_MESSAGES)), seed: wholeNumber('--seed', seed ?? String(Date.now() % 2 ** 31)) };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 31) {
    throw new UsageError(`${name} is ${JSON.stringify(text)}, expected a whole number below ${2 ** 31}`);
  }
  return Number(text);
}

/** Of a run that failed, what broke it, as a file of the corpus has it. */
function report(what: string, { failed, counterexample, seed, numShrinks, ...details }: fc.RunDetails<[unknown]>): boolean {
  if (failed) {
    const example = JSON.stringify(counterexample?.[0]).replace(/\p{Surrogate}/gu, (half) => `\\u${half.charCodeAt(0).toString(16)}`);
    console.log(`\n${what}: FAILED with --seed ${seed}, made smaller ${numShrinks} times\n${example}\n${String('errorInstance' in details ? details.errorInstance : '')}`);
  }
  return failed;
}

async function main(): Promise<number> {
  const { messages, seed } = parseOptions();
  console.log(`seed ${seed}`);
  const started = performance.now();
  const tally = newTally();
  const judged = async (cases: FuzzCase[]) => {
    // More batches are drawn than are needed.
    if (tally.hostile < messages) {
      await judge(cases, tally);
    }
  };
  const ofIngest = await fc.check(fc.asyncProperty(batch, judged), { seed, numRuns: Math.ceil(messages / LEAST_HOSTILE) });
  const seconds = (performance.now() - started) / 1000;
  const others = { seed, numRuns: Math.ceil(messages / 100) };
  const found = [
    ['ingest', ofIngest],
    ['queue messages', await fc.check(fc.asyncProperty(turnBodies, judgeTurns), others)],
    ['rows', await fc.check(fc.asyncProperty(rows, judgeRows), others)],
    ['rows of a minute', await fc.check(fc.asyncProperty(sortKeys, judgeMinute), others)],
  ] as const;

  const { batches, hostile, fired, refused, ended, aside, slowestMs } = tally;
  console.log(`${tally.messages} messages in ${batches} batches to ingest, ${hostile} of them hostile: ${fired} fired, ${refused} refused, ${ended} ended otherwise, ${aside} put aside`);
  console.log(`${Math.round(tally.messages / seconds)} a second; the slowest batch took ${Math.round(slowestMs)} ms`);
  console.log(`${others.numRuns} batches each of queue messages, of rows, and of rows of a minute`);
  return found.map(([what, details]) => report(what, details as fc.RunDetails<[unknown]>)).includes(true) ? FAILED : OK;
}

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
main().then((code) => {
  process.exitCode = code;
}, (error: unknown) => {
  if (!(error instanceof UsageError)) {
    throw error;
  }
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = WRONG_USAGE;
});
