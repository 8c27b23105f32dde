// The command `npm run dashboard`: draws the dashboard of a scheduler, as it is synthesized, for the docs.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { App, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { WebhookScheduler } from '../src';
import { readBody } from './dashboard/body';
import { draw } from './dashboard/picture';

const ROOT = join(__dirname, '..');
const PICTURE = join(ROOT, 'docs/dashboard.svg');
const [OK, STALE, WRONG_USAGE] = [0, 1, 2];

const USAGE = `Usage: npm run dashboard -- [options]

Draws the dashboard that a scheduler with alarms gets: its widgets where CloudWatch puts them, with lines that are made up. Prints the picture,
as SVG, the same each time.

  --write  write the picture into docs/
  --check  only say whether it is what is there; exit code 1 if not
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
  const picture = pictureOf();
  const name = relative(ROOT, PICTURE);
  if (options.check) {
    if (current() === picture) {
      return OK;
    }
    console.error(`${name} is not what the construct makes, expected as by: npm run dashboard -- --write`);
    return STALE;
  }
  if (options.write) {
    writeFileSync(PICTURE, picture);
    console.log(`Written: ${name}`);
  } else {
    console.log(picture);
  }
  return OK;
}

function pictureOf(): string {
  const stack = new Stack(new App({ analyticsReporting: false }), 'Shop');
  const scheduler = new WebhookScheduler(stack, 'Webhooks');
  scheduler.addAlarms();
  const { dashboard } = scheduler.addDashboard();
  const { dashboardBody } = dashboard.node.defaultChild as cloudwatch.CfnDashboard;
  return draw(readBody(stack.resolve(dashboardBody)));
}

function current(): string | undefined {
  try {
    return readFileSync(PICTURE, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

process.exitCode = main();
