// Lookups that are shared, beside what test/adapters/network-guard.test.ts shows of them with real connections.
import { LookupAddress } from 'node:dns';
import { Lookup, SharedLookups } from '../../src/adapters/shared-lookups';
import { FakeClock } from '../support/fake-clock';

const SECOND = 1_000;
const MAX_HOSTS = 500;

const address = (text: string): LookupAddress => ({ address: text, family: text.includes(':') ? 6 : 4 });

function lookupsOf(...addresses: readonly string[]) {
  const asked: string[] = [];
  const clock = new FakeClock(Date.now());
  const lookup: Lookup = (hostname, _, callback) => {
    asked.push(hostname);
    callback(null, addresses.map(address));
  };
  const lookups = new SharedLookups(lookup, clock);
  const find = (hostname: string) => new Promise<string[]>((resolve, reject) => {
    lookups.find(hostname, { all: true }, (error, found) => (error ? reject(error) : resolve(found.map((one) => one.address))));
  });
  return { asked, clock, find };
}

describe('each of those who share a lookup gets all addresses, another one first', () => {
  test.each([
    { known: ['192.0.2.1'], orders: [['192.0.2.1'], ['192.0.2.1']] },
    { known: ['192.0.2.1', '192.0.2.2'], orders: [['192.0.2.1', '192.0.2.2'], ['192.0.2.2', '192.0.2.1'], ['192.0.2.1', '192.0.2.2']] },
    {
      known: ['2001:db8::1', '2001:db8::2', '192.0.2.1', '192.0.2.2', '192.0.2.3'],
      orders: [
        ['2001:db8::1', '2001:db8::2', '192.0.2.1', '192.0.2.2', '192.0.2.3'],
        ['2001:db8::2', '2001:db8::1', '192.0.2.2', '192.0.2.3', '192.0.2.1'],
        ['2001:db8::1', '2001:db8::2', '192.0.2.3', '192.0.2.1', '192.0.2.2'],
      ],
    },
    { known: ['192.0.2.1', '2001:db8::1', '192.0.2.2'], orders: [['192.0.2.1', '2001:db8::1', '192.0.2.2'], ['192.0.2.2', '2001:db8::1', '192.0.2.1']] },
  ])('$known, IPv4 and IPv6 where the resolver has them', async ({ known, orders }) => {
    const { find, asked } = lookupsOf(...known);
    expect(await Promise.all(orders.map(() => find('hooks.example.com')))).toEqual(orders);
    expect(asked).toHaveLength(1);
  });
});

test('what is kept is bounded: the oldest makes room', async () => {
  const { find, asked, clock } = lookupsOf('192.0.2.1');
  const hosts = Array.from({ length: MAX_HOSTS + 1 }, (_, i) => `host-${i}.example.com`);
  await Promise.all(hosts.map(find));
  expect(asked).toEqual(hosts);
  await Promise.all(hosts.slice(1).map(find));
  expect(asked).toEqual(hosts);
  await find(hosts[0]);
  expect(asked).toEqual([...hosts, hosts[0]]);
  clock.advance(SECOND);
  await find(hosts[2]);
  expect(asked).toEqual([...hosts, hosts[0], hosts[2]]);
});

test('a clock that is set back does not have an answer used for longer', async () => {
  const { find, asked, clock } = lookupsOf('192.0.2.1');
  await find('hooks.example.com');
  clock.advance(-1);
  await find('hooks.example.com');
  expect(asked).toHaveLength(2);
});

test('a lookup that cannot even be begun is a failure', async () => {
  const lookups = new SharedLookups(() => { throw new TypeError('no such option'); }, new FakeClock(0));
  const error = await new Promise((resolve) => lookups.find('hooks.example.com', { all: true }, resolve));
  expect(error).toEqual(new TypeError('no such option'));
});
