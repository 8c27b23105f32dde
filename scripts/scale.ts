// The command `npm run scale`: runs the model of the scheduler under loads that no machine at hand can bring.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePage } from './scale/page';
import { withBlocks } from './support/marked-blocks';
import { runDocsCommand, WrittenDocs } from './support/written-docs';

const DOCS = join(__dirname, '..', 'docs');
const PAGE = join(DOCS, 'scale.md');

const USAGE = `Usage: npm run scale -- [options]

Simulates how late webhooks are, from a thousand to a million a minute and on one instant, with AWS's quotas and the times that the
bench has measured. Prints the tables of docs/scale.md, the same each time.

  --write  write the tables and the pictures into docs/
  --check  only say whether they are what is there; exit code 1 if not
  --help   show this`;

function make(): WrittenDocs {
  const { blocks, pictures } = makePage();
  const drawn = Object.entries(pictures).map(([name, svg]) => [join(DOCS, name), svg]);
  return {
    files: { ...Object.fromEntries(drawn), [PAGE]: withBlocks(readFileSync(PAGE, 'utf8'), 'scale', blocks) },
    printed: Object.entries(blocks).map(([name, text]) => `${name}\n\n${text}\n`).join('\n'),
  };
}

process.exitCode = runDocsCommand('scale', USAGE, 'model', make);
