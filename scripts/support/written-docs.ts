// A command that writes a part of the docs, or says whether what is there is still what it would write.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';

const ROOT = join(__dirname, '..', '..');
const [OK, STALE, WRONG_USAGE] = [0, 1, 2];

const OPTIONS = { write: { type: 'boolean' }, check: { type: 'boolean' }, help: { type: 'boolean' } } as const;

export interface WrittenDocs {
  /** Contents of the files in docs/, by their paths. */
  readonly files: Readonly<Record<string, string>>;
  /** What the command prints of them. */
  readonly printed: string;
}

/**
 * Runs it with the arguments of this process; returns its exit code.
 *
 * @param name  of its npm script
 * @param maker what makes the files, for who is told that they are not what it makes
 */
export function runDocsCommand(name: string, usage: string, maker: string, make: () => WrittenDocs): number {
  let options: { readonly write?: boolean; readonly check?: boolean; readonly help?: boolean };
  try {
    options = parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return WRONG_USAGE;
  }
  if (options.help) {
    console.log(usage);
    return OK;
  }
  const { files, printed } = make();
  const stale = Object.keys(files).filter((file) => files[file] !== current(file));
  if (options.check) {
    stale.forEach((file) => console.error(`${relative(ROOT, file)} is not what the ${maker} makes, expected as by: npm run ${name} -- --write`));
    return stale.length === 0 ? OK : STALE;
  }
  console.log(printed);
  if (options.write) {
    stale.forEach((file) => {
      writeFileSync(file, files[file]);
      console.log(`Written: ${relative(ROOT, file)}`);
    });
  }
  return OK;
}

function current(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}
