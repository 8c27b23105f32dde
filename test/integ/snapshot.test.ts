// The integration test, as far as it goes without an account: its template is that of the snapshot, and its assertions accept what the function
// that judges answers when all is well, and nothing else.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';

const PROJECT = path.join(__dirname, '..', '..');
const SNAPSHOT = path.join(__dirname, 'integ.webhook-scheduler.ts.snapshot');
const TIMEOUT_MS = 180_000;

test('is the same as its snapshot, by the command that compares them', () => {
  const { status, stdout, stderr } = spawnSync('npx', ['projen', 'integ'], { cwd: PROJECT, encoding: 'utf8', timeout: TIMEOUT_MS });
  expect(`${stdout}${stderr}`).toContain('UNCHANGED');
  expect(status).toBe(0);
}, TIMEOUT_MS);

test('keeps no code in the snapshot, and no path of the machine that it was made on', () => {
  const files = readdirSync(SNAPSHOT).filter((name) => !name.startsWith('asset.')); // which are ignored by git
  expect(files.length).toBeGreaterThan(4);
  for (const file of files) {
    expect([file, readFileSync(path.join(SNAPSHOT, file), 'utf8').includes(PROJECT)]).toEqual([file, false]);
  }
});

interface Resource { readonly Type: string; readonly Properties: { readonly expected?: string } }

interface AssertionHandler {
  processEvent(event: { actual: object; expected: string; failDeployment: boolean }): Promise<{ failed?: boolean }>;
}

/** A client that its handlers load, and assertions do not use. */
jest.mock('@aws-sdk/client-sfn', () => ({}), { virtual: true });

/** What integ-tests asserts with in the account. */
async function passes(expected: string, payload: object): Promise<boolean> {
  const { AssertionHandler: Handler } = jest.requireActual<{ AssertionHandler: new (...args: unknown[]) => AssertionHandler }>(
    path.join(PROJECT, 'node_modules/@aws-cdk/integ-tests-alpha/lib/assertions/providers/lambda-handler/assertion.js'));
  jest.spyOn(console, 'log').mockReturnValue(undefined);
  jest.useFakeTimers(); // it would wait for its own timeout
  const actual = { StatusCode: 200, ExecutedVersion: '$LATEST', Payload: JSON.stringify(payload) };
  const handler = new Handler({}, { getRemainingTimeInMillis: () => TIMEOUT_MS });
  const { failed = false } = await handler.processEvent({ actual, expected, failDeployment: false });
  return !failed;
}

test('asserts that all was published, and that nothing is left to wait for or wrong', async () => {
  const [template] = readdirSync(SNAPSHOT).filter((name) => /DeployAssert.*\.template\.json$/.test(name));
  const { Resources } = JSON.parse(readFileSync(path.join(SNAPSHOT, template), 'utf8')) as { Resources: Record<string, Resource> };
  const [publish, look] = Object.values(Resources).flatMap(({ Properties: { expected } = {} }) => (expected ? [expected] : []));
  expect(await passes(publish, { published: 13 })).toBe(true);
  expect(await passes(publish, { errorMessage: 'not authorized' })).toBe(false);
  expect(await passes(look, { complete: true, problems: [], late: { JSON: 3 } })).toBe(true);
  expect(await passes(look, { complete: false, problems: [], late: {} })).toBe(false);
  expect(await passes(look, { complete: true, problems: ['JSON: did not arrive.'], late: {} })).toBe(false);
});
