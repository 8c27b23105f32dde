import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { parseSecretHeaderPlans, parseSigningKeys, parseSigningPlan, signatureHeader } from '../../src/core/signing';
import { accepts, acceptsAsymmetric } from '../support/standard-webhooks';

/** What the specification's libraries are tested with; its example of `v1a` is the signature of the same content by {@link ASYMMETRIC_KEY}. */
const EXAMPLE = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: '1614265330', body: '{"test": 2432232314}' };
const SYMMETRIC_KEY = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const SYMMETRIC_SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
const SEED = '6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=';
const ASYMMETRIC_KEY = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const PUBLIC_KEY = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';
const ASYMMETRIC_SIGNATURE = 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==';

const sign = (secret: string, { id, timestamp, body }: { id: string; timestamp: string; body?: string } = EXAMPLE) => (
  signatureHeader(parseSigningKeys(secret), id, timestamp, body)
);
const asReceived = (secret: string, body?: string) => ({
  headers: {
    'webhook-id': EXAMPLE.id, 'webhook-timestamp': EXAMPLE.timestamp, 'webhook-signature': sign(secret, { ...EXAMPLE, body }),
  },
  body: Buffer.from(body ?? ''),
});
const base64 = (bytes: number) => Buffer.alloc(bytes, 'k').toString('base64');

test('HMAC-SHA256, as the public libraries have it', () => {
  expect(sign(SYMMETRIC_KEY)).toBe(SYMMETRIC_SIGNATURE);
  expect(sign(SYMMETRIC_KEY.slice('whsec_'.length))).toBe(SYMMETRIC_SIGNATURE);
});

test('ed25519, as in the example of the specification, from a seed or from both halves of the pair', () => {
  expect(sign(ASYMMETRIC_KEY)).toBe(ASYMMETRIC_SIGNATURE);
  expect(sign(`whsk_${SEED}`)).toBe(ASYMMETRIC_SIGNATURE);
  expect(acceptsAsymmetric(PUBLIC_KEY, asReceived(ASYMMETRIC_KEY, EXAMPLE.body))).toBe(true);
  expect(acceptsAsymmetric(PUBLIC_KEY, asReceived(ASYMMETRIC_KEY, `${EXAMPLE.body} `))).toBe(true);
  expect(acceptsAsymmetric(PUBLIC_KEY, { ...asReceived(ASYMMETRIC_KEY, EXAMPLE.body), body: Buffer.from('{}') })).toBe(false);
});

test('a key that Node.js has made', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  const [seed, publicKey] = [d, x].map((text) => Buffer.from(text, 'base64url'));
  const request = asReceived(`whsk_${Buffer.concat([seed, publicKey]).toString('base64')}`, 'any');
  expect(acceptsAsymmetric(`whpk_${publicKey.toString('base64')}`, request)).toBe(true);
  expect(createPublicKey(privateKey).asymmetricKeyType).toBe('ed25519');
});

test('each key of a secret signs, once, in its order', () => {
  expect(sign(`${SYMMETRIC_KEY} ${ASYMMETRIC_KEY}`)).toBe(`${SYMMETRIC_SIGNATURE} ${ASYMMETRIC_SIGNATURE}`);
  expect(sign(`\n${ASYMMETRIC_KEY}\r\n\t${SYMMETRIC_KEY}\n`)).toBe(`${ASYMMETRIC_SIGNATURE} ${SYMMETRIC_SIGNATURE}`);
  expect(sign(`${SYMMETRIC_KEY} ${SYMMETRIC_KEY} ${SYMMETRIC_KEY.slice('whsec_'.length)}`)).toBe(SYMMETRIC_SIGNATURE);
});

test('a request without a body has nothing in its place, as one with an empty body', () => {
  expect(accepts(SYMMETRIC_KEY, asReceived(SYMMETRIC_KEY))).toBe(true);
  expect(sign(SYMMETRIC_KEY, { ...EXAMPLE, body: undefined })).toBe(sign(SYMMETRIC_KEY, { ...EXAMPLE, body: '' }));
});

test('keys from 24 to 64 bytes', () => {
  for (const bytes of [24, 25, 26, 63, 64]) {
    expect(accepts(base64(bytes), asReceived(`whsec_${base64(bytes)}`, 'any'))).toBe(true);
  }
});

test.each([
  ['nothing', '', 'expected 1 to 10 keys, got 0'],
  ['white space', ' \n', 'expected 1 to 10 keys, got 0'],
  ['too many keys', Array.from({ length: 11 }, (_, i) => base64(24 + i)).join(' '), 'expected 1 to 10 keys, got 11'],
  ['too short a key', `whsec_${base64(23)}`, 'key 1 of 1: expected whsec_ and base64 of 24 to 64 bytes'],
  ['too long a key', base64(65), 'key 1 of 1: expected whsec_'],
  ['a key that is no base64', 'whsec_correct-horse-battery-staple!', 'key 1 of 1: expected whsec_'],
  ['the alphabet of base64url', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa_-', 'key 1 of 1: expected whsec_'],
  ['base64 without its padding', base64(25).replaceAll('=', ''), 'key 1 of 1: expected whsec_'],
  ['base64 with a bit set that means nothing', `${base64(25).slice(0, -3)}x==`, 'key 1 of 1: expected whsec_'],
  ['a prefix alone', 'whsec_', 'key 1 of 1: expected whsec_'],
  ['a public key', PUBLIC_KEY, 'key 1 of 1: expected whsec_'],
  ['a second key that is wrong', `${SYMMETRIC_KEY} whsk_${base64(31)}`, 'key 2 of 2: expected whsk_ and base64 of 32 bytes'],
  ['a pair whose halves are of two', `whsk_${Buffer.concat([Buffer.from(SEED, 'base64'), Buffer.alloc(32, 1)]).toString('base64')}`,
    'key 1 of 1: expected the last 32 bytes to be the public key of the first 32'],
])('%s is refused, by a message without the value', (_, secret, expected) => {
  let message = '';
  try {
    parseSigningKeys(secret);
  } catch (error) {
    ({ message } = error as Error);
  }
  expect(message).toContain(expected);
  for (const key of secret.split(/\s+/).map((text) => text.replace(/^whs(ec|k)_/, '')).filter((text) => text.length > 4)) {
    expect(message).not.toContain(key);
  }
});

test('a plan says what is wrong with it', () => {
  const plan = { secretId: 'arn', overlapMs: 86_400_000 };
  expect(parseSigningPlan(JSON.stringify(plan))).toEqual({ ...plan, field: undefined });
  expect(parseSigningPlan(JSON.stringify({ ...plan, field: 'signing' }))).toEqual({ ...plan, field: 'signing' });
  for (const [text, expected] of [
    ['null', 'signing plan: expected an object'],
    ['[]', 'signing plan: expected an object'],
    [JSON.stringify({ ...plan, secretId: '' }), 'signing plan: expected secretId to be the ARN of a secret'],
    [JSON.stringify({ ...plan, field: 1 }), 'signing plan: expected field, where given, to be the name of one'],
    [JSON.stringify({ ...plan, overlapMs: -1 }), 'signing plan: expected overlapMs to be whole milliseconds'],
    [JSON.stringify({ ...plan, overlapMs: '1' }), 'signing plan: expected overlapMs to be whole milliseconds'],
  ]) {
    expect(() => parseSigningPlan(text)).toThrow(expected);
  }
});

test('plans of headers say what is wrong with them', () => {
  const plan = { header: 'Authorization', secretId: 'arn', hosts: ['api.example.com', '*.example.org'] };
  const text = (changes: object) => JSON.stringify([plan, { ...plan, ...changes }]);
  expect(parseSecretHeaderPlans(text({ field: 'crm' }))).toEqual([{ ...plan, field: undefined }, { ...plan, field: 'crm' }]);
  for (const [json, expected] of [
    ['{}', 'secret headers: expected an array'],
    ['[1]', 'secret header 0: expected an object'],
    [text({ header: '' }), 'secret header 1: expected header to be the name of one'],
    [text({ secretId: undefined }), 'secret header 1: expected secretId to be the ARN of a secret'],
    [text({ field: '' }), 'secret header 1: expected field, where given, to be the name of one'],
    [text({ hosts: [] }), 'secret header 1: expected hosts to be an array of at least one host pattern'],
    [text({ hosts: ['*'] }), 'secret header 1: expected hosts to be an array of at least one host pattern'],
    [text({ hosts: ['https://api.example.com'] }), 'secret header 1: expected hosts to be an array of at least one host pattern'],
  ]) {
    expect(() => parseSecretHeaderPlans(json)).toThrow(expected);
  }
});
