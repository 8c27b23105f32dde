// What the command line of the bench asks for.
import { parseArgs } from 'node:util';
import { SENDERS, SenderName, WORKS } from './work';

const PEERS = ['bullmq'] as const;
/** Not a work of webhooks that arrive: how fast they are taken. */
export const PUBLISH = 'publish';

export interface Options {
  readonly help: boolean;
  /** Names of what to measure. */
  readonly works: readonly string[];
  readonly senders: readonly SenderName[];
  readonly peer?: (typeof PEERS)[number];
  /** @default as each work says */
  readonly repeat?: number;
  readonly bill: boolean;
  readonly weight: boolean;
}

const SENDER_TEXTS: Readonly<Record<SenderName, string>> = {
  engine: 'this scheduler, from the topic on, through the local engine',
  deliver: 'its deliver function alone, with a table as fast as DynamoDB is said to be',
  floor: 'the same requests by the bare HTTP client, with no scheduler',
  peer: 'the scheduler that --peer names',
};

const list = (texts: Readonly<Record<string, string>>) => Object.entries(texts).map(([name, text]) => `  ${name.padEnd(18)}  ${text}`).join('\n');

export const USAGE = `Usage: npm run bench -- [options]

Measures how late webhooks are on this machine, what they would cost on AWS, and how heavy the functions are. Everything is printed, and
kept in one JSON file in bench/results. Exit code 1 if a webhook was lost, early or sent twice; never for a time.

Without --work, --bill or --weight it measures all of them, which takes a quarter of an hour.

  --work NAME    what to measure; may be given more than once
  --sender NAME  who is to send it; may be given more than once (default: everyone)
  --peer bullmq  runs the same work on BullMQ as well, where redis-server is installed
  --repeat N     how often to measure each, for medians (default: as the work says)
  --bill         counts requests and units, and what they cost
  --weight       measures cold start and weight
  --help         shows this

Works:
${list({ ...Object.fromEntries(Object.entries(WORKS).map(([name, { description }]) => [name, description])), [PUBLISH]: 'how many messages a second are taken and stored' })}

Senders:
${list(SENDER_TEXTS)}
`;

export function parseOptions(args: readonly string[]): Options | { readonly mistake: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        work: { type: 'string', multiple: true },
        sender: { type: 'string', multiple: true },
        peer: { type: 'string' },
        repeat: { type: 'string' },
        bill: { type: 'boolean', default: false },
        weight: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const { bill, weight, help } = values;
    const everything = values.work === undefined && !bill && !weight;
    const everyWork = [...Object.keys(WORKS), PUBLISH];
    return {
      help,
      works: (values.work ?? (everything ? everyWork : [])).map((name) => oneOf('work', name, everyWork)),
      senders: (values.sender ?? SENDERS).map((name) => oneOf('sender', name, SENDERS)),
      ...(values.peer === undefined ? {} : { peer: oneOf('peer', values.peer, PEERS) }),
      ...(values.repeat === undefined ? {} : { repeat: positiveInteger('repeat', values.repeat) }),
      bill: bill || everything,
      weight: weight || everything,
    };
  } catch (error) {
    return { mistake: (error as Error).message };
  }
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === value);
  if (found === undefined) {
    throw new Error(`There is no ${option} ${value}; expected one of: ${allowed.join(', ')}.`);
  }
  return found;
}

function positiveInteger(option: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) {
    throw new Error(`--${option} is ${value}; expected a whole number above 0.`);
  }
  return number;
}
