// All that a function calls, in one process: a table and a queue that answer after as long as AWS takes, and endpoints for its webhooks. The
// table keeps nothing; it makes up what it is asked for. As `World` asks; ends when its parent does.
import { constants, createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { DueRows } from './due-rows';
import { obeyParent } from '../../scripts/support/obey-parent';
import { CURSOR_KEY } from '../../src/adapters/table-schema';
import { BatchStatement, readInsert } from '../../src/local/partiql';

export interface WorldOptions {
  /** Milliseconds until the table answers. */
  readonly tableMs: number;
  /** Milliseconds until the queue answers. */
  readonly queueMs: number;
  /** Names of files in PEM, for the endpoint of https. */
  readonly key: string;
  readonly cert: string;
  /** What load finds due. */
  readonly rows: ConstructorParameters<typeof DueRows>[0];
}

export type WorldCommand =
  | { readonly type: 'start'; readonly options: WorldOptions }
  /** Forgets what was counted; from now on, messages are for this URL, whose answers take so long, and these rows are due. */
  | { readonly type: 'reset'; readonly url: string; readonly rows: WorldOptions['rows']; readonly answerMs: number }
  | { readonly type: 'counts' };

export interface WorldReply {
  readonly services: string;
  readonly http: string;
  readonly https: string;
  readonly counts: Counts;
}

export interface Counts {
  /** Requests to table and queue, by operation. */
  readonly requests: Readonly<Record<string, number>>;
  /** Turns that were sent to the queue. */
  readonly turnsSent: number;
  /** For each webhook, the milliseconds from its date to its arrival. */
  readonly lateMs: readonly number[];
}

/** In the form that Standard Webhooks gives secrets, of the length that the scheduler makes them. */
const SIGNING_SECRET = `whsec_${Buffer.alloc(32, 'secret').toString('base64')}`;

let options: WorldOptions;
let rows: DueRows;
let webhookUrl = '';
let answerMs = 0;
let urls: Omit<WorldReply, 'counts'>;
let counts: { requests: Record<string, number>; turnsSent: number; lateMs: number[] };

async function obey(command: WorldCommand): Promise<WorldReply> {
  switch (command.type) {
    case 'start': {
      options = command.options;
      forget(options.rows);
      const [services, http, https] = [
        createServer((request, response) => void serve(request, response)),
        createServer(endpoint),
        // No tickets: each connection begins with a whole handshake, as those to endpoints that have nothing to do with each other do.
        createTlsServer({ key: readFileSync(options.key), cert: readFileSync(options.cert), secureOptions: constants.SSL_OP_NO_TICKET }, endpoint),
      ];
      urls = { services: await listen(services, 'http'), http: await listen(http, 'http'), https: await listen(https, 'https') };
      break;
    }
    case 'reset':
      webhookUrl = command.url;
      answerMs = command.answerMs;
      forget(command.rows);
      break;
    case 'counts':
  }
  return { ...urls, counts };
}

function forget(due: WorldOptions['rows']): void {
  rows = new DueRows(due);
  counts = { requests: {}, turnsSent: 0, lateMs: [] };
}

async function listen(server: Server, scheme: string): Promise<string> {
  server.keepAliveTimeout = 60_000;
  server.listen({ host: '127.0.0.1', port: 0, backlog: 2_048 });
  await once(server, 'listening');
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Its target says when the webhook is due. No connection serves two of them. */
function endpoint(request: IncomingMessage, response: ServerResponse): void {
  counts.lateMs.push(Date.now() - Number(/due=(\d+)/.exec(request.url ?? '')?.[1]));
  const answer = () => response.writeHead(200, { connection: 'close' }).end();
  request.resume().once('end', () => (answerMs > 0 ? setTimeout(answer, answerMs) : answer()));
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [service, operation] = String(request.headers['x-amz-target']).split('.');
  const input = await json(request);
  counts.requests[operation] = (counts.requests[operation] ?? 0) + 1;
  const isQueue = service === 'AmazonSQS';
  const answer = OPERATIONS[operation]?.(input);
  setTimeout(() => {
    response.writeHead(answer ? 200 : 400, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(answer ?? { __type: 'UnknownOperationException', message: `${operation} is not answered here` }));
  }, isQueue ? options.queueMs : options.tableMs);
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference, https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference */
const OPERATIONS: Readonly<Record<string, (input: any) => object>> = {
  BatchGetItem: ({ RequestItems }) => ({
    Responses: Object.fromEntries(
      Object.entries(RequestItems as Record<string, { Keys: Key[] }>).map(([table, { Keys }]) => [table, Keys.map(messageItem)]),
    ),
    UnprocessedKeys: {},
  }),
  UpdateItem: ({ Key, ExpressionAttributeValues: values }) => ({ Attributes: claimedItem(Key as Key, values as Record<string, unknown>) }),
  BatchExecuteStatement: ({ Statements }) => ({
    Responses: (Statements as BatchStatement<unknown>[]).map((statement) => {
      const insert = readInsert(statement);
      return 'invalid' in insert ? { Error: { Code: 'ValidationError', Message: insert.invalid } } : { TableName: insert.tableName };
    }),
  }),
  PutItem: () => ({}),
  Query: (input) => (
    input.ExpressionAttributeValues[':pk'].S === CURSOR_KEY.pk.S ? { Items: rows.cursor() } : rows.query(input as Parameters<DueRows['query']>[0])
  ),
  SendMessageBatch: ({ Entries }) => {
    const entries = Entries as { Id: string; MessageBody: string }[];
    return {
      Successful: entries.map(({ Id, MessageBody }) => {
        const body = JSON.parse(MessageBody) as { turns?: unknown[] };
        counts.turnsSent += body.turns?.length ?? 1;
        return { Id, MessageId: Id, MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex') };
      }),
      Failed: [],
    };
  },
  ReceiveMessage: () => ({}),
  // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
  GetSecretValue: ({ SecretId }) => ({ ARN: String(SecretId), SecretString: SIGNING_SECRET, CreatedDate: 1_700_000_000 }),
};

interface Key {
  readonly pk: { readonly S: string };
  readonly sk: { readonly S: string };
}

/** A webhook with a payload that fills its row's kilobyte, nearly. */
function messageItem({ pk, sk }: Key): object {
  const due = Number.parseInt(sk.S, 10);
  const head = JSON.stringify([new Date(due).toISOString(), `${webhookUrl}/?due=${due}`, 'POST', 0, 0, 0]);
  return { pk, sk, m: { S: head }, p: { S: JSON.stringify({ text: '.'.repeat(700) }) }, ttl: { N: String(Math.ceil(due / 1000) + 86_400) } };
}

function claimedItem({ pk, sk }: Key, values: Readonly<Record<string, unknown>>): object {
  const named = { status: ':delivering', claimant: ':claimant', leaseUntil: ':until', turn: ':turn', at: ':at', dueAt: ':due', partition: ':partition', ttl: ':ttl' };
  const row = Object.fromEntries(Object.entries(named).map(([name, value]) => [name, values[value]]));
  // A later turn leaves the row's time to live as it is.
  return { pk, sk, ...row, ttl: row.ttl ?? { N: String(Math.ceil(Date.now() / 1000) + 86_400) } };
}

obeyParent(obey);
