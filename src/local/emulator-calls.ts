// Calls of an emulator within its own process, without a connection.

import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';

/** Content type of the JSON that DynamoDB and SQS speak. */
export const AWS_JSON = 'application/x-amz-json-1.0';

/** An answer to a call. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Takes the place of a server's listener, which it returns. */
export function replaceListener(server: Server, replace: (listener: RequestListener) => RequestListener): RequestListener {
  const [listener] = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', replace(listener));
  return listener;
}

/** The body of a request, which may also be one that is handed on from another listener. */
export function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
  });
}

/** Hands a request whose body has been read to a listener, which gets to read it again. */
export function handOn(
  listener: RequestListener,
  { headers, method, url }: Pick<IncomingMessage, 'headers' | 'method' | 'url'>,
  response: ServerResponse,
  body: string | Buffer,
): void {
  const again = Object.assign(new EventEmitter(), { headers, method, url });
  listener(again as IncomingMessage, response as Parameters<RequestListener>[1]);
  if (body.length > 0) again.emit('data', Buffer.from(body));
  again.emit('end');
}

/** Has a listener answer a call. */
export function ask(listener: RequestListener, headers: IncomingHttpHeaders, body: string | Buffer): Promise<HttpAnswer> {
  return new Promise(resolve => {
    const answered: Record<string, string> = {};
    const response = {
      statusCode: 200,
      setHeader: (name: string, value: unknown): void => { answered[name.toLowerCase()] = String(value); },
      end: (text = ''): void => resolve({ status: response.statusCode, headers: answered, body: text }),
    };
    handOn(listener, { headers, method: 'POST', url: '/' }, response as unknown as ServerResponse, body);
  });
}

export function answer(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  response.statusCode = status;
  Object.entries(headers).forEach(([name, value]) => response.setHeader(name, value));
  response.setHeader('content-length', Buffer.byteLength(body));
  response.end(body);
}

/** The operation of a call whose protocol names it in a header, as that of DynamoDB does. */
export function operationOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  return String(headers['x-amz-target']).split('.')[1];
}
