// The command `npm run dashboard`: writes for the docs what the dashboard and the alarms of a scheduler are, as they are synthesized.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { WebhookScheduler } from '../src';
import { alarmsTable } from './dashboard/alarms-table';
import { readBody } from './dashboard/body';
import { draw } from './dashboard/picture';
import { withBlocks } from './support/marked-blocks';
import { runDocsCommand, WrittenDocs } from './support/written-docs';

const DOCS = join(__dirname, '..', 'docs');
const PICTURE = join(DOCS, 'dashboard.svg');
const PAGE = join(DOCS, 'monitoring.md');

const USAGE = `Usage: npm run dashboard -- [options]

Draws the dashboard that a scheduler with alarms gets: its widgets where CloudWatch puts them, with lines that are made up. Tells of its alarms
when they go off. Prints the table of alarms, the same each time.

  --write  write the picture and the table into docs/
  --check  only say whether they are what is there; exit code 1 if not
  --help   show this`;

function make(): WrittenDocs {
  const stack = new Stack(new App({ analyticsReporting: false }), 'Shop');
  const scheduler = new WebhookScheduler(stack, 'Webhooks');
  const alarms = scheduler.addAlarms();
  const { dashboard } = scheduler.addDashboard();
  const { dashboardBody } = dashboard.node.defaultChild as cloudwatch.CfnDashboard;
  const table = alarmsTable(stack, alarms);
  return {
    files: { [PICTURE]: draw(readBody(stack.resolve(dashboardBody))), [PAGE]: withBlocks(readFileSync(PAGE, 'utf8'), 'dashboard', { alarms: table }) },
    printed: table,
  };
}

process.exitCode = runDocsCommand('dashboard', USAGE, 'construct', make);
