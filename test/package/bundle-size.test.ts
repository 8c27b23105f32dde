// What a function loads when it starts, in bytes: each bundle has a budget, and what must never come back into one is named.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { Bundle, bundles } from '../../scripts/supply-chain/bundled-packages';

const PROJECT = path.join(__dirname, '..', '..');
const KIB = 1024;
const BIGGEST = 10;

/**
 * About a twentieth above what they were when each was written down: room for fixes, not for another client. A function loads about 8 KiB in a
 * millisecond, at each cold start; what is worth that may raise its budget, in the same commit.
 */
const BUDGETS: Readonly<Record<string, { readonly kib: number; readonly reason: string }>> = {
  ingest: { kib: 352, reason: 'clients of DynamoDB, SQS and SNS, the logger and the metrics, and the reading of messages' },
  load: { kib: 340, reason: 'the same clients, the logger and the metrics' },
  deliver: { kib: 374, reason: 'the same, the client of Secrets Manager, and the sending of webhooks over node:http' },
};

/** Tells what a bundle is over its budget by, and what is biggest in it; `undefined` if it is not. */
function excess({ name, bytes, inputs }: Bundle): string | undefined {
  const { kib, reason } = BUDGETS[name];
  if (bytes <= kib * KIB) {
    return undefined;
  }
  const biggest = Object.entries(inputs).sort(([, a], [, b]) => b - a).slice(0, BIGGEST).map(([input, size]) => `  ${size} ${input}`);
  return [`${name} has ${bytes} bytes, ${bytes - kib * KIB} over its budget of ${kib} KiB (${reason}). Most of it is:`, ...biggest].join('\n');
}

const BUNDLES = bundles(PROJECT);

test('every bundle has a budget', () => {
  expect(BUNDLES.map(({ name }) => name).sort()).toEqual(Object.keys(BUDGETS).sort());
});

test.each(BUNDLES)('$name is within its budget', (bundle) => {
  expect(excess(bundle)).toBeUndefined();
});

test.each(BUNDLES)('$name holds no provider of credentials but that of the environment, and no client that it does not use', ({ name, inputs }) => {
  const packages = Object.keys(inputs).filter((input) => inputs[input] > 0);
  expect(packages.filter((input) => /credential-provider|nested-clients|token-providers/.test(input))).toEqual([]);
  expect([...new Set(packages.flatMap((input) => /@aws-sdk\/(client-[a-z-]+)/.exec(input)?.[1] ?? []))].sort()).toEqual([
    'client-dynamodb', ...(name === 'deliver' ? ['client-secrets-manager'] : []), 'client-sns', 'client-sqs',
  ]);
});

test('a bundle that is too big says by how much, and what is biggest in it', () => {
  const inputs = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`src/${i}.ts`, 1_000 * i]));
  expect(excess({ name: 'load', bytes: 340 * KIB + 7, inputs })).toMatch(
    /^load has 348167 bytes, 7 over its budget of 340 KiB \(.*\)\. Most of it is:\n {2}19000 src\/19\.ts\n( {2}\d+ src\/\d+\.ts\n){8} {2}10000 src\/10\.ts$/,
  );
});

test('the bundles are minified, and hold no source map', () => {
  for (const name of Object.keys(BUDGETS)) {
    const code = readFileSync(path.join(PROJECT, 'assets', 'handlers', `${name}.lambda`, 'index.js'), 'utf8');
    expect(code).not.toContain('sourceMappingURL');
    expect(code.split('\n').length).toBeLessThan(500);
  }
});
