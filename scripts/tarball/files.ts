// Files below a directory.
import { readdirSync, statSync } from 'node:fs';
import * as path from 'node:path';

/** Paths relative to the directory, with slashes, in order. */
export function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

/** When the newest of these files was written, in milliseconds since the epoch; 0 if there is none. */
export function newest(files: readonly string[]): number {
  return Math.max(0, ...files.map((file) => statSync(file).mtimeMs));
}
