import * as fc from 'fast-check';
import { Credentials } from '../../src/core/credentials';
import { SecretSource, SecretVersion } from '../../src/core/ports';
import { MAX_STALE_SECRET_MS, SecretCache } from '../../src/core/secrets';
import { FakeClock } from '../support/fake-clock';
import { RecordingLog } from '../support/recording-log';
import { accepts } from '../support/standard-webhooks';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const OVERLAP_MS = 24 * HOUR_MS;
const START = Date.parse('2030-01-01T00:00:00Z');
const PLAN = { signing: { secretId: 'signing', overlapMs: OVERLAP_MS }, headers: [] };

const keyOf = (version: number) => `whsec_${Buffer.alloc(32, `key ${version} `).toString('base64')}`;

/** Secrets Manager, which is out of order at times, and whose secret is rotated, be it in the middle of a read. */
class Store implements SecretSource {
  public isDown = false;
  public rotatesDuringRead = false;
  public readonly versions: SecretVersion[] = [{ value: keyOf(0), createdAt: START - 30 * OVERLAP_MS }];

  public constructor(private readonly clock: FakeClock) {}

  public rotate(): void {
    this.versions.unshift({ value: keyOf(this.versions.length), createdAt: this.clock.now() });
  }

  public async read(_: string, stage: 'AWSCURRENT' | 'AWSPREVIOUS'): Promise<SecretVersion | undefined> {
    if (this.isDown) {
      throw new Error('out of order');
    }
    const version = this.versions[stage === 'AWSCURRENT' ? 0 : 1];
    if (this.rotatesDuringRead) {
      this.rotatesDuringRead = false;
      this.rotate();
    }
    return version;
  }
}

type Step =
  | { readonly kind: 'request'; readonly worker: number }
  | { readonly kind: 'rotate' | 'rotateDuringRead' | 'down' | 'up' };

const WORKERS = 3;
const steps: fc.Arbitrary<readonly { readonly afterMs: number; readonly step: Step }[]> = fc.array(fc.record({
  afterMs: fc.oneof(
    fc.integer({ min: 0, max: 10 * MINUTE_MS }), fc.integer({ min: 0, max: 10 * HOUR_MS }), fc.constantFrom(5 * MINUTE_MS, HOUR_MS, OVERLAP_MS),
  ),
  step: fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('request' as const), worker: fc.nat(WORKERS - 1) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('rotate' as const, 'rotateDuringRead' as const, 'down' as const, 'up' as const) }) },
  ),
}), { minLength: 10, maxLength: 60 });

test('whoever holds one key, and changes over an hour after a rotation or later, and before the overlap ends, accepts every request', async () => {
  let signed = 0;
  let unsent = 0;
  await fc.assert(fc.asyncProperty(steps, fc.integer({ min: MAX_STALE_SECRET_MS, max: OVERLAP_MS - 1 }), async (all, changesAfterMs) => {
    const clock = new FakeClock(START);
    const store = new Store(clock);
    const log = new RecordingLog();
    const workers = Array.from({ length: WORKERS }, () => new Credentials(PLAN, new SecretCache(Promise.resolve(store), clock, log), clock, log));
    const readableAt = new Map<number, number>();
    for (const { afterMs, step } of all) {
      clock.advance(afterMs);
      const mayRotate = clock.now() >= store.versions[0].createdAt + OVERLAP_MS;
      switch (step.kind) {
        case 'rotate':
          if (mayRotate) {
            store.rotate();
          }
          break;
        case 'rotateDuringRead':
          store.rotatesDuringRead = mayRotate;
          break;
        case 'down':
        case 'up':
          store.isDown = step.kind === 'down';
          break;
        case 'request': {
          store.rotatesDuringRead &&= mayRotate;
          const seal = await workers[step.worker].for('https://example.com/');
          if ('error' in seal) {
            unsent++;
            expect(store.isDown).toBe(true);
            expect(clock.now() - (readableAt.get(step.worker) ?? -Infinity)).toBeGreaterThan(MAX_STALE_SECRET_MS - 5 * MINUTE_MS);
            break;
          }
          if (!store.isDown) {
            readableAt.set(step.worker, clock.now());
          }
          signed++;
          const { headers } = seal.seal({
            url: '', method: 'POST', headers: { 'webhook-id': 'id', 'webhook-timestamp': String(Math.floor(clock.now() / 1_000)) }, body: '{}',
          });
          const [newest, before = newest] = store.versions;
          const held = clock.now() >= newest.createdAt + changesAfterMs ? newest : before;
          expect(accepts(held.value ?? '', { headers, body: Buffer.from('{}') })).toBe(true);
        }
      }
    }
  }), { numRuns: 300 });
  expect(signed).toBeGreaterThan(1_000);
  expect(unsent).toBeGreaterThan(10); // the outages are long enough to matter
});
