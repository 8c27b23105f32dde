// Workers that are killed, each at the worst moment of one step: SIGKILL, as a crash of a Lambda function's environment is.
import { audit, settle } from './support/audit';
import { DELIVER_TIMEOUT_MS, Rig } from './support/rig';
import { pause, sideBySide } from './support/scenarios';
import { CLAIM_OPERATIONS } from '../support/claims';
import { Input } from '../support/flaky-proxy';
import { until } from '../support/until';

jest.setTimeout(150_000);

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({ shortTimeouts: true });
});
afterAll(async () => {
  await rig.stop();
});

/** Time for a message to be accepted. */
const AHEAD_MS = 4_500;
/** Apart enough for the webhooks of two scenarios not to be handled, and killed, by one worker. */
const APART_MS = 700;
let scenarios = 0;

/** Waits for its turn, then publishes a webhook that is due in a moment. */
async function publishInTurn(id: string, aheadMs = AHEAD_MS): Promise<void> {
  await pause(APART_MS * scenarios++);
  await rig.publish({ id, dueAt: Date.now() + aheadMs });
}

/** Kills the worker that handles a webhook when the table has written this state of it, before the worker hears of it. */
async function killWhenWritten(id: string, status: string, worker: 'ingest' | 'deliver' = 'deliver'): Promise<void> {
  await rig.whenAnswered((operation, { Item }, text) => (
    operation === 'PutItem' && text.includes(id) && (Item as { status?: { S: string } }).status?.S === status
  ), () => rig.kill(worker, id));
}

const isClaimOf = (id: string) => (operation: string, _: Input, text: string) => (
  CLAIM_OPERATIONS.includes(operation) && text.includes(id) && text.includes('claimant')
);

sideBySide({
  'deliver is killed after it fired, while another worker has turned away a copy of the queue message: it fires once more': async () => {
    rig.isDuplicated = (queueUrl, messages) => queueUrl === rig.scheduler.delayQueueUrl && messages.includes('doubled');
    rig.behaviours['/doubled'] = { first: [{ delayMs: 2_000 }] };
    const killed = rig.whenArrived('doubled', () => rig.kill('deliver', 'doubled'));
    await publishInTurn('doubled');
    await killed;
    await settle(rig, { id: 'doubled', ends: 'delivered', repeats: 1 });
  },

  'deliver is killed between claim and fire: it fires once': async () => {
    const killed = rig.whenAnswered(isClaimOf('claimed'), () => rig.kill('deliver', 'claimed'));
    await publishInTurn('claimed');
    await killed;
    await settle(rig, { id: 'claimed', ends: 'delivered' });
  },

  'deliver is killed while it holds several that came in one queue message: each fires once': async () => {
    const ids = ['packed-1', 'packed-2', 'packed-3'];
    const inOneMessage = rig.whenAnswered(
      (operation, _, text) => operation === 'SendMessageBatch' && text.includes('turns') && ids.every((id) => text.includes(id)), () => undefined,
    );
    const killed = rig.whenAnswered(isClaimOf('packed-1'), () => rig.kill('deliver', 'packed-1'));
    await pause(APART_MS * scenarios++);
    const dueAt = Date.now() + 14_000;
    await rig.publish(...ids.map((id) => ({ id, dueAt })));
    await inOneMessage;
    await killed;
    await Promise.all(ids.map(async (id) => settle(rig, { id, ends: 'delivered' })));
  },

  'deliver is killed after it fired and before the outcome is known: it fires once more, and only once': async () => {
    rig.behaviours['/fired'] = { first: [{ delayMs: 2_000 }] };
    const killed = rig.whenArrived('fired', () => rig.kill('deliver', 'fired'));
    await publishInTurn('fired');
    await killed;
    await settle(rig, { id: 'fired', ends: 'delivered', repeats: 1 });
  },

  'deliver is killed once the outcome is written and before its queue message is deleted: it does not fire again': async () => {
    const killed = killWhenWritten('written', 'delivered');
    await publishInTurn('written');
    await killed;
    await settle(rig, { id: 'written', ends: 'delivered' });
  },

  'deliver is killed between the outcome and the next turn: the next attempt is made all the same': async () => {
    rig.behaviours['/retrying'] = { first: [{ status: 503 }] };
    const killed = killWhenWritten('retrying', 'retrying');
    await publishInTurn('retrying');
    await killed;
    await settle(rig, { id: 'retrying', ends: 'delivered', attempts: [503, 200] });
  },

  'deliver is killed between the failure and its notice: the failure is told': async () => {
    rig.behaviours['/untold'] = { status: 410 };
    const killed = killWhenWritten('untold', 'failed');
    await publishInTurn('untold');
    await killed;
    await settle(rig, { id: 'untold', ends: 'permanent', attempts: [410] });
  },

  'deliver is killed right after a failure is told: it is told once more, and nothing is fired again': async () => {
    rig.behaviours['/told'] = { status: 410 };
    const killed = rig.whenAnswered((operation, _, text) => operation === 'Publish' && text.includes('told') && !text.includes('untold'), () => (
      rig.kill('deliver', 'told')
    ));
    await publishInTurn('told');
    await killed;
    await settle(rig, { id: 'told', ends: 'permanent', attempts: [410], notices: 2 });
  },

  'deliver is killed in the middle of a batch: what had been fired is fired once more, the others once': async () => {
    const ids = Array.from({ length: 12 }, (_, i) => `batch-${i}`);
    // No answer comes before the kill, so that each request that the killed worker has made has an outcome that nobody knows.
    ids.forEach((id) => { rig.behaviours[`/${id}`] = { first: [{ delayMs: 2_000 }] }; });
    await pause(APART_MS * scenarios++);
    let handled = '';
    const killed = rig.whenArrived(ids[0], () => { handled = rig.kill('deliver', ids[0]); });
    const dueAt = Date.now() + AHEAD_MS;
    // At different instants, so that the kill finds some fired and others not.
    await rig.publish(...ids.map((id, i) => ({ id, dueAt: dueAt + 300 * (i % 3) })));
    await killed;
    await pause(1_000); // what it has written arrives
    const counted = ids.filter((id) => handled.includes(`${id}\\"`) && rig.requestsOf(id).length > 0);
    expect(counted).toContain(ids[0]);
    await Promise.all(ids.map(async (id) => settle(rig, { id, ends: 'delivered', repeats: counted.includes(id) ? 1 : 0 })));
  },

  'deliver is cut off by its timeout, since the table hangs on the claim: it fires once, later': async () => {
    const mend = rig.inflict('table', 'hang', CLAIM_OPERATIONS, 'stuck', 'claimant');
    await publishInTurn('stuck');
    await until('the timeout', () => rig.invocationErrors.some((error) => error.includes('timed out')));
    mend();
    await settle(rig, { id: 'stuck', ends: 'delivered' });
  },

  'the table hangs on the outcome: it travels on in the queue, and the webhook is not fired again': async () => {
    const mend = rig.inflict('table', 'hang', 'PutItem', 'sent-on', '"status"');
    const sentOn = rig.whenAnswered((operation, _, text) => operation === 'SendMessage' && text.includes('sent-on'));
    await publishInTurn('sent-on');
    await sentOn;
    mend();
    await settle(rig, { id: 'sent-on', ends: 'delivered' });
  },

  'neither table nor queue take the outcome: it fires once more, and only once': async () => {
    const mend = [rig.inflict('table', 'hang', 'PutItem', 'nowhere', '"status"'), rig.inflict('messaging', 'hang', 'SendMessage', 'nowhere')];
    const arrived = rig.whenArrived('nowhere');
    await publishInTurn('nowhere');
    await arrived;
    await pause(DELIVER_TIMEOUT_MS); // it was invoked before
    mend.forEach((end) => end());
    await settle(rig, { id: 'nowhere', ends: 'delivered', repeats: 1 });
  },

  'ingest is killed between storing a webhook and sending it on: it fires once': async () => {
    const killed = rig.whenAnswered(
      (operation, { Item }, text) => operation === 'PutItem' && text.includes('stored') && !(Item as { hash?: unknown }).hash,
      () => rig.kill('ingest', 'stored'),
    );
    await publishInTurn('stored');
    await killed;
    await settle(rig, { id: 'stored', ends: 'delivered' });
  },

  'ingest is killed between making an id unique and storing its webhook: it is stored by the next one': async () => {
    const killed = rig.whenAnswered(
      (operation, { Item }, text) => operation === 'PutItem' && text.includes('named') && 'hash' in (Item as object),
      () => rig.kill('ingest', 'named'),
    );
    await publishInTurn('named');
    await killed;
    await settle(rig, { id: 'named', ends: 'delivered' });
  },

  'ingest is killed between a reschedule and placing the new turn: it fires at the new date': async () => {
    const killed = killWhenWritten('rescheduled', 'scheduled', 'ingest');
    await publishInTurn('rescheduled', 20_000);
    const sooner = Date.now() + 8_000;
    rig.published.set('rescheduled', sooner);
    await rig.publishMessage({ action: 'reschedule', id: 'rescheduled', date: new Date(sooner).toISOString() });
    await killed;
    await settle(rig, { id: 'rescheduled', ends: 'delivered' });
  },

  'load is killed between reading what comes due and sending it: each fires once': async () => {
    const killed = rig.whenAnswered((operation, _, __, answer) => operation === 'Query' && answer.includes('unsent'), () => rig.kill('load'));
    const ids = ['unsent-1', 'unsent-2', 'unsent-3'];
    const dueAt = Date.now() + 14_000;
    await rig.publish(...ids.map((id) => ({ id, dueAt })));
    await killed;
    await Promise.all(ids.map(async (id) => settle(rig, { id, ends: 'delivered' })));
  },

  'load is killed between sending what comes due and saving how far it came: each fires once': async () => {
    const killed = rig.whenAnswered(
      (operation, _, text) => operation === 'SendMessageBatch' && text.includes('loaded'), () => rig.kill('load'),
    );
    const ids = ['loaded-1', 'loaded-2', 'loaded-3'];
    await pause(APART_MS * scenarios++);
    const dueAt = Date.now() + 14_000;
    await rig.publish(...ids.map((id) => ({ id, dueAt })));
    await killed;
    await Promise.all(ids.map(async (id) => settle(rig, { id, ends: 'delivered' })));
  },
});

test('afterwards nothing is left, and nothing was lost, early or repeated', async () => {
  await audit(rig);
});
