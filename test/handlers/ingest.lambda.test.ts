import { firstTurn } from '../../src/core/webhook';
import { Cloud } from '../support/cloud';
import { queuedTurns } from '../support/queued-turns';
import { notification, sqsEvent } from '../support/sqs-events';

let cloud: Cloud;
let handler: typeof import('../../src/handlers/ingest.lambda').handler;

beforeAll(async () => {
  cloud = await Cloud.start();
  cloud.setEnvironment();
  handler = jest.requireActual<typeof import('../../src/handlers/ingest.lambda')>('../../src/handlers/ingest.lambda').handler;
});
afterAll(() => cloud.stop());

const at = (msFromNow: number) => new Date(Date.now() + msFromNow).toISOString();
const message = (overrides: object = {}) => ({ date: at(1_000), url: 'https://example.com/hook', method: 'post', ...overrides });
const rowOf = async (id: string) => (await cloud.rows()).find(({ sk }) => String(sk).endsWith(`#${id}`));
const ALL_GOOD = { batchItemFailures: [] };

test('what is due soon is stored and sent to the delay queue, by its key alone, and when it was published where that was at short notice', async () => {
  const [date, publishedAt] = [at(1_000), Date.now()];
  expect(await handler(sqsEvent(
    notification(message({ date, payload: { big: 'x'.repeat(500) } }), 'soon', publishedAt), notification(message({ date }), 'in-time', publishedAt - 10_000),
  ))).toEqual(ALL_GOOD);

  const dueAt = Date.parse(date);
  expect(await rowOf('soon')).toMatchObject({ sk: `${dueAt}#soon`, o: '1' });
  const turns = (await cloud.delayed()).flatMap(({ Body }) => queuedTurns(Body));
  expect(turns.sort((a, b) => a.id.localeCompare(b.id))).toEqual([
    { ...firstTurn({ id: 'in-time', dueAt, partition: expect.any(Number) as unknown as number }) },
    { ...firstTurn({ id: 'soon', dueAt, partition: expect.any(Number) as unknown as number }), publishedAt },
  ]);
});

test('what is due later is stored and left to load', async () => {
  const date = at(3_600_000);
  expect(await handler(sqsEvent(notification(message({ date }), 'later')))).toEqual(ALL_GOOD);

  const row = await rowOf('later');
  expect(row).toMatchObject({ pk: expect.stringMatching(`^${Math.floor(Date.parse(date) / 60_000)}#\\d+$`) });
  expect(row).not.toHaveProperty('o');
  expect(Number(row?.ttl) * 1000).toBeGreaterThanOrEqual(Date.parse(date) + 30 * 86_400_000);
  expect(await cloud.delayed()).toEqual([]);
});

test('a past date is sent at once, and its row does not expire at once', async () => {
  await handler(sqsEvent(notification(message({ date: at(-28 * 86_400_000) }), 'past')));
  expect(Number((await rowOf('past'))?.ttl) * 1000).toBeGreaterThan(Date.now() + 29 * 86_400_000);
  expect(await cloud.delayed()).toHaveLength(1);
});

test('a batch with bad messages: each is reported once with all its wrong fields and its text, the good ones are accepted', async () => {
  const response = await handler(sqsEvent(
    notification(message(), 'good-1'),
    notification({ date: 'soon', url: 'nowhere', method: 'post', headers: { 'x-a': '1\n2' } }, 'bad-1'),
    notification('not JSON', 'bad-2'),
    notification(message(), 'good-2'),
  ));

  expect(response).toEqual(ALL_GOOD);
  expect((await cloud.delayed()).flatMap(({ Body }) => queuedTurns(Body)).map(({ id }) => id).sort()).toEqual(['good-1', 'good-2']);
  const notices = (await cloud.notices()).sort((a, b) => String(a.notice.id).localeCompare(String(b.notice.id)));
  expect(notices).toEqual([
    {
      notice: {
        version: 1,
        reason: 'validation',
        id: 'bad-1',
        failedAt: expect.any(String),
        errors: ['date', 'url', 'headers.x-a'].map((field) => expect.objectContaining({ field })),
        message: { date: 'soon', url: 'nowhere', method: 'post', headers: { 'x-a': '1\n2' } },
      },
      attributes: { reason: { Type: 'String', Value: 'validation' } },
    },
    { notice: expect.objectContaining({ id: 'bad-2', errors: [expect.objectContaining({ field: 'message' })], message: 'not JSON' }), attributes: expect.anything() },
  ]);
});

test('a list of webhooks: each is accepted by itself, under the MessageId and its place, or under an id of its own', async () => {
  const [soon, later] = [at(1_000), at(3_600_000)];
  const list = notification([message({ date: soon }), message({ date: later }), message({ date: later, id: 'listed' })], 'list');
  expect(await handler(sqsEvent(list))).toEqual(ALL_GOOD);
  expect((await cloud.delayed()).flatMap(({ Body }) => queuedTurns(Body)).map(({ id }) => id)).toEqual(['list-0']);
  expect(await rowOf('list-0')).toMatchObject({ sk: `${Date.parse(soon)}#list-0`, o: '1' });
  expect(await rowOf('list-1')).toMatchObject({ sk: `${Date.parse(later)}#list-1` });
  expect(await rowOf('.listed')).toMatchObject({ sk: `${Date.parse(later)}#.listed` });

  const before = await cloud.rows();
  expect(await handler(sqsEvent(list))).toEqual(ALL_GOOD);
  expect(await cloud.rows()).toHaveLength(before.length);
  expect((await cloud.delayed()).flatMap(({ Body }) => queuedTurns(Body)).map(({ id }) => id)).toEqual(['list-0']);
  expect(await cloud.notices()).toEqual([]);
});

test('of a list, what is wrong is reported webhook by webhook, and the others are accepted', async () => {
  await handler(sqsEvent(notification(message({ id: 'taken' }))));
  const other = message({ id: 'taken', payload: 'another' });
  const wrong = message({ method: 'fetch' });
  const cancel = { action: 'cancel', id: 'taken' };
  expect(await handler(sqsEvent(notification([wrong, 7, other, cancel, message()], 'partly')))).toEqual(ALL_GOOD);

  expect((await cloud.delayed()).flatMap(({ Body }) => queuedTurns(Body)).map(({ id }) => id).sort()).toEqual(['.taken', 'partly-4']);
  const notices = (await cloud.notices()).map(({ notice }) => notice);
  const refused = (id: string, published: unknown, error: object) => ({
    version: 1, reason: 'validation', id, failedAt: expect.any(String), errors: [expect.objectContaining(error)], message: published,
  });
  expect(notices).toHaveLength(4);
  expect(notices).toEqual(expect.arrayContaining([
    refused('partly-0', wrong, { field: 'method', received: '"fetch"' }),
    refused('partly-1', 7, { field: 'message', received: '"7"', expected: 'a JSON object with date, url and method' }),
    refused('taken', other, { field: 'id' }),
    refused('taken', cancel, { field: 'action', received: '"cancel"', expected: 'none in a list of webhooks: an action is a message of its own' }),
  ]));
});

test.each([
  ['no webhook', [], ''], ['more than ten', Array.from({ length: 11 }, () => message()), ', not 11'],
])('a list of %s is refused as a whole', async (_, list, count) => {
  expect(await handler(sqsEvent(notification(list, 'no-list')))).toEqual(ALL_GOOD);
  expect((await cloud.notices()).map(({ notice }) => notice)).toEqual([expect.objectContaining({
    reason: 'validation',
    id: 'no-list',
    errors: [expect.objectContaining({
      field: 'message', expected: `a JSON object with date, url and method, or an array of 1 to 10 of them${count}`,
    })],
    message: list,
  })]);
  expect(await cloud.delayed()).toEqual([]);
});

test('what is no notification is poison: it alone comes again', async () => {
  const event = sqsEvent('{"not":"a notification"}', notification(message(), 'beside-poison'), 'nor this');
  expect(await handler(event)).toEqual({
    batchItemFailures: [{ itemIdentifier: event.Records[0].messageId }, { itemIdentifier: event.Records[2].messageId }],
  });
  expect(await cloud.delayed()).toHaveLength(1);
});

test('of a hundred messages, as many as come within a batching window, those that cannot be read come again, and the others are stored, and sent on in one pack', async () => {
  const date = at(1_000);
  const ids = Array.from({ length: 100 }, (_, i) => (i % 8 === 0 ? undefined : `window-${i}`));
  const event = sqsEvent(...ids.map((id) => (id === undefined ? 'poison' : notification(message({ date }), id))));
  const poison = event.Records.filter((_, i) => ids[i] === undefined).map(({ messageId }) => ({ itemIdentifier: messageId }));
  expect(poison.length).toBeGreaterThan(10); // more than one call of SQS takes
  expect(await handler(event)).toEqual({ batchItemFailures: poison });

  const packs = (await cloud.delayed()).map(({ Body }) => queuedTurns(Body));
  const good = ids.filter((id) => id !== undefined);
  expect(packs.flat().map(({ id }) => id).sort()).toEqual([...good].sort());
  expect(packs).toHaveLength(1);
  expect((await cloud.rows()).filter(({ sk }) => String(sk).includes('#window-'))).toHaveLength(good.length);
});

test('a redelivered notification is the same row, with the same owner', async () => {
  const later = notification(message({ date: at(3_600_000) }), 'redelivered-later');
  await handler(sqsEvent(later));
  await handler(sqsEvent(later));
  expect(await cloud.delayed()).toEqual([]);

  const soon = notification(message(), 'redelivered-soon');
  await handler(sqsEvent(soon));
  await handler(sqsEvent(soon)); // its first handling may have ended between table and queue, so it is sent again
  expect(await cloud.delayed()).toHaveLength(2);

  expect((await cloud.rows()).filter(({ sk }) => String(sk).includes('redelivered'))).toHaveLength(2);
});

test('load stays the owner when a notification comes again inside the ingest horizon', async () => {
  const text = notification(message({ date: at(601_000) }), 'crossing');
  await handler(sqsEvent(text));
  const realNow = Date.now();
  const now = jest.spyOn(Date, 'now').mockReturnValue(realNow + 60_000);
  try {
    await handler(sqsEvent(text));
  } finally {
    now.mockRestore();
  }
  expect(await cloud.delayed()).toEqual([]);
  expect(await rowOf('crossing')).not.toHaveProperty('o');
});

test('a producer\'s own id is accepted once with the same content, and refused with other content', async () => {
  const first = message({ id: 'order-1', payload: { n: 1 } });
  expect(await handler(sqsEvent(notification(first), notification({ ...first, id: 'order-2' })))).toEqual(ALL_GOOD);
  expect(await handler(sqsEvent(notification(first)))).toEqual(ALL_GOOD);
  expect(await cloud.notices()).toEqual([]);

  expect(await handler(sqsEvent(notification({ ...first, payload: { n: 2 } })))).toEqual(ALL_GOOD);
  expect((await cloud.notices()).map(({ notice }) => notice)).toEqual([
    expect.objectContaining({ reason: 'validation', id: 'order-1', errors: [expect.objectContaining({ field: 'id', received: '"order-1"' })] }),
  ]);
  expect((await cloud.rows()).filter(({ sk }) => String(sk).endsWith('#.order-1'))).toHaveLength(1);
  await cloud.delayed();
});

test('a payload that would cost a second write unit is compressed', async () => {
  await handler(sqsEvent(
    notification(message({ payload: { text: 'the same again and again '.repeat(60) } }), 'compressible'),
    notification(message({ payload: 'short' }), 'small'),
  ));
  expect(await rowOf('compressible')).toHaveProperty('z');
  expect(await rowOf('small')).toMatchObject({ p: '"short"' });
  await cloud.delayed();
});
