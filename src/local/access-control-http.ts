// Puts access control before the emulators: each call is judged by who signs it, and one that is denied is answered as its service does.

import type { IncomingHttpHeaders, IncomingMessage, RequestListener, Server } from 'node:http';
import { type HttpAnswer, answer, ask, AWS_JSON, bodyOf, handOn, operationOf, replaceListener } from './emulator-calls';
import type { AccessControl, Denial } from './iam/access-control';
import { type AuthorizationRequest, type Principal, denialMessage } from './iam/authorizer';
import { type Call, dynamoDbRequests } from './iam/calls';
import type { SecurityPlan } from './iam/security-plan';
import { LOCAL_ACCOUNT } from './local-account';
import { type BatchStatement, readInsert, refusalOf } from './partiql';

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
  replaceListener(server, listener => (request, response) => {
    void bodyOf(request).then(async body => {
      const [judge, operation, input] = [control(), operationOf(request), parse(body)];
      const call = judge && callOf(judge.plan, request.headers, operation, input);
      const answered = judge && call && await answerOfGuard(judge, call, listener, request);
      if (answered) answer(response, answered);
      else handOn(listener, request, response, body);
    }).catch(() => response.destroy());
  });
}

/** The answer to a call of which something is denied; `undefined` for any other, which the emulator answers. */
async function answerOfGuard(
  control: AccessControl, call: Call, listener: RequestListener, { headers }: IncomingMessage,
): Promise<HttpAnswer | undefined> {
  if (call.operation === 'BatchExecuteStatement') return answerWithoutDenied(control, call, listener, headers);
  const denial = control.firstDenial(dynamoDbRequests(control.plan, call));
  return denial && jsonRefusal(denial, AWS_JSON, 'com.amazon.coral.service#AccessDeniedException');
}

/**
 * Each statement of a batch is judged by itself, and one that is denied has an error of its own, beside the outcomes of the others:
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html
 */
async function answerWithoutDenied(
  control: AccessControl, call: Call, listener: RequestListener, headers: IncomingHttpHeaders,
): Promise<HttpAnswer | undefined> {
  const { Statements = [] } = call.input as { readonly Statements?: readonly BatchStatement<unknown>[] };
  if (refusalOf(Statements) !== undefined) return undefined;
  const denials = Statements.map(statement => {
    const insert = readInsert(statement);
    if ('invalid' in insert) return undefined;
    const asInsert = { ...call, operation: 'PartiQLInsert', input: { TableName: insert.tableName, Item: insert.item } };
    return control.firstDenial(dynamoDbRequests(control.plan, asInsert));
  });
  if (denials.every(denial => denial === undefined)) return undefined;
  const allowed = Statements.filter((_, i) => denials[i] === undefined);
  const given: HttpAnswer = allowed.length === 0 ? { status: 200, headers: { 'content-type': AWS_JSON }, body: '{"Responses":[]}' }
    : await ask(listener, headers, JSON.stringify({ ...call.input, Statements: allowed }));
  if (given.status !== 200) return given;
  const answered = JSON.parse(given.body) as { readonly Responses: readonly object[] };
  const outcomes = answered.Responses[Symbol.iterator]();
  const Responses = denials.map(denial => (
    denial ? { Error: { Code: 'AccessDenied', Message: denialMessage(denial.request, denial.reason) } } : outcomes.next().value as object
  ));
  return { ...given, body: JSON.stringify({ ...answered, Responses }) };
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
    headers: { 'content-type': AWS_JSON, 'x-amzn-query-error': `${code};Sender` },
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
