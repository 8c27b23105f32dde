// The command `npm run bench`: measures how late webhooks are on this machine, and that none is lost, early or sent twice.
import { parseArgs } from 'node:util';
import { figuresOf } from './measure';
import { figuresTable, keepResult } from './report';
import { runWork } from './runner';
import { WORKS } from './work';
import { Cleanup, runProgram } from '../scripts/support/cleanup';
import { paint } from '../scripts/support/terminal';

const USAGE = `Usage: npm run bench -- [options]

Schedules webhooks through the local engine, with the real handlers and the unchanged template of the example app, and measures
when they arrive. Exit code 1 if one was lost, early or sent twice; never for a time.

  --work NAME   what to run (default: everything)
  --help        show this

Works:
${Object.entries(WORKS).map(([name, work]) => `  ${name.padEnd(12)}  ${work().description}`).join('\n')}
`;
const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

interface Options {
  readonly help: boolean;
  readonly works: readonly string[];
}

function parse(args: readonly string[]): Options | { readonly mistake: string } {
  try {
    const { values } = parseArgs({ args: [...args], options: { work: { type: 'string' }, help: { type: 'boolean' } } });
    if (values.work !== undefined && !Object.hasOwn(WORKS, values.work)) {
      return { mistake: `There is no work ${values.work}.` };
    }
    return { help: values.help ?? false, works: values.work === undefined ? Object.keys(WORKS) : [values.work] };
  } catch (error) {
    return { mistake: (error as Error).message };
  }
}

async function main(cleanup: Cleanup): Promise<number> {
  const options = parse(process.argv.slice(2));
  if ('mistake' in options) {
    console.error(`${options.mistake}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  let allWell = true;
  for (const name of options.works) {
    const work = WORKS[name]();
    console.log(`\n  ${paint('bold', name)}: ${work.description}\n`);
    const running = new Cleanup();
    await cleanup.open(() => running, (opened) => opened.run());
    const samples = await runWork(work, running, (text) => console.log(paint('dim', `  ${text}…`)));
    await running.run();

    const figures = figuresOf(samples);
    console.log(`\n${figuresTable(name, figures)}\n`);
    console.log(paint('dim', `  Kept in ${keepResult(name, work, figures, samples)}\n`));
    allWell &&= figures.lost + figures.early + figures.twice === 0;
  }
  return allWell ? 0 : EXIT_FAILURE;
}

void runProgram(main);
