// The command `npm run dashboard`: writes for the docs what the dashboard and the alarms of a scheduler are, as they are synthesized.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { App, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { WebhookScheduler } from '../src';
import { alarmsTable } from './dashboard/alarms-table';
import { readBody } from './dashboard/body';
import { draw } from './dashboard/picture';
import { withBlocks } from './support/marked-blocks';

const ROOT = join(__dirname, '..');
const PICTURE = join(ROOT, 'docs/dashboard.svg');
const PAGE = join(ROOT, 'docs/monitoring.md');
const [OK, STALE, WRONG_USAGE] = [0, 1, 2];

const USAGE = `Usage: npm run dashboard -- [options]

Draws the dashboard that a scheduler with alarms gets: its widgets where CloudWatch puts them, with lines that are made up. Tells of its alarms
when they go off. Prints the table of alarms, the same each time.

  --write  write the picture and the table into docs/
  --check  only say whether they are what is there; exit code 1 if not
  --help   show this`;

interface Options {
  readonly write?: boolean;
  readonly check?: boolean;
  readonly help?: boolean;
}

function main(): number {
  let options: Options;
  try {
    options = parseArgs({ options: { write: { type: 'boolean' }, check: { type: 'boolean' }, help: { type: 'boolean' } } }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return WRONG_USAGE;
  }
  if (options.help) {
    console.log(USAGE);
    return OK;
  }
  const { picture, table } = synthesized();
  const files = { [PICTURE]: picture, [PAGE]: withBlocks(readFileSync(PAGE, 'utf8'), 'dashboard', { alarms: table }) };
  const stale = Object.keys(files).filter((name) => files[name] !== current(name));
  if (options.check) {
    stale.forEach((name) => console.error(`${relative(ROOT, name)} is not what the construct makes, expected as by: npm run dashboard -- --write`));
    return stale.length === 0 ? OK : STALE;
  }
  console.log(table);
  if (options.write) {
    stale.forEach((name) => {
      writeFileSync(name, files[name]);
      console.log(`Written: ${relative(ROOT, name)}`);
    });
  }
  return OK;
}

function synthesized(): { readonly picture: string; readonly table: string } {
  const stack = new Stack(new App({ analyticsReporting: false }), 'Shop');
  const scheduler = new WebhookScheduler(stack, 'Webhooks');
  const alarms = scheduler.addAlarms();
  const { dashboard } = scheduler.addDashboard();
  const { dashboardBody } = dashboard.node.defaultChild as cloudwatch.CfnDashboard;
  return { picture: draw(readBody(stack.resolve(dashboardBody))), table: alarmsTable(stack, alarms) };
}

function current(name: string): string | undefined {
  try {
    return readFileSync(name, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

process.exitCode = main();
