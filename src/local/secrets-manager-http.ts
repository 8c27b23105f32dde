// Secrets Manager's protocol, AWS JSON 1.1, in front of the secrets.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { type SecretsManager, SecretsManagerError } from './secrets-manager';

const TARGET = 'secretsmanager.';
/** No signature is checked, but the region is where one names it. */
const REGION = /Credential=[^/]*\/[^/]*\/([^/]*)\//;

export function secretsManagerListener(secrets: SecretsManager): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    void answer(secrets, request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(body));
    });
  };
}

async function answer(secrets: SecretsManager, request: IncomingMessage): Promise<{ status: number; body: object }> {
  try {
    const target = String(request.headers['x-amz-target']);
    const [, region] = REGION.exec(request.headers.authorization ?? '') ?? [];
    if (!target.startsWith(TARGET)) throw new SecretsManagerError('UnknownOperationException', `${target} is no operation of Secrets Manager.`);
    if (region === undefined) throw new SecretsManagerError('MissingAuthenticationTokenException', 'Request is missing Authentication Token');
    const input = await json(request) as Readonly<Record<string, unknown>>;
    return { status: 200, body: secrets.call(target.slice(TARGET.length), input, region) };
  } catch (error) {
    if (error instanceof SecretsManagerError) return { status: 400, body: { __type: error.code, Message: error.message } };
    return { status: 400, body: { __type: 'SerializationException', Message: String(error) } };
  }
}
