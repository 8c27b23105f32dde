// The command `npm run e2e`: publishes webhooks to a scheduler that is deployed somewhere, and judges how they arrive.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { WebhookVerdict } from './demo/verdict';
import { OutputsError } from './end-to-end/deployment';
import { completeOnThisMachine } from './end-to-end/local';
import { DEPLOYED, ON_THIS_MACHINE } from './end-to-end/options';
import { describeOutputs, isLocal, LocalOutputs, readOutputs } from './end-to-end/outputs';
import { Clients, Run } from './end-to-end/run';
import { Cleanup, runProgram } from './support/cleanup';
import { Cell, paint, table } from './support/terminal';
import { LOCAL_CREDENTIALS } from '../src/local/emulators';

const USAGE = `Usage: npm run e2e -- --outputs-file FILE | --stack NAME

Publishes webhooks to a scheduler, waits for half a minute, and says how they arrived. Ends with 0 if all went as it should.

  --outputs-file FILE  what is deployed: a file by \`cdk deploy --outputs-file\` of scripts/end-to-end/app.ts, or by
                       \`npm run local -- --outputs-file\`, to which the test adds a receiver on this machine
  --stack NAME         what is deployed: the stack of scripts/end-to-end/app.ts by its name, WebhookSchedulerEndToEnd
  --patience SECONDS   how long after the last date to wait for what has not come (default: a minute; on this machine, 8 seconds)
  --help               show this

Account, region and endpoint are those of the AWS SDK: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL.
`;
const EXIT_USAGE = 2;
const POLL_MS = 500;

async function main(cleanup: Cleanup): Promise<number> {
  const { values } = parseArgs({
    options: { 'outputs-file': { type: 'string' }, 'stack': { type: 'string' }, 'patience': { type: 'string' }, 'help': { type: 'boolean' } },
  });
  const { 'outputs-file': file, stack, patience, help } = values;
  if (help) {
    console.log(USAGE);
    return 0;
  }
  if ((file === undefined) === (stack === undefined)) {
    console.error(`Expected one of --outputs-file and --stack.\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  if (patience !== undefined && !/^\d+$/.test(patience)) {
    console.error(`--patience is '${patience}', expected whole seconds.\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  const outputs = file !== undefined ? readOutputs(file) : await describeOutputs(stack as string);
  const clients = await clientsFor(isLocal(outputs) ? outputs : undefined, cleanup);
  const deployment = isLocal(outputs) ? await completeOnThisMachine(outputs, clients, cleanup) : outputs;
  const options = isLocal(outputs) ? ON_THIS_MACHINE : DEPLOYED;
  const run = new Run(clients, deployment, patience === undefined ? options : { ...options, patienceMs: Number(patience) * 1000 });

  console.log(`\n  Input topic  ${deployment.inputTopicArn}\n  Receiver     ${deployment.receiverUrl}\n`);
  const published = await run.publish();
  console.log(`  Published ${published} messages; waiting for what comes of them…\n`);
  let result = await run.look();
  while (!result.complete) {
    await delay(POLL_MS);
    result = await run.look();
  }
  console.log(`${arrivalTable(result.webhooks)}\n`);
  console.log(result.problems.length === 0
    ? `  ${paint('green', '✔')} All arrived as they should: as sent, signed, once, none early; what failed was reported, what was cancelled stayed away.\n`
    : `${result.problems.map((problem) => `  ${paint('red', '✘')} ${problem}`).join('\n')}\n`);
  return result.problems.length === 0 ? 0 : 1;
}

/** By default the SDK finds credentials, region and endpoint; for a local engine they are in its file. */
async function clientsFor(local: LocalOutputs | undefined, cleanup: Cleanup): Promise<Clients> {
  const options = (service: keyof LocalOutputs['endpoints']) => (
    local ? { region: local.region, endpoint: local.endpoints[service], credentials: LOCAL_CREDENTIALS } : {}
  );
  const open = <T extends { destroy(): void }>(create: () => T): Promise<T> => cleanup.open(create, (client) => client.destroy());
  return {
    sns: await open(() => new SNSClient(options('sns'))),
    sqs: await open(() => new SQSClient(options('sqs'))),
    dynamodb: await open(() => new DynamoDBClient(options('dynamodb'))),
    secrets: await open(() => new SecretsManagerClient(options('secretsmanager'))),
  };
}

function arrivalTable(webhooks: readonly WebhookVerdict[]): string {
  return table(
    [{ title: 'Webhook' }, { title: 'Due (UTC)' }, { title: 'Arrived' }, { title: 'Late', align: 'right' }, { title: 'As it should' }],
    webhooks.map(({ webhook, arrivals: [first, ...others], problems }): Cell[] => {
      const late = first && !webhook.past ? `${first.arrivedAt - webhook.dueAt} ms` : '–';
      const times = first ? `${timeOf(first.arrivedAt)}${others.length > 0 ? ` and ${others.length} more` : ''}` : '–';
      return [webhook.name, timeOf(webhook.dueAt), times, late, problems.length === 0 ? ['✔ yes', 'green'] : ['✘ no', 'red']];
    }),
  );
}

function timeOf(instant: number): string {
  return new Date(instant).toISOString().slice(11, 23);
}

void runProgram(async (cleanup) => {
  try {
    return await main(cleanup);
  } catch (error) {
    if (!(error instanceof OutputsError)) {
      throw error;
    }
    console.error(error.message);
    return EXIT_USAGE;
  }
});
