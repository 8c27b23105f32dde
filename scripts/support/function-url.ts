// A Lambda function URL on loopback: turns HTTP requests into the events that the handler gets on AWS, and its results into answers.
import { once } from 'node:events';
import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';

export type FunctionUrlHandler = (event: LambdaFunctionURLEvent) => Promise<LambdaFunctionURLResult>;

/** Types whose bodies Lambda hands on as text; all others come as base64. */
const TEXT = /^(text\/|application\/(json|javascript|xml|x-www-form-urlencoded))/;

/** https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html has the format of events and results. */
export class FunctionUrl {
  /** Listens on a free port of 127.0.0.1. */
  public static async start(handler: FunctionUrlHandler): Promise<FunctionUrl> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FunctionUrl(server, handler);
  }

  /** Without a slash at the end. */
  public readonly url: string;

  private constructor(private readonly server: Server, private readonly handler: FunctionUrlHandler) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => void this.answer(Date.now(), request, response));
  }

  public async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  /** A handler that throws is answered for by a 502, as Lambda does. */
  private async answer(arrivedAt: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
    let result: LambdaFunctionURLResult;
    try {
      result = await this.handler(eventOf(arrivedAt, request, await buffer(request)));
    } catch (error) {
      console.error(error);
      result = { statusCode: 502 };
    }
    const { statusCode = 200, headers = {}, body = '' } = typeof result === 'string' ? { body: result } : result;
    response.writeHead(statusCode, Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))).end(body);
  }
}

function eventOf(arrivedAt: number, request: IncomingMessage, body: Buffer): LambdaFunctionURLEvent {
  const { pathname, search } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const { cookie, ...headers } = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(',')]));
  const isText = TEXT.test(headers['content-type'] ?? 'text/');
  const method = request.method ?? 'GET';
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    ...(cookie === undefined ? {} : { cookies: cookie.split('; ') }),
    headers,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      domainName: '127.0.0.1',
      domainPrefix: 'local',
      http: { method, path: pathname, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: headers['user-agent'] ?? '' },
      requestId: 'local',
      routeKey: '$default',
      stage: '$default',
      time: new Date(arrivedAt).toISOString(),
      timeEpoch: arrivedAt,
    },
    ...(body.length === 0 ? {} : { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}
