// What message.md, security.md, delivery.md and operations.md say, and the code has to keep true.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { RetryPolicy, WebhookScheduler } from '../../src';
import { parseDate } from '../../src/core/date';
import * as limits from '../../src/core/limits';
import { parseMessage, partsOf } from '../../src/core/message';
import { toRequest } from '../../src/core/request';
import { verdictOf } from '../../src/core/retry';
import { FIELDS, NOW, OPTIONS } from '../support/faulty-messages';
import { PUBLIC_INTERNET } from '../support/network';
import { pageText, PROJECT } from './support/blocks';
import { namesIn, rowsOf } from './support/tables';

const MESSAGE = pageText('docs/message.md');
const DELIVERY = pageText('docs/delivery.md');
const OPERATIONS = pageText('docs/operations.md');

describe('message.md', () => {
  test('names every field of a message, and says of each whether a webhook has to have it', () => {
    const rows = rowsOf(MESSAGE, 'field');
    expect(rows.flatMap(([name]) => namesIn(name)).sort()).toEqual([...FIELDS].sort());
    const parsed = parseMessage('{}', OPTIONS);
    expect(rows.filter(([, need]) => need === 'required').map(([name]) => namesIn(name)[0]))
      .toEqual('errors' in parsed && parsed.errors.map(({ field }) => field));
  });

  test('takes a list apart as it says, and gives the ids that it says', () => {
    const [, most, list, id, place] = /array of 1 to (\d+) webhooks:\n\n```json\n([^`]*)```[^]*?counted from 0: `([\w-]+)-(\d)` for the second one/.exec(MESSAGE) ?? [];
    expect(Number(most)).toBe(limits.MAX_WEBHOOKS_PER_MESSAGE);
    const webhooks = partsOf(list, id).map((part) => parseMessage(part.text, { ...OPTIONS, ...part, network: PUBLIC_INTERNET }));
    expect(webhooks).toMatchObject([{ webhook: { id: '.reminder-4711' } }, { webhook: { id: `${id}-${place}` } }]);
  });

  test('reads dates as it says', () => {
    const [, section] = MESSAGE.split('### Dates');
    const dates = rowsOf(section, '`date`').map(([cell]) => namesIn(cell));
    const [first, same, roundedUp, blank, refused] = dates;
    expect([first, same, roundedUp].map(([date]) => parseDate(date))).toEqual(Array(3).fill(Date.parse('2030-01-31T09:30:00.250Z')));
    expect(parseDate(blank[0])).toBe(Date.parse('2030-01-31T09:30:00Z'));
    expect(refused.map(parseDate)).toEqual([undefined, undefined, undefined]);
  });

  test('sends its form as it says', () => {
    const [, json, body] = /```json\n(\{[^`]*urlencoded[^`]*)```\n\nis sent as `([^`]+)`/.exec(MESSAGE) ?? [];
    const parsed = parseMessage(json, { ...OPTIONS, network: PUBLIC_INTERNET });
    expect('webhook' in parsed && toRequest(parsed.webhook, NOW).body).toBe(body);
  });
});

test('security.md has the bounds of a message', () => {
  const bounds = new Map(rowsOf(pageText('docs/security.md'), 'what').map(([what, bound]) => (
    [what.replaceAll('`', ''), [...bound.matchAll(/\d[\d,]*/g)].map(([number]) => Number(number.replaceAll(',', '')))]
  )));
  expect(Object.fromEntries(bounds)).toMatchObject({
    message: [limits.MAX_MESSAGE_BYTES],
    list: [limits.MAX_WEBHOOKS_PER_MESSAGE],
    payload: [limits.MAX_PAYLOAD_DEPTH],
    url: [limits.MAX_URL_LENGTH, limits.MAX_HOST_LENGTH],
    headers: [limits.MAX_HEADERS, limits.MAX_HEADER_NAME_LENGTH, limits.MAX_HEADER_VALUE_LENGTH, limits.MAX_HEADER_BYTES],
    cookies: [limits.MAX_COOKIES, limits.MAX_COOKIE_LENGTH, limits.MAX_COOKIES_LENGTH],
  });
});

describe('delivery.md', () => {
  const plan = RetryPolicy.standardWebhooks()._toPlan();
  const UNITS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000 };

  test('has the delays of the default policy', () => {
    const [delays] = rowsOf(DELIVERY, 'attempt');
    expect(delays.slice(2).map((cell) => Number(cell.split(' ')[0]) * UNITS[cell.split(' ')[1]])).toEqual(plan.delaysMs);
  });

  test('says rightly what leads to another attempt', () => {
    const rows = rowsOf(DELIVERY, 'the endpoint');
    const resultOf = (status: number) => {
      const attempt = { at: new Date(NOW).toISOString(), lateMs: 0, durationMs: 1, status };
      return verdictOf(attempt, 1, undefined, { dueAt: NOW }, plan, NOW, () => 0).kind;
    };
    const statusesOf = (result: RegExp) => rows.filter(([, said]) => result.test(said)).flatMap(([cell]) => (cell.startsWith('answers')
      ? [...cell.matchAll(/\b([1-5])(\d\d|xx)\b/g)].map(([, hundreds, rest]) => Number(`${hundreds}${rest.replace('xx', '00')}`)) : []));
    expect(statusesOf(/^delivered/).map(resultOf)).toEqual(['delivered']);
    expect(statusesOf(/^failed attempt/).map(resultOf)).toEqual(Array(4).fill('retry'));
    expect(statusesOf(/for good/).map(resultOf)).toEqual(Array(6).fill('failed'));
  });

  test('names every header that the scheduler sends', () => {
    const parsed = parseMessage(JSON.stringify({
      date: '2030-01-31T09:30:00Z', url: 'https://example.com', method: 'POST', payload: {}, cookies: { a: 'b' },
    }), { ...OPTIONS, network: PUBLIC_INTERNET });
    const sent = 'webhook' in parsed ? Object.keys(toRequest(parsed.webhook, NOW).headers) : [];
    const said = rowsOf(DELIVERY, 'header').flatMap(([cell]) => namesIn(cell));
    expect(said).toEqual(expect.arrayContaining(sent));
    expect(sent.sort()).toEqual(['content-type', 'cookie', 'user-agent', 'webhook-id', 'webhook-timestamp']);
  });
});

describe('operations.md', () => {
  const scheduler = () => new WebhookScheduler(new Stack(new App(), 'Stack', { env: { region: 'eu-west-1' } }), 'Sched');

  test('names every alarm, in the section that is about it', () => {
    const { all, node, ...alarms } = scheduler().addAlarms();
    const named = [...OPERATIONS.matchAll(/^### .+\n\n(`.+`)$/gm)].flatMap(([, names]) => namesIn(names));
    expect(named).toEqual(Object.keys(alarms));
    expect(all).toHaveLength(Object.keys(alarms).length);
  });

  test('has the section that each alarm leads to', () => {
    const source = readFileSync(path.join(PROJECT, 'src', 'webhook-scheduler-alarms.ts'), 'utf8');
    const sections = new Set([...source.matchAll(/section: '([\w-]+)'/g)].map(([, section]) => section));
    const headings = [...OPERATIONS.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading.toLowerCase().replaceAll(' ', '-'));
    expect(new Set(headings)).toEqual(sections);
  });
});
