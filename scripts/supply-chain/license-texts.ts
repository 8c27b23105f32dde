// The licences of packages, with their texts, as one text to go with the bundles.
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { BundledPackage } from './bundled-packages';

/** Permissive licences, which ask for no more than that their text goes along. By SPDX identifier. */
const ALLOWED: readonly string[] = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BSD-3-Clause-Clear', 'BlueOak-1.0.0', 'ISC', 'MIT', 'MIT-0'];
/**
 * Licences whose standard text will do where a package holds none: Apache-2.0 asks for a copy of the licence (section 4a), MIT-0 for nothing.
 * The others ask for the copyright notice of their holders, which only the package itself can tell.
 */
const STANDARD_TEXT_WILL_DO: readonly string[] = ['Apache-2.0', 'MIT-0'];

const LICENSE_FILE = /^(licen[cs]e|copying|unlicense)([.-]|$)/i;
/** Apache-2.0 has it go along as well, in section 4d. */
const NOTICE_FILE = /^notice([.-]|$)/i;
const HEAD = `The Lambda functions in handlers/ contain code of the packages below, bundled and minified.
Each package is under the licence that follows it.
`;
const LINE = '='.repeat(80);

/**
 * Each text once, under the packages that it is about, in an order that depends on nothing but the packages.
 *
 * @throws Error that names every package whose licence is not one of the permissive ones, or comes without its text
 */
export function licenseTexts(project: string, packages: readonly BundledPackage[]): string {
  const problems = packages.flatMap((bundled) => problemOf(project, bundled) ?? []);
  if (problems.length > 0) {
    throw new Error(`Code with these licences cannot be shipped:\n${problems.join('\n')}`);
  }
  const labelsByText = new Map<string, string[]>();
  for (const bundled of packages) {
    const text = textOf(project, bundled);
    labelsByText.set(text, [...labelsByText.get(text) ?? [], label(bundled)]);
  }
  const sections = [...labelsByText].map(([text, labels]) => `${LINE}\n${labels.join('\n')}\n\n${text}\n`);
  return `${HEAD}\n${sections.join('\n')}`;
}

/** As the packages are named in the text. */
export function label({ name, version, license }: BundledPackage): string {
  return `${name}@${version} (${String(license)})`;
}

function problemOf(project: string, bundled: BundledPackage): string | undefined {
  const { license, directory } = bundled;
  if (typeof license !== 'string' || !ALLOWED.includes(license)) {
    return `${label({ ...bundled, license: JSON.stringify(license) ?? 'no licence' })} in ${directory}: expected one of ${ALLOWED.join(', ')}`;
  }
  return ownTexts(project, directory, LICENSE_FILE).length > 0 || STANDARD_TEXT_WILL_DO.includes(license)
    ? undefined
    : `${label(bundled)} in ${directory}: expected a file LICENSE with the text and the copyright notice`;
}

function textOf(project: string, { license, directory }: BundledPackage): string {
  const own = ownTexts(project, directory, LICENSE_FILE);
  return [...own.length > 0 ? own : [standardText(license as string)], ...ownTexts(project, directory, NOTICE_FILE)].join('\n\n');
}

function ownTexts(project: string, directory: string, pattern: RegExp): string[] {
  return readdirSync(path.join(project, directory)).filter((file) => pattern.test(file)).sort()
    .map((file) => readFileSync(path.join(project, directory, file), 'utf8').replace(/\r\n/g, '\n').trim())
    .filter((text) => text !== '');
}

function standardText(license: string): string {
  const file = require.resolve(`spdx-license-list/licenses/${license}.json`);
  const { licenseText } = JSON.parse(readFileSync(file, 'utf8')) as { licenseText: string };
  // Who holds the copyright, such packages do not tell.
  return licenseText.replace(/^Copyright <YEAR>.*\n\n/m, '').trim();
}
