// The licences of what is in the bundles: that they all go along, and that a package whose licence cannot go along is noticed.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { bundledPackages } from '../../scripts/supply-chain/bundled-packages';
import { licenseTexts } from '../../scripts/supply-chain/license-texts';

const BUNDLE = 'assets/handlers/ingest.lambda/index.js';
const MIT = 'MIT License\n\nCopyright (c) Somebody\n\nPermission is hereby granted …';

let project: string;

beforeEach(() => {
  project = mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-licenses-'));
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(project, file)), { recursive: true });
  writeFileSync(path.join(project, file), text);
}

function writePackage(directory: string, packageJson: object, files: Readonly<Record<string, string>> = {}): void {
  const name = directory.replace(/^.*node_modules\//, '');
  write(`${directory}/package.json`, JSON.stringify({ name, version: '1.0.0', ...packageJson }));
  for (const [file, text] of Object.entries(files)) {
    write(`${directory}/${file}`, text);
  }
}

/** As if esbuild had made the bundle of these files, so many bytes of each. */
function writeBundle(inputs: Readonly<Record<string, number>>, bytes = 3): void {
  write(BUNDLE, 'abc');
  write('.metafiles/handlers/ingest.lambda.json', JSON.stringify({
    outputs: { [BUNDLE]: { bytes, inputs: Object.fromEntries(Object.entries(inputs).map(([file, bytesInOutput]) => [file, { bytesInOutput }])) } },
  }));
}

const texts = () => licenseTexts(project, bundledPackages(project));

describe('the packages of the bundles', () => {
  test('are those that a byte comes from, wherever they are', () => {
    writePackage('node_modules/a', { license: 'MIT' });
    writePackage('node_modules/@scope/b', { license: 'ISC' });
    writePackage('node_modules/a/node_modules/@scope/b', { license: 'ISC', version: '2.0.0' });
    writeBundle({
      'src/handlers/ingest.lambda.ts': 9,
      'node_modules/a/lib/index.js': 1,
      'node_modules/a/lib/other.js': 1,
      'node_modules/@scope/b/index.js': 1,
      'node_modules/a/node_modules/@scope/b/index.js': 1,
      'node_modules/shaken-off/index.js': 0,
    });
    expect(bundledPackages(project)).toEqual([
      { name: '@scope/b', version: '1.0.0', license: 'ISC', directory: 'node_modules/@scope/b' },
      { name: 'a', version: '1.0.0', license: 'MIT', directory: 'node_modules/a' },
      { name: '@scope/b', version: '2.0.0', license: 'ISC', directory: 'node_modules/a/node_modules/@scope/b' },
    ]);
  });

  test('are not known without a metafile, or by one that is about another bundle', () => {
    expect(() => bundledPackages(project)).toThrow('.metafiles is empty, expected a metafile of each bundle. Run: npm run bundle');
    writeBundle({}, 4);
    expect(() => bundledPackages(project)).toThrow(`${BUNDLE} has 3 bytes, expected 4 by its metafile`);
  });

  test('are all there is besides the sources', () => {
    writeBundle({ '../elsewhere/index.js': 1 });
    expect(() => bundledPackages(project)).toThrow('../elsewhere/index.js is bundled, expected files of src and of packages only');
  });
});

describe('the text', () => {
  test('has the licence and the notice of each package, each text once', () => {
    writePackage('node_modules/a', { license: 'MIT' }, { 'license': `${MIT}\r\n`, 'index.js': '' });
    writePackage('node_modules/b', { license: 'MIT' }, { 'LICENSE.md': MIT });
    writePackage('node_modules/c', { license: 'Apache-2.0' }, { LICENSE: 'Apache License, as it is', NOTICE: 'c, by its authors' });
    writeBundle({ 'node_modules/c/x.js': 1, 'node_modules/b/x.js': 1, 'node_modules/a/x.js': 1 });
    const [, ...sections] = texts().split(/^=+\n/m);
    expect(sections.map((section) => section.trim())).toEqual([
      `a@1.0.0 (MIT)\nb@1.0.0 (MIT)\n\n${MIT}`,
      'c@1.0.0 (Apache-2.0)\n\nApache License, as it is\n\nc, by its authors',
    ]);
  });

  test.each([
    ['Apache-2.0', /TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION/],
    ['MIT-0', /^MIT No Attribution\n\nPermission is hereby granted/m],
  ])('has the standard text of %s for a package that comes without', (license, text) => {
    writePackage('node_modules/a', { license });
    writeBundle({ 'node_modules/a/x.js': 1 });
    expect(texts()).toMatch(text);
  });

  test('is not made where a licence is not permissive, not named, or without the text that it asks for', () => {
    writePackage('node_modules/copyleft', { license: 'GPL-3.0-only' }, { LICENSE: 'the text' });
    writePackage('node_modules/none', {}, { LICENSE: 'the text' });
    writePackage('node_modules/textless', { license: 'MIT' }, { LICENSE: ' \n' });
    writePackage('node_modules/fine', { license: 'ISC' }, { LICENSE: 'the text' });
    writeBundle({ 'node_modules/copyleft/x.js': 1, 'node_modules/none/x.js': 1, 'node_modules/textless/x.js': 1, 'node_modules/fine/x.js': 1 });
    const allowed = '0BSD, Apache-2.0, BSD-2-Clause, BSD-3-Clause, BSD-3-Clause-Clear, BlueOak-1.0.0, ISC, MIT, MIT-0';
    expect(texts).toThrow(new Error([
      'Code with these licences cannot be shipped:',
      `copyleft@1.0.0 ("GPL-3.0-only") in node_modules/copyleft: expected one of ${allowed}`,
      `none@1.0.0 (no licence) in node_modules/none: expected one of ${allowed}`,
      'textless@1.0.0 (MIT) in node_modules/textless: expected a file LICENSE with the text and the copyright notice',
    ].join('\n')));
  });
});

test('the licence of everything in the bundles lies next to them', () => {
  const root = path.join(__dirname, '..', '..');
  const packages = bundledPackages(root);
  expect(packages.map(({ name }) => name)).toEqual(expect.arrayContaining(['@aws-sdk/client-dynamodb', '@aws-sdk/client-sqs', '@smithy/core']));
  expect(readFileSync(path.join(root, 'assets', 'THIRD_PARTY_LICENSES.txt'), 'utf8')).toBe(licenseTexts(root, packages));
});
