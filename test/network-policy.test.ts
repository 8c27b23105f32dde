import { Lazy } from 'aws-cdk-lib';
import { NetworkPolicy } from '../src';
import { parseNetworkRules } from '../src/core/network';

test('the default: https on port 443, to every public address', () => {
  expect(NetworkPolicy.publicInternet()._toRules()).toEqual({ allowHttp: false, ports: [[443, 443]], deniedHosts: [], allowedCidrs: [] });
});

test('allowHttp adds its port, and allowedPorts take the place of the default', () => {
  const portsOf = (...options: Parameters<typeof NetworkPolicy.publicInternet>) => NetworkPolicy.publicInternet(...options)._toRules().ports;
  expect(portsOf({ allowHttp: true })).toEqual([[443, 443], [80, 80]]);
  expect(portsOf({ allowedPorts: ['8443', '8000-8999'] })).toEqual([[8443, 8443], [8000, 8999]]);
  expect(portsOf({ allowHttp: true, allowedPorts: ['1-65535'] })).toEqual([[1, 65_535]]);
});

test('hosts and blocks', () => {
  expect(NetworkPolicy.allowedHosts(['api.example.com', '*.example.org'], { deniedHosts: ['a.example.org'], allowedCidrs: ['10.0.0.0/8'] })._toRules()).toEqual({
    allowHttp: false,
    ports: [[443, 443]],
    allowedHosts: ['api.example.com', '*.example.org'],
    deniedHosts: ['a.example.org'],
    allowedCidrs: ['10.0.0.0/8'],
  });
});

const token = () => Lazy.string({ produce: () => '10.0.0.0/8' });
const HOST = 'expected a host in lower-case ASCII such as api.example.com or *.example.com, without port and path';
const CIDR = 'expected a block of private addresses such as 10.20.0.0/16, with no bits set beyond its prefix; public addresses are allowed anyway';
const PORT = 'expected a port from 1 to 65535 such as 443, or a range such as 8000-8999';

test.each([
  [{ deniedHosts: ['a.example', 'https://b.example'] }, `deniedHosts[1] is "https://b.example", ${HOST}`],
  [{ deniedHosts: ['Example.com'] }, `deniedHosts[0] is "Example.com", ${HOST}`],
  [{ deniedHosts: [token()] }, 'deniedHosts[0] has to be known at synthesis, and is a token; pass a literal string'],
  [{ allowedCidrs: ['0.0.0.0/0'] }, `allowedCidrs[0] is "0.0.0.0/0", ${CIDR}`],
  [{ allowedCidrs: ['10.0.0.0/8', '169.254.0.0/16'] }, `allowedCidrs[1] is "169.254.0.0/16", ${CIDR}`],
  [{ allowedCidrs: ['10.0.0.1/8'] }, `allowedCidrs[0] is "10.0.0.1/8", ${CIDR}`],
  [{ allowedCidrs: [token()] }, 'allowedCidrs[0] has to be known at synthesis, and is a token; pass a literal string'],
  [{ allowedPorts: [] }, 'allowedPorts is empty, expected at least one port'],
  ...['', '0', '65536', '0443', '443-', '9000-8000', '1-99999', 'https', '443,444'].map((text): [object, string] => [
    { allowedPorts: ['443', text] }, `allowedPorts[1] is "${text}", ${PORT}`,
  ]),
  [{ allowedPorts: [token()] }, 'allowedPorts[0] has to be known at synthesis, and is a token; pass a literal string'],
])('refuses what is not valid: %j', (options, message) => {
  expect(() => NetworkPolicy.publicInternet(options)).toThrow(new Error(message));
});

test('allowed hosts have to be named, each as a pattern', () => {
  expect(() => NetworkPolicy.allowedHosts([])).toThrow(new Error('patterns is empty, expected at least one host; every host is NetworkPolicy.publicInternet()'));
  expect(() => NetworkPolicy.allowedHosts(['*'])).toThrow(new Error(`patterns[0] is "*", ${HOST}`));
});

test('an allowed host that is denied altogether is a contradiction, and one that is denied in part is none', () => {
  const contradiction = 'expected a host that deniedHosts do not deny; leave it out here or there';
  expect(() => NetworkPolicy.allowedHosts(['www.example.com', 'api.example.com'], { deniedHosts: ['api.example.com'] }))
    .toThrow(new Error(`patterns[1] is "api.example.com", ${contradiction}`));
  expect(() => NetworkPolicy.allowedHosts(['*.eu.example.com'], { deniedHosts: ['*.example.com'] }))
    .toThrow(new Error(`patterns[0] is "*.eu.example.com", ${contradiction}`));
  expect(() => NetworkPolicy.allowedHosts(['*.example.com', 'example.com'], { deniedHosts: ['api.example.com', '*.eu.example.com'] })).not.toThrow();
});

test('lists that are tokens are refused by their name', () => {
  const list = Lazy.list({ produce: () => ['a.example'] });
  expect(() => NetworkPolicy.allowedHosts(list)).toThrow('patterns has to be known at synthesis, and is a token; pass a literal list of strings');
  expect(() => NetworkPolicy.publicInternet({ allowedPorts: list })).toThrow('allowedPorts has to be known at synthesis');
});

test('refuses more than a function\'s environment has room for', () => {
  const hosts = Array.from({ length: 100 }, (_, i) => `host-${i}.example.com`);
  expect(() => NetworkPolicy.allowedHosts(hosts)).toThrow(/^the network policy has 2\d{3} characters as JSON, expected at most 2000: name fewer hosts/);
  expect(NetworkPolicy.allowedHosts(hosts.slice(0, 80))._toRules().allowedHosts).toHaveLength(80);
});

test.each([
  NetworkPolicy.publicInternet(),
  NetworkPolicy.publicInternet({ allowHttp: true, allowedPorts: ['1-65535'], allowedCidrs: ['127.0.0.0/8', '::1/128'] }),
  NetworkPolicy.allowedHosts(['*.example.com', '8.8.8.8', '[2606:4700::1]'], { deniedHosts: ['x.example.com'] }),
])('the handlers can read a policy as the construct writes it (%#)', (policy) => {
  expect(parseNetworkRules(JSON.stringify(policy._toRules()))).toEqual(policy._toRules());
});
