import { SecretSource, SecretVersion } from '../../src/core/ports';
import { MAX_SECRET_AGE_MS, MAX_STALE_SECRET_MS, SecretCache, SecretError, textOf } from '../../src/core/secrets';
import { FakeClock } from '../support/fake-clock';
import { RecordingLog } from '../support/recording-log';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const OVERLAP_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** A store whose secrets, and whose being in order, the test has in its hand. */
class Store implements SecretSource {
  public current: SecretVersion | undefined = { value: 'first', createdAt: NOW - 30 * 86_400_000 };
  public previous?: SecretVersion;
  public fault?: Error;
  public readonly calls: string[] = [];
  public readonly timeouts: number[] = [];
  private held?: { readonly begin: () => void; readonly answered: Promise<SecretVersion> };

  /** Between the calls for the two versions. */
  public between: () => void = () => undefined;

  public async read(secretId: string, stage: 'AWSCURRENT' | 'AWSPREVIOUS', timeoutMs: number): Promise<SecretVersion | undefined> {
    this.calls.push(`${stage} ${secretId}`);
    this.timeouts.push(timeoutMs);
    if (this.held) {
      const { begin, answered } = this.held;
      this.held = undefined;
      begin();
      return answered;
    }
    if (this.fault) {
      throw this.fault;
    }
    if (stage === 'AWSPREVIOUS') {
      return this.previous;
    }
    const { current } = this;
    this.between();
    return current;
  }

  /** Keeps the next answer back. */
  public holdNext(): { begun: Promise<void>; answer: (version: SecretVersion) => void } {
    let answer!: (version: SecretVersion) => void;
    const answered = new Promise<SecretVersion>((resolve) => { answer = resolve; });
    const begun = new Promise<void>((begin) => { this.held = { begin, answered }; });
    return { begun, answer };
  }

  public rotate(value: string, createdAt: number): void {
    this.previous = this.current;
    this.current = { value, createdAt };
  }
}

let clock: FakeClock;
let log: RecordingLog;
let store: Store;
let cache: SecretCache;

beforeEach(() => {
  clock = new FakeClock(NOW);
  log = new RecordingLog();
  store = new Store();
  cache = new SecretCache(Promise.resolve(store), clock, log);
});

const read = async (secretId = 'key', overlapMs = OVERLAP_MS) => {
  const { current, previous } = await cache.read(secretId, overlapMs);
  return [current.value, ...(previous ? [previous.value] : [])];
};
const outage = () => Object.assign(new Error('quotes the value: first'), { name: 'InternalServiceError' });

test('a secret is read once, for all who ask at once and for five minutes', async () => {
  const all = await Promise.all(Array.from({ length: 100 }, () => read()));
  expect(new Set(all.flat())).toEqual(new Set(['first']));
  clock.advance(MAX_SECRET_AGE_MS - 1);
  await read();
  expect(store.calls).toEqual(['AWSCURRENT key']);
  store.rotate('second', clock.now());
  clock.advance(1);
  expect(await read()).toEqual(['second', 'first']);
});

test('the previous version is looked for only while the current one is young, and need not be there', async () => {
  store.current = { value: 'new', createdAt: NOW - OVERLAP_MS + 1 };
  expect(await read()).toEqual(['new']);
  expect(store.calls).toEqual(['AWSCURRENT key', 'AWSPREVIOUS key']);
  expect(await read('header', 0)).toEqual(['new']);
  clock.advance(MAX_SECRET_AGE_MS);
  expect(await read()).toEqual(['new']);
  expect(store.calls).toEqual(['AWSCURRENT key', 'AWSPREVIOUS key', 'AWSCURRENT header', 'AWSCURRENT key']);
});

test('a version that is replaced in the middle of a read is found all the same', async () => {
  store.current = { value: 'first', createdAt: NOW };
  store.previous = { value: 'oldest', createdAt: NOW - 1 };
  store.between = () => store.rotate('second', NOW);
  expect(await read()).toEqual(['first', 'first']); // and never the second and the oldest
});

test('a store that shows a new version, and not yet the one that it has replaced, is asked again soon', async () => {
  store.previous = { value: 'oldest', createdAt: NOW - 60 * 86_400_000 };
  store.current = { value: 'second', createdAt: NOW };
  expect(await read()).toEqual(['second', 'oldest']);
  store.previous = { value: 'first', createdAt: NOW - 30 * 86_400_000 };
  clock.advance(10_000);
  expect(await read()).toEqual(['second', 'first']);
  for (const seconds of [20, 40, 80, 160, 320]) { // then when it is twice as old, up to five minutes
    clock.advance(NOW + seconds * 1_000 - 1 - clock.now());
    await read();
    clock.advance(1);
    await read();
  }
  clock.advance(MAX_SECRET_AGE_MS - 1);
  await read();
  expect(store.calls.filter((call) => call.startsWith('AWSCURRENT'))).toHaveLength(7);
});

test('while the store is out of order the value at hand is used, for an hour from when it was read', async () => {
  await read();
  store.fault = outage();
  clock.advance(MAX_SECRET_AGE_MS);
  expect(await read()).toEqual(['first']);
  clock.advance(MAX_STALE_SECRET_MS - MAX_SECRET_AGE_MS - 1);
  expect(await read()).toEqual(['first']);
  clock.advance(60_000);
  await expect(read()).rejects.toMatchObject({ code: 'ERR_SECRET_UNAVAILABLE', message: 'secret key cannot be read' });
  store.fault = undefined;
  expect(await read()).toEqual(['first']);
});

test('no webhook waits long for a newer value, and not each one anew', async () => {
  await read();
  store.fault = outage();
  clock.advance(MAX_SECRET_AGE_MS);
  for (let i = 0; i < 10; i++) {
    await read();
    clock.advance(1_000);
  }
  expect(store.calls).toHaveLength(2);
  expect(store.timeouts).toEqual([3_000, 1_000]);
  await read();
  expect(store.calls).toHaveLength(3); // ten seconds later
});

test('both versions together have the time of one read', async () => {
  store.current = { value: 'new', createdAt: NOW };
  store.between = () => clock.advance(700);
  await read();
  expect(store.timeouts).toEqual([3_000, 2_300]);
});

test('an outage that hits the previous version alone is one: without it a receiver could not tell', async () => {
  store.current = { value: 'new', createdAt: NOW };
  store.between = () => { store.fault = outage(); };
  await expect(read()).rejects.toMatchObject({ code: 'ERR_SECRET_UNAVAILABLE' });
});

test('a previous version that is refused is none: whoever withdraws it means it, and the current one signs', async () => {
  store.current = { value: 'new', createdAt: NOW };
  store.between = () => { store.fault = new SecretError('ERR_SECRET_UNAVAILABLE', 'secret key is refused: DecryptionFailure'); };
  expect(await read()).toEqual(['new']);
  expect(await read()).toEqual(['new']);
  expect(store.calls).toEqual(['AWSCURRENT key', 'AWSPREVIOUS key']);
  expect(log.lines).toEqual([
    { level: 'warn', message: 'previous version of a secret not read', fields: { secretId: 'key', error: 'secret key is refused: DecryptionFailure' } },
  ]);
});

test('a previous version that is withdrawn no longer counts from then on', async () => {
  store.rotate('second', NOW);
  expect(await read()).toEqual(['second', 'first']);
  clock.advance(10_000);
  store.between = () => { store.fault = new SecretError('ERR_SECRET_UNAVAILABLE', 'secret key is refused: AccessDeniedException'); };
  expect(await read()).toEqual(['second']);
});

test('a store that refuses has its way at once, however fresh the value was', async () => {
  await read();
  clock.advance(MAX_SECRET_AGE_MS);
  store.fault = new SecretError('ERR_SECRET_UNAVAILABLE', 'secret key is refused: AccessDeniedException');
  await expect(read()).rejects.toMatchObject({ code: 'ERR_SECRET_UNAVAILABLE' });
  store.fault = outage();
  await expect(read()).rejects.toMatchObject({ code: 'ERR_SECRET_UNAVAILABLE' }); // nor is the old value taken up again
});

test('a secret that is gone, or has no value yet, is none', async () => {
  store.current = undefined;
  await expect(read()).rejects.toMatchObject({ code: 'ERR_SECRET_UNAVAILABLE', message: 'secret key is not there, or has no value yet' });
});

test('who was waiting when a read failed has failed with it, and the next one tries again', async () => {
  store.fault = outage();
  const both = await Promise.allSettled([read(), read()]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(store.calls).toHaveLength(1);
  store.fault = undefined;
  expect(await read()).toEqual(['first']);
});

test('a worker that was frozen in the middle of a read does not wait for it, nor take its late answer for the newest', async () => {
  const frozen = store.holdNext();
  const before = read();
  await frozen.begun;
  clock.advance(60 * MINUTE_MS);
  store.rotate('second', clock.now());
  expect(await read()).toEqual(['second', 'first']);
  frozen.answer({ value: 'first', createdAt: NOW - 30 * 86_400_000 });
  expect(await before).toEqual(['first']);
  store.fault = outage();
  clock.advance(MAX_SECRET_AGE_MS);
  expect(await read()).toEqual(['second', 'first']);
});

test('a client that cannot be loaded is an outage', async () => {
  const source = Promise.reject<SecretSource>(new TypeError('no such module'));
  await expect(new SecretCache(source, clock, log).read('key', 0)).rejects.toMatchObject({ code: 'ERR_SECRET_UNAVAILABLE' });
});

test('the log says that a secret was not read and why, without what a message may quote', async () => {
  store.fault = outage();
  await expect(read()).rejects.toThrow(SecretError);
  store.fault = new SecretError('ERR_SECRET_UNAVAILABLE', 'secret key is refused: AccessDeniedException');
  await expect(read()).rejects.toThrow(SecretError);
  expect(log.lines).toEqual([
    { level: 'warn', message: 'secret not read', fields: { secretId: 'key', error: 'InternalServiceError' } },
    { level: 'warn', message: 'secret not read', fields: { secretId: 'key', error: 'secret key is refused: AccessDeniedException' } },
  ]);
});

describe('the text of a secret', () => {
  const version = (value?: string): SecretVersion => ({ value, createdAt: 0 });

  test('is its string, or a field of it', () => {
    expect(textOf(version('{"a":"b"}'), 'key', undefined)).toBe('{"a":"b"}');
    expect(textOf(version('{"a":"b","__proto__":"c","":"d"}'), 'key', 'a')).toBe('b');
    expect(textOf(version('{"__proto__":"c"}'), 'key', '__proto__')).toBe('c');
  });

  test.each([
    ['bytes', undefined, undefined, 'secret key: expected a string, not bytes'],
    ['no JSON', 'hush-hush', 'a', 'secret key: expected a JSON object with a string in its field "a"'],
    ['no object', '"hush-hush"', 'a', 'secret key: expected a JSON object'],
    ['null', 'null', 'a', 'secret key: expected a JSON object'],
    ['no such field', '{"b":"hush-hush"}', 'a', 'secret key: expected a JSON object'],
    ['what every object has', '{"b":"hush-hush"}', 'constructor', 'secret key: expected a JSON object'],
    ['no string', '{"a":{"hush":"hush"}}', 'a', 'secret key: expected a JSON object'],
  ])('%s is refused, by a message without the value', (_, value, field, expected) => {
    let error: unknown;
    try {
      textOf(version(value), 'key', field);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'ERR_SECRET_INVALID', message: expect.stringContaining(expected) });
    expect((error as Error).stack).not.toContain('hush');
  });
});
