// The demo's verdict: says yes to what is as it should be, and names whatever is not.
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { judge, Published, Seen } from '../../scripts/demo/verdict';
import { demoWebhooks, DemoWebhook, InvalidMessage, invalidMessage } from '../../scripts/demo/webhooks';
import { ReceivedRequest } from '../../scripts/support/receiver';

const URL_BASE = 'http://127.0.0.1:1';
const NOW = Date.UTC(2030, 0, 31, 9, 30);
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

const webhooks: Published<DemoWebhook>[] = demoWebhooks(URL_BASE, NOW, 17_000).map((what, i) => ({ what, id: what.id ?? `id-${i}` }));
const invalid: Published<InvalidMessage> = { what: invalidMessage(), id: 'id-invalid' };
const notice = {
  reason: 'validation',
  id: 'id-invalid',
  errors: invalid.what.wrongFields.map((field) => ({ field })),
  message: JSON.parse(invalid.what.message) as unknown,
};

function signed(id: string, body: string): [string, string][] {
  const now = new Date();
  const timestamp = String(Math.floor(now.getTime() / 1000));
  return [['webhook-id', id], ['webhook-timestamp', timestamp], ['webhook-signature', new StandardWebhook(SECRET).sign(id, now, body)]];
}

/** The request as it arrives when all is well. */
function arrivalOf({ what: { request, dueAt }, id }: Published<DemoWebhook>, attempt = 0): ReceivedRequest {
  return {
    arrivedAt: dueAt + 3 + attempt * 5_100,
    method: request.method,
    target: request.target,
    headers: [['Host', '127.0.0.1:1'], ...signed(id, request.body), ['user-agent', 'a'], ...Object.entries(request.headers)],
    cookies: request.cookies,
    body: Buffer.from(request.body),
    complete: true,
  };
}

function allWell(): { requests: ReceivedRequest[] } & Seen {
  return {
    requests: webhooks.flatMap((webhook) => webhook.what.answers.map((_, attempt) => arrivalOf(webhook, attempt))),
    ways: new Map(webhooks.map(({ what, id }) => [id, what.way])),
    notices: [JSON.stringify(notice)],
    signingSecret: SECRET,
  };
}

/** What the verdict says when one request, that of the first webhook, is not as it should be. */
function problemsWith(change: Partial<ReceivedRequest>): readonly string[] {
  const seen = allWell();
  seen.requests[0] = { ...seen.requests[0], ...change };
  return judge(webhooks, invalid, seen).problems;
}

function problemsWithNotices(...notices: object[]): readonly string[] {
  return judge(webhooks, invalid, { ...allWell(), notices: notices.map((one) => JSON.stringify(one)) }).problems;
}

test('finds nothing wrong where nothing is', () => {
  const verdict = judge(webhooks, invalid, allWell());
  expect(verdict.problems).toEqual([]);
  expect(verdict.webhooks.map(({ arrivals }) => arrivals.length)).toEqual(webhooks.map(({ what }) => what.answers.length));
});

test.each<[string, Partial<ReceivedRequest>, string]>([
  ['a millisecond early', { arrivedAt: webhooks[0].what.dueAt - 1 }, 'JSON: arrived 1 ms early.'],
  ['another method', { method: 'PUT' }, 'JSON: the method was to be "POST", not "PUT".'],
  ['another query', { target: '/orders?x=1' }, 'JSON: path and query was to be "/orders", not "/orders?x=1".'],
  ['a body that broke off', { complete: false }, 'JSON: the body broke off.'],
  ['a header too many', { headers: [...arrivalOf(webhooks[0]).headers, ['x-extra', '1']] }, 'JSON: the header x-extra was not asked for.'],
  ['a cookie too many', { cookies: { a: 'b' } }, 'JSON: cookies was to be "", not "a=b".'],
])('names %s', (_, change, problem) => {
  expect(problemsWith(change)).toEqual([problem]);
});

test('names a body that differs in one byte', () => {
  expect(problemsWith({ body: Buffer.from(webhooks[0].what.request.body.replace('7890', '7000')) })).toEqual([
    expect.stringMatching(/^JSON: the body was to be .*7890.*, not .*7000/),
    'JSON: the signature does not hold: No matching signature found.',
  ]);
});

test('names a header that is missing, and an id that is another webhook\'s', () => {
  const { request } = webhooks[0].what;
  expect(problemsWith({ headers: signed('id-1', request.body) })).toEqual([
    'JSON: the header webhook-id was to be "id-0", not "id-1".',
    'JSON: the header content-type was to be "application/json", not missing.',
  ]);
});

test('names a request without a signature, and one that somebody else signed', () => {
  const { headers } = arrivalOf(webhooks[0]);
  const without = (name: string) => headers.filter(([header]) => header !== name);
  expect(problemsWith({ headers: without('webhook-signature') })).toEqual(['JSON: the signature does not hold: Missing required headers.']);
  expect(problemsWith({ headers: [...without('webhook-signature'), ['webhook-signature', 'v1,bm90IGhlcnM=']] })).toEqual([
    'JSON: the signature does not hold: No matching signature found.',
  ]);
});

test('names a webhook that did not arrive', () => {
  const seen = allWell();
  seen.requests.shift();
  expect(judge(webhooks, invalid, seen).problems).toEqual(['JSON: did not arrive.']);
});

test('names a webhook that arrived twice', () => {
  const seen = allWell();
  seen.requests.push(arrivalOf(webhooks[0]));
  expect(judge(webhooks, invalid, seen).problems).toEqual(['JSON: arrived 2 times, not once.']);
});

test('names one that was cancelled and arrived, and a second attempt that came too soon or not at all', () => {
  const seen = allWell();
  const named = (name: string) => webhooks.find(({ what }) => what.name === name)!;
  seen.requests.push(arrivalOf(named('cancelled')));
  const second = seen.requests.map(({ target }) => target).lastIndexOf('/flaky');
  seen.requests[second] = { ...seen.requests[second], arrivedAt: seen.requests[second].arrivedAt - 1_000 };
  expect(judge(webhooks, invalid, seen).problems).toEqual(['failing once: arrived 900 ms early.', 'cancelled: arrived once, not 0 times.']);
  seen.requests.splice(second, 1);
  expect(judge(webhooks, invalid, seen).problems).toContain('failing once: arrived once, not 2 times.');
});

test('names a request that nobody had published', () => {
  const seen = allWell();
  seen.requests.push({ ...arrivalOf(webhooks[0]), target: '/other' });
  expect(judge(webhooks, invalid, seen).problems).toEqual(['POST /other arrived, and nobody had published it.']);
});

test('names a webhook that took the other way', () => {
  const seen = { ...allWell(), ways: new Map(webhooks.map(({ id }) => [id, 'ingest' as const])) };
  expect(judge(webhooks, invalid, seen).problems).toEqual([
    'cancelled: was to be sent by load, and was sent by ingest.', 'due later: was to be sent by load, and was sent by ingest.',
  ]);
});

test('names a failure notice that did not come', () => {
  expect(problemsWithNotices()).toEqual(['The failure topic carried 0 notices, not one.']);
});

test('names a failure notice that came twice', () => {
  expect(problemsWithNotices(notice, notice)).toEqual(['The failure topic carried 2 notices, not one.']);
});

test('names wrong fields that the failure notice leaves out or makes up', () => {
  const [first, ...others] = notice.errors;
  expect(problemsWithNotices({ ...notice, errors: [...others, { field: 'payload' }] })).toEqual([
    `The failure notice does not name the wrong field ${first.field}.`,
    'The failure notice names payload, which is not wrong.',
  ]);
});

test('names a failure notice of another kind, about another message', () => {
  expect(problemsWithNotices({ ...notice, reason: 'exhausted', id: 'id-0', message: {} })).toEqual([
    'The failure notice gives the reason "exhausted", not "validation".',
    'The failure notice is about "id-0", not id-invalid.',
    'The failure notice does not hold the message as it was published.',
  ]);
});
