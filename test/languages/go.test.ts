// The package for Go: built, and used by the smallest app in place of the published module.
import { cpSync } from 'node:fs';
import * as path from 'node:path';
import { PREPARATION_TIMEOUT_MS, SMALLEST, SYNTHESIS_TIMEOUT_MS, Workplace } from './support/workplace';

const MODULE = 'github.com/cdk-webhook-scheduler/cdk-webhook-scheduler-go/cdkwebhookscheduler';

const workplace = new Workplace('go', 'whether the smallest app in Go makes the template of the one in TypeScript');

workplace.describe('the module', () => {
  beforeAll(async () => {
    const artifacts = await workplace.package();
    const app = workplace.path('app');
    cpSync(workplace.example('go', 'smallest'), app, { recursive: true });
    await workplace.run(app, {}, 'go', 'mod', 'edit', '-replace', `${MODULE}=${path.join(artifacts, 'cdkwebhookscheduler')}`);
    await workplace.run(app, {}, 'go', 'mod', 'tidy');
  }, PREPARATION_TIMEOUT_MS);

  test('the smallest app makes the same template as in TypeScript', async () => {
    const { own, typescript } = await workplace.templates(SMALLEST, workplace.path('app'), {}, 'go', 'run', '.');
    expect(Object.keys(own)).toEqual(['WebhookSchedulerExample']);
    expect(own).toEqual(typescript);
  }, SYNTHESIS_TIMEOUT_MS);
});
