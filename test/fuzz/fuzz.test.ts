import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { batch, FuzzCase, rows, sortKeys, turnBodies } from './messages';
import { judge, judgeMinute, judgeRows, judgeTurns, newTally } from './verdict';
import { notification } from '../support/sqs-events';

/** What once broke something. */
interface CorpusFile {
  readonly name: string;
  /** What it did. */
  readonly happened: string;
  /** For ingest. */
  readonly messages?: readonly FuzzCase[];
  /** For deliver. */
  readonly turns?: readonly string[];
}

const CORPUS = join(__dirname, 'corpus');
const corpus = readdirSync(CORPUS).map((file) => JSON.parse(readFileSync(join(CORPUS, file), 'utf8')) as CorpusFile);
const valid = JSON.stringify({ date: '2030-01-01T00:00:30Z', url: 'https://example.com', method: 'get' });

test.each(corpus)('$name', async ({ messages = [], turns = [] }) => {
  expect(messages.length + turns.length).toBeGreaterThan(0);
  await judge(messages);
  await judgeTurns(turns);
});

test('whatever is published, ingest never throws: what is not valid is told once, what is valid fires once, what cannot be read is told and kept', async () => {
  const tally = newTally();
  await fc.assert(fc.asyncProperty(batch, (cases) => judge(cases, tally)), { numRuns: 120 });
  expect(tally.hostile).toBeGreaterThan(700);
  expect(Math.min(tally.fired, tally.refused, tally.aside, tally.ended, tally.listed)).toBeGreaterThan(10);
}, 60_000);

test('whatever lies in the delay queue, deliver never throws, and nothing is lost without a word', async () => {
  await fc.assert(fc.asyncProperty(turnBodies, judgeTurns), { numRuns: 100 });
}, 60_000);

test('whatever lies in the table, what can be sent is sent, and of the rest somebody is told', async () => {
  await fc.assert(fc.asyncProperty(rows, judgeRows), { numRuns: 100 });
}, 60_000);

test('rows that are no messages do not keep load from those beside them, and are told of', async () => {
  await fc.assert(fc.asyncProperty(sortKeys, judgeMinute), { numRuns: 50 });
}, 60_000);

describe('the judge notices', () => {
  test.each<[string, FuzzCase, string]>([
    ['what is valid and does not fire', { fate: 'fired', text: '{}' }, 'valid, and not fired'],
    ['what is not valid and fires', { fate: 'refused', text: valid }, 'not valid, and not told'],
    ['what is valid in a list and does not fire', { fate: ['fired', 'refused'], text: `[{},${valid}]` }, 'valid, and not fired'],
    ['what is not valid in a list and fires', { fate: ['fired', 'refused'], text: `[${valid},${valid}]` }, 'not valid, and not told'],
    ['what can be read and was to be put aside', { fate: 'aside', text: notification('{}', 'a') }, 'does not, though nobody can read it'],
  ])('%s', async (_, fuzzCase, problem) => {
    await expect(judge([fuzzCase])).rejects.toThrow(problem);
  });
});
