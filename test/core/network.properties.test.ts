// Addresses and URLs against a second reading of the registries, on ordinary numbers, and against every way to write an address.
import * as fc from 'fast-check';
import { parseAddress, parseBlock } from '../../src/core/addresses';
import { AddressGuard, isHostPattern, matchesHost, NetworkRules, urlRefusal } from '../../src/core/network';
import { LOOPBACK_TOO, PUBLIC_INTERNET } from '../support/network';

type Quad = readonly [number, number, number, number];

const byte = fc.integer({ min: 0, max: 255 });
const octets = fc.tuple(byte, byte, byte, byte);
const dotted = (quad: Quad) => quad.join('.');
const numberOf = ([a, b, c, d]: Quad) => ((a * 256 + b) * 256 + c) * 256 + d;

/** RFC 6890 and its updates, as conditions on octets. */
const isPrivate = ([a, b]: Quad) => a === 10 || a === 127 || (a === 100 && b >= 64 && b < 128) || (a === 172 && b >= 16 && b < 32)
  || (a === 192 && b === 168) || (a === 198 && (b === 18 || b === 19));
const isSpecial = ([a, b, c, d]: Quad) => isPrivate([a, b, c, d]) || a === 0 || a >= 224 || (a === 169 && b === 254)
  || (a === 192 && b === 0 && (c === 0 || c === 2)) || (a === 192 && b === 88 && c === 99)
  || (a === 198 && b === 51 && c === 100) || (a === 203 && b === 0 && c === 113);

/** In or near the special blocks more often than elsewhere. */
const quad: fc.Arbitrary<Quad> = fc.oneof(
  octets,
  fc.tuple(fc.constantFrom(0, 10, 100, 127, 169, 172, 192, 198, 203, 224, 255), byte, byte, byte),
  fc.tuple(
    fc.constantFrom(
      [169, 254], [192, 168], [192, 0], [192, 88], [198, 18], [198, 51], [203, 0], [172, 16], [172, 31], [172, 32], [100, 64], [100, 127], [100, 128],
    ),
    fc.oneof(byte, fc.constantFrom(0, 2, 99, 100, 113)), byte,
  ).map(([[a, b], c, d]) => [a, b, c, d] as const),
);
const special = quad.filter(isSpecial);

/** A part of an IPv4 address in a base that URL parsers read, with zeros in front. */
const inSomeBase = (value: number) => fc.tuple(fc.constantFrom('', '0x', '0X', '0'), fc.integer({ min: 0, max: 3 })).map(([prefix, zeros]) => (
  prefix === '' ? String(value) : `${prefix}${'0'.repeat(zeros)}${value.toString(prefix === '0' ? 8 : 16)}`
));

/** Characters that IDNA maps to a digit, a letter of hexadecimal, or a dot. */
const LOOKALIKES: Readonly<Record<string, readonly string[]>> = {
  '.': ['。', '．', '｡', '%2e', '%2E'], '0': ['０', '⓪', '𝟎', '₀', '%30'], '1': ['１', '①', '𝟭', '¹', '%31'], 'x': ['ｘ', 'Ⓧ', '𝕩'],
};
const disguised = (text: string): fc.Arbitrary<string> => fc.array(fc.nat(11), { minLength: text.length, maxLength: text.length }).map((choices) => (
  [...text].map((character, i) => LOOKALIKES[character]?.[choices[i]] ?? character).join('')
));

/** Every spelling that leads a URL parser to one IPv4 address. */
const spelled = (address: Quad): fc.Arbitrary<string> => {
  const [a, b, c, d] = address;
  const parts = fc.constantFrom([a, b, c, d], [a, b, c * 256 + d], [a, numberOf([0, b, c, d])], [numberOf(address)]);
  return parts.chain((values) => fc.tuple(...values.map(inSomeBase))).map((texts) => texts.join('.'))
    .chain((text) => fc.oneof(fc.constant(text), disguised(text))).chain((text) => fc.constantFrom(text, `${text}.`));
};

const hex = (value: number) => value.toString(16);
/** IPv6 addresses that hold an IPv4 address. */
const holding = ([a, b, c, d]: Quad): fc.Arbitrary<string> => {
  const [high, low] = [hex(a * 256 + b), hex(c * 256 + d)];
  return fc.constantFrom(
    `::ffff:${a}.${b}.${c}.${d}`, `::ffff:${high}:${low}`, `0:0:0:0:0:FFFF:${high}:${low}`, `::${high}:${low}`, `::ffff:0:${high}:${low}`,
    `64:ff9b::${a}.${b}.${c}.${d}`, `64:ff9b:1::${high}:${low}`, `2002:${high}:${low}::1`, `2001:0:${high}:${low}::`,
  );
};

const refusal = (host: string, rules: NetworkRules = PUBLIC_INTERNET) => urlRefusal(new URL(`https://${host}/`), rules);
/** All blocks that rules can allow. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '198.18.0.0/15', 'fc00::/7', '127.0.0.0/8', '::1/128'];
const REFUSED = /^a URL with a public address/;

test('an IPv4 address is public if no registry says otherwise', () => {
  const guard = new AddressGuard(PUBLIC_INTERNET);
  fc.assert(fc.property(quad, (address) => {
    expect(guard.allows(dotted(address), 443)).toBe(!isSpecial(address));
  }), { numRuns: 2_000 });
});

test('what is not public is refused in every spelling, and what is public is allowed in every one', () => {
  fc.assert(fc.property(quad.chain((address) => fc.tuple(fc.constant(address), spelled(address))), ([address, host]) => {
    expect(new URL(`https://${host}/`).hostname).toBe(dotted(address)); // it is a spelling
    expect(refusal(host)).toEqual(isSpecial(address) ? expect.stringMatching(REFUSED) : undefined);
  }), { numRuns: 2_000 });
});

test('an IPv6 address that holds an IPv4 address is refused, whatever that is and whatever the rules allow', () => {
  const rules = { ...LOOPBACK_TOO, allowedCidrs: PRIVATE };
  const guard = new AddressGuard(rules);
  fc.assert(fc.property(quad.chain(holding), (address) => {
    expect(guard.allows(address, 443)).toBe(false);
    expect(refusal(`[${address}]`, rules)).toMatch(REFUSED);
  }), { numRuns: 2_000 });
});

test('an IPv6 address is public in 2000::/3, but for its special blocks', () => {
  const group = fc.oneof(
    fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 1, 0xffff, 0x2001, 0x2002, 0xdb8, 0x1ff, 0x200, 0x3fff, 0xfff, 0x1000),
  );
  const first = fc.oneof(group, fc.constantFrom(0x2000, 0x2001, 0x2002, 0x2003, 0x3fff, 0x3ffe, 0x1fff, 0x4000, 0xfd00, 0xfe80, 0xff02, 0));
  const groups = fc.tuple(first, group, group, group, group, group, group, group);
  const guard = new AddressGuard(PUBLIC_INTERNET);
  fc.assert(fc.property(groups, ([a, b, ...rest]) => {
    const text = [a, b, ...rest].map(hex).join(':');
    const isPublic = a >= 0x2000 && a < 0x4000 && !(a === 0x2001 && (b < 0x200 || b === 0xdb8)) && a !== 0x2002 && !(a === 0x3fff && b < 0x1000);
    expect(guard.allows(text, 443)).toBe(isPublic);
    expect(guard.allows(new URL(`https://[${text}]/`).hostname.slice(1, -1), 443)).toBe(isPublic); // as it is written for short
    expect(refusal(`[${text.toUpperCase()}]`)).toEqual(isPublic ? undefined : expect.stringMatching(REFUSED));
  }), { numRuns: 2_000 });
});

test('a block allows exactly its own addresses, and only where they are private', () => {
  fc.assert(fc.property(quad, quad, fc.integer({ min: 8, max: 32 }), (start, address, prefix) => {
    const size = 2 ** (32 - prefix);
    const first = numberOf(start) - numberOf(start) % size;
    const guard = new AddressGuard({ ...PUBLIC_INTERNET, allowedCidrs: [`${new URL(`http://${first}/`).hostname}/${prefix}`] });
    const isInside = numberOf(address) >= first && numberOf(address) < first + size;
    expect(guard.allows(dotted(address), 443)).toBe(!isSpecial(address) || (isPrivate(address) && isInside));
    expect(guard.allows(dotted(start), 443)).toBe(!isSpecial(start) || isPrivate(start));
  }), { numRuns: 1_000 });
});

test('any other text is no address and no block', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789abcdef.:/%[] x') }));
  const guard = new AddressGuard({ ...LOOPBACK_TOO, allowedCidrs: PRIVATE });
  fc.assert(fc.property(text, (any) => {
    const address = parseAddress(any);
    // Nothing that is read as an address means another one to a URL parser.
    if (address) {
      expect(any).toMatch(/^[\da-fA-F.:]+$/);
      expect(URL.canParse(`http://${any.includes(':') ? `[${any}]` : any}/`)).toBe(true);
    } else {
      expect(guard.allows(any, 443)).toBe(false);
    }
    const block = parseBlock(any);
    expect(block === undefined || parseAddress(any.split('/')[0]) !== undefined).toBe(true);
  }), { numRuns: 5_000 });
});

test('a pattern of a name matches it and no other, and one of subdomains all of them and nothing else', () => {
  const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9-]{0,5}[a-z0-9])?$/);
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')).filter((text) => isHostPattern(text));
  const cased = (text: string) => fc.constantFrom(text, text.toUpperCase(), `${text}.`);
  fc.assert(fc.property(name, name, name.chain((text) => fc.tuple(fc.constant(text), cased(text))), (pattern, other, [below, written]) => {
    expect(matchesHost(pattern, pattern)).toBe(true);
    expect(matchesHost(pattern, other)).toBe(pattern === other);
    expect(matchesHost(`*.${pattern}`, pattern)).toBe(false);
    expect(matchesHost(`*.${pattern}`, `${written.replace(/\.$/, '')}.${pattern}`)).toBe(true);
    expect(matchesHost(`*.${pattern}`, written)).toBe(below.endsWith(`.${pattern}`));
    expect(matchesHost(`*.${pattern}`, `${pattern}.${below}`)).toBe(`${pattern}.${below}`.endsWith(`.${pattern}`));
  }), { numRuns: 1_000 });
});

test('whatever URL there is, it is refused or leads to a host and a port that the rules allow', () => {
  const rules: NetworkRules = {
    ...PUBLIC_INTERNET, ports: [[443, 443], [8000, 8999]], allowedHosts: ['*.example.com', 'example.org'], deniedHosts: ['x.example.com'],
  };
  const host = fc.oneof(
    fc.constantFrom('a.example.com', 'A.EXAMPLE.COM.', 'b.a.example.com', 'example.org', 'ｅxample.org', 'ex\u00adample.org'),
    fc.constantFrom('example.com', 'x.example.com', 'X.example.com.', 'x.example.com..', 'example.org@evil.org', 'evil.org#.example.com', 'evil.org?.example.com',
      'evil.org\\.example.com', 'evil.org/.example.com', 'evil.org%2f.example.com', 'example.org%00', '127.0.0.1', 'localhost'),
    special.chain(spelled), fc.domain(),
  );
  const scheme = fc.constantFrom('https://', 'HTTPS:\\\\', 'https:', 'https:////', 'http://', 'ws://');
  const port = fc.oneof(
    fc.constantFrom('', ':', ':443', ':8000', ':8999', ':08443', ':80', ':7999', ':9000', ':0'), fc.integer({ min: 0, max: 70_000 }).map((n) => `:${n}`),
  );
  let allowed = 0;
  fc.assert(fc.property(scheme, fc.constantFrom('', '@', ':@', 'user@', ':secret@'), host, port, (...parts) => {
    const url = urlOf(parts.join(''));
    if (url && urlRefusal(url, rules) === undefined) {
      allowed++;
      expect(url.href).toMatch(/^https:\/\/(example\.org|(b\.)?a\.example\.com)\.?(:8\d{3})?\//);
    }
  }), { numRuns: 5_000 });
  expect(allowed).toBeGreaterThan(100);
});

function urlOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
