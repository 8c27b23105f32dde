// What the demo publishes, and the request that has to come out of each.
import type { Behaviour } from '../support/receiver';

/** Who sends a webhook on: ingest if it is due soon, otherwise load, out of the table. */
export type Way = 'ingest' | 'load';

/** A request as it has to arrive. */
export interface ExpectedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: Readonly<Record<string, string>>;
  /** Byte for byte; no body at all if empty. */
  readonly body: string;
}

export interface DemoWebhook {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
  /** Whether its date has passed when it is published, so that it fires at once. */
  readonly past: boolean;
  /** What is published, as JSON text. */
  readonly message: string;
  readonly request: ExpectedRequest;
  readonly way: Way;
  /** An id of the producer's own, where it has one. */
  readonly id?: string;
  /** What the endpoint answers, one attempt after the other; none for a webhook that is cancelled before. */
  readonly answers: readonly number[];
}

export interface InvalidMessage {
  readonly message: string;
  /** The fields that the failure notice has to name, and no others. */
  readonly wrongFields: readonly string[];
}

/** Ingest, the delay queue and a cold start of the worker take less than this on any machine that runs the demo. */
const SOON_MS = 5_000;
const APART_MS = 400;
/** Before what is due later, and far enough ahead for a cancel to be certain to prevail. */
const CANCELLED_BEFORE_LATER_MS = 3_000;
const AN_HOUR_MS = 60 * 60_000;

const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };
const NOTHING = { headers: {}, cookies: {}, body: '' };

/**
 * @param url base of the receiver
 * @param now milliseconds since the epoch
 * @param laterMs how far ahead lies what takes the way through table and load
 */
export function demoWebhooks(url: string, now: number, laterMs: number): DemoWebhook[] {
  const [json, form, text, get, naive, flaky] = Array.from({ length: 6 }, (_, i) => now + SOON_MS + i * APART_MS);
  const later = now + laterMs;
  const cancelled = later - CANCELLED_BEFORE_LATER_MS;
  const past = now - AN_HOUR_MS;
  return [
    {
      name: 'JSON',
      dueAt: json,
      // The number has more digits than JavaScript's own hold, and still arrives whole.
      message: `{"date":"${iso(json)}","url":"${url}/orders","method":"POST","payload":{"order":12345678901234567890,"note":"Grüße ☕"}}`,
      request: { ...NOTHING, method: 'POST', target: '/orders', headers: JSON_TYPE, body: '{"order":12345678901234567890,"note":"Grüße ☕"}' },
      past: false,
      way: 'ingest',
      answers: [200],
    },
    {
      name: 'form',
      dueAt: form,
      message: JSON.stringify({
        date: iso(form),
        url: `${url}/forms`,
        method: 'post',
        headers: FORM_TYPE,
        payload: { name: 'Ada Lovelace', tags: ['a&b', 'c=d'] },
      }),
      request: { ...NOTHING, method: 'POST', target: '/forms', headers: FORM_TYPE, body: 'name=Ada+Lovelace&tags=a%26b&tags=c%3Dd' },
      past: false,
      way: 'ingest',
      answers: [200],
    },
    {
      name: 'string',
      dueAt: text,
      message: JSON.stringify({
        date: iso(text), url: `${url}/notes/7`, method: 'PUT', headers: { 'content-type': 'text/plain; charset=utf-8' }, payload: 'as it is:\n"ü"\n',
      }),
      request: { ...NOTHING, method: 'PUT', target: '/notes/7', headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'as it is:\n"ü"\n' },
      past: false,
      way: 'ingest',
      answers: [200],
    },
    {
      name: 'GET',
      dueAt: get,
      message: JSON.stringify({
        date: iso(get),
        url: `${url}/status?deep=true&of=order%207`,
        method: 'GET',
        headers: { 'X-Tenant': 'blue', 'Accept': 'text/html' },
        cookies: { session: 'a1b2', theme: 'dark' },
      }),
      request: {
        method: 'GET',
        target: '/status?deep=true&of=order%207',
        headers: { 'X-Tenant': 'blue', 'Accept': 'text/html' },
        cookies: { session: 'a1b2', theme: 'dark' },
        body: '',
      },
      past: false,
      way: 'ingest',
      answers: [200],
    },
    {
      name: 'naive date',
      dueAt: naive,
      // As Python's datetime.utcnow().isoformat() writes it: no offset, microseconds.
      message: JSON.stringify({ date: `${iso(naive).slice(0, -1)}000`, url: `${url}/from-python`, method: 'post' }),
      request: { ...NOTHING, method: 'POST', target: '/from-python' },
      past: false,
      way: 'ingest',
      answers: [200],
    },
    {
      name: 'past date',
      dueAt: past,
      message: JSON.stringify({ date: iso(past), url: `${url}/at-once`, method: 'DELETE' }),
      request: { ...NOTHING, method: 'DELETE', target: '/at-once' },
      past: true,
      way: 'ingest',
      answers: [200],
    },
    {
      name: 'failing once',
      dueAt: flaky,
      message: JSON.stringify({ date: iso(flaky), url: `${url}/flaky`, method: 'POST', payload: 'again' }),
      request: { ...NOTHING, method: 'POST', target: '/flaky', body: 'again' },
      past: false,
      way: 'ingest',
      answers: [503, 200],
    },
    {
      name: 'cancelled',
      dueAt: cancelled,
      message: JSON.stringify({ id: 'order-4711', date: iso(cancelled), url: `${url}/cancelled`, method: 'POST' }),
      request: { ...NOTHING, method: 'POST', target: '/cancelled' },
      past: false,
      way: 'load',
      id: 'order-4711',
      answers: [],
    },
    {
      name: 'due later',
      dueAt: later,
      message: JSON.stringify({ date: iso(later), url: `${url}/later`, method: 'POST', payload: ['through', 'the', 'table'] }),
      request: { ...NOTHING, method: 'POST', target: '/later', headers: JSON_TYPE, body: '["through","the","table"]' },
      past: false,
      way: 'load',
      answers: [200],
    },
  ];
}

/** How the receiver answers what does not get a 200 each time. */
export function demoBehaviours(): Record<string, Behaviour> {
  const answering = demoWebhooks('', 0, 0).filter(({ answers }) => answers.length > 1);
  return Object.fromEntries(answering.map(({ request, answers }) => [request.target, { first: answers.map((status) => ({ status })) }]));
}

export function invalidMessage(): InvalidMessage {
  return {
    message: JSON.stringify({
      date: 'tomorrow at noon',
      // Where a machine of AWS finds its credentials.
      url: 'http://169.254.169.254/latest/meta-data/iam/security-credentials/',
      method: 'FETCH',
      headers: { 'content-length': '5' },
      cookies: ['session'],
    }),
    wrongFields: ['date', 'url', 'method', 'headers.content-length', 'cookies'],
  };
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
