// Stands between clients and an emulator (DynamoDB, SQS or SNS), and does to requests what networks and services in trouble do.
import { once } from 'node:events';
import { Agent, createServer, IncomingMessage, request, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/**
 * - `pass`: the service gets it, and its answer goes back
 * - `throttle`: refused as too many, unseen by the service
 * - `fail`: answered with an internal error, unseen by the service
 * - `hang`: never answered, unseen by the service
 * - `lose`: the service does it, and its answer gets lost
 * - `quote`: refused as invalid, unseen by the service, by an error that holds all that was sent, in its message and beside it
 * - `garble`: the service does it, and its answer breaks off in the middle, and is no JSON before that
 * - `refuse`: of a SendMessageBatch, the service does not see the entries for which it is true, which are answered as failed
 */
export type Fate = 'pass' | 'throttle' | 'fail' | 'quote' | 'garble' | 'hang' | 'lose' | { readonly refuse: (entry: BatchEntry) => boolean };

/** Parameters of a request: of a JSON body, or of a form. */
export type Input = Readonly<Record<string, unknown>>;

export interface BatchEntry {
  readonly Id: string;
  readonly MessageBody: string;
}

interface Call {
  readonly operation: string;
  readonly attempt: number;
  readonly input: Input;
  readonly json: boolean;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.0' };

export class FlakyProxy {
  public static async start(target: string): Promise<FlakyProxy> {
    const proxy = new FlakyProxy(target);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  /** Milliseconds each request takes at least. */
  public delayMs = 0;
  /** Most requests that were under way at once. */
  public mostAtOnce = 0;
  private underWay = 0;
  private readonly server: Server;
  // The emulators close idle connections when they like; nothing but a test's own faults may fail a request here.
  private readonly agent = new Agent({ keepAlive: false });
  /** What the next ReceiveMessage brings, by queue URL. */
  private readonly again = new Map<unknown, unknown[]>();

  private constructor(private readonly target: string) {
    this.server = createServer((incoming, outgoing) => {
      this.underWay++;
      this.mostAtOnce = Math.max(this.mostAtOnce, this.underWay);
      outgoing.once('close', () => this.underWay--);
      // A client that is killed breaks off, and so do the emulators at the end.
      setTimeout(() => void this.handle(incoming, outgoing).catch(() => outgoing.destroy()), this.delayMs);
    });
    this.server.keepAliveTimeout = 60_000;
  }

  /** Decides over each request, once, by its operation (`UpdateItem`…), by how often the client has tried it, from 1, and by its parameters. */
  public fateOf: (operation: string, attempt: number, input: Input) => Fate = () => 'pass';

  /** Decides over each answer to a ReceiveMessage whether the next one on the same queue gets it too. */
  public isDuplicated: (input: Input, answer: string) => boolean = () => false;

  /** Called when the service has done a request, and before its client hears of it. */
  public onAnswered: (operation: string, input: Input, answer: string) => void = () => undefined;

  public get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  public close(): void {
    this.server.close();
    this.server.closeAllConnections();
    this.agent.destroy();
  }

  private async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await text(incoming);
    const call = callOf(incoming, body);
    const fate = this.fateOf(call.operation, call.attempt, call.input);
    const brought = this.again.get(call.input.QueueUrl);
    if (fate === 'hang') {
      return;
    }
    if (fate === 'throttle' || fate === 'fail' || fate === 'quote') {
      reply(outgoing, errorAnswer(call, fate));
    } else if (brought && call.operation === 'ReceiveMessage') {
      this.again.delete(call.input.QueueUrl);
      reply(outgoing, { status: 200, headers: JSON_TYPE, body: JSON.stringify({ Messages: brought }) });
    } else if (typeof fate === 'object') {
      reply(outgoing, await this.passSome(incoming, call, fate.refuse));
    } else {
      const answer = await this.pass(incoming, call, body);
      if (fate === 'lose') {
        outgoing.destroy();
        return;
      }
      if (fate === 'garble') {
        reply(outgoing, { ...answer, body: answer.body.slice(0, answer.body.length / 2).replaceAll(':', ' ') });
        return;
      }
      const { Messages } = call.operation === 'ReceiveMessage' ? JSON.parse(answer.body) as { Messages?: unknown[] } : {};
      if (Messages && this.isDuplicated(call.input, answer.body)) {
        this.again.set(call.input.QueueUrl, Messages);
      }
      reply(outgoing, answer);
    }
  }

  /** What the client sent is done to its end, whatever becomes of the client. */
  private async pass(incoming: IncomingMessage, call: Call, body: string): Promise<Answer> {
    const { 'transfer-encoding': _, ...headers } = incoming.headers;
    const passed = request(`${this.target}${incoming.url ?? ''}`, {
      method: incoming.method, headers: { ...headers, 'content-length': Buffer.byteLength(body) }, agent: this.agent,
    });
    passed.end(body);
    const [answer] = await once(passed, 'response') as [IncomingMessage];
    const answered = { status: answer.statusCode ?? 500, headers: answer.headers, body: await text(answer) };
    this.onAnswered(call.operation, call.input, answered.body);
    return answered;
  }

  private async passSome(incoming: IncomingMessage, call: Call, refuse: (entry: BatchEntry) => boolean): Promise<Answer> {
    const entries = call.input.Entries as BatchEntry[];
    const refused = entries.filter(refuse);
    const passed = entries.filter((entry) => !refused.includes(entry));
    const answer = passed.length === 0
      ? { status: 200, headers: JSON_TYPE, body: '{}' }
      : await this.pass(incoming, call, JSON.stringify({ ...call.input, Entries: passed }));
    const { Successful = [], Failed = [] } = JSON.parse(answer.body) as { Successful?: unknown[]; Failed?: unknown[] };
    const failed = refused.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false }));
    return { status: 200, headers: JSON_TYPE, body: JSON.stringify({ Successful, Failed: [...Failed, ...failed] }) };
  }
}

function callOf({ headers }: IncomingMessage, body: string): Call {
  const attempt = Number(/attempt=(\d+)/.exec(String(headers['amz-sdk-request']))?.[1]);
  const operation = headers['x-amz-target']?.toString().split('.')[1];
  if (operation !== undefined) {
    return { operation, attempt, input: JSON.parse(body) as Input, json: true };
  }
  const input = Object.fromEntries(new URLSearchParams(body));
  return { operation: input.Action, attempt, input, json: false };
}

const ERRORS: Readonly<Record<'throttle' | 'fail' | 'quote', (call: Call) => readonly [status: number, code: string, message: string]>> = {
  throttle: () => [400, 'ThrottlingException', 'Rate exceeded'],
  fail: () => [500, 'InternalServerError', 'Internal error'],
  quote: ({ input }: Call) => [400, 'ValidationException', `1 validation error detected: Value '${JSON.stringify(input)}' failed to satisfy constraint`],
};

function errorAnswer(call: Call, fate: keyof typeof ERRORS): Answer {
  const { json, input } = call;
  const [status, code, message] = ERRORS[fate](call);
  const beside = fate === 'quote' ? { Item: input.Item ?? input, reason: JSON.stringify(input) } : {};
  return json
    ? { status, headers: JSON_TYPE, body: JSON.stringify({ __type: `com.amazonaws.flaky#${code}`, message, ...beside }) }
    : {
      status,
      headers: { 'content-type': 'text/xml' },
      body: `<ErrorResponse><Error><Code>${code}</Code><Message>${xml(message)}</Message></Error><RequestId>none</RequestId></ErrorResponse>`,
    };
}

function xml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function reply(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  // Its length is that of the body at hand; how the emulator framed it is of no concern here.
  const { 'transfer-encoding': _, 'connection': __, ...rest } = headers;
  outgoing.writeHead(status, { ...rest, 'content-length': Buffer.byteLength(body) });
  outgoing.end(body);
}
