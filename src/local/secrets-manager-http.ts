// Secrets Manager's protocol, AWS JSON 1.1, in front of the secrets.

import type { IncomingMessage, RequestListener } from 'node:http';
import { json } from 'node:stream/consumers';
import { callOf, jsonRefusal } from './access-control-http';
import { type HttpAnswer, answer } from './emulator-calls';
import type { AccessControl } from './iam/access-control';
import { secretsManagerRequests } from './iam/calls';
import { type SecretsManager, SecretsManagerError } from './secrets-manager';

const TARGET = 'secretsmanager.';
const CONTENT_TYPE = 'application/x-amz-json-1.1';
/** Before there is a plan, everyone is the administrator, and nothing has a policy. */
const NO_PLAN = { policies: [], credentials: {}, keys: {}, partitionKeys: {} };

export function secretsManagerListener(secrets: SecretsManager, control: () => AccessControl | undefined): RequestListener {
  return (request, response) => {
    void reply(secrets, control(), request).then(answered => answer(response, answered));
  };
}

async function reply(secrets: SecretsManager, control: AccessControl | undefined, request: IncomingMessage): Promise<HttpAnswer> {
  const jsonReply = (status: number, body: object): HttpAnswer => ({ status, headers: { 'content-type': CONTENT_TYPE }, body: JSON.stringify(body) });
  try {
    const target = String(request.headers['x-amz-target']);
    if (!target.startsWith(TARGET)) throw new SecretsManagerError('UnknownOperationException', `${target} is no operation of Secrets Manager.`);
    const input = await json(request) as Readonly<Record<string, unknown>>;
    const call = callOf(control?.plan ?? NO_PLAN, request.headers, target.slice(TARGET.length), input);
    if (!call) throw new SecretsManagerError('MissingAuthenticationTokenException', 'Request is missing Authentication Token');
    const secretId = input.SecretId ?? input.Name;
    const secretArn = secretId === undefined ? undefined : secrets.arnOf(secretId, call.region);
    const denial = control?.firstDenial(secretsManagerRequests(control.plan, call, secretArn));
    if (denial) return jsonRefusal(denial, CONTENT_TYPE, 'AccessDeniedException');
    return jsonReply(200, secrets.call(call.operation, input, call.region));
  } catch (error) {
    if (error instanceof SecretsManagerError) return jsonReply(400, { __type: error.code, Message: error.message });
    return jsonReply(400, { __type: 'SerializationException', Message: String(error) });
  }
}
