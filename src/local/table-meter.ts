// Counts the calls of the DynamoDB emulator: by its own account of consumed capacity, which each call is made to ask for.

import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, Server } from 'node:http';
import { answer, type HttpAnswer, parse, signer } from './access-control-http';
import type { ReadTable, RequestMeter } from './request-meter';

/**
 * Counts the calls from now on that `counts` says count. To be put behind whatever refuses calls. Returns how to call the emulator without
 * being counted.
 */
export function meterDynamoDb(server: Server, meter: RequestMeter, counts: () => boolean): ReadTable {
  const [listener] = server.listeners('request') as RequestListener[];
  const read: ReadTable = async (operation, input) => {
    const { status, body } = await ask(listener, ownHeaders(operation), JSON.stringify(input));
    if (status !== 200) throw new Error(`The DynamoDB emulator answered ${operation} of the meter with ${status}: ${body}`);
    return JSON.parse(body) as Record<string, unknown>;
  };
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const { headers } = request;
      const [operation, input] = [String(headers['x-amz-target']).split('.')[1], parse(body)];
      // Who did not ask for the capacity takes no notice of it in the answer.
      const asking = counts() && meter.isBilled(operation) ? JSON.stringify({ ...input, ReturnConsumedCapacity: 'TOTAL' }) : body;
      void ask(listener, headers, asking).then(given => {
        if (counts()) meter.dynamoDb({ accessKeyId: signer(headers)[0] ?? '', operation, input }, given.status, parse(Buffer.from(given.body)), read);
        answer(response, given);
      });
    });
  });
  return read;
}

/** Has the emulator answer a call without a connection. */
function ask(listener: RequestListener, headers: IncomingHttpHeaders, body: string | Buffer): Promise<HttpAnswer> {
  return new Promise(resolve => {
    const answered: Record<string, string> = {};
    const response = {
      statusCode: 200,
      setHeader: (name: string, value: unknown): void => { answered[name.toLowerCase()] = String(value); },
      end: (text = ''): void => resolve({ status: response.statusCode, headers: answered, body: text }),
    };
    const request = Object.assign(new EventEmitter(), { headers, method: 'POST', url: '/' });
    listener(request as IncomingMessage, response as unknown as Parameters<RequestListener>[1]);
    request.emit('data', Buffer.from(body));
    request.emit('end');
  });
}

function ownHeaders(operation: string): IncomingHttpHeaders {
  return {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `DynamoDB_20120810.${operation}`,
    'x-amz-date': '20000101T000000Z',
    'authorization': 'AWS4-HMAC-SHA256 Credential=meter/20000101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=none',
  };
}
