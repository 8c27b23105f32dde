import { AddressGuard, isAllowableCidr, isHostPattern, matchesHost, NetworkRules, parseNetworkRules, urlRefusal } from '../../src/core/network';

const PUBLIC: NetworkRules = { allowHttp: false, ports: [[443, 443]], deniedHosts: [], allowedCidrs: [] };
/** As permissive as rules can be, to see what they cannot permit. */
const PERMISSIVE: NetworkRules = {
  allowHttp: true,
  ports: [[1, 65_535]],
  deniedHosts: [],
  allowedCidrs: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '198.18.0.0/15', 'fc00::/7', '127.0.0.0/8', '::1/128'],
};
const refusal = (url: string, rules = PUBLIC) => urlRefusal(new URL(url), rules);

describe('addresses', () => {
  const guard = new AddressGuard(PUBLIC);
  const permissive = new AddressGuard(PERMISSIVE);

  // First and last of each block, and its neighbours outside.
  test.each([
    ['0.0.0.0', '0.255.255.255', undefined, '1.0.0.0'],
    ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
    ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
    ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
    ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
    ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
    ['192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
    ['192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
    ['192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
    ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
    ['198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
    ['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
    ['203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
    ['224.0.0.0', '255.255.255.255', '223.255.255.255', undefined],
    // Mapped, compatible, translated, NAT64, discard-only, and all else below.
    ['::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', undefined, '2000::'],
    ['2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', '2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:200::'],
    ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db9::'],
    ['2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2003::'],
    ['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', '3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '3fff:1000::'],
    ['4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', undefined],
  ])('%s to %s are not public', (first, last, before, after) => {
    expect([first, last].map((address) => guard.allows(address, 443))).toEqual([false, false]);
    expect([before, after].map((address) => address === undefined || guard.allows(address, 443))).toEqual([true, true]);
  });

  test.each([
    ['loopback', '::1'], ['link-local', 'fe80::1'], ['site-local', 'fec0::1'], ['unique local', 'fd12:3456::1'], ['multicast', 'ff02::1'],
    ['mapped', '::ffff:8.8.8.8'], ['mapped, in digits', '::ffff:808:808'], ['compatible', '::8.8.8.8'], ['translated', '::ffff:0:8.8.8.8'],
    ['NAT64', '64:ff9b::8.8.8.8'], ['local NAT64', '64:ff9b:1::8.8.8.8'], ['6to4', '2002:808:808::1'], ['Teredo', '2001:0:808:808::1'],
    ['segment routing', '5f00::1'],
  ])('IPv6: %s (%s) is not public', (_, address) => expect(guard.allows(address, 443)).toBe(false));

  test.each(['8.8.8.8', '2606:4700:4700::1111', '2A05:D018:0:0:0:0:0:1'])('%s is public', (address) => {
    expect(guard.allows(address, 443)).toBe(true);
    expect(guard.allows(address, 9001)).toBe(true);
  });

  test.each([
    '', 'localhost', '8.8.8', '8.8.8.08', '08.8.8.8', '8.8.8.8.', ' 8.8.8.8', '134744072', '0x8080808', '256.8.8.8', '8.8.8.8/32', '８.8.8.8',
    '[2606:4700::1]', '2606:4700::1%eth0', '2606:4700::1%', '2606:4700:::1', '2606:4700::1::2', '1:2:3:4:5:6:7:8:9', '2606:4700::8.8.8.256', 'undefined',
  ])('%p is no address, and refused', (text) => expect(permissive.allows(text, 443)).toBe(false));

  test('private ones can be allowed, and no others are along with them', () => {
    const some = new AddressGuard({ ...PUBLIC, allowedCidrs: ['10.1.0.0/16', 'fd12::/16'] });
    expect(['10.1.2.3', 'fd12::1', '8.8.8.8'].map((address) => some.allows(address, 443))).toEqual([true, true, true]);
    expect(['10.2.0.0', '10.0.255.255', 'fd13::1', '::ffff:10.1.2.3', '::10.1.2.3', '64:ff9b::a01:203', '2002:a01:203::'].map((address) => some.allows(address, 443)))
      .not.toContain(true);
  });

  test.each([
    '0.0.0.0', '169.254.169.254', '169.254.170.2', '169.254.170.23', '169.254.100.1', '169.254.79.129', '192.0.0.192', '224.0.0.1', '255.255.255.255',
    '::', '::ffff:127.0.0.1', '::127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', 'fe80::1', 'fd00:ec2::254', 'fd00:ec2::23', 'fd00::1', '100::1',
  ])('%s cannot be allowed', (address) => expect(permissive.allows(address, 80)).toBe(false));

  test('the port of Lambda\'s runtime API cannot be allowed on loopback', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1'].map((address) => permissive.allows(address, 9001))).toEqual([false, false, false]);
    expect(['127.0.0.1', '127.9.9.9', '::1'].map((address) => permissive.allows(address, 9002))).toEqual([true, true, true]);
    expect(permissive.allows('10.0.0.1', 9001)).toBe(true);
  });

  test.each(['127.0.0.1:9001', '169.254.100.1:9001', 'localhost:4321', '127.0.0.1'])('on Lambda (%s) nothing on loopback is', (runtimeApi) => {
    const onLambda = new AddressGuard(PERMISSIVE, runtimeApi);
    expect(['127.0.0.1', '127.1.2.3', '::1'].flatMap((address) => [80, 443, 4321, 9001].map((port) => onLambda.allows(address, port)))).not.toContain(true);
    expect(onLambda.allows('10.0.0.1', 443)).toBe(true);
  });

  test('nor where its runtime API is, should that be elsewhere', () => {
    const byAddress = new AddressGuard(PERMISSIVE, '10.9.8.7:9001');
    expect([byAddress.allows('10.9.8.7', 9001), byAddress.allows('10.9.8.7', 9002), byAddress.allows('10.9.8.8', 9001)]).toEqual([false, true, true]);
    const byIpv6 = new AddressGuard(PERMISSIVE, '[fd12::1]:9001');
    expect([byIpv6.allows('fd12:0::1', 9001), byIpv6.allows('fd12::2', 9001)]).toEqual([false, true]);
    const byName = new AddressGuard(PERMISSIVE, 'sandbox.localdomain:9001');
    expect([byName.allows('10.9.8.7', 9001), byName.allows('10.9.8.7', 443), byName.allows('8.8.8.8', 9001)]).toEqual([false, true, true]);
  });
});

describe('URLs', () => {
  test.each([
    'https://example.com', 'HTTPS://EXAMPLE.COM:443/', 'https://example.com./', 'https://a_b.example.com/?q#f', 'https://ü.example/', 'https://8.8.8.8/',
    'https://[2606:4700::1]/', 'https://localhost.example.com/',
  ])('%s is allowed', (url) => expect(refusal(url)).toBeUndefined());

  test.each([
    ['http://example.com/', 'an https URL; this scheduler calls no other'],
    ['ftp://example.com/', 'an https URL; this scheduler calls no other'],
    ['javascript:alert(1)', 'an https URL; this scheduler calls no other'],
    ['file:///etc/passwd', 'an https URL; this scheduler calls no other'],
    ['https://user@example.com/', 'a URL without user name and password'],
    ['https://:secret@example.com/', 'a URL without user name and password'],
    ['https://example.com:8443/', 'a URL with a port that this scheduler calls: 443'],
    ['https://example.com:0/', 'a URL with a port that this scheduler calls: 443'],
    ['https://a..example.com/', 'a URL with a host name of letters, digits and hyphens between dots, or an address'],
    ['https://example.com../', 'a URL with a host name of letters, digits and hyphens between dots, or an address'],
    ['https://.example.com/', 'a URL with a host name of letters, digits and hyphens between dots, or an address'],
    ['https://*.example.com/', 'a URL with a host name of letters, digits and hyphens between dots, or an address'],
    [`https://${'a'.repeat(64)}.com/`, 'a URL with a host name of letters, digits and hyphens between dots, or an address'],
    [`https://${'a.'.repeat(130)}com/`, 'a URL with a host name of letters, digits and hyphens between dots, or an address'],
    ['https://127.0.0.1/', 'a URL with a public address, or a private one that the network policy of this scheduler allows'],
  ])('%s is refused with what was expected', (url, expected) => expect(refusal(url)).toBe(expected));

  test('with HTTP allowed, the message says so', () => {
    const rules = { ...PUBLIC, allowHttp: true, ports: [[80, 80], [8000, 8999]] as const };
    expect(refusal('http://example.com/', rules)).toBeUndefined();
    expect(refusal('http://example.com:8500/', rules)).toBeUndefined();
    expect(refusal('https://example.com:8999/', rules)).toBeUndefined();
    expect(refusal('gopher://example.com/', rules)).toBe('an http or https URL');
    expect(refusal('https://example.com/', rules)).toBe('a URL with a port that this scheduler calls: 80, 8000-8999');
  });

  // Each is another way to write an address that is not public; what Node.js does not take for a URL is refused for that.
  test.each([
    '127.1', '127.0.1', '0x7f.1', '0x7f000001', '0X7F.0.0.0x1', '2130706433', '017700000001', '0177.0.0.1', '127.0.0.1.', '0', '0.0.0.0', '0x0',
    '１２７.０.０.１', '127。0。0。1', '①②⑦.⓪.⓪.①', '%31%32%37.0.0.1', '127%2e0%2e0%2e1', '[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]', '[::127.0.0.1]', '[::]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[fe80::1]', '[fd00:ec2::254]', '[::FFFF:A9FE:A9FE]',
    '169.254.169.254', '0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '169.16689662', '169.254.43518', '192.168.257', '10.1', '192.0.2.1',
    'localhost', 'LOCALHOST', 'localhost.', 'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ', 'lo\u00adcalhost', 'a.localhost', 'a.b.localhost.',
  ])('https://%s/ is refused', (host) => expect(refusal(`https://${host}/`)).toMatch(/^a URL with a public address/));

  test.each(['[fe80::1%25eth0]', '[fe80::1%eth0]', '[::1', '256.1.1.1', '1.2.3.4.5', '127.0.0.1%00', 'exa mple.com', '127.0.0.1:９００１'])(
    'https://%s/ is no URL', (host) => expect(URL.canParse(`https://${host}/`)).toBe(false));

  test('addresses and localhost where the rules allow them, but for the port of Lambda\'s runtime API', () => {
    for (const host of ['127.0.0.1', '[::1]', '10.0.0.1', 'localhost', 'a.localhost.']) {
      expect(refusal(`http://${host}:8080/`, PERMISSIVE)).toBeUndefined();
    }
    for (const host of ['127.0.0.1', '[::1]', '0x7f.1', 'localhost', 'a.localhost.']) {
      expect(refusal(`http://${host}:9001/`, PERMISSIVE)).toMatch(/^a URL with a public address/);
    }
    expect(refusal('http://169.254.169.254/', PERMISSIVE)).toMatch(/^a URL with a public address/);
    const guard = new AddressGuard(PERMISSIVE, '127.0.0.1:9001');
    expect(urlRefusal(new URL('http://localhost:8080/'), PERMISSIVE, guard)).toMatch(/^a URL with a public address/);
  });

  test('hosts: those that are allowed, but for those that are denied', () => {
    const rules = { ...PUBLIC, allowedHosts: ['api.example.com', '*.example.org'], deniedHosts: ['admin.example.org', '*.admin.example.org'] };
    const expected = 'a URL with a host that the network policy of this scheduler allows';
    for (const host of ['api.example.com', 'API.EXAMPLE.COM', 'api.example.com.', 'a.example.org', 'a.b.example.org', 'xadmin.example.org']) {
      expect(refusal(`https://${host}/`, rules)).toBeUndefined();
    }
    for (const host of ['example.com', 'a.api.example.com', 'example.org', 'notexample.org', 'admin.example.org', 'ADMIN.example.org.', 'a.admin.example.org', '8.8.8.8']) {
      expect(refusal(`https://${host}/`, rules)).toBe(expected);
    }
    expect(refusal('https://8.8.8.8/', { ...PUBLIC, allowedHosts: ['8.8.8.8'] })).toBeUndefined();
    expect(refusal('https://10.0.0.1/', { ...PUBLIC, allowedHosts: ['10.0.0.1'] })).toMatch(/^a URL with a public address/);
    expect(refusal('https://bücher.example/', { ...PUBLIC, deniedHosts: ['xn--bcher-kva.example'] })).toBe(expected);
  });
});

test('a pattern matches its own name, or every name below', () => {
  expect(matchesHost('example.com', 'example.com')).toBe(true);
  expect(matchesHost('example.com', 'Example.Com.')).toBe(true);
  expect(['a.example.com', 'example.com.evil.org', 'xexample.com', 'example.com..', ''].map((host) => matchesHost('example.com', host))).not.toContain(true);
  expect(['a.example.com', 'a.b.example.com.'].map((host) => matchesHost('*.example.com', host))).toEqual([true, true]);
  expect(['example.com', '.example.com', 'xexample.com', 'a.example.com.evil.org', '*'].map((host) => matchesHost('*.example.com', host))).not.toContain(true);
});

test.each(['example.com', '*.example.com', 'a_b.example.com', 'localhost', '8.8.8.8', '[2606:4700::1]', 'xn--bcher-kva.example'])('%s is a host pattern', (text) => {
  expect(isHostPattern(text)).toBe(true);
});

test.each([
  '', '*', '*.', '*example.com', 'a.*.com', '**.example.com', '*.*.example.com', 'Example.com', 'example.com.', 'example.com:443', 'https://example.com', 'example.com/a',
  'user@example.com', 'bücher.example', '127.1', '*.8.8.8.8', '0x7f.1', '[::0001]', '::1', 'a..b', '.a', `${'a'.repeat(64)}.com`,
])('%p is no host pattern', (text) => expect(isHostPattern(text)).toBe(false));

test.each(['10.0.0.0/8', '10.1.2.3/32', '172.16.0.0/12', '192.168.7.0/24', '100.64.0.0/10', '198.19.0.0/16', 'fc00::/7', 'fd12::/16', '127.0.0.0/8', '::1/128'])(
  '%s can be allowed', (text) => expect(isAllowableCidr(text)).toBe(true));

test.each([
  '', '10.0.0.0', '10.0.0.1/8', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/8/8', '10.0.0.0/-1', '0.0.0.0/0', '::/0', '10.0.0.0/7', '8.8.8.0/24', '169.254.0.0/16',
  '169.254.169.254/32', '0.0.0.0/8', '224.0.0.0/4', '192.0.2.0/24', '::ffff:10.0.0.0/104', '64:ff9b::/96', 'fe80::/10', 'fc00::/6', '::/128', '2606:4700::/32', 'fd12::1/16',
])('%p cannot be allowed', (text) => expect(isAllowableCidr(text)).toBe(false));

describe('rules as JSON', () => {
  test.each([PUBLIC, PERMISSIVE, { ...PUBLIC, allowedHosts: ['a.example'], deniedHosts: ['*.b.example'] }])('are read as they are (%#)', (rules) => {
    expect(parseNetworkRules(JSON.stringify(rules))).toEqual(rules);
  });

  test.each([
    ['null', 'expected an object'],
    [JSON.stringify({ ...PUBLIC, allowHttp: 'false' }), 'expected allowHttp to be true or false'],
    ...[undefined, 443, [443], [[443]], [[443, 444, 445]], [[2, 1]], [[0, 1]], [[1, 65_536]], [[1.5, 2]], [['1', '2']]].map((ports): [string, string] => [
      JSON.stringify({ ...PUBLIC, ports }), 'expected ports to be an array of pairs, first and last port',
    ]),
    [JSON.stringify({ ...PUBLIC, allowedHosts: 'example.com' }), 'expected allowedHosts, where given, to be an array of host patterns'],
    [JSON.stringify({ ...PUBLIC, deniedHosts: undefined }), 'expected deniedHosts to be an array of host patterns'],
    [JSON.stringify({ ...PUBLIC, deniedHosts: ['EXAMPLE.com'] }), 'expected deniedHosts to be an array of host patterns'],
    [JSON.stringify({ ...PUBLIC, allowedCidrs: ['0.0.0.0/0'] }), 'expected allowedCidrs to be an array of blocks of private addresses'],
    [JSON.stringify({ ...PUBLIC, allowedCidrs: [10] }), 'expected allowedCidrs to be an array of blocks of private addresses'],
  ])('%s is refused', (text, expected) => expect(() => parseNetworkRules(text)).toThrow(new TypeError(`network rules: ${expected}`)));
});
