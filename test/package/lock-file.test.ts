// What `npm ci` installs is what was reviewed: each package by its hash, from whichever registry npm is configured for, and no code of it is run.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { lockEntries, LockEntry } from '../../scripts/supply-chain/lock-file';

const PROJECT = path.join(__dirname, '..', '..');
const ENTRIES = [...lockEntries(PROJECT)];
const { allowScripts } = JSON.parse(readFileSync(path.join(PROJECT, 'package.json'), 'utf8')) as { allowScripts: Record<string, boolean> };
const directoriesOf = (judge: (entry: LockEntry) => boolean) => ENTRIES.filter(([, entry]) => judge(entry)).map(([directory]) => directory);

test('every package is locked by its hash, or comes inside of one that is', () => {
  expect(ENTRIES.length).toBeGreaterThan(100);
  expect(directoriesOf(({ integrity, inBundle }) => !inBundle && !integrity?.startsWith('sha512-'))).toEqual([]);
});

test('every package has a version and comes from a registry, which is not named', () => {
  expect(directoriesOf(({ version, link, resolved }) => !/^\d+\.\d+\.\d+/.test(version ?? '') || link === true || resolved !== undefined)).toEqual([]);
});

test('no package may run a script when it is installed', () => {
  const withScript = directoriesOf(({ hasInstallScript }) => hasInstallScript === true).map((directory) => directory.replace('node_modules/', ''));
  expect(allowScripts).toEqual(Object.fromEntries(withScript.map((name) => [name, false])));
});
