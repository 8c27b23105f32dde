// The command line of the bench. What it measures is no test: that depends on the machine.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';

const PROJECT = path.join(__dirname, '..', '..');
const BENCH = ['--import', 'tsx', 'bench/bench.ts'];

function bench(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...BENCH, ...args], { cwd: PROJECT, encoding: 'utf8', env });
  return { status, stdout, stderr };
}

test('shows its works and its senders when asked for help', () => {
  const { status, stdout, stderr } = bench(['--help']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/--work NAME[\s\S]*--peer bullmq[\s\S]*Works:[\s\S]*steady-300 +300 webhooks spread over 30 s[\s\S]*publish [\s\S]*Senders:[\s\S]*floor /);
});

test('says what is wrong, and how it is used', () => {
  const { status, stdout, stderr } = bench(['--work', 'unheard-of']);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^There is no work unheard-of; expected one of: steady-300, .*\n\nUsage:/);
});

test('goes on without a peer that is not installed, and says how to install it', () => {
  const { status, stdout } = bench(['--work', 'hanging', '--sender', 'peer', '--peer', 'bullmq'], { ...process.env, PATH: '/nowhere' });
  expect(stdout).toMatch(/redis-server is not installed, so BullMQ is left out \(Debian, Ubuntu: apt-get install redis-server;/);
  expect(stdout).toMatch(/kept in bench\/results\/bench-.*\.json/);
  expect(status).toBe(0);
});

test('prints what was measured of a work before it goes on to the next', async () => {
  // The first has nothing to be measured by this sender.
  const child = spawn(process.execPath, [...BENCH, '--work', 'hanging', '--work', 'steady-300', '--sender', 'floor'], { cwd: PROJECT });
  const exited = once(child, 'exit');
  let printed = '';
  for await (const chunk of child.stdout) {
    printed += String(chunk);
    if (printed.includes('steady-300, ')) {
      break;
    }
  }
  child.kill('SIGTERM');
  await exited;
  expect(printed).toMatch(/How late webhooks are\n\n +hanging: [\s\S]+ Sent by [\s\S]+ steady-300, bare HTTP client…/);
});
