// Puts access control before the emulators: each call is judged by who signs it, and one that is denied is answered as its service does.

import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { AccessControl, Denial } from './iam/access-control';
import { type AuthorizationRequest, type Principal, denialMessage } from './iam/authorizer';
import { type Call, dynamoDbRequests } from './iam/calls';
import type { SecurityPlan } from './iam/security-plan';
import { LOCAL_ACCOUNT } from './local-account';

/** An answer to a call. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const CREDENTIAL = /Credential=([^/,\s]+)\/[^/]*\/([^/]*)\//;

/** Access key id and region that a request is signed with; nothing where nobody has signed. */
export function signer({ authorization = '' }: IncomingHttpHeaders): readonly string[] {
  return CREDENTIAL.exec(authorization)?.slice(1) ?? [];
}

/** Reads from a request's headers who calls, and how; `undefined` where nobody has signed. */
export function callOf(
  { credentials }: SecurityPlan, headers: IncomingHttpHeaders, operation: string, input: Readonly<Record<string, unknown>>,
): Call | undefined {
  const [id, region] = signer(headers);
  if (id === undefined) return undefined;
  const caller = Object.entries(credentials).find(([known]) => known === id)?.[1];
  const principal: Principal = caller ? { kind: 'role', roleArn: caller.roleArn, session: caller.session } : { kind: 'administrator' };
  return {
    operation,
    input,
    region,
    principal,
    context: {
      // Calls on loopback stand for calls over TLS, but for those of a client that says it came in plain text.
      'aws:securetransport': headers['x-forwarded-proto'] === 'http' ? 'false' : 'true',
      'aws:requestedregion': region,
      'aws:resourceaccount': LOCAL_ACCOUNT,
      ...(caller?.functionArn === undefined ? {} : { 'lambda:sourcefunctionarn': caller.functionArn }),
    },
  };
}

/** Has the calls of the DynamoDB emulator judged; `control` is asked for at each, since it is not there from the start. */
export function guardDynamoDb(server: Server, control: () => AccessControl | undefined): void {
  const [listener] = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void buffer(request).then(body => {
      const refusal = dynamoDbRefusal(control(), request, body);
      if (refusal) {
        answer(response, refusal);
        return;
      }
      // The body has been read; the emulator gets to read it again.
      const { headers, method, url } = request;
      const again = Object.assign(new EventEmitter(), { headers, method, url });
      listener(again as IncomingMessage, response as Parameters<RequestListener>[1]);
      if (body.length > 0) again.emit('data', body);
      again.emit('end');
    }, () => response.destroy());
  });
}

export function answer(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function dynamoDbRefusal(control: AccessControl | undefined, { headers }: IncomingMessage, body: Buffer): HttpAnswer | undefined {
  const operation = String(headers['x-amz-target']).split('.')[1];
  const call = control && callOf(control.plan, headers, operation, parse(body));
  const denial = call && control.firstDenial(dynamoDbRequests(control.plan, call));
  return denial && jsonRefusal(denial, 'application/x-amz-json-1.0', 'com.amazon.coral.service#AccessDeniedException');
}

/** What is no JSON is for the emulator to refuse. */
export function parse(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? value as Record<string, unknown> : {};
  } catch {
    return {};
  }
}

export function jsonRefusal({ request, reason }: Denial, contentType: string, type: string): HttpAnswer {
  const message = denialMessage(request, reason);
  return { status: 400, headers: { 'content-type': contentType }, body: JSON.stringify({ __type: type, Message: message, message }) };
}

/** SQS writes its own actions in lower case, and has another error for keys. */
export function sqsRefusal({ request, reason }: Denial): HttpAnswer {
  const [type, code, status] = isKey(request) ? ['com.amazonaws.sqs#KmsAccessDenied', 'KMS.AccessDeniedException', 400]
    : ['com.amazon.coral.service#AccessDeniedException', 'AccessDenied', 403];
  const action = isKey(request) ? request.action : request.action.toLowerCase();
  const message = denialMessage({ ...request, action }, reason.replace(request.action, action));
  return {
    status: Number(status),
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-query-error': `${code};Sender` },
    body: JSON.stringify({ __type: type, message }),
  };
}

export function snsRefusal({ request, reason }: Denial): HttpAnswer {
  const [code, status] = isKey(request) ? ['KMSAccessDenied', 400] : ['AuthorizationError', 403];
  const action = request.action.replace(/^sns:/, 'SNS:');
  return snsError(String(code), denialMessage({ ...request, action }, reason.replace(request.action, action)), Number(status));
}

export function snsError(code: string, message: string, status: number): HttpAnswer {
  return {
    status,
    headers: { 'content-type': 'text/xml' },
    body: '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>'
      + `<Code>${code}</Code><Message>${escapeXml(message)}</Message></Error><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>`,
  };
}

function isKey({ action }: AuthorizationRequest): boolean {
  return action.startsWith('kms:');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
