// The same messages as in memory, fewer of them, through the SDK's clients and the emulated services, to an endpoint on this machine.
import * as fc from 'fast-check';
import { batch, webhooksOf } from './messages';
import type { Receiver } from '../../scripts/support/receiver';
import { ACTION_PATIENCE_MS } from '../../src/core/actions';
import type { Cloud } from '../support/cloud';
import { emulatedScheduler } from '../support/emulated-scheduler';
import { notification } from '../support/sqs-events';
import type { TestScheduler } from '../support/test-scheduler';

jest.setTimeout(60_000);

let cloud: Cloud;
let receiver: Receiver;
let scheduler: TestScheduler;

emulatedScheduler((started) => {
  ({ cloud, receiver, scheduler } = started);
});

test('batches of hostile messages: the good one of each fires, what is not valid is told, what cannot be read comes again', async () => {
  const batches = fc.sample(batch, { numRuns: 40, seed: 1 }).map((cases) => cases.slice(1));
  for (const [nth, cases] of batches.entries()) {
    const good = `good-${nth}`;
    const messages = cases.map(({ fate, text }, i) => ({ fate, text, body: fate === 'aside' ? text : notification(text, `m-${nth}-${i}`) }));
    const fates = messages.flatMap((message, i) => webhooksOf(message, `m-${nth}-${i}`).map(({ fate }) => fate));
    const sentinel = notification({ date: scheduler.at(1_000), url: `${receiver.url}/${good}`, method: 'post', payload: { nth } }, good);
    const receivedAt = scheduler.clock.now();
    const again = await scheduler.ingestBatch([...messages.map(({ body }) => body), sentinel], receivedAt);
    scheduler.clock.advance(ACTION_PATIENCE_MS);
    const left = again.length === 0 ? [] : await scheduler.ingestBatch(again, receivedAt);
    expect([...left].sort()).toEqual(messages.filter(({ fate }) => fate === 'aside').map(({ body }) => body).sort());

    // The others lead to hosts that are not on this machine.
    await scheduler.deliver((await cloud.delayed()).map(({ Body = '' }) => Body).filter((body) => body.includes(good)));
    expect(receiver.requests.filter(({ target }) => target === `/${good}`)).toHaveLength(1);

    const told = (await cloud.notices()).filter(({ notice }) => notice.reason === 'validation');
    const refused = fates.filter((fate) => fate === 'refused').length;
    const unknown = fates.filter((fate) => fate === 'either').length;
    expect(told.length).toBeGreaterThanOrEqual(refused);
    expect(told.length).toBeLessThanOrEqual(refused + unknown);
    const error = { field: expect.any(String), received: expect.any(String), expected: expect.any(String) };
    told.forEach(({ notice }) => expect(notice).toMatchObject({ errors: expect.arrayContaining([error]) }));
  }
  const errors = scheduler.log.lines.filter(({ level, message }) => level === 'error' && message !== 'queue message cannot be read');
  expect(errors.map(({ message, fields: { error } }) => [message, String(error)])).toEqual([]);
});
