// The package for .NET: built and used by the smallest app where there is an SDK; everywhere, that its code has what the app uses.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { PREPARATION_TIMEOUT_MS, SMALLEST, SYNTHESIS_TIMEOUT_MS, Workplace } from './support/workplace';

const workplace = new Workplace('dotnet', 'whether the smallest app in C# makes the template of the one in TypeScript');

workplace.describe('the NuGet package', () => {
  beforeAll(async () => {
    const artifacts = await workplace.package();
    const app = workplace.path('app');
    cpSync(workplace.example('csharp', 'smallest'), app, { recursive: true });
    // One source more than those of the machine.
    writeFileSync(path.join(app, 'nuget.config'), `<configuration><packageSources><add key="built" value="${artifacts}" /></packageSources></configuration>`);
  }, PREPARATION_TIMEOUT_MS);

  test('the smallest app makes the same template as in TypeScript', async () => {
    // Packages are kept here, so that the one built now does not meet the next run.
    const env = { NUGET_PACKAGES: workplace.path('packages') };
    const { own, typescript } = await workplace.templates(SMALLEST, workplace.path('app'), env, 'dotnet', 'run');
    expect(Object.keys(own)).toEqual(['WebhookSchedulerExample']);
    expect(own).toEqual(typescript);
  }, SYNTHESIS_TIMEOUT_MS);
});

describe('the generated code', () => {
  const app = readFileSync(workplace.example('csharp', 'smallest', 'Program.cs'), 'utf8');
  let code: string;

  beforeAll(async () => {
    const project = await workplace.package('--code-only');
    code = readFileSync(path.join(project, 'CdkWebhookScheduler', 'CdkWebhookScheduler', 'WebhookScheduler.cs'), 'utf8');
  }, PREPARATION_TIMEOUT_MS);

  test('is in the namespace that the app uses', () => {
    expect(app).toMatch(/^using CdkWebhookScheduler;$/m);
    expect(code).toMatch(/^namespace CdkWebhookScheduler$/m);
  });

  test('has the constructor that the app calls, whose props can be left out', () => {
    expect(app).toContain('new WebhookScheduler(stack, "Scheduler")');
    expect(code).toContain('public WebhookScheduler(Constructs.Construct scope, string id, CdkWebhookScheduler.IWebhookSchedulerProps? props = null)');
  });

  test('has each member that the app uses', () => {
    const members = [...app.matchAll(/\bscheduler\.(\w+)/g)].map(([, name]) => name);
    expect(members).toEqual(['InputTopic']);
    for (const member of members) {
      expect(code).toMatch(new RegExp(`^ +public virtual [\\w.]+ ${member}\\b`, 'm'));
    }
  });
});
