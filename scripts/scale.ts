// The command `npm run scale`: runs the model of the scheduler under loads that no machine at hand can bring.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { makePage, Page } from './scale/page';
import { withBlocks } from './support/marked-blocks';

const ROOT = join(__dirname, '..');
const DOCS = join(ROOT, 'docs');
const PAGE = join(DOCS, 'scale.md');
const [OK, STALE, WRONG_USAGE] = [0, 1, 2];

const USAGE = `Usage: npm run scale -- [options]

Simulates how late webhooks are, from a thousand to a million a minute and on one instant, with AWS's quotas and the times that the
bench has measured. Prints the tables of docs/scale.md, the same each time.

  --write  write the tables and the pictures into docs/
  --check  only say whether they are what is there; exit code 1 if not
  --help   show this`;

interface Options {
  readonly write?: boolean;
  readonly check?: boolean;
  readonly help?: boolean;
}

function main(): number {
  let options: Options;
  try {
    options = parseArgs({ options: { write: { type: 'boolean' }, check: { type: 'boolean' }, help: { type: 'boolean' } } }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return WRONG_USAGE;
  }
  if (options.help) {
    console.log(USAGE);
    return OK;
  }
  const page = makePage();
  const files = filesOf(page);
  const stale = Object.keys(files).filter((name) => files[name] !== current(name));
  if (options.check) {
    stale.forEach((name) => console.error(`${relative(ROOT, name)} is not what the model makes, expected as by: npm run scale -- --write`));
    return stale.length === 0 ? OK : STALE;
  }
  Object.entries(page.blocks).forEach(([name, text]) => console.log(`${name}\n\n${text}\n`));
  if (options.write) {
    stale.forEach((name) => {
      writeFileSync(name, files[name]);
      console.log(`Written: ${relative(ROOT, name)}`);
    });
  }
  return OK;
}

/** What is to be in docs/. */
function filesOf({ blocks, pictures }: Page): Record<string, string> {
  const drawn = Object.entries(pictures).map(([name, svg]) => [join(DOCS, name), svg]);
  return { ...Object.fromEntries(drawn), [PAGE]: withBlocks(readFileSync(PAGE, 'utf8'), 'scale', blocks) };
}

function current(name: string): string | undefined {
  try {
    return readFileSync(name, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

process.exitCode = main();
