// Signs requests as Standard Webhooks defines it: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
import { createHmac, createPrivateKey, createPublicKey, KeyObject, sign } from 'node:crypto';
import { isHostPattern } from './network';

/** What requests are signed with. */
export interface SigningPlan {
  /** ARN of the secret, or its name. */
  readonly secretId: string;
  /** JSON field of the secret's string; absent: the whole string. */
  readonly field?: string;
  /** The previous version of the secret signs too until the current one is as old as this. */
  readonly overlapMs: number;
}

/** A header whose value is a secret. */
export interface SecretHeaderPlan {
  readonly header: string;
  /** ARN of the secret, or its name. */
  readonly secretId: string;
  /** JSON field of the secret's string; absent: the whole string. */
  readonly field?: string;
  /** Patterns of the hosts that the header is for, as `matchesHost` reads them. */
  readonly hosts: readonly string[];
}

/** Reads a plan from JSON; throws an error that says what is wrong with it. */
export function parseSigningPlan(text: string): SigningPlan {
  const { secretId, field, overlapMs } = fieldsOf('signing plan', JSON.parse(text));
  requireSecret('signing plan', secretId, field);
  if (!Number.isSafeInteger(overlapMs) || (overlapMs as number) < 0) {
    throw new TypeError('signing plan: expected overlapMs to be whole milliseconds');
  }
  return { secretId, field, overlapMs } as SigningPlan;
}

/** Reads plans from JSON; throws an error that says what is wrong with them. */
export function parseSecretHeaderPlans(text: string): readonly SecretHeaderPlan[] {
  const plans: unknown = JSON.parse(text);
  if (!Array.isArray(plans)) {
    throw new TypeError('secret headers: expected an array');
  }
  return plans.map((plan: unknown, index) => {
    const what = `secret header ${index}`;
    const { header, secretId, field, hosts } = fieldsOf(what, plan);
    requireSecret(what, secretId, field);
    if (!isText(header)) {
      throw new TypeError(`${what}: expected header to be the name of one`);
    }
    if (!Array.isArray(hosts) || hosts.length === 0 || !hosts.every((host) => typeof host === 'string' && isHostPattern(host))) {
      throw new TypeError(`${what}: expected hosts to be an array of at least one host pattern`);
    }
    return { header, secretId, field, hosts } as SecretHeaderPlan;
  });
}

/** Makes a signature of signed content, with its version in front. */
export type SigningKey = (content: string) => string;

/** As the specification bounds them: 192 to 512 bits. */
const MIN_KEY_BYTES = 24;
const MAX_KEY_BYTES = 64;
const ED25519_SEED_BYTES = 32;
/** Of one version of a secret; as many signatures are a header of less than 1 KB. */
const MAX_KEYS = 10;

/** RFC 8410: what stands before the 32 bytes of a key in its DER, PKCS #8 and SPKI. */
const ED25519_PRIVATE = Buffer.from('302e020100300506032b657004220420', 'hex');
const ED25519_PUBLIC = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * The keys of a secret, separated by white space: `whsec_` and base64 of 24 to 64 bytes, or the base64 alone, for HMAC-SHA256; `whsk_` and base64
 * of an ed25519 key, either its seed of 32 bytes, or the seed and the public key.
 *
 * @throws TypeError that says what is wrong, and nothing of the value
 */
export function parseSigningKeys(text: string): readonly SigningKey[] {
  const keys = [...new Set(text.split(/\s+/).filter((key) => key !== ''))];
  if (keys.length === 0 || keys.length > MAX_KEYS) {
    throw new TypeError(`expected 1 to ${MAX_KEYS} keys, got ${keys.length}`);
  }
  return keys.map((key, index) => {
    const name = `key ${index + 1} of ${keys.length}`;
    return key.startsWith('whsk_') ? asymmetricKey(name, key.slice('whsk_'.length)) : symmetricKey(name, key.replace(/^whsec_/, ''));
  });
}

/**
 * The value of `webhook-signature`: a signature by each key.
 *
 * @param body as it is sent; absent, nothing is signed in its place
 */
export function signatureHeader(keys: readonly SigningKey[], id: string, timestamp: string, body = ''): string {
  const content = `${id}.${timestamp}.${body}`;
  return [...new Set(keys.map((key) => key(content)))].join(' ');
}

function symmetricKey(name: string, base64: string): SigningKey {
  const key = decode(base64);
  if (!key || key.length < MIN_KEY_BYTES || key.length > MAX_KEY_BYTES) {
    throw new TypeError(`${name}: expected whsec_ and base64 of ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes, or whsk_ and base64 of an ed25519 key`);
  }
  return (content) => `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}

function asymmetricKey(name: string, base64: string): SigningKey {
  const bytes = decode(base64);
  if (!bytes || ![ED25519_SEED_BYTES, 2 * ED25519_SEED_BYTES].includes(bytes.length)) {
    throw new TypeError(`${name}: expected whsk_ and base64 of 32 bytes, the seed of an ed25519 key, or of 64, the seed and the public key`);
  }
  const key = createPrivateKey({
    key: Buffer.concat([ED25519_PRIVATE, bytes.subarray(0, ED25519_SEED_BYTES)]), format: 'der', type: 'pkcs8',
  });
  const publicKey = bytes.subarray(ED25519_SEED_BYTES);
  if (publicKey.length > 0 && !publicKey.equals(publicBytes(key))) {
    throw new TypeError(`${name}: expected the last 32 bytes to be the public key of the first 32`);
  }
  return (content) => `v1a,${sign(null, Buffer.from(content), key).toString('base64')}`;
}

function publicBytes(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(ED25519_PUBLIC.length);
}

/** Only what every library decodes to the same bytes: the standard alphabet, with padding, and no bit set that means nothing. */
function decode(base64: string): Buffer | undefined {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64') === base64 ? bytes : undefined;
}

function fieldsOf(what: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${what}: expected an object`);
  }
  return value as Record<string, unknown>;
}

function requireSecret(what: string, secretId: unknown, field: unknown): void {
  if (!isText(secretId)) {
    throw new TypeError(`${what}: expected secretId to be the ARN of a secret`);
  }
  if (field !== undefined && !isText(field)) {
    throw new TypeError(`${what}: expected field, where given, to be the name of one`);
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
