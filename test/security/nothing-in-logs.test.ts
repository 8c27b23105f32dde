// What producers and secrets hold stays out of logs: the functions as they are bundled, and as much going wrong as can.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { SecretValue, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Receiver } from '../../scripts/support/receiver';
import { messageKey } from '../../src/adapters/table-schema';
import { LOG_ACTION, LOG_DEAD_LETTER, LOG_DELIVERED, LOG_FAILED, LOG_REFUSED, LOG_REJECTED, LOG_RETRYING, LOG_SCHEDULED } from '../../src/core/log-events';
import { firstTurn, turnText } from '../../src/core/webhook';
import { Rig } from '../faults/support/rig';
import { until } from '../support/until';
import { SecretHeader, WebhookSchedulerProps, WebhookSigning } from 'cdk-webhook-scheduler';

jest.setTimeout(180_000);

/** In every secret, so that none can be missed; no host, method or id has it. */
const MARK = 'canary';
const secret = (where: string) => `${MARK}-${where}`;
/** As they may be written elsewhere: in capitals, as base64 at any offset, in a URL. */
const MARKS = [MARK, ...['', 'x', 'xx'].map((before) => Buffer.from(`${before}${MARK}`).toString('base64').slice(before.length + 1, -4))];

const NOT_ACCEPTED = 'message not accepted, will come again';

const KEY = Buffer.from(secret('signing-key-of-32-bytes').padEnd(32, '.')).toString('base64');

let rig: Rig;
let untrusted: Receiver;

beforeAll(async () => {
  rig = await Rig.start({ maxReceiveCount: 2, props: secretProps });
  const file = (name: string) => readFileSync(path.join(__dirname, '..', 'support', 'tls', name), 'utf8');
  untrusted = await Receiver.start({ tls: { key: file('key.pem'), cert: file('cert.pem') } });
});
afterAll(async () => {
  await rig.stop();
  await untrusted.close();
});

function secretProps(stack: Stack): WebhookSchedulerProps {
  const of = (id: string, value: string) => new secretsmanager.Secret(stack, id, { secretStringValue: SecretValue.unsafePlainText(value) });
  const header = (name: string, value: string, field?: string): SecretHeader => ({ header: name, secret: of(name, value), field, hosts: ['127.0.0.1'] });
  return {
    signing: WebhookSigning.fromSecret(of('Signing', `whsec_${KEY}`)),
    secretHeaders: [header('x-api-key', secret('secret-header')), { ...header('x-broken', `{"${MARK}":"${secret('secret-field')}" x}`, 'key'), hosts: ['localhost'] }],
  };
}

/** A valid message with a secret in every place that is not an id, a host or a method. */
function message(id: string, fields: object = {}): Record<string, unknown> {
  return {
    id,
    date: new Date(Date.now() + 1_000).toISOString(),
    url: `${rig.receiver.url}/${id}/${secret('path')}?${secret('query')}=${secret('query-value')}#${secret('fragment')}`,
    method: 'post',
    payload: { [secret('payload-name')]: [secret('payload'), { a: `line\n${secret('payload-line')}` }] },
    headers: { [`x-${secret('header-name')}`]: secret('header'), Authorization: `Bearer ${secret('token')}` },
    cookies: { [secret('cookie-name')]: secret('cookie') },
    ...fields,
  };
}
const pathOf = (id: string) => `/${id}/${secret('path')}`;

/** Lines that Powertools has written, by their message. */
const lines = (text: string) => rig.output.filter((line) => line.includes(`"message":"${text}"`));
const logged = async (text: string, id = '') => until(`"${text}" to be logged of ${id}`, () => lines(text).some((line) => line.includes(id)));

async function publishInvalid(): Promise<void> {
  const valid = { date: new Date().toISOString(), url: 'https://example.com', method: 'get' };
  const invalid: (object | string)[] = [
    secret('not-json'), `{"${secret('cut-off')}":"`, `["${secret('array')}"]`, `{"a":"${secret('json-error')}" x}`, `"${secret('string')}"`, `\ufeff{"a":"${secret('bom')}"}`,
    { ...valid, [secret('field-name')]: secret('field') }, { ...valid, date: secret('date') }, { ...valid, method: secret('method') }, { ...valid, id: `${secret('id')} ` },
    { ...valid, url: secret('url') }, { ...valid, url: `https://${secret('user')}:${secret('password')}@example.com/` }, { ...valid, url: `https://${secret('bad host')}/` },
    { ...valid, url: `https://example.com/${secret('long')}${'x'.repeat(9_000)}` }, { ...valid, url: `https://example.com/\n${secret('line-break')}` },
    { ...valid, headers: { [`${secret('bad header name')}`]: '' } }, { ...valid, headers: { 'x-a': `\n${secret('bad-header')}` } }, { ...valid, headers: { host: secret('host-header') } },
    { ...valid, headers: secret('headers') }, { ...valid, cookies: { a: `;${secret('bad-cookie')}` } }, { ...valid, cookies: { [`${secret('bad cookie')}`]: '' } },
    { ...valid, retry: { [secret('retry-name')]: secret('retry') } }, { ...valid, retry: secret('retry-text') }, { ...valid, payload: { [secret('form')]: {} }, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    { ...valid, action: secret('action') }, { action: 'cancel', id: 'nobody', [secret('cancel-field')]: secret('cancel-value') }, { action: 'reschedule', id: 'nobody', url: secret('reschedule') },
    `{"date":"${secret('first')}","date":"${secret('second')}"}`, { ...valid, payload: '\ud800' + secret('surrogate') },
  ];
  for (const text of invalid) {
    await rig.publishMessage(text, {
      Subject: secret('subject'), MessageAttributes: { [secret('attribute')]: { DataType: 'String', StringValue: secret('attribute-value') } },
    });
  }
  await until('all to be rejected', () => lines(LOG_REJECTED).length === invalid.length, 60);
}

test('nothing that a producer sends, and no secret, gets into a log, whatever goes wrong', async () => {
  const { ingestQueueUrl, delayQueueUrl } = rig.scheduler;
  Object.assign(rig.behaviours, {
    [pathOf('gone')]: { status: 410, headers: { 'retry-after': secret('retry-after'), 'x-a': secret('answer') } },
    [pathOf('failing')]: { status: 503, headers: { 'retry-after': secret('retry-after') } },
    [pathOf('hanging')]: { misbehaviour: 'hang' },
    [pathOf('resetting')]: { misbehaviour: 'reset' },
  });

  // Endpoints: good, bad, absent, not to be trusted; and secrets that are none.
  for (const id of ['good', 'gone', 'failing', 'hanging', 'resetting']) {
    await rig.publishMessage(message(id, id === 'hanging' ? { retry: { maxAttempts: 1 } } : {}));
  }
  await rig.publishMessage(message('refusing', { url: `http://127.0.0.1:1/${secret('path')}` }));
  await rig.publishMessage(message('untrusted', { url: `${untrusted.url}/${secret('path')}`, payload: undefined }));
  await rig.publishMessage(message('not-there', { url: `https://does-not-exist.invalid/${secret('path')}` }));
  await rig.publishMessage(message('broken-secret', { url: `${untrusted.url.replace('127.0.0.1', 'localhost')}/${secret('path')}` }));
  await rig.publishMessage(message('loaded', { date: new Date(Date.now() + 14_000).toISOString() }));

  // Actions, taken and refused.
  await rig.publishMessage(message('changed', { date: new Date(Date.now() + 60_000).toISOString() }));
  await rig.whenAccepted('changed');
  await rig.publishMessage({ action: 'reschedule', id: 'changed', payload: secret('new-payload'), headers: { 'x-a': secret('new-header') } });
  await logged(LOG_ACTION, 'changed');
  await rig.publishMessage({ action: 'redrive', id: 'changed' });
  await logged(LOG_REFUSED, 'changed');
  await publishInvalid();

  // Services that quote what they refuse, and answers that break off: each call that carries or brings something.
  const faults: [id: string, line: string, ...fault: Parameters<Rig['inflict']>][] = [
    ['quoted-put', NOT_ACCEPTED, 'table', 'quote', 'PutItem', 'quoted-put', MARK],
    ['garbled-put', NOT_ACCEPTED, 'table', 'garble', 'PutItem', 'garbled-put', MARK],
    ['quoted-get', 'webhooks not read, will come again', 'table', 'quote', 'BatchGetItem', 'quoted-get'],
    ['garbled-get', 'webhooks not read, will come again', 'table', 'garble', 'BatchGetItem', 'garbled-get'],
    ['quoted-claim', 'webhook not settled, will come again', 'table', 'quote', 'UpdateItem', 'quoted-claim'],
    ['quoted-outcome', 'outcome not taken by the table, sent on', 'table', 'quote', 'PutItem', 'quoted-outcome', '"delivered"'],
    ['quoted-send', 'delay queue not reached', 'messaging', 'quote', 'SendMessageBatch', 'quoted-send'],
  ];
  for (const [id, line, ...fault] of faults) {
    const before = lines(line).length;
    const liftFault = rig.inflict(...fault);
    await rig.publishMessage(message(id));
    await until(`"${line}" to be logged of ${id}`, () => lines(line).length > before);
    liftFault();
  }

  // The failure topic refuses a notice, and quotes it.
  const lift = rig.inflict('messaging', 'quote', 'Publish');
  const untold = lines(NOT_ACCEPTED).length;
  await rig.publishMessage({ [secret('untold')]: secret('untold') });
  await until('a notice to fail', () => lines(NOT_ACCEPTED).length > untold);
  lift();

  // Load: its rows cannot be read.
  const liftQuery = rig.inflict('table', 'quote', 'Query', '#');
  await logged('load failed', '');
  liftQuery();

  // Rows and queue messages of somebody else.
  const turn = firstTurn({ id: 'no-row', dueAt: Date.now(), partition: 0 });
  await rig.putRow({ ...messageKey(turn), m: { S: `["a","https://${secret('row')}` }, ttl: { N: '9999999999' } });
  await rig.send(delayQueueUrl, turnText(turn));
  await logged('webhook missing', 'no-row');
  for (const queueUrl of [ingestQueueUrl, delayQueueUrl]) {
    for (const body of [secret('poison'), `{"${secret('poison-name')}":"${secret('poison-json')}" x}`, `{"MessageId":{"a":"${secret('envelope')}"}}`]) {
      await rig.send(queueUrl, body);
    }
  }
  await until('the poison to be put aside', () => lines(LOG_DEAD_LETTER).length >= 6, 60);

  await logged(LOG_FAILED, 'hanging');
  await logged(LOG_FAILED, 'untrusted');
  await logged(LOG_FAILED, 'broken-secret');
  await logged('secret cannot be used', 'expected a JSON object');
  await logged(LOG_DELIVERED, 'loaded');

  // All that was to be seen has been: the secrets went out, and each kind of line was written, some of them with what went wrong.
  const { headers, body, target } = rig.requestsOf('good')[0];
  expect(`${target} ${body.toString()}`).toContain(secret('payload'));
  expect(headers.map(([name]) => name)).toContain('webhook-signature');
  for (const text of [LOG_SCHEDULED, LOG_DELIVERED, LOG_RETRYING, LOG_FAILED, LOG_ACTION, LOG_REFUSED, LOG_REJECTED, LOG_DEAD_LETTER, 'loaded', 'queue message cannot be read']) {
    expect(lines(text).length).toBeGreaterThan(0);
  }
  expect(rig.output.some((line) => line.includes('"_aws"'))).toBe(true); // metrics
  expect(lines(NOT_ACCEPTED).some((line) => line.includes('"name":"ValidationException"'))).toBe(true);
  expect(rig.invocationErrors.join('\n')).toContain('PlainError');
  expect(rig.output.filter((line) => MARKS.some((mark) => line.toLowerCase().includes(mark.toLowerCase())))).toEqual([]);
});
