import { CredentialPlans, Credentials, Seal } from '../../src/core/credentials';
import { SecretVersion } from '../../src/core/ports';
import { HttpRequest } from '../../src/core/request';
import { SecretError, SecretVersions } from '../../src/core/secrets';
import { SecretHeaderPlan } from '../../src/core/signing';
import { FakeClock } from '../support/fake-clock';
import { RecordingLog } from '../support/recording-log';
import { accepts } from '../support/standard-webhooks';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const HOUR_MS = 3_600_000;
const OVERLAP_MS = 24 * HOUR_MS;
const [OLD, NEW, OTHER] = ['old', 'new', 'other'].map((text) => `whsec_${Buffer.alloc(32, text).toString('base64')}`);

let clock: FakeClock;
let log: RecordingLog;
let secrets: Record<string, { current: Partial<SecretVersion>; previous?: Partial<SecretVersion> }>;
let asked: string[];

beforeEach(() => {
  clock = new FakeClock(NOW);
  log = new RecordingLog();
  secrets = {};
  asked = [];
});

const reader = {
  read: async (secretId: string, overlapMs: number): Promise<SecretVersions> => {
    asked.push(`${secretId} ${overlapMs}`);
    if (!secrets[secretId]) {
      throw new SecretError('ERR_SECRET_UNAVAILABLE', `secret ${secretId} cannot be read`);
    }
    const version = (changes: Partial<SecretVersion>) => ({ createdAt: NOW, ...changes });
    const { current, previous } = secrets[secretId];
    return { current: version(current), ...(previous ? { previous: version(previous) } : {}) };
  },
};

const REQUEST: HttpRequest = {
  url: '', method: 'POST', headers: { 'webhook-id': 'id', 'webhook-timestamp': String(NOW / 1_000) }, body: '{"a":1}',
};
const sealFor = (plans: Partial<CredentialPlans>, url = 'https://api.example.com/hook'): Promise<Seal> => (
  new Credentials({ headers: [], ...plans }, reader, clock, log).for(url)
);
async function sealed(plans: Partial<CredentialPlans>, url?: string, request = REQUEST): Promise<HttpRequest> {
  const seal = await sealFor(plans, url);
  if ('error' in seal) {
    throw new Error(seal.error);
  }
  return seal.seal(request);
}
const acceptedBy = (key: string, { headers, body = '' }: HttpRequest) => accepts(key, { headers, body: Buffer.from(body) });

describe('signing', () => {
  const signing = { secretId: 'signing', overlapMs: OVERLAP_MS };

  test('by the current version, and by the previous one until the current one is as old as the overlap', async () => {
    secrets.signing = { current: { value: NEW, createdAt: NOW }, previous: { value: OLD } };
    for (const [hours, byOld] of [[0, true], [23.99, true], [24, false], [1_000, false]] as const) {
      clock = new FakeClock(NOW + hours * HOUR_MS);
      const request = await sealed({ signing });
      expect([acceptedBy(NEW, request), acceptedBy(OLD, request), acceptedBy(OTHER, request)]).toEqual([true, byOld, false]);
    }
    expect(asked[0]).toBe(`signing ${OVERLAP_MS}`);
  });

  test('with a field of the secret', async () => {
    secrets.signing = { current: { value: JSON.stringify({ signing: NEW }) }, previous: { value: JSON.stringify({ signing: OLD }) } };
    const request = await sealed({ signing: { ...signing, field: 'signing' } });
    expect([acceptedBy(NEW, request), acceptedBy(OLD, request)]).toEqual([true, true]);
  });

  test('a key that both versions have signs once', async () => {
    secrets.signing = { current: { value: `${NEW} ${OLD}` }, previous: { value: OLD } };
    expect((await sealed({ signing })).headers['webhook-signature'].split(' ')).toHaveLength(2);
  });

  test('a previous version that is malformed never signed anything; nobody waits for it', async () => {
    secrets.signing = { current: { value: NEW }, previous: { value: 'to be replaced' } };
    expect((await sealed({ signing })).headers['webhook-signature'].split(' ')).toHaveLength(1);
  });

  test('a current version that is malformed is no key, whatever the previous one is; the log says which and why', async () => {
    secrets.signing = { current: { value: 'to be replaced' }, previous: { value: OLD } };
    expect(await sealFor({ signing })).toEqual({ error: 'ERR_SECRET_INVALID' });
    expect(log.lines).toEqual([{
      level: 'error',
      message: 'secret cannot be used',
      fields: { error: expect.stringMatching(/^secret signing: key 1 of 3: expected whsec_ and base64/) },
    }]);
    expect(JSON.stringify(log.lines)).not.toContain('replaced');
  });

  test('without a secret there is no request', async () => {
    expect(await sealFor({ signing })).toEqual({ error: 'ERR_SECRET_UNAVAILABLE' });
  });

  test('the URL does not matter, not even that it is no https', async () => {
    secrets.signing = { current: { value: NEW } };
    expect(acceptedBy(NEW, await sealed({ signing }, 'http://10.0.0.1/'))).toBe(true);
  });
});

describe('secret headers', () => {
  const plan = (changes: Partial<SecretHeaderPlan> = {}): SecretHeaderPlan => (
    { header: 'X-Api-Key', secretId: 'key', hosts: ['api.example.com', '*.crm.example.com'], ...changes }
  );
  const keyFor = async (url: string, ...headers: SecretHeaderPlan[]) => (await sealed({ headers }, url)).headers['X-Api-Key'];

  beforeEach(() => {
    secrets.key = { current: { value: 'top secret' } };
  });

  test.each([
    ['https://api.example.com/', true],
    ['HTTPS://API.EXAMPLE.COM:8443/path?query', true],
    ['https://api.example.com./', true],
    ['https://a.crm.example.com/', true],
    ['https://a.b.crm.example.com/', true],
    ['http://api.example.com/', false],
    ['http://api.example.com:443/', false],
    ['https://crm.example.com/', false],
    ['https://evilcrm.example.com/', false],
    ['https://api.example.com.evil.example/', false],
    ['https://evil.example/?https://api.example.com/', false],
    ['https://evil.example/api.example.com', false],
    ['https://evil.example#@api.example.com/', false],
    ['https://evil.example\\@api.example.com/', false],
    ['https://example.com/', false],
    ['https://[::1]/', false],
  ])('to %s: %s', async (url, added) => {
    expect(await keyFor(url, plan())).toBe(added ? 'top secret' : undefined);
    expect(asked).toEqual(added ? ['key 0'] : []); // what is not needed is not even read
  });

  test('takes the place of a header of that name, in whatever case, and of one that some servers take for it', async () => {
    const headers = { ...REQUEST.headers, 'x-api-KEY': 'of the producer', 'X_Api_Key': 'too', 'X.Api.Key': 'too', 'x+api~key': 'too', 'x-other': 'stays' };
    const request = await sealed({ headers: [plan()] }, undefined, { ...REQUEST, headers });
    expect(request.headers).toEqual({ ...REQUEST.headers, 'x-other': 'stays', 'X-Api-Key': 'top secret' });
  });

  test('the first entry that fits counts', async () => {
    secrets.special = { current: { value: 'special' } };
    const special = plan({ header: 'X-Api-Key', secretId: 'special', hosts: ['a.crm.example.com'] });
    const general = plan({ header: 'x-api-key' });
    const added = async (url: string, ...headers: SecretHeaderPlan[]) => (
      Object.entries((await sealed({ headers }, url)).headers).filter(([name]) => name.toLowerCase() === 'x-api-key')
    );
    expect(await added('https://a.crm.example.com/', special, general)).toEqual([['X-Api-Key', 'special']]);
    expect(await added('https://b.crm.example.com/', special, general)).toEqual([['x-api-key', 'top secret']]);
    expect(await added('https://a.crm.example.com/', general, special)).toEqual([['x-api-key', 'top secret']]);
  });

  test('only the current version is sent', async () => {
    secrets.key = { current: { value: 'new' }, previous: { value: 'old' } };
    expect(await keyFor('https://api.example.com/', plan())).toBe('new');
  });

  test.each([
    ['empty', ''],
    ['with a line break at its end', 'hush-hush\n'],
    ['with another header in it', 'hush-hush\r\nx-injected: 1'],
    ['with a control character', 'hush-hush\u0000'],
    ['beyond Latin-1', 'hush-hush €'],
    ['too long', 'hush-hush'.repeat(1_000)],
  ])('a value %s is refused, without being named', async (_, value) => {
    secrets.key = { current: { value } };
    expect(await sealFor({ headers: [plan()] })).toEqual({ error: 'ERR_SECRET_INVALID' });
    expect(JSON.stringify(log.lines)).toContain('secret key: expected the value of X-Api-Key to be 1 to 8000 characters of Latin-1');
    expect(JSON.stringify(log.lines)).not.toContain('hush');
  });

  test('one of several that is missing is enough for no request', async () => {
    const headers = [plan(), plan({ header: 'authorization', secretId: 'gone' })];
    expect(await sealFor({ headers })).toEqual({ error: 'ERR_SECRET_UNAVAILABLE' });
    expect(await keyFor('https://api.example.com/', plan(), plan({ header: 'authorization', secretId: 'gone', hosts: ['other.example'] }))).toBe('top secret');
  });
});

test('an error that has nothing to do with secrets is none of theirs', async () => {
  await expect(sealFor({}, 'no URL')).rejects.toThrow('Invalid URL');
});
