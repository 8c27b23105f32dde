// What proves to an endpoint who calls: the signature of a request, and headers whose values are secrets.
import { Clock } from './clock';
import { canonicalName, isHeaderValue } from './headers';
import { MAX_HEADER_VALUE_LENGTH } from './limits';
import { matchesHost } from './network';
import { Log, SecretVersion } from './ports';
import type { HttpRequest } from './request';
import { SecretCache, SecretError, SecretErrorCode, SecretVersions, textOf } from './secrets';
import { parseSigningKeys, SecretHeaderPlan, signatureHeader, SigningKey, SigningPlan } from './signing';

export interface CredentialPlans {
  /** Absent: requests are not signed. */
  readonly signing?: SigningPlan;
  readonly headers: readonly SecretHeaderPlan[];
}

/** Adds to a request what it takes, or says why it must not be sent. */
export type Seal = { readonly seal: (request: HttpRequest) => HttpRequest } | { readonly error: SecretErrorCode };

/** Of a scheduler that has none to give. */
export const NO_CREDENTIALS: Pick<Credentials, 'for'> = { for: async () => ({ seal: (request) => request }) };

export class Credentials {
  public constructor(
    private readonly plans: CredentialPlans,
    private readonly secrets: Pick<SecretCache, 'read'>,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Reads the secrets that a request to this URL takes. Rejects for no reason that has to do with them. */
  public async for(url: string): Promise<Seal> {
    try {
      const [keys, headers] = await Promise.all([this.signingKeys(), this.secretHeaders(new URL(url))]);
      return { seal: (request) => sign(withHeaders(request, headers), keys) };
    } catch (error) {
      if (!(error instanceof SecretError)) {
        throw error;
      }
      if (error.code === 'ERR_SECRET_INVALID') {
        this.log.error('secret cannot be used', { error: error.message });
      }
      return { error: error.code };
    }
  }

  private async signingKeys(): Promise<readonly SigningKey[] | undefined> {
    const { signing } = this.plans;
    if (!signing) {
      return undefined;
    }
    const { current, previous } = await this.secrets.read(signing.secretId, signing.overlapMs);
    const overlaps = previous !== undefined && this.clock.now() < current.createdAt + signing.overlapMs;
    return [...keysOf(current, signing), ...(overlaps ? oldKeysOf(previous, signing) : [])];
  }

  private async secretHeaders({ protocol, hostname }: URL): Promise<readonly (readonly [name: string, value: string])[]> {
    if (protocol !== 'https:') {
      return [];
    }
    const fitting = this.plans.headers.filter(({ hosts }) => hosts.some((pattern) => matchesHost(pattern, hostname)));
    const names = fitting.map(({ header }) => canonicalName(header));
    const plans = fitting.filter((_, index) => names.indexOf(names[index]) === index);
    return Promise.all(plans.map(async (plan) => [plan.header, headerValue(await this.secrets.read(plan.secretId, 0), plan)] as const));
  }
}

function keysOf(version: SecretVersion, { secretId, field }: SigningPlan): readonly SigningKey[] {
  const text = textOf(version, secretId, field);
  try {
    return parseSigningKeys(text);
  } catch (error) {
    throw new SecretError('ERR_SECRET_INVALID', `secret ${secretId}: ${(error as Error).message}`);
  }
}

/** Of a version that no longer counts alone: if it is malformed it has never signed anything, and nobody waits for it. */
function oldKeysOf(version: SecretVersion, plan: SigningPlan): readonly SigningKey[] {
  try {
    return keysOf(version, plan);
  } catch {
    return [];
  }
}

function headerValue({ current }: SecretVersions, { header, secretId, field }: SecretHeaderPlan): string {
  const value = textOf(current, secretId, field);
  if (value === '' || value.length > MAX_HEADER_VALUE_LENGTH || !isHeaderValue(value)) {
    throw new SecretError('ERR_SECRET_INVALID',
      `secret ${secretId}: expected the value of ${header} to be 1 to ${MAX_HEADER_VALUE_LENGTH} characters of Latin-1, without line breaks and control characters`);
  }
  return value;
}

function withHeaders(request: HttpRequest, added: readonly (readonly [name: string, value: string])[]): HttpRequest {
  const replaced = new Set(added.map(([name]) => canonicalName(name)));
  const kept = Object.entries(request.headers).filter(([name]) => !replaced.has(canonicalName(name)));
  return { ...request, headers: Object.fromEntries([...kept, ...added]) };
}

function sign(request: HttpRequest, keys: readonly SigningKey[] | undefined): HttpRequest {
  const { headers, body } = request;
  return keys
    ? { ...request, headers: { ...headers, 'webhook-signature': signatureHeader(keys, headers['webhook-id'], headers['webhook-timestamp'], body) } }
    : request;
}
