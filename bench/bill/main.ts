// Prints the bill alone, until the bench's own command does.
import { run } from './index';
import { runProgram } from '../../scripts/support/cleanup';

void runProgram(async (cleanup) => {
  const { title, tables, ok } = await run({ cleanup, onProgress: (text) => console.log(`  ${text}…`) });
  console.log(`\n${title}\n`);
  tables.forEach(({ caption, text }) => console.log(`  ${caption}\n\n${text}\n`));
  return ok ? 0 : 1;
});
