// What the end-to-end test publishes: the demo's webhooks, one that fails for good, and one that is published twice.
import type { LambdaFunctionURLResult } from 'aws-lambda';
import { demoBehaviours, DemoWebhook, demoWebhooks } from '../demo/webhooks';

/** What is cancelled is due three seconds before: a cancel prevails that is handled ten seconds before the date, be it by a cold start. */
const LATER_MS = 20_000;
const SOON_MS = 8_000;

/** A webhook, and how the scheduler has to end it. */
export interface EndToEndWebhook extends DemoWebhook {
  /** How often the same message is published. */
  readonly copies: number;
  /** Status of the only attempt of one that fails for good, which the failure topic has to tell of. */
  readonly failsWith?: number;
}

const GONE = 410;
const GONE_PATH = '/gone';

/**
 * All are due within half a minute. What is due in more than ten minutes takes the way through the table and load, which the demo shows.
 *
 * @param url base of the receiver
 * @param now milliseconds since the epoch
 * @param run makes the ids of this run its own
 */
export function endToEndWebhooks(url: string, now: number, run: string): EndToEndWebhook[] {
  const soon = now + SOON_MS;
  const own = (name: string): string => `${run}-${name}`;
  return [
    ...demoWebhooks(url, now, LATER_MS).filter(({ name }) => name !== 'due later').map((webhook) => ({ ...withOwnId(webhook, own), copies: 1 })),
    { ...postOf('published twice', '/twice', soon, url, own('twice')), answers: [200], copies: 2 },
    { ...postOf('failing for good', GONE_PATH, soon, url, own('gone')), answers: [GONE], copies: 1, failsWith: GONE },
  ];
}

/** How the receiver answers the nth request for a path, from 0. */
export function answerTo(path: string, nth: number): LambdaFunctionURLResult {
  const status = path === GONE_PATH ? GONE : demoBehaviours()[path]?.first?.[nth]?.status ?? 200;
  return { statusCode: status };
}

function withOwnId(webhook: DemoWebhook, own: (name: string) => string): DemoWebhook {
  if (webhook.id === undefined) {
    return webhook;
  }
  const id = own(webhook.id);
  return { ...webhook, id, message: JSON.stringify({ ...JSON.parse(webhook.message) as object, id }) };
}

function postOf(name: string, target: string, dueAt: number, url: string, id: string): Omit<DemoWebhook, 'answers'> {
  const payload = { of: name };
  return {
    name,
    dueAt,
    past: false,
    message: JSON.stringify({ id, date: new Date(dueAt).toISOString(), url: `${url}${target}`, method: 'POST', payload }),
    request: { method: 'POST', target, headers: { 'content-type': 'application/json' }, cookies: {}, body: JSON.stringify(payload) },
    way: 'ingest',
    id,
  };
}
