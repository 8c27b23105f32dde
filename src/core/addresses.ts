// Reads IP addresses and blocks of them, and says which are public, by the registries of IANA.
import { isIPv4, isIPv6 } from 'node:net';

/** An address as a number. */
export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** Addresses from one on. */
export interface Block extends Address {
  /** How many they are, a power of two. */
  readonly size: bigint;
}

/**
 * IPv4 addresses that are not public: the special-purpose registry and multicast. https://www.iana.org/assignments/iana-ipv4-special-registry
 * Some of 192.0.0.0/24 can be reached from anywhere, as anycast of protocols that no webhook speaks.
 */
const NOT_PUBLIC_IPV4 = blocks(
  '0.0.0.0/8', // this network; connecting to 0.0.0.0 reaches loopback
  '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', // private use
  '100.64.0.0/10', // shared: carrier-grade NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local: instance metadata, credentials of containers, Lambda's runtime API
  '192.0.0.0/24', // IETF protocol assignments
  '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '198.18.0.0/15', // benchmarking
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
);

/**
 * IPv6 addresses are public where IANA assigns them, in 2000::/3, and only there: everything else is local, reserved, or holds an IPv4 address
 * (mapped, compatible, NAT64). https://www.iana.org/assignments/ipv6-address-space
 */
const PUBLIC_IPV6 = blocks('2000::/3');

/** In there, those that are not public. https://www.iana.org/assignments/iana-ipv6-special-registry */
const NOT_PUBLIC_IPV6 = blocks(
  '2001::/23', // IETF protocol assignments: Teredo, which holds IPv4 addresses, benchmarking, ORCHID
  '2001:db8::/32', '3fff::/20', // documentation
  '2002::/16', // 6to4, which holds IPv4 addresses
);

const LOOPBACK = blocks('127.0.0.0/8', '::1/128');

/** What networks use for themselves: private use, shared, benchmarking (VPCs take that too), unique local, and loopback. */
const PRIVATE = blocks('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '198.18.0.0/15', 'fc00::/7', '127.0.0.0/8', '::1/128');

/** Unique local addresses that AWS keeps for its own services: instance metadata, credentials of pods, DNS. No VPC can have them. */
const AWS_SERVICES = blocks('fd00::/16');

/** The address that a text is in its usual form, or `undefined` for anything else, an address with a zone included. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) {
    return { bits: 32, value: numberOf(text.split('.').map(Number), 256n) };
  }
  return isIPv6(text) && !text.includes('%') ? { bits: 128, value: numberOf(groupsOf(text), 65_536n) } : undefined;
}

/** The block that a text is, `10.0.0.0/8`, or `undefined` for anything else, a block with bits beyond its prefix included. */
export function parseBlock(text: string): Block | undefined {
  const [, start, digits] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const address = parseAddress(start ?? '');
  const prefix = Number(digits);
  if (!address || prefix > address.bits) {
    return undefined;
  }
  const size = 2n ** BigInt(address.bits - prefix);
  return address.value % size === 0n ? { ...address, size } : undefined;
}

export function isIn({ bits, value }: Address, block: Block): boolean {
  return bits === block.bits && value >= block.value && value < block.value + block.size;
}

/** Whether an address can be reached from anywhere, and means the same everywhere. */
export function isPublic(address: Address): boolean {
  if (address.bits === 32) {
    return !isInAny(address, NOT_PUBLIC_IPV4);
  }
  return isInAny(address, PUBLIC_IPV6) && !isInAny(address, NOT_PUBLIC_IPV6);
}

/** Whether an address is one of its own machine. */
export function isLoopback(address: Address): boolean {
  return isInAny(address, LOOPBACK);
}

/** Whether an address is one that a network may give its machines. */
export function isPrivate(address: Address): boolean {
  return isInAny(address, PRIVATE) && !isInAny(address, AWS_SERVICES);
}

/** Whether all addresses of a block are such that networks use for themselves. */
export function isPrivateBlock({ bits, value, size }: Block): boolean {
  return PRIVATE().some((whole) => isIn({ bits, value }, whole) && isIn({ bits, value: value + size - 1n }, whole));
}

function isInAny(address: Address, all: () => readonly Block[]): boolean {
  return all().some((one) => isIn(address, one));
}

/** Read when they are first asked for: most functions never do, and Node.js takes milliseconds to get ready for the first IPv6 address. */
function blocks(...texts: readonly string[]): () => readonly Block[] {
  let read: readonly Block[] | undefined;
  return () => (read ??= texts.map((text) => parseBlock(text) as Block));
}

function numberOf(digits: readonly number[], base: bigint): bigint {
  return digits.reduce((value, digit) => value * base + BigInt(digit), 0n);
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(text: string): number[] {
  const [head, tail] = text.split('::').map((half) => (half === '' ? [] : half.split(':').flatMap(groupOf)));
  return tail === undefined ? head : [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** A group in hexadecimal digits, or the two that an IPv4 address at the end makes. */
function groupOf(text: string): number[] {
  const [a, b, c, d] = text.split('.').map(Number);
  return text.includes('.') ? [a * 256 + b, c * 256 + d] : [parseInt(text, 16)];
}
