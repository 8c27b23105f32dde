// The command `npm run simulate`: runs the scheduler in simulated worlds, and shows the seed and the trace of what it finds.
import { join } from 'node:path';
import { parseOptions, SimulateOptions, USAGE, UsageError } from '../test/simulation/cli/options';
import { runInProcesses } from '../test/simulation/cli/pool';
import { failures, finding, summary } from '../test/simulation/cli/report';
import { simulate } from '../test/simulation/world';

const PROCESS = join(__dirname, '../test/simulation/cli/process.ts');
const [OK, FAILED, WRONG_USAGE] = [0, 1, 2];

async function runOne(seed: number, trace: boolean): Promise<number> {
  const outcome = await simulate(seed, true);
  if (trace) {
    console.log(`${outcome.trace.join('\n')}\n`);
  }
  console.log(finding(outcome));
  return outcome.violation ? FAILED : OK;
}

async function runMany({ first, count, workers }: SimulateOptions): Promise<number> {
  const start = performance.now();
  const totals = await runInProcesses(PROCESS, { first, count }, workers, ({ seeds, failed }) => {
    if (process.stderr.isTTY) {
      process.stderr.write(`\r  ${seeds} of ${count} seeds, ${failed.length} failed `);
    }
  });
  if (process.stderr.isTTY) {
    process.stderr.write('\r\x1b[K');
  }
  console.log(summary(totals, (performance.now() - start) / 1000));
  if (totals.failed.length === 0) {
    return OK;
  }
  console.log(`\n${failures(totals)}\n\n${finding(await simulate(totals.failed[0].seed, true))}`);
  return FAILED;
}

async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2));
    return options.count === 1 ? await runOne(options.first, options.trace) : await runMany(options);
  } catch (error) {
    if (!(error instanceof UsageError)) {
      throw error;
    }
    console.error(`${error.message}\n\n${USAGE}`);
    return WRONG_USAGE;
  }
}

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
void main().then((code) => {
  process.exitCode = code;
});
