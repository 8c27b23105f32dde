// Asks npm which vulnerabilities are known of certain versions of packages, without installing them.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

export interface PackageVersion {
  readonly name: string;
  readonly version: string;
}

export interface Audit {
  /** Each vulnerability of one of the packages, in a sentence. */
  readonly findings: readonly string[];
  /** Why nothing is known, where the registry did not answer: the findings mean nothing then. */
  readonly unanswered?: string;
}

/**
 * Asked about along with the others: a registry that knows nothing of its vulnerability, as a mirror may, would find none in them either.
 * https://github.com/advisories/GHSA-xvch-5gv4-984h
 */
const CONTROL: PackageVersion = { name: 'minimist', version: '0.0.8' };

const ALIAS = 'audited-';

/** https://docs.npmjs.com/cli/v11/commands/npm-audit, version 2 of the report, or what went wrong instead. */
interface Report {
  readonly message?: string;
  readonly vulnerabilities?: Readonly<Record<string, { readonly via: readonly Advisory[]; readonly nodes: readonly string[] }>>;
}

interface Advisory {
  readonly title: string;
  readonly url: string;
  readonly severity: string;
  readonly range: string;
}

/** @param registry URL of the registry to ask; by default the one that npm is configured for */
export async function audit(packages: readonly PackageVersion[], registry?: string): Promise<Audit> {
  const directory = mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-audit-'));
  try {
    const asked = [CONTROL, ...packages];
    writeLock(directory, asked);
    const { message, vulnerabilities } = await runNpmAudit(directory, registry);
    if (!vulnerabilities) {
      return { findings: [], unanswered: message ?? 'npm audit told neither vulnerabilities nor an error' };
    }
    const found = Object.entries(vulnerabilities).map(([name, { via, nodes }]) => ({ name, via, places: nodes.map(placeOf) }));
    if (!found.some(({ places }) => places.includes(0))) {
      const control = `${CONTROL.name}@${CONTROL.version}`;
      return { findings: [], unanswered: `the registry does not know the vulnerability of ${control}, which it was asked for as well` };
    }
    return {
      findings: found.flatMap(({ name, via, places }) => {
        const versions = places.filter((place) => place > 0).map((place) => asked[place].version).join(' and ');
        return versions === '' ? [] : via.map(({ title, url, severity, range }) => `${name}@${versions}: ${title} (${severity}, in ${range}), see ${url}`);
      }),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Each package under a name of its own, by its place in the list, so that versions of one package can stand side by side. */
function writeLock(directory: string, packages: readonly PackageVersion[]): void {
  const aliases = packages.map(({ name, version }, place) => [`${ALIAS}${place}`, `npm:${name}@${version}`]);
  const locked = packages.map(({ name, version }, place) => [`node_modules/${ALIAS}${place}`, { name, version }]);
  const root = { name: 'audit', version: '0.0.0', dependencies: Object.fromEntries(aliases) as object };
  writeFileSync(path.join(directory, 'package.json'), JSON.stringify(root));
  const lock = { ...root, lockfileVersion: 3, packages: { '': root, ...Object.fromEntries(locked) } };
  writeFileSync(path.join(directory, 'package-lock.json'), JSON.stringify(lock));
}

function placeOf(node: string): number {
  return Number(node.slice(`node_modules/${ALIAS}`.length));
}

/** The report as npm prints it; it fails where it has found something, too. */
async function runNpmAudit(directory: string, registry?: string): Promise<Report> {
  const options = [
    '--json', '--package-lock-only', `--cache=${path.join(directory, 'cache')}`, '--fetch-retries=1', '--fetch-timeout=30000',
    // Whatever npm is configured for: these would have it find nothing.
    '--audit', '--offline=false',
    ...registry ? [`--registry=${registry}`] : [],
  ];
  const output = await new Promise<string>((resolve, reject) => {
    execFile('npm', ['audit', ...options], { cwd: directory }, (error, stdout) => (stdout === '' ? reject(error!) : resolve(stdout)));
  });
  return JSON.parse(output) as Report;
}
