// Asks npm's registry for known vulnerabilities of exactly what ships: the packages in the bundles, and what npm installs along with this one.
// Ends with 0 if there are none, 1 if there are, and 2 if the registry did not answer, so that nothing is known.
import * as path from 'node:path';
import { audit } from './supply-chain/audit';
import { bundledPackages } from './supply-chain/bundled-packages';
import { installedWithPackage } from './supply-chain/lock-file';
import { runProgram } from './support/cleanup';
import { paint } from './support/terminal';

const PROJECT = path.join(__dirname, '..');

async function main(): Promise<number> {
  const bundled = bundledPackages(PROJECT);
  const installed = installedWithPackage(PROJECT);
  const { findings, unanswered } = await audit([...bundled, ...installed]);
  console.log(`${bundled.length} packages in the bundles, ${installed.length} that npm installs along with this one`);
  if (unanswered) {
    console.log(`${paint('yellow', '?')} not audited: ${unanswered}`);
    return 2;
  }
  findings.forEach((finding) => console.log(`${paint('red', '✘')} ${finding}`));
  if (findings.length === 0) {
    console.log(`${paint('green', '✔')} no known vulnerability`);
  }
  return findings.length === 0 ? 0 : 1;
}

void runProgram(main);
