// The package for Python: built as a wheel, installed into a virtual environment, and used by the example apps.
import { readdirSync } from 'node:fs';
import * as path from 'node:path';
import { PREPARATION_TIMEOUT_MS, SMALLEST, SYNTHESIS_TIMEOUT_MS, Workplace } from './support/workplace';
import { CDK_VERSION, CONSTRUCTS_VERSION } from '../../scripts/languages/toolchain';
import { comparable, EXAMPLES, TemplateJson } from '../examples/support/examples';

const workplace = new Workplace('python', 'whether the apps in Python make the templates of those in TypeScript');
const python = workplace.path('venv', 'bin', 'python');

workplace.describe('the wheel in a virtual environment', () => {
  beforeAll(async () => {
    const artifacts = await workplace.package();
    const [wheel] = readdirSync(artifacts).filter((file) => file.endsWith('.whl'));
    await workplace.run(workplace.directory, {}, 'python3', '-m', 'venv', 'venv');
    // The oldest library there may be is the one that TypeScript has here.
    await workplace.run(
      workplace.directory, {}, python, '-m', 'pip', 'install', '--quiet', path.join(artifacts, wheel), `aws-cdk-lib==${CDK_VERSION}`,
      `constructs==${CONSTRUCTS_VERSION}`, '--requirement', workplace.example('python', 'requirements.txt'),
    );
  }, PREPARATION_TIMEOUT_MS);

  test('the smallest app makes the same template as in TypeScript', async () => {
    const { own, typescript } = await workplace.templates(SMALLEST, workplace.example('python', 'smallest'), {}, python, 'app.py');
    expect(Object.keys(own)).toEqual(['WebhookSchedulerExample']);
    expect(own).toEqual(typescript);
  }, SYNTHESIS_TIMEOUT_MS);

  test.each(EXAMPLES.filter((example) => example !== SMALLEST))('so does the example $name, but for its own functions', async (example) => {
    const app = workplace.example('python', example.python);
    const { own, typescript } = await workplace.templates(example, path.dirname(app), {}, python, path.basename(app));
    const compared = (templates: Record<string, TemplateJson>) => Object.entries(templates).map(([name, template]) => [name, comparable(template)]);
    expect(Object.keys(own)).not.toEqual([]);
    expect(compared(own)).toEqual(compared(typescript));
  }, SYNTHESIS_TIMEOUT_MS);
});
