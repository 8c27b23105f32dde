// Which packages the bundles are made of, as esbuild tells in its metafiles.
import { readFileSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { filesIn } from '../tarball/files';

/** Where the `bundle` task has esbuild write its metafiles, from the root of the project. */
export const METAFILES = '.metafiles';

/** Of a package, the directory that its files are in: the innermost `node_modules` counts. */
const PACKAGE_DIRECTORY = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
const OWN = /^src\//;

/** A package that code in the bundles comes from. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** As its package.json has it: an SPDX identifier, if all is well. */
  readonly license: unknown;
  /** From the root of the project, such as `node_modules/bowser`. */
  readonly directory: string;
}

/** A bundle of the project's. */
export interface Bundle {
  /** Of its function, such as `ingest`. */
  readonly name: string;
  readonly bytes: number;
  /** Bytes of each file in it, by the file's path from the root of the project. */
  readonly inputs: Readonly<Record<string, number>>;
}

/** https://esbuild.github.io/api/#metafile */
interface Metafile {
  readonly outputs: Readonly<Record<string, Output>>;
}

interface Output {
  readonly bytes: number;
  readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
}

/**
 * The bundles as they are on disk.
 *
 * @throws Error if one is not that which its metafile is about
 */
export function bundles(project: string): Bundle[] {
  const outputs = metafiles(project).flatMap((metafile) => Object.entries(metafile.outputs));
  if (outputs.length === 0) {
    throw new Error(`${METAFILES} is empty, expected a metafile of each bundle. Run: npm run bundle`);
  }
  for (const [bundle, { bytes }] of outputs) {
    const size = statSync(path.join(project, bundle), { throwIfNoEntry: false })?.size;
    if (size !== bytes) {
      throw new Error(`${bundle} has ${size ?? 'no'} bytes, expected ${bytes} by its metafile. Run: npm run bundle`);
    }
  }
  return outputs.map(([bundle, { bytes, inputs }]) => ({
    name: path.basename(path.dirname(bundle), '.lambda'),
    bytes,
    inputs: Object.fromEntries(Object.entries(inputs).map(([file, { bytesInOutput }]) => [file, bytesInOutput])),
  }));
}

/**
 * The packages of which a bundle holds at least a byte, by directory.
 *
 * @throws Error if a bundle is not the one that its metafile is about, or holds a file that is neither the project's nor a package's
 */
export function bundledPackages(project: string): BundledPackage[] {
  const files = bundles(project).flatMap(({ inputs }) => Object.keys(inputs).filter((file) => inputs[file] > 0));
  return [...new Set(files.filter((file) => !OWN.test(file)).map(packageDirectory))].sort().map((directory) => {
    const { name, version, license } = readJson<BundledPackage>(path.join(project, directory, 'package.json'));
    return { name, version, license, directory };
  });
}

function metafiles(project: string): Metafile[] {
  const directory = path.join(project, METAFILES);
  return statSync(directory, { throwIfNoEntry: false }) ? filesIn(directory).map((file) => readJson<Metafile>(path.join(directory, file))) : [];
}

function packageDirectory(file: string): string {
  const directory = PACKAGE_DIRECTORY.exec(file)?.[0];
  if (!directory) {
    throw new Error(`${file} is bundled, expected files of src and of packages only`);
  }
  return directory;
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}
