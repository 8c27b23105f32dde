// Runs once before all tests: gives them a directory for temporary files of their own, since CDK leaves a copy of the bundles there for each app.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

export default function setUp(): void {
  const directory = mkdtempSync(path.join(realpathSync(tmpdir()), 'webhook-scheduler-tests-'));
  process.env.TMPDIR = directory; // jest's workers and their children inherit it
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
}
