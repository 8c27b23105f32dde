// Writes the licences of the bundled packages next to the bundles. Part of the `bundle` task; fails if one of them may not be shipped.
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { bundledPackages } from './supply-chain/bundled-packages';
import { licenseTexts } from './supply-chain/license-texts';

const PROJECT = path.join(__dirname, '..');

try {
  writeFileSync(path.join(PROJECT, 'assets', 'THIRD_PARTY_LICENSES.txt'), licenseTexts(PROJECT, bundledPackages(PROJECT)));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
