// Counts the calls of the DynamoDB emulator: by its own account of consumed capacity, which each call is made to ask for.

import type { IncomingHttpHeaders, Server } from 'node:http';
import { parse, signer } from './access-control-http';
import { answer, ask, AWS_JSON, bodyOf, operationOf, replaceListener } from './emulator-calls';
import type { ReadTable, RequestMeter } from './request-meter';

/**
 * Counts the calls from now on that `counts` says count. To be put behind whatever refuses calls. Returns how to call the emulator without
 * being counted.
 */
export function meterDynamoDb(server: Server, meter: RequestMeter, counts: () => boolean): ReadTable {
  const read: ReadTable = async (operation, input) => {
    const { status, body } = await ask(emulator, ownHeaders(operation), JSON.stringify(input));
    if (status !== 200) throw new Error(`The DynamoDB emulator answered ${operation} of the meter with ${status}: ${body}`);
    return JSON.parse(body) as Record<string, unknown>;
  };
  const emulator = replaceListener(server, listener => (request, response) => {
    void bodyOf(request).then(async body => {
      const { headers } = request;
      const [operation, input] = [operationOf(request), parse(body)];
      // Who did not ask for the capacity takes no notice of it in the answer.
      const asking = counts() && meter.isBilled(operation) ? JSON.stringify({ ...input, ReturnConsumedCapacity: 'TOTAL' }) : body;
      const given = await ask(listener, headers, asking);
      if (counts()) meter.dynamoDb({ accessKeyId: signer(headers)[0] ?? '', operation, input }, given.status, parse(Buffer.from(given.body)), read);
      answer(response, given);
    });
  });
  return read;
}

function ownHeaders(operation: string): IncomingHttpHeaders {
  return {
    'content-type': AWS_JSON,
    'x-amz-target': `DynamoDB_20120810.${operation}`,
    'x-amz-date': '20000101T000000Z',
    'authorization': 'AWS4-HMAC-SHA256 Credential=meter/20000101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=none',
  };
}
