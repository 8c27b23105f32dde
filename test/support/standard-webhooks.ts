// How receivers verify a signed request: with the public library of Standard Webhooks, and for ed25519, which it does not know, with Node.js.
import { createPublicKey, verify } from 'node:crypto';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';

/** A request as it came in, or as it goes out. */
export interface SignedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Whether a receiver that has this key accepts the request when it comes in. */
export function accepts(key: string, { headers, body }: SignedRequest): boolean {
  // The library takes no request that is older than five minutes; the test's clock may be years ahead.
  const now = jest.spyOn(Date, 'now').mockReturnValue(Number(headers['webhook-timestamp']) * 1_000);
  try {
    new Webhook(key).verify(body, headers, { jsonParse: false });
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) {
      return false;
    }
    throw error;
  } finally {
    now.mockRestore();
  }
}

/** The same of a receiver that has this public key: `whpk_` and base64. */
export function acceptsAsymmetric(publicKey: string, { headers, body }: SignedRequest): boolean {
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey.slice('whpk_'.length), 'base64').toString('base64url') }, format: 'jwk',
  });
  const content = Buffer.concat([Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`), body]);
  return signaturesOf(headers).filter(({ version }) => version === 'v1a')
    .some(({ signature }) => verify(null, content, key, Buffer.from(signature, 'base64')));
}

export function signaturesOf(headers: SignedRequest['headers']): { version: string; signature: string }[] {
  return (headers['webhook-signature'] ?? '').split(' ').map((text) => {
    const [version, signature] = text.split(',');
    return { version, signature };
  });
}
