// Judges what is in the package: what has to be there, and whatever is there besides.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { filesIn } from './files';

const LICENSES = 'assets/THIRD_PARTY_LICENSES.txt';

/** What the package is made of. */
const EXPECTED = [
  /^package\.json$/,
  /^README\.md$/,
  /^API\.md$/,
  /^LICENSE$/,
  /^\.jsii$/,
  // Never lib/local: the local engine runs from the sources.
  /^lib\/(?!local\/)([a-z-]+\/)*[a-z-]+(\.lambda)?(\.d\.ts|\.js)$/,
  /^assets\/handlers\/[a-z]+\.lambda\/index\.js$/,
  /^assets\/THIRD_PARTY_LICENSES\.txt$/,
  /^schema\/webhook-message\.schema\.json$/,
];

const REQUIRED = [
  'package.json', 'README.md', 'API.md', 'LICENSE', '.jsii', 'lib/index.js', 'lib/index.d.ts', 'schema/webhook-message.schema.json', LICENSES,
  ...['ingest', 'load', 'deliver'].map((handler) => `assets/handlers/${handler}.lambda/index.js`),
];

/** What only a file with a source map says. */
const SOURCE_MAP = '# sourceMappingURL=';

/**
 * Returns what is wrong with an unpacked package, each in a sentence.
 *
 * @param machinePaths directories of this machine, which no file may name
 * @param bundled      packages in the bundles, as the file of licences names them
 */
export function contentProblems(directory: string, machinePaths: readonly string[], bundled: readonly string[]): string[] {
  const files = filesIn(directory);
  const licenses = files.includes(LICENSES) ? readFileSync(path.join(directory, LICENSES), 'utf8').split('\n') : [];
  return [
    ...REQUIRED.filter((file) => !files.includes(file)).map((file) => `${file} is not in the package.`),
    ...files.filter((file) => !EXPECTED.some((pattern) => pattern.test(file))).map((file) => `${file} does not belong in the package.`),
    ...bundled.filter((name) => !licenses.includes(name)).map((name) => `${LICENSES} does not have the licence of ${name}.`),
    ...files.flatMap((file) => {
      const text = readFileSync(path.join(directory, file), 'utf8');
      return [
        ...(text.includes(SOURCE_MAP) ? [`${file} has a source map.`] : []),
        ...machinePaths.filter((machinePath) => text.includes(machinePath)).map((machinePath) => `${file} names ${machinePath}, a path of this machine.`),
      ];
    }),
  ];
}
