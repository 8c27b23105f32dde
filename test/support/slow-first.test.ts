import { existsSync } from 'node:fs';
import * as path from 'node:path';

interface Test { readonly path: string }
type Sequencer = new (options: object) => { sort: (tests: readonly Test[]) => readonly Test[]; hasFailed: (test: Test) => boolean };

const SlowFirst = jest.requireActual<Sequencer & { readonly SLOW: readonly string[] }>('./slow-first.js');
const { SLOW } = SlowFirst;

const fileOf = (name: string): string => path.join(__dirname, '..', `${name}.test.ts`);

/** Sorts suites of the same size, of which jest knows no times, and some of which failed. */
function sorted(names: readonly string[], ...failed: readonly string[]): string[] {
  const sequencer = new SlowFirst({});
  sequencer.hasFailed = ({ path: file }) => failed.map(fileOf).includes(file);
  const context = { config: { cache: false }, hasteFS: { getSize: () => 1 } };
  const files = sequencer.sort(names.map((name) => ({ path: fileOf(name), context })));
  return files.map(({ path: file }) => names.find((name) => fileOf(name) === file) ?? file);
}

test('there is each suite that is to begin early', () => {
  expect(SLOW.filter((name) => !existsSync(fileOf(name)))).toEqual([]);
  expect(new Set(SLOW).size).toBe(SLOW.length);
});

test('slow suites begin in their order, before all others', () => {
  expect(sorted(['core/clock', ...[...SLOW].reverse(), 'vpc']).slice(0, SLOW.length)).toEqual(SLOW);
});

test('… but for those that failed the last time', () => {
  expect(sorted([SLOW[0], 'core/clock', SLOW[1]], 'core/clock')).toEqual(['core/clock', SLOW[0], SLOW[1]]);
});
