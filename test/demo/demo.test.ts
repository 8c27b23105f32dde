// The demo, run as a newcomer runs it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';

const PROJECT = path.join(__dirname, '..', '..');
/** It takes half a minute on an idle machine. */
const TIMEOUT_MS = 180_000;

test('tells its story and ends well', async () => {
  const demo = spawn(process.execPath, ['--import', 'tsx', 'scripts/demo.ts'], { cwd: PROJECT, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, noise] = await Promise.all([text(demo.stdout), text(demo.stderr), once(demo, 'close')]);

  expect(noise).toBe('');
  expect(output).toMatch(/ingest sends on what is due within +9 s +deployed: 10 min/);
  expect(output).toContain('Published 9 webhooks, 1 cancel and one invalid message');
  const rows = output.split('\n').filter((line) => line.includes('✔ yes')).map((line) => line.trim().split(/ {2,}/));
  expect(rows.map(([name, , , , arrived, asSent, sentOnBy]) => [name, arrived, asSent, sentOnBy])).toEqual([
    ['JSON', 'POST /orders, 51 bytes', '✔ yes', 'ingest'],
    ['form', 'POST /forms, 39 bytes', '✔ yes', 'ingest'],
    ['string', 'PUT /notes/7, 15 bytes', '✔ yes', 'ingest'],
    ['GET', 'GET /status, no body', '✔ yes', 'ingest'],
    ['naive date', 'POST /from-python, no body', '✔ yes', 'ingest'],
    ['past date', 'DELETE /at-once, no body', '✔ yes', 'ingest'],
    ['failing once', 'POST /flaky: 503, then 200', '✔ yes', 'ingest'],
    ['cancelled', 'nothing: cancelled', '✔ yes', 'load'],
    ['due later', 'POST /later, 25 bytes', '✔ yes', 'load'],
  ]);
  expect(output).toContain('"field": "headers.content-length"');
  expect(output).toMatch(/✔ All 9 webhooks went as they should: .*\n +all 5 wrong fields were reported/);
  expect(output).not.toContain('\x1b'); // colours and cursor movements are for terminals
  expect(demo.exitCode).toBe(0);
}, TIMEOUT_MS);

test('leaves nothing running when it is interrupted', async () => {
  const demo = spawn(process.execPath, ['--import', 'tsx', 'scripts/demo.ts'], { cwd: PROJECT, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  // The pipe closes when the last process that holds it has ended.
  const closed = once(demo, 'close');
  for await (const chunk of demo.stdout) {
    output += String(chunk);
    if (output.includes('stored')) {
      demo.kill('SIGINT');
    }
  }
  await closed;
  expect(demo.exitCode).toBe(130);
}, TIMEOUT_MS);
