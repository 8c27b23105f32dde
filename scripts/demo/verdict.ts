// Judges what the demo has seen: did every webhook arrive exactly as sent, as often as it should, not early, and was the invalid message reported?
import { Webhook as StandardWebhook } from 'standardwebhooks';
import type { DemoWebhook, InvalidMessage, Way } from './webhooks';
import { pathOf, ReceivedRequest } from '../support/receiver';

export interface Published<T> {
  readonly what: T;
  /** The producer's own, or the SNS MessageId. */
  readonly id: string;
}

export interface Seen {
  readonly requests: readonly ReceivedRequest[];
  /** Who sent each webhook on, by its id. @default - it is not known, and not judged */
  readonly ways?: ReadonlyMap<string, Way>;
  /** What came from the failure topic. */
  readonly notices: readonly string[];
  /** What the receiver verifies signatures with. */
  readonly signingSecret: string;
  /** How far the receiver's clock may be behind that of who sends, in milliseconds. @default 0 - they have the same */
  readonly clockToleranceMs?: number;
}

export interface WebhookVerdict {
  readonly webhook: DemoWebhook;
  /** Each attempt, in their order. */
  readonly arrivals: readonly ReceivedRequest[];
  readonly way?: Way;
  /** What is wrong with it; empty if all is well. */
  readonly problems: readonly string[];
}

export interface Verdict {
  readonly webhooks: readonly WebhookVerdict[];
  /** All that is wrong, webhook or not, each in a sentence. */
  readonly problems: readonly string[];
}

export interface Notice {
  readonly reason?: unknown;
  readonly id?: unknown;
  readonly errors?: readonly { readonly field?: unknown }[];
  readonly message?: unknown;
}

/** From a failed attempt to the next one, in a policy that says nothing else. */
const FIRST_RETRY_MS = 5_000;

/** Headers that every HTTP client has to write by itself. */
const CLIENT_HEADERS = ['host', 'connection', 'content-length'];
/** Headers that the scheduler adds. */
const SENDER_HEADERS = /^(user-agent|cookie|webhook-.+)$/;

export function judge(webhooks: readonly Published<DemoWebhook>[], invalid: Published<InvalidMessage>, seen: Seen): Verdict {
  const verdicts = webhooks.map((published) => judgeWebhook(published, seen));
  const paths = webhooks.map(({ what }) => pathOf(what.request.target));
  const strangers = seen.requests.filter(({ target }) => !paths.includes(pathOf(target)));
  return {
    webhooks: verdicts,
    problems: [
      ...verdicts.flatMap(({ webhook, problems }) => problems.map((problem) => `${webhook.name}: ${problem}.`)),
      ...strangers.map(({ method, target }) => `${method} ${target} arrived, and nobody had published it.`),
      ...judgeNotices(invalid, seen.notices),
    ],
  };
}

function judgeWebhook({ what: webhook, id }: Published<DemoWebhook>, { requests, ways, signingSecret, clockToleranceMs = 0 }: Seen): WebhookVerdict {
  const arrivals = requests.filter(({ target }) => pathOf(target) === pathOf(webhook.request.target));
  const way = ways?.get(id);
  const problems: string[] = [];
  if (arrivals.length !== webhook.answers.length) {
    problems.push(arrivals.length === 0 ? 'did not arrive' : `arrived ${times(arrivals.length)}, not ${times(webhook.answers.length)}`);
  }
  arrivals.slice(0, Math.max(webhook.answers.length, 1)).forEach((arrival, attempt) => {
    const early = earliest(webhook, arrivals, attempt) - arrival.arrivedAt;
    if (early > clockToleranceMs) {
      problems.push(`arrived ${early} ms early`);
    }
    problems.push(...compare(webhook, id, arrival), ...verify(arrival, signingSecret));
  });
  if (ways && way !== webhook.way) {
    problems.push(`was to be sent by ${webhook.way}, and ${way ? `was sent by ${way}` : 'nobody said that they sent it'}`);
  }
  return { webhook, arrivals, way, problems };
}

/** The first attempt at its date; the next one after the shortest delay of the default policy. */
function earliest({ dueAt }: DemoWebhook, arrivals: readonly ReceivedRequest[], attempt: number): number {
  return attempt === 0 ? dueAt : arrivals[attempt - 1].arrivedAt + FIRST_RETRY_MS;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function compare({ request }: DemoWebhook, id: string, arrival: ReceivedRequest): string[] {
  const problems: string[] = [];
  const expect = (what: string, expected: string, received: string | undefined) => {
    if (received !== expected) {
      problems.push(`${what} was to be ${JSON.stringify(expected)}, not ${JSON.stringify(received) ?? 'missing'}`);
    }
  };
  const header = (name: string) => {
    const values = arrival.headers.filter(([received]) => received.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
    return values.length > 0 ? values.join(', ') : undefined;
  };

  expect('the method', request.method, arrival.method);
  expect('path and query', request.target, arrival.target);
  if (!arrival.complete) {
    problems.push('the body broke off');
  } else if (!arrival.body.equals(Buffer.from(request.body))) {
    expect('the body', request.body, arrival.body.toString());
  }
  expect('the header webhook-id', id, header('webhook-id'));
  for (const [name, value] of Object.entries(request.headers)) {
    expect(`the header ${name}`, value, header(name));
  }
  const names = Object.keys(request.headers).map((name) => name.toLowerCase());
  for (const [name] of arrival.headers) {
    const known = [...CLIENT_HEADERS, ...names].includes(name.toLowerCase()) || SENDER_HEADERS.test(name.toLowerCase());
    if (!known) {
      problems.push(`the header ${name} was not asked for`);
    }
  }
  expect('cookies', inOrder(request.cookies), inOrder(arrival.cookies));
  return problems;
}

/** As a receiver does, with the public library of Standard Webhooks. */
function verify({ headers, body }: ReceivedRequest, signingSecret: string): string[] {
  try {
    new StandardWebhook(signingSecret).verify(body, Object.fromEntries(headers), { jsonParse: false });
    return [];
  } catch (error) {
    return [`the signature does not hold: ${(error as Error).message}`];
  }
}

function judgeNotices(invalid: Published<InvalidMessage>, texts: readonly string[]): string[] {
  if (texts.length !== 1) {
    return [`The failure topic carried ${texts.length} notices, not one.`];
  }
  const notice = JSON.parse(texts[0]) as Notice;
  const fields = notice.errors?.map(({ field }) => field) ?? [];
  const { wrongFields, message } = invalid.what;
  return [
    ...(notice.reason === 'validation' ? [] : [`The failure notice gives the reason ${JSON.stringify(notice.reason)}, not "validation".`]),
    ...(notice.id === invalid.id ? [] : [`The failure notice is about ${JSON.stringify(notice.id)}, not ${invalid.id}.`]),
    ...wrongFields.filter((field) => !fields.includes(field)).map((field) => `The failure notice does not name the wrong field ${field}.`),
    ...fields.filter((field) => !wrongFields.includes(String(field))).map((field) => `The failure notice names ${String(field)}, which is not wrong.`),
    ...(JSON.stringify(notice.message) === message ? [] : ['The failure notice does not hold the message as it was published.']),
  ];
}

function inOrder(values: Readonly<Record<string, string>>): string {
  return Object.keys(values).sort().map((name) => `${name}=${values[name]}`).join('; ');
}
