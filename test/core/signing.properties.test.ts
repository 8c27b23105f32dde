import * as fc from 'fast-check';
import { parseSigningKeys, signatureHeader } from '../../src/core/signing';
import { ownId } from '../support/arbitrary';
import { accepts } from '../support/standard-webhooks';

const key = fc.uint8Array({ minLength: 24, maxLength: 64 }).chain((bytes) => (
  fc.constantFrom('', 'whsec_').map((prefix) => prefix + Buffer.from(bytes).toString('base64'))
));
const timestamp = fc.integer({ min: 1, max: 4_102_444_800 });
/** Text of any kind, halves of surrogate pairs too: what goes out are the bytes that Node.js makes of it. */
const body = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('\ud800', '\udfff', '.', '\u0000', '\ufeff', 'é', '😀') }));

const signed = (secret: string, id: string, at: number, text: string) => ({
  headers: { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': signatureHeader(parseSigningKeys(secret), id, String(at), text) },
  body: Buffer.from(text),
});

test('whatever is signed, a receiver that has one of the keys accepts it, and one that has another does not', () => {
  fc.assert(fc.property(fc.uniqueArray(key, { minLength: 2, maxLength: 4, selector: (text) => text.replace('whsec_', '') }), ownId, timestamp, body,
    ([other, ...keys], id, at, text) => {
      const request = signed(keys.join('\n'), id, at, text);
      expect(keys.map((one) => accepts(one, request))).toEqual(keys.map(() => true));
      expect(accepts(other, request)).toBe(false);
    }), { numRuns: 200 });
});

test('whatever is changed on the way, the receiver does not accept it', () => {
  fc.assert(fc.property(key, ownId, timestamp, body, ownId, timestamp, body, fc.nat(2), (secret, id, at, text, otherId, otherAt, otherText, what) => {
    const { headers, body: bytes } = signed(secret, id, at, text);
    const changed = [
      { headers: { ...headers, 'webhook-id': otherId }, body: bytes },
      { headers: { ...headers, 'webhook-timestamp': String(otherAt) }, body: bytes },
      { headers, body: Buffer.from(otherText) },
    ][what];
    const isSame = [otherId === id, otherAt === at, changed.body.equals(bytes)][what];
    expect(accepts(secret, changed)).toBe(isSame);
  }), { numRuns: 300 });
});

test('every string that CloudFormation may generate is a key', () => {
  fc.assert(fc.property(fc.stringMatching(/^[A-Za-z0-9]{64}$/), ownId, timestamp, body, (secret, id, at, text) => {
    expect(accepts(secret, signed(secret, id, at, text))).toBe(true);
  }), { numRuns: 200 });
});
