// Child process that serves a table on loopback, each answer after the time that DynamoDB takes. Ends when its parent does.
import { once } from 'node:events';
import { createServer, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Table, TableRequest } from './table';
import { obeyParent } from '../../scripts/support/obey-parent';

export interface TableCommand {
  /** Milliseconds from the end of a request to its answer. */
  readonly latencyMs: number;
}

const HOST = '127.0.0.1';

async function serve({ latencyMs }: TableCommand): Promise<string> {
  const table = new Table();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const operation = String(request.headers['x-amz-target']).split('.')[1];
      const answered = answer(table, operation, Buffer.concat(chunks).toString());
      setTimeout(() => reply(response, answered), latencyMs);
    });
  });
  // A client that waits for the next webhook must not find its connection closed.
  server.keepAliveTimeout = 60_000;
  server.listen(0, HOST);
  await once(server, 'listening');
  return `http://${HOST}:${(server.address() as AddressInfo).port}`;
}

function answer(table: Table, operation: string, body: string): { readonly status: number; readonly text: string } {
  try {
    return { status: 200, text: JSON.stringify(table.answer(operation, JSON.parse(body) as TableRequest)) };
  } catch (error) {
    return { status: 400, text: JSON.stringify({ __type: 'com.amazon.coral.validate#ValidationException', message: (error as Error).message }) };
  }
}

function reply(response: ServerResponse, { status, text }: { readonly status: number; readonly text: string }): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'content-length': Buffer.byteLength(text) }).end(text);
}

obeyParent(serve);
