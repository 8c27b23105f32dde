// Queues that deliver twice, take only half of what is sent, and hold messages that nobody can handle.
import { audit, settle } from './support/audit';
import { INGEST_HORIZON_SECONDS, Rig } from './support/rig';
import { pause, sideBySide } from './support/scenarios';
import { publicId } from '../../src/core/webhook';
import { CLAIM_OPERATIONS } from '../support/claims';
import { queuedTurns } from '../support/queued-turns';
import { until } from '../support/until';

jest.setTimeout(150_000);

/** As few as let a dead letter come about in seconds: a message comes back after 2 and 4 s, and is put aside 8 s later. */
const MAX_RECEIVE_COUNT = 3;

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({ maxReceiveCount: MAX_RECEIVE_COUNT });
});
afterAll(async () => {
  await rig.stop();
});

const AHEAD_MS = 4_000;

const POISON = { ingest: 'no JSON at all', delay: '{"id":"without a due time"}' };

test('every notification and every queue message is delivered twice: each webhook fires once', async () => {
  const { ingestQueueUrl, delayQueueUrl } = rig.scheduler;
  let duplicated = 0;
  rig.isDuplicated = (queueUrl) => {
    const isOurs = [ingestQueueUrl, delayQueueUrl].includes(queueUrl);
    duplicated += isOurs ? 1 : 0;
    return isOurs;
  };
  const ids = Array.from({ length: 10 }, (_, i) => `twice-${i}`);
  const dueAt = Date.now() + AHEAD_MS;
  await rig.publish(...ids.map((id) => ({ id, dueAt })));
  await Promise.all(ids.map(async (id) => settle(rig, { id, ends: 'delivered' })));
  expect(duplicated).toBeGreaterThanOrEqual(2);
  rig.isDuplicated = () => false;
});

describe('side by side', () => {
  sideBySide({
    'copies of a notification and of a queue message, while it is handled and long after': async () => {
      const { ingestQueueUrl, delayQueueUrl } = rig.scheduler;
      const received = Promise.all([rig.nextReceived(ingestQueueUrl, 'copied'), rig.nextReceived(delayQueueUrl, 'copied')]);
      const arrived = rig.whenArrived('copied');
      rig.behaviours['/copied'] = { delayMs: 1_000 };
      await rig.publish({ id: 'copied', dueAt: Date.now() + AHEAD_MS });
      const [notification, turn] = await received;
      const sendCopies = async () => Promise.all([rig.send(ingestQueueUrl, notification), rig.send(delayQueueUrl, turn)]);
      await sendCopies();
      await arrived;
      await sendCopies();
      await settle(rig, { id: 'copied', ends: 'delivered' });
      await sendCopies();
    },

    'an id that is published again: with the same content it is accepted once, with other content it is refused': async () => {
      const webhook = { id: 'again', dueAt: Date.now() + AHEAD_MS };
      await rig.publish(webhook, webhook);
      await settle(rig, { id: 'again', ends: 'delivered' });
      await rig.publishMessage({ id: 'again', date: new Date(webhook.dueAt).toISOString(), url: `${rig.receiver.url}/other`, method: 'post' });
      const refused = await until('the notice', async () => (await rig.noticesOf('again'))[0]);
      expect(refused).toMatchObject({ reason: 'validation', reasonAttribute: 'validation', errors: [{ field: 'id' }] });
    },

    'a queue that refuses half of each batch at first, from ingest, load and deliver': async () => {
      /** How often each turn was sent. */
      const sends = new Map<string, number>();
      rig.faults.messaging.push((operation) => (operation !== 'SendMessageBatch' ? undefined : {
        refuse: ({ MessageBody }) => {
          const turns = queuedTurns(MessageBody).map(({ id, turn }) => `${publicId(id)}#${turn}`);
          turns.forEach((turn) => sends.set(turn, (sends.get(turn) ?? 0) + 1));
          return turns.some((turn) => /half-.*[02468]#/.test(turn) && sends.get(turn) === 1);
        },
      }));
      /** Apart by more than one queue message spans. */
      const dueOf = (id: string, dueAt: number) => (/[02468]$/.test(id) ? dueAt : dueAt + 1_500);
      const byIngest = Array.from({ length: 8 }, (_, i) => `half-ingest-${i}`);
      const byLoad = Array.from({ length: 8 }, (_, i) => `half-load-${i}`);
      const byDeliver = Array.from({ length: 4 }, (_, i) => `half-deliver-${i}`);
      byDeliver.forEach((id) => { rig.behaviours[`/${id}`] = { first: [{ status: 503 }] }; });
      const dueAt = Date.now() + AHEAD_MS;
      await rig.publish(
        ...[...byIngest, ...byDeliver].map((id) => ({ id, dueAt: dueOf(id, dueAt) })),
        ...byLoad.map((id) => ({ id, dueAt: dueOf(id, dueAt + 1_000 * INGEST_HORIZON_SECONDS) })),
      );
      await Promise.all([
        ...[...byIngest, ...byLoad].map(async (id) => settle(rig, { id, ends: 'delivered' })),
        ...byDeliver.map(async (id) => settle(rig, { id, ends: 'delivered', attempts: [503, 200] })),
      ]);
      // The turns of each, those of retries too, half of which were sent twice at least.
      const repeated = [...sends].filter(([, count]) => count > 1).map(([turn]) => turn);
      expect(repeated.filter((turn) => turn.startsWith('half-ingest')).length).toBeGreaterThanOrEqual(4);
      expect(repeated.filter((turn) => turn.startsWith('half-load')).length).toBeGreaterThanOrEqual(4);
      expect(repeated.filter((turn) => turn.startsWith('half-deliver') && turn.endsWith('#1')).length).toBeGreaterThanOrEqual(2);
    },

    'a failure topic that takes no notice at first: the failure is told when it does, and nothing is fired again': async () => {
      rig.behaviours['/untellable'] = { status: 410 };
      const mend = rig.inflict('messaging', 'fail', 'Publish', 'untellable');
      await rig.publish({ id: 'untellable', dueAt: Date.now() });
      await until('the failure', async () => (await rig.stateOf('untellable'))?.unreported);
      await pause(1_000);
      mend();
      await settle(rig, { id: 'untellable', ends: 'permanent', attempts: [410] });
    },

    'poison between good messages: it is told, kept in the dead-letter queue, and holds nobody up': async () => {
      const { ingestQueueUrl, delayQueueUrl } = rig.scheduler;
      const ids = Array.from({ length: 6 }, (_, i) => `healthy-${i}`);
      const dueAt = Date.now() + AHEAD_MS;
      await rig.publish(...ids.slice(0, 3).map((id) => ({ id, dueAt })));
      await Promise.all([rig.send(ingestQueueUrl, POISON.ingest), rig.send(delayQueueUrl, POISON.delay)]);
      await rig.publish(...ids.slice(3).map((id) => ({ id, dueAt })));
      await Promise.all(ids.map(async (id) => settle(rig, { id, ends: 'delivered' })));

      const told = async (queue: string, message: unknown) => until(`the notice of poison in ${queue}`, async () => (
        (await rig.notices()).find((notice) => notice.queue === queue && JSON.stringify(notice.message) === JSON.stringify(message))
      ), 60);
      expect(await told('ingest', POISON.ingest)).toMatchObject({ reason: 'dead-letter', reasonAttribute: 'dead-letter' });
      expect(await told('delay', JSON.parse(POISON.delay))).toMatchObject({ reason: 'dead-letter', reasonAttribute: 'dead-letter' });
    },

    'a notification that cannot be stored: told, kept, and accepted when an operator moves it back': async () => {
      const { ingestQueueUrl } = rig.scheduler;
      const mend = rig.inflict('table', 'fail', 'PutItem', 'unstorable');
      await rig.publish({ id: 'unstorable', dueAt: Date.now() + AHEAD_MS });
      const notice = await until('the notice', async () => (
        (await rig.notices()).find(({ message }) => (message as { id?: string } | undefined)?.id === 'unstorable')
      ), 60);
      expect(notice).toMatchObject({ reason: 'dead-letter', queue: 'ingest' });
      mend();
      await rig.moveBack('unstorable', (await rig.queuesBehind(ingestQueueUrl)).deadLetters, ingestQueueUrl);
      await settle(rig, { id: 'unstorable', ends: 'delivered' });
    },

    'a webhook that cannot be claimed: failed and told, and fired when an operator moves it back': async () => {
      const { delayQueueUrl } = rig.scheduler;
      const mend = rig.inflict('table', 'fail', CLAIM_OPERATIONS, 'unclaimable', 'claimant');
      await rig.publish({ id: 'unclaimable', dueAt: Date.now() + AHEAD_MS });
      await settle(rig, { id: 'unclaimable', ends: 'dead-letter' });
      expect((await rig.noticesOf('unclaimable'))[0]).toMatchObject({ queue: 'delay', message: { payload: { id: 'unclaimable' } } });
      mend();
      await rig.moveBack('unclaimable', (await rig.queuesBehind(delayQueueUrl)).deadLetters, delayQueueUrl);
      await until('it to be taken up again', async () => (await rig.stateOf('unclaimable'))?.status !== 'failed');
      await settle(rig, { id: 'unclaimable', ends: 'delivered', notices: 1 });
    },

    'an outcome that cannot be written in all its tries is written when it can be, and the request is not repeated': async () => {
      const mend = rig.inflict('table', 'fail', 'PutItem', 'unwritable', '"status"');
      const { unreported } = await rig.queuesBehind(rig.scheduler.delayQueueUrl);
      await rig.publish({ id: 'unwritable', dueAt: Date.now() + AHEAD_MS });
      await rig.nextReceived(unreported, 'unwritable');
      mend();
      await settle(rig, { id: 'unwritable', ends: 'delivered' });
    },
  });
});

test('afterwards nothing is left but the poison, and nothing was lost, early or repeated', async () => {
  await audit(rig, 1);
  for (const [url, poison] of [[rig.scheduler.ingestQueueUrl, POISON.ingest], [rig.scheduler.delayQueueUrl, POISON.delay]]) {
    const { deadLetters } = await rig.queuesBehind(url);
    // Moving others back has made it invisible for a moment.
    const [{ Body }] = await until('the poison', async () => rig.take(deadLetters).then((messages) => messages.length > 0 && messages));
    expect(Body).toBe(poison);
  }
});
