// How long each function takes to start: its bundle is loaded in fresh processes, next to one of nothing but clients of DynamoDB and SQS.
import { execFileSync } from 'node:child_process';
import { bundleLikeHandlers, bundleOf, bytesOf, FunctionName, FUNCTIONS } from './bundles';
import { LAMBDA_VARIABLES } from './worker';
import { Cell, Column, table } from '../../scripts/support/terminal';
import type { FunctionPlan } from '../../src/local/plan';
import { median } from '../measure';

/** How many times as long as the bare clients a function may take. */
const GOALS: Readonly<Record<string, number>> = { ingest: 1.3, load: 1.3, deliver: 2 };
const REPEAT = 15;

const BARE = `
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';

const clients = [new DynamoDBClient({}), new SQSClient({})];
export const handler = async () => [clients, PutItemCommand, SendMessageBatchCommand];
`;

/** Prints the milliseconds that its bundle takes. What Node.js takes to start itself is not counted: it is the same for all. */
const LOAD = `
const began = process.hrtime.bigint();
require(process.argv[1]);
console.log(Number(process.hrtime.bigint() - began) / 1e6);
process.exit();
`;

export interface ColdStart {
  readonly name: string;
  readonly bytes: number;
  /** Median of fresh processes. */
  readonly initMs: number;
  /** How many times as long as the bare clients. */
  readonly ratio: number;
  /** The same where those have the credentials of the handlers in place of the SDK's own, which nobody's bundle has. */
  readonly leanRatio: number;
  readonly goal?: number;
}

type Functions = Readonly<Record<FunctionName, Pick<FunctionPlan, 'variables'>>>;

interface Candidate {
  readonly name: string;
  readonly bundle: string;
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * @param byDefault the functions of a scheduler as it is by default
 * @param withSecrets those of one that has secrets
 * @param directory an empty one, for what is bundled here
 */
export function measureColdStarts(byDefault: Functions, withSecrets: Functions, directory: string, repeat = REPEAT): ColdStart[] {
  const candidates: Candidate[] = [
    { name: 'the clients alone', bundle: bundleLikeHandlers('bare', BARE, directory, 'of the bundler'), variables: {} },
    { name: 'the clients alone, with our credentials', bundle: bundleLikeHandlers('lean', BARE, directory, 'all'), variables: {} },
    ...FUNCTIONS.map((name) => ({ name, bundle: bundleOf(name), variables: byDefault[name].variables })),
    { name: 'deliver, with secrets', bundle: bundleOf('deliver'), variables: withSecrets.deliver.variables },
    { name: 'the clients alone, no more than minified', bundle: bundleLikeHandlers('minified', BARE, directory, 'minified'), variables: {} },
  ];
  // Taken in turns, so that what else the machine does hits all of them alike.
  const times = candidates.map((): number[] => []);
  for (let round = 0; round < repeat; round++) {
    candidates.forEach((candidate, i) => times[i].push(loadOnce(candidate)));
  }
  const [bare, lean] = times.map(median);
  return candidates.map(({ name, bundle }, i) => {
    const initMs = median(times[i]);
    const goal = GOALS[name] === undefined ? {} : { goal: GOALS[name] };
    return { name, bytes: bytesOf(bundle), initMs, ratio: initMs / bare, leanRatio: initMs / lean, ...goal };
  });
}

const COLUMNS: readonly Column[] = [
  { title: 'Bundle' }, ...['KiB', 'Starts in ms', '× the clients', 'Goal', '× with our credentials'].map((title) => ({ title, align: 'right' } as const)),
];

export function coldStartTable(starts: readonly ColdStart[]): string {
  return table(COLUMNS, starts.map(({ name, bytes, initMs, ratio, leanRatio, goal }): Cell[] => [
    name, (bytes / 1024).toFixed(0), initMs.toFixed(1), ratio.toFixed(2),
    goal === undefined ? '' : [`≤ ${goal}`, ratio <= goal ? 'green' : 'red'], leanRatio.toFixed(2),
  ]));
}

function loadOnce({ bundle, variables }: Candidate): number {
  const output = execFileSync(process.execPath, ['-e', LOAD, bundle], {
    encoding: 'utf8',
    env: {
      ...variables,
      ...LAMBDA_VARIABLES,
      PATH: process.env.PATH,
    },
  });
  const ms = Number(output);
  if (!(ms > 0)) {
    throw new Error(`${bundle} printed ${JSON.stringify(output)} while it was loaded, expected milliseconds alone`);
  }
  return ms;
}
