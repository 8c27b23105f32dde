import { request } from 'node:http';
import { ConditionalCheckFailedException, DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import { PlainError, reportOf } from '../../src/core/error-report';

const SECRET = 'hunter2';
const METADATA = { httpStatusCode: 400, requestId: 'ABC-123' };

/** The error that something throws. */
function thrownBy(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it does not throw');
}

test('an error of one\'s own says what it says, and what it is made of', () => {
  const report = reportOf(new PlainError('2 of 3 could not be loaded', { cause: new AggregateError([new PlainError('one'), new Error(SECRET)]) }));
  expect(report).toMatchObject({ name: 'PlainError', message: '2 of 3 could not be loaded', causes: [{ name: 'AggregateError', causes: [{ message: 'one' }, { name: 'Error' }] }] });
  expect(report.stack[0]).toMatch(/^at .*error-report\.test\.ts:\d+:\d+/);
  expect(JSON.stringify(report)).not.toContain(SECRET);
});

test('AWS\'s errors about access say why; those about what was sent give their name and the request\'s id', () => {
  const of = (name: string, message: string) => reportOf(new DynamoDBServiceException({ name, message, $fault: 'client', $metadata: METADATA }));
  const why = 'User: arn:aws:sts::111122223333:assumed-role/Ingest is not authorized to perform: dynamodb:PutItem';
  expect(of('AccessDeniedException', why)).toMatchObject({ name: 'AccessDeniedException', message: why, status: 400, requestId: 'ABC-123' });
  const invalid = of('ValidationException', `1 validation error detected: Value '${SECRET}' at 'key' failed to satisfy constraint`);
  expect(invalid).toMatchObject({ name: 'ValidationException', status: 400, requestId: 'ABC-123' });
  expect(invalid).not.toHaveProperty('message');
});

test.each<[string, () => unknown]>([
  ['a JSON error', () => thrownBy(() => JSON.parse(`{"a":"${SECRET}" x}`))],
  ['a short JSON error, which quotes all of it', () => thrownBy(() => JSON.parse(SECRET))],
  ['a URL error', () => thrownBy(() => new URL(`//${SECRET}`))],
  ['a header name', () => thrownBy(() => request('http://127.0.0.1', { headers: { [`${SECRET} x`]: '' } }))],
  ['a header value', () => thrownBy(() => request('http://127.0.0.1', { headers: { 'x-a': `${SECRET}\n` } }))],
  ['a method', () => thrownBy(() => request('http://127.0.0.1', { method: `${SECRET} x` }))],
  ['an argument', () => thrownBy(() => Buffer.alloc(SECRET as unknown as number))],
  ['a row beside the error', () => new ConditionalCheckFailedException({ message: SECRET, $metadata: METADATA, Item: { p: { S: SECRET } } })],
  ['properties', () => Object.assign(new PlainError('own'), { $response: { body: SECRET }, input: SECRET, url: SECRET, hostname: SECRET, cert: { subject: SECRET } })],
  ['a cause', () => new Error(SECRET, { cause: new Error(SECRET) })],
  ['a message with lines like frames', () => new Error(`x\n    at ${SECRET} (/a.js:1:1)`)],
  ['a code', () => Object.assign(new Error('x'), { code: `not a code: ${SECRET}` })],
  ['a name', () => Object.assign(new Error('x'), { name: `not a name: ${SECRET}` })],
  ['no error', () => SECRET],
  ['an object', () => ({ [SECRET]: SECRET })],
  ['nothing', () => undefined],
])('%s does not get out', (_, make) => {
  const report = reportOf(make());
  expect(JSON.stringify(report)).not.toContain(SECRET);
  expect(report.name).toMatch(/^[\w.-]+$/);
});

test('an error that is its own cause comes to an end', () => {
  const error = new Error('round');
  error.cause = error;
  expect(JSON.stringify(reportOf(error)).length).toBeLessThan(20_000);
});
