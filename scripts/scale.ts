// The command `npm run scale`: runs the model of the scheduler under loads that no machine at hand can bring.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { withBlocks } from './scale/document';
import { makePage } from './scale/page';

const ROOT = join(__dirname, '..');
const DOCS = join(ROOT, 'docs');
const [OK, WRONG_USAGE] = [0, 2];

const USAGE = `Usage: npm run scale -- [options]

Simulates how late webhooks are, from a thousand to a million a minute and on one instant, with AWS's quotas and the times that the
bench has measured, and prints the tables of docs/scale.md. The same each time.

  --write  write the tables and the pictures into docs/
  --help   show this`;

function main(): number {
  let options: { write?: boolean; help?: boolean };
  try {
    options = parseArgs({ options: { write: { type: 'boolean' }, help: { type: 'boolean' } } }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return WRONG_USAGE;
  }
  if (options.help) {
    console.log(USAGE);
    return OK;
  }
  const { blocks, pictures } = makePage();
  Object.entries(blocks).forEach(([name, text]) => console.log(`${name}\n\n${text}\n`));
  if (options.write) {
    const page = join(DOCS, 'scale.md');
    const files = { [page]: withBlocks(readFileSync(page, 'utf8'), blocks) };
    Object.entries(pictures).forEach(([name, svg]) => {
      files[join(DOCS, name)] = svg;
    });
    Object.entries(files).forEach(([name, text]) => {
      writeFileSync(name, text);
      console.log(`Written: ${relative(ROOT, name)}`);
    });
  }
  return OK;
}

process.exitCode = main();
