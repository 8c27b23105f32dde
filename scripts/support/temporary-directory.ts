// A directory that is gone when the work is done.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { Cleanup } from './cleanup';

/** @param purpose a part of its name, for whoever finds it after a crash */
export async function temporaryDirectory(cleanup: Cleanup, purpose: string): Promise<string> {
  return cleanup.open(
    () => mkdtempSync(path.join(tmpdir(), `webhook-scheduler-${purpose}-`)),
    (opened) => rmSync(opened, { recursive: true, force: true }),
  );
}
