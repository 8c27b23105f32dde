import * as fc from 'fast-check';
import { delayMessageText, parseDelayMessage, parseNotification } from '../../src/core/queue-message';
import { State } from '../../src/core/state';
import { firstTurn } from '../../src/core/webhook';
import { anyJson, instant, turn } from '../support/arbitrary';

const state: fc.Arbitrary<State> = fc.record({
  key: turn,
  status: fc.constantFrom('delivered', 'retrying', 'failed'),
  attempts: fc.array(fc.record({ at: fc.string(), lateMs: fc.nat(), durationMs: fc.nat(), error: fc.string() }, { noNullPrototype: true })),
  claimant: fc.string(),
  keepUntil: instant,
}).map(({ key, ...rest }) => ({ ...key, ...rest }));
const anyText = fc.oneof(fc.string({ unit: 'binary' }), anyJson);

test('what goes through the delay queue comes back: a turn, a pack of them, or the outcome of one', () => {
  fc.assert(fc.property(turn, state, fc.nat(), (t, next, claimed) => {
    for (const message of [{ turns: [t] }, { turns: [firstTurn(t)] }, { turns: [t, firstTurn(t), t] }, { outcome: { turn: claimed, next } }]) {
      expect(parseDelayMessage(delayMessageText(message))).toStrictEqual(message);
    }
  }), { numRuns: 500 });
});

test('any other text is neither: it throws an error, and gives no half of one', () => {
  const other = fc.oneof(fc.jsonValue(), fc.constantFrom(1.5, '1', null, [], {}));
  const almost = fc.tuple(state, fc.constantFrom('turn', 'next', 'next.id', 'next.status', 'next.attempts'), other).map(([next, spoilt, value]) => {
    const [outer, inner] = spoilt.split('.');
    const outcome = { turn: next.turn - 1, next };
    return JSON.stringify({ outcome: { ...outcome, [outer]: inner === undefined ? value : { ...next, [inner]: value } } });
  });
  const almostPack = fc.tuple(fc.array(turn), other).map(([turns, value]) => JSON.stringify({ turns: [...turns, value] }));
  fc.assert(fc.property(fc.oneof(anyText, almost, almostPack), (text) => {
    let message;
    try {
      message = parseDelayMessage(text);
    } catch (error) {
      expect((error as Error).name).toMatch(/^(SyntaxError|TypeError)$/);
      return;
    }
    const turns = 'turns' in message ? message.turns : [{ id: message.outcome.next.id, turn: message.outcome.turn }];
    expect(turns.length).toBeGreaterThan(0);
    expect(turns.map(({ id, turn: nth }) => [typeof id, Number.isInteger(nth)])).toEqual(turns.map(() => ['string', true]));
    expect('turns' in message || [typeof message.outcome.next.status, Array.isArray(message.outcome.next.attempts)]).toEqual('turns' in message || ['string', true]);
  }), { numRuns: 1_000 });
});

test.each([
  '{"turns":[]}', '{"turns":null}', '{"turns":{"id":"a","dueAt":0,"partition":0}}', '{"turns":[{"id":"a","dueAt":0,"partition":0},null]}',
  '{"turns":[{"turns":[{"id":"a","dueAt":0,"partition":0}]}]}', 'null',
  '{"id":"","dueAt":0,"partition":0}', `{"id":"${'x'.repeat(200_000)}","dueAt":0,"partition":0}`, '{"id":"a#b","dueAt":0,"partition":0}', '{"id":"a.b","dueAt":0,"partition":0}',
  '{"id":"a","dueAt":1e300,"partition":0}', '{"id":"a","dueAt":0,"partition":0,"at":9e15,"turn":1}', '{"id":"a","dueAt":0,"partition":0,"version":"a#b"}',
  '{"outcome":{"turn":0,"next":{"id":"a","dueAt":0,"partition":0,"turn":0,"at":0,"status":"failed","keepUntil":0,"attempts":[null]}}}',
  '{"outcome":{"turn":0,"next":{"id":"a","dueAt":0,"partition":0,"turn":0,"at":0,"status":"failed","keepUntil":0,"attempts":[{"at":"","lateMs":1e400,"durationMs":0}]}}}',
])('no turn that a row could have, nor an outcome: %.80s', (text) => {
  expect(() => parseDelayMessage(text)).toThrow(TypeError);
});

test('a notification is taken out of its envelope to the character, whatever else the envelope holds', () => {
  fc.assert(fc.property(anyText, fc.uuid(), instant, fc.dictionary(fc.stringMatching(/^X[a-z]{1,5}$/), fc.jsonValue()), (text, messageId, at, others) => {
    const envelope = { Type: 'Notification', MessageId: messageId, Message: text, Timestamp: new Date(at).toISOString(), ...others };
    expect(parseNotification(JSON.stringify(envelope))).toEqual({ messageId, text, publishedAt: at });
  }), { numRuns: 500 });
});

test.each(['', 'a#b', 'a.b', 'a b', 'x'.repeat(129)])('no row can be kept for the MessageId %.20p, which SNS does not give', (MessageId) => {
  expect(() => parseNotification(JSON.stringify({ MessageId, Message: '{}', Timestamp: '2030-01-01T00:00:00.000Z' }))).toThrow(TypeError);
});

test('what is no notification throws an error', () => {
  const spoilt = fc.tuple(fc.constantFrom('MessageId', 'Message', 'Timestamp'), fc.oneof(fc.constantFrom<unknown>(undefined, null, 1, {}), fc.constant(['a'])))
    .map(([name, value]) => JSON.stringify({ MessageId: 'a', Message: 'b', Timestamp: '2030-01-01T00:00:00.000Z', [name]: value }));
  fc.assert(fc.property(fc.oneof(anyText, spoilt), (text) => {
    expect(() => parseNotification(text)).toThrow();
  }), { numRuns: 500 });
});
