// The command `npm run bench`: measures how late webhooks are on this machine, what they cost and how heavy the functions are, on one page.
import { run as measureBill } from './bill';
import { measureLateness } from './lateness';
import { parseOptions, PUBLISH, USAGE } from './options';
import { measurePublish } from './publish';
import { keepResult, Printer } from './report';
import type { Section, SectionOptions } from './section';
import { run as measureWeight } from './weight';
import { Cleanup, runProgram } from '../scripts/support/cleanup';
import { paint } from '../scripts/support/terminal';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

async function main(cleanup: Cleanup): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if ('mistake' in options) {
    console.error(`${options.mistake}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const printer = new Printer(console.log);
  const sectionOptions: SectionOptions = {
    cleanup,
    repeat: options.repeat,
    onProgress: (text) => console.log(paint('dim', `  ${text}…`)),
    onTable: (section, table) => printer.table(section, table),
  };
  const sections: Section[] = [];
  const add = async (measuring: Promise<Section>) => {
    const section = await measuring;
    sections.push(section);
    printer.section(section);
  };
  if (options.works.some((name) => name !== PUBLISH)) {
    await add(measureLateness(options, sectionOptions));
  }
  if (options.works.includes(PUBLISH)) {
    await add(measurePublish(sectionOptions));
  }
  if (options.bill) {
    await add(measureBill(sectionOptions));
  }
  if (options.weight) {
    await add(measureWeight(sectionOptions));
  }
  console.log(paint('dim', `\n  All of it is kept in ${keepResult(options, sections)}\n`));
  return sections.every(({ ok }) => ok) ? 0 : EXIT_FAILURE;
}

void runProgram(main);
