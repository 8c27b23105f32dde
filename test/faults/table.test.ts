// A table in trouble, for every function at once.
import { audit, settle } from './support/audit';
import { INGEST_HORIZON_SECONDS, Rig } from './support/rig';
import { pause } from './support/scenarios';
import { until } from '../support/until';

jest.setTimeout(150_000);

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({ shortTimeouts: true });
});
afterAll(async () => {
  await rig.stop();
});

const idsOf = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i}`);

test('a table that throttles each call twice, and whose third answer is lost: every webhook fires once', async () => {
  const fates = { throttle: 0, lose: 0 };
  rig.faults.table.push((_, attempt) => {
    const fate = attempt <= 2 ? 'throttle' : attempt === 3 ? 'lose' : undefined;
    if (fate) {
      fates[fate]++;
    }
    return fate;
  });
  const ids = idsOf('throttled', 15);
  rig.behaviours['/throttled-0'] = { first: [{ status: 503 }] };
  const dueAt = Date.now() + 5_000;
  await rig.publish(...ids.map((id) => ({ id, dueAt })));
  await Promise.all(ids.map(async (id, i) => settle(rig, { id, ends: 'delivered', ...(i === 0 ? { attempts: [503, 200] } : {}) })));
  // Of each webhook its name, its message, its claim and its outcome, at least.
  expect(fates.throttle).toBeGreaterThanOrEqual(2 * 4 * ids.length);
  expect(fates.lose).toBeGreaterThanOrEqual(4 * ids.length);
  rig.faults.table.length = 0;
});

test('a list, one of whose webhooks the table does not take until it comes again: each fires once, and what is wrong is told once', async () => {
  const dueAt = Date.now();
  const soon = { id: 'listed-soon', dueAt };
  const third = { id: 'listed-third', dueAt: dueAt + 5_000 };
  const later = { id: 'listed-later', dueAt: dueAt + 8_000 };
  const wrong = rig.messageOf({ id: 'listed-wrong', dueAt, fields: { method: 'fetch' } });
  const withoutId = rig.messageOf({ id: 'listed-without-id', dueAt: dueAt + 4_000, fields: { id: null } });
  const mend = rig.inflict('table', 'throttle', 'PutItem', third.id);
  const arrived = rig.whenArrived(soon.id);
  const list = [rig.messageOf(soon), wrong, rig.messageOf(third), withoutId, rig.messageOf(later), rig.messageOf(soon)];
  const messageId = await rig.publishMessage(list);
  [soon, later, third, { id: `${messageId}-3`, dueAt: dueAt + 4_000 }].forEach((webhook) => rig.published.set(webhook.id, webhook.dueAt));

  await arrived;
  expect(await rig.noticesOf('listed-wrong')).toEqual([]);
  mend();
  await Promise.all([soon.id, later.id, third.id, `${messageId}-3`].map(async (id) => settle(rig, { id, ends: 'delivered' })));
  expect(await until('the notice', async () => (await rig.noticesOf('listed-wrong'))[0])).toMatchObject({
    reason: 'validation', errors: [{ field: 'method' }], message: wrong,
  });
});

/**
 * For a minute, scaled to a quarter. What it has to be long for is more than all tries of a client, which take two seconds, and more than
 * an invocation; the waits between redeliveries, 2, 4, 8 s…, are not scaled, so that a message meets the outage three times, not five.
 */
const OUTAGE_MS = 15_000;

test('a table that fails for a minute: what was accepted fires, what is published meanwhile too, and nothing that was fired fires again', async () => {
  const [inFlight, due, duringIt, left] = [idsOf('in-flight', 6), idsOf('due', 6), idsOf('during-it', 6), idsOf('left-to-load', 3)];
  inFlight.forEach((id) => { rig.behaviours[`/${id}`] = { first: [{ delayMs: 1_500 }] }; });
  rig.behaviours['/failing'] = { delayMs: 1_500, status: 410 };
  rig.behaviours['/retrying'] = { first: [{ delayMs: 1_500, status: 503 }] };
  const firstDueAt = Date.now() + 4_000;
  const arrived = Promise.all([...inFlight, 'failing', 'retrying'].map(async (id) => rig.whenArrived(id)));
  await rig.publish(
    ...[...inFlight, 'failing', 'retrying'].map((id) => ({ id, dueAt: firstDueAt })),
    ...due.map((id, i) => ({ id, dueAt: firstDueAt + 3_000 + 300 * i })),
    ...left.map((id) => ({ id, dueAt: firstDueAt + 1_000 * INGEST_HORIZON_SECONDS })),
  );

  await arrived;
  let failed = 0;
  rig.faults.table.push(() => {
    failed++;
    return 'fail';
  });
  await rig.publish(...duringIt.map((id, i) => ({ id, dueAt: Date.now() + 1_000 * i })));
  await pause(OUTAGE_MS);
  rig.faults.table.length = 0;
  expect(failed).toBeGreaterThan(100);

  await Promise.all([
    ...[...inFlight, ...due, ...duringIt, ...left].map(async (id) => settle(rig, { id, ends: 'delivered' })),
    settle(rig, { id: 'failing', ends: 'permanent', attempts: [410] }),
    settle(rig, { id: 'retrying', ends: 'delivered', attempts: [503, 200] }),
  ]);
});

test('afterwards nothing is left, and nothing was lost, early or repeated', async () => {
  await audit(rig);
  expect(await rig.noticesOf('listed-wrong')).toHaveLength(1);
});
