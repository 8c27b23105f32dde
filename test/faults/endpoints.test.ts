// Endpoints that misbehave, and producers that change their mind: the whole scheduler, fed and watched from outside.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { audit, settle } from './support/audit';
import { Rig, RETRY_DELAYS_MS } from './support/rig';
import { pause, sideBySide } from './support/scenarios';
import { Behaviour, Receiver } from '../../scripts/support/receiver';
import { until } from '../support/until';

jest.setTimeout(150_000);

let rig: Rig;
let untrusted: Receiver;

beforeAll(async () => {
  rig = await Rig.start();
  const file = (name: string) => readFileSync(path.join(__dirname, '..', 'support', 'tls', name), 'utf8');
  untrusted = await Receiver.start({ tls: { key: file('key.pem'), cert: file('cert.pem') } });
});
afterAll(async () => {
  await rig.stop();
  await untrusted.close();
});

/** Time for a message to be accepted, by a function that has to start first. */
const AHEAD_MS = 4_000;

/** Publishes a webhook whose endpoint behaves like this. */
async function publishTo(id: string, behaviour: Behaviour, fields: Readonly<Record<string, unknown>> = {}): Promise<number> {
  const dueAt = Date.now() + AHEAD_MS;
  rig.behaviours[`/${id}`] = behaviour;
  await rig.publish({ id, dueAt, fields });
  return dueAt;
}

/** Of the answer to the request of a webhook, once it has ended. */
async function answerTo(id: string) {
  return until(`the end of the answer to ${id}`, () => rig.receiver.answers.find(({ target }) => target === `/${id}`));
}

sideBySide({
  'webhooks to good endpoints, due together with those to bad ones, arrive once': async () => {
    const dueAt = Date.now() + AHEAD_MS;
    const ids = Array.from({ length: 20 }, (_, i) => `good-${i}`);
    await rig.publish(...ids.map((id) => ({ id, dueAt })));
    await Promise.all(ids.map(async (id) => settle(rig, { id, ends: 'delivered' })));
  },

  'an endpoint that answers 500 forever: all attempts, and then a notice that tells of each': async () => {
    await publishTo('broken', { status: 500 });
    await settle(rig, { id: 'broken', ends: 'exhausted', attempts: [500, 500, 500] });
    const [notice] = await rig.noticesOf('broken');
    expect(notice.message).toMatchObject({ id: 'broken', payload: { id: 'broken' } });
    expect(notice.attempts).toEqual((await rig.stateOf('broken'))?.attempts);
  },

  'an endpoint that hangs, once': async () => {
    await publishTo('hangs', { first: [{ misbehaviour: 'hang' }] });
    await settle(rig, { id: 'hangs', ends: 'delivered', attempts: ['timeout', 200] });
  },

  'an endpoint that resets the connection, forever': async () => {
    await publishTo('resets', { misbehaviour: 'reset' });
    await settle(rig, { id: 'resets', ends: 'exhausted', attempts: ['ECONNRESET', 'ECONNRESET', 'ECONNRESET'] });
  },

  'an endpoint that resets before it has read the body, once': async () => {
    // More than fits into the buffers of a connection, so that the body is still being written.
    await publishTo('resets-unread', { first: [{ misbehaviour: 'reset-unread' }] }, { payload: '.'.repeat(200_000) });
    await until('the first request', () => rig.requestsOf('resets-unread')[0]);
    const error = await until('the first attempt', async () => (await rig.stateOf('resets-unread'))?.attempts[0]?.error);
    expect(['ECONNRESET', 'EPIPE']).toContain(error);
    await settle(rig, { id: 'resets-unread', ends: 'delivered', attempts: [error, 200] });
    expect(rig.requestsOf('resets-unread').map(({ body }) => body.length).slice(1)).toEqual([200_000]);
  },

  'an endpoint that answers a byte a second, from the status line on': async () => {
    await publishTo('drips', { first: [{ misbehaviour: 'drip-head' }] });
    await settle(rig, { id: 'drips', ends: 'delivered', attempts: ['timeout', 200] });
  },

  'an endpoint whose answer has a body of a byte a second: its status counts, and the body is not waited for': async () => {
    await publishTo('drips-body', { misbehaviour: 'drip-body' });
    await settle(rig, { id: 'drips-body', ends: 'delivered' });
    expect((await answerTo('drips-body')).complete).toBe(false);
  },

  'an endpoint that sends 100 MB: its status counts, and the body is cut off': async () => {
    await publishTo('floods', { misbehaviour: 'flood' });
    await settle(rig, { id: 'floods', ends: 'delivered' });
    const { complete, bytes } = await answerTo('floods');
    expect(complete).toBe(false);
    expect(bytes).toBeLessThan(50_000_000); // what buffers took on the way, and no more
  },

  'an endpoint with a certificate that nobody has signed: nothing is sent to it': async () => {
    await publishTo('untrusted', {}, { url: `${untrusted.url}/untrusted` });
    const error = 'DEPTH_ZERO_SELF_SIGNED_CERT';
    await settle(rig, { id: 'untrusted', ends: 'exhausted', attempts: [error, error, error] });
    expect(untrusted.requests).toEqual([]);
    expect(untrusted.connections).toBeGreaterThanOrEqual(3);
  },

  'an endpoint that is not there': async () => {
    const gone = await Receiver.start();
    await gone.close();
    await publishTo('refused', {}, { url: `${gone.url}/refused` });
    await settle(rig, { id: 'refused', ends: 'exhausted', attempts: ['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED'] });
  },

  'Retry-After in seconds raises the delay': async () => {
    await publishTo('busy', { first: [{ status: 429, headers: { 'retry-after': '3' } }] });
    await settle(rig, { id: 'busy', ends: 'delivered', attempts: [429, 200] });
    const [first, second] = rig.requestsOf('busy');
    expect(second.arrivedAt - first.arrivedAt).toBeGreaterThanOrEqual(3_000);
  },

  'Retry-After as a date raises the delay': async () => {
    const backAt = Math.ceil((Date.now() + AHEAD_MS) / 1000) * 1000 + 3_000;
    await publishTo('away', { first: [{ status: 503, headers: { 'retry-after': new Date(backAt).toUTCString() } }] });
    await settle(rig, { id: 'away', ends: 'delivered', attempts: [503, 200] });
    expect(rig.requestsOf('away')[1].arrivedAt).toBeGreaterThanOrEqual(backAt);
  },

  'Retry-After does not lower the delay': async () => {
    await publishTo('hurried', { first: [{ status: 503, headers: { 'retry-after': '0' } }] });
    await settle(rig, { id: 'hurried', ends: 'delivered', attempts: [503, 200] });
  },

  '410, 404 and a redirect end a webhook at once, and the redirect is not followed': async () => {
    await publishTo('gone', { status: 410 });
    await publishTo('unknown', { status: 404 });
    await publishTo('moved', { status: 308, headers: { location: '/elsewhere' } });
    await settle(rig, { id: 'gone', ends: 'permanent', attempts: [410] });
    await settle(rig, { id: 'unknown', ends: 'permanent', attempts: [404] });
    await settle(rig, { id: 'moved', ends: 'permanent', attempts: [308] });
    expect(rig.receiver.requests.filter(({ target }) => target === '/elsewhere')).toEqual([]);
  },

  'a message that asks for fewer attempts, or a shorter life, gets them': async () => {
    await publishTo('two', { status: 500 }, { retry: { maxAttempts: 2 } });
    await publishTo('short', { status: 503, headers: { 'retry-after': '60' } }, { retry: { maxAgeSeconds: 50 } });
    await settle(rig, { id: 'two', ends: 'exhausted', attempts: [500, 500] });
    await settle(rig, { id: 'short', ends: 'expired', attempts: [503] });
  },

  'a cancelled webhook never fires': async () => {
    const dueAt = Date.now() + 20_000;
    await rig.publish({ id: 'cancelled', dueAt });
    await rig.whenAccepted('cancelled');
    await rig.publishMessage({ action: 'cancel', id: 'cancelled' });
    await settle(rig, { id: 'cancelled', ends: 'cancelled' });
    await pause(dueAt + 1_000 - Date.now()); // for its turn to come, which the audit then must not find to have fired
  },

  'a webhook that is cancelled between two attempts makes no more of them': async () => {
    rig.behaviours['/doomed'] = { status: 503, headers: { 'retry-after': '6' } };
    await rig.publish({ id: 'doomed', dueAt: Date.now() });
    await until('the first attempt', async () => (await rig.stateOf('doomed'))?.status === 'retrying');
    await rig.publishMessage({ action: 'cancel', id: 'doomed' });
    await settle(rig, { id: 'doomed', ends: 'cancelled', attempts: [503] });
  },

  'a rescheduled webhook fires once, when and where it was rescheduled to': async () => {
    const [first, second] = [Date.now() + 20_000, Date.now() + 22_000];
    await rig.publish({ id: 'rescheduled', dueAt: first });
    await rig.whenAccepted('rescheduled');
    await rig.publishMessage({
      action: 'reschedule', id: 'rescheduled', date: new Date(second).toISOString(), url: `${rig.receiver.url}/new-place`,
    });
    rig.published.set('rescheduled', second);
    await settle(rig, { id: 'rescheduled', ends: 'delivered' });
    expect(rig.requestsOf('rescheduled').map(({ target }) => target)).toEqual(['/new-place']);
  },

  'a webhook that is brought forward fires then, and not again at its old date': async () => {
    const [later, sooner] = [Date.now() + 22_000, Date.now() + 10_000];
    await rig.publish({ id: 'forward', dueAt: later });
    await rig.whenAccepted('forward');
    await rig.publishMessage({ action: 'reschedule', id: 'forward', date: new Date(sooner).toISOString() });
    rig.published.set('forward', sooner);
    await settle(rig, { id: 'forward', ends: 'delivered' });
    expect(Date.now()).toBeLessThan(later);
    await pause(later + 1_000 - Date.now());
  },

  'a failed webhook is fired again when it is redriven, as often as it fails': async () => {
    rig.behaviours['/redriven'] = { first: [{ status: 410 }, { status: 404 }] };
    await rig.publish({ id: 'redriven', dueAt: Date.now() });
    const fails = async (times: number) => until(`failure ${times}`, async () => {
      const [state, notices] = [await rig.stateOf('redriven'), await rig.noticesOf('redriven')];
      return state?.status === 'failed' && !state.unreported && notices.length === times;
    });
    await fails(1);
    await rig.publishMessage({ action: 'redrive', id: 'redriven' });
    await fails(2);
    const received = rig.nextReceived(rig.scheduler.ingestQueueUrl, 'redriven');
    await rig.publishMessage({ action: 'redrive', id: 'redriven' });
    await until('the second redrive', async () => (await rig.stateOf('redriven'))?.actions?.length === 2);
    await settle(rig, { id: 'redriven', ends: 'delivered', attempts: [410, 404, 200], notices: 2 });
    // A copy of what has taken effect is neither done again nor refused.
    await rig.send(rig.scheduler.ingestQueueUrl, await received);
  },

  'an action that comes too late is refused, with the reason': async () => {
    rig.behaviours['/slow'] = { delayMs: 1_500 };
    const arrived = rig.whenArrived('slow');
    await rig.publish({ id: 'slow', dueAt: Date.now() });
    await arrived;
    await rig.publishMessage({ action: 'cancel', id: 'slow' }); // it waits for the attempt to end
    await settle(rig, { id: 'slow', ends: 'delivered' });
    await rig.publishMessage({ action: 'redrive', id: 'slow' });
    await rig.publishMessage({ action: 'reschedule', id: 'slow', date: new Date(Date.now() + 5_000).toISOString() });
    const refused = async () => (await rig.noticesOf('slow')).filter(({ reason }) => reason === 'refused');
    await until('three refusals', async () => (await refused()).length === 3);
    expect((await refused()).map(({ refusal, reasonAttribute }) => [refusal, reasonAttribute])).toEqual(Array(3).fill(['delivered', 'refused']));
  },
});

test('afterwards nothing is left, and nothing was lost, early or repeated', async () => {
  await audit(rig);
  expect(RETRY_DELAYS_MS).toHaveLength(2); // what the numbers of attempts above go by
  expect((await rig.noticesOf('redriven')).map(({ reason }) => reason)).toEqual(['permanent', 'permanent']);
});
