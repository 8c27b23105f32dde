// Every JSON block of the README and the guides is JSON, and every message in them is one that a scheduler accepts.
import { OPTIONS } from '../support/faulty-messages';
import { parserFaults, schemaFaults } from '../support/message-schema';
import { PUBLIC_INTERNET } from '../support/network';
import { blocks, blocksOf, pageText, PAGES } from './support/blocks';

const RETRY = { delaysMs: Array.from({ length: 9 }, () => 1_000), jitter: 0 };

/** Messages that were not valid, of notices that say so. */
const REFUSED = /"reason": "validation"/;

/** Messages as blocks show them, lists among them, and within notices; with where they are. */
function messages(): [place: string, text: string][] {
  const inJson = blocksOf('json').filter(({ code }) => !REFUSED.test(code)).flatMap(({ place, code }): [string, string][] => {
    const value = JSON.parse(code) as { message?: unknown };
    return 'date' in value || Array.isArray(value) ? [[place, code]] : value.message ? [[place, JSON.stringify(value.message)]] : [];
  });
  const inShell = blocksOf('sh').flatMap(({ place, code }) => (
    [...code.matchAll(/--message '([{[][^]*?[}\]])'\n/g)].map(([, text]): [string, string] => [place, text])
  ));
  const inText = PAGES.flatMap((page) => [...pageText(page).matchAll(/`(\{"(?:action|date)": [^`]*\})`/g)].map(([, text]): [string, string] => (
    // An id, or a date, that is left to the reader.
    [page, text.replace('"id": "…"', '"id": "order-4711"').replace('"date": "…"', '"date": "2030-01-31T09:30:00Z"')]
  )));
  return [...inJson, ...inShell, ...inText];
}

test('every JSON block is JSON', () => {
  const all = blocksOf('json');
  expect(all.length).toBeGreaterThan(8);
  all.forEach(({ place, code }) => expect(() => [place, JSON.parse(code)]).not.toThrow());
});

test('every message in them is accepted, and valid by the schema', () => {
  const all = messages();
  expect(all.length).toBeGreaterThan(12);
  expect(all.filter(([, text]) => Array.isArray(JSON.parse(text)))).not.toEqual([]);
  for (const [place, text] of all) {
    const parser = parserFaults(text, { ...OPTIONS, retry: RETRY, network: PUBLIC_INTERNET });
    expect({ place, parser, schema: schemaFaults(text) }).toEqual({ place, parser: [], schema: [] });
  }
});

test('every block says its language, but for what a command prints', () => {
  expect(blocks().filter(({ language }) => language === '').map(({ page }) => page)).toEqual(['README.md']);
  expect([...new Set(blocks().map(({ language }) => language))].sort()).toEqual(['', 'csharp', 'go', 'java', 'json', 'logs-insights', 'python', 'sh', 'ts']);
});
