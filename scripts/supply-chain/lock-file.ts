// What package-lock.json says of the packages of this project: https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json
import { readFileSync } from 'node:fs';
import * as path from 'node:path';

export interface LockEntry {
  readonly name?: string;
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  /** In the archive of the package that it lies in the directory of. */
  readonly inBundle?: boolean;
  readonly hasInstallScript?: boolean;
  /** Only for the development of this package. */
  readonly dev?: boolean;
  /** Only since a package asks for it as a peer: the app brings it along. */
  readonly peer?: boolean;
}

/** By directory, such as `node_modules/bowser`; without the project itself. */
export function lockEntries(project: string): Map<string, LockEntry> {
  const { packages } = JSON.parse(readFileSync(path.join(project, 'package-lock.json'), 'utf8')) as { packages: Readonly<Record<string, LockEntry>> };
  return new Map(Object.entries(packages).filter(([directory]) => directory !== ''));
}

/** What npm installs along with this package: its dependencies and theirs. */
export function installedWithPackage(project: string): { name: string; version: string }[] {
  return [...lockEntries(project)].filter(([, { dev, peer }]) => !dev && !peer).map(([directory, { name, version }]) => {
    if (!version) {
      throw new Error(`${directory} has no version in package-lock.json, expected one`);
    }
    return { name: name ?? directory.slice(directory.lastIndexOf('node_modules/') + 'node_modules/'.length), version };
  });
}
