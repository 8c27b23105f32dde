// Says where webhooks may go: which URLs, and which addresses behind their names.
import { Address, Block, isIn, isLoopback, isPrivate, isPrivateBlock, isPublic, parseAddress, parseBlock } from './addresses';

/** Where the webhooks of a scheduler may go. */
export interface NetworkRules {
  readonly allowHttp: boolean;
  /** Inclusive ranges. */
  readonly ports: readonly PortRange[];
  /** Host patterns, see {@link matchesHost}. Absent: every host that is not denied. */
  readonly allowedHosts?: readonly string[];
  /** Host patterns. They prevail over the allowed ones. */
  readonly deniedHosts: readonly string[];
  /** Blocks of private addresses, `10.0.0.0/8`, to allow besides public ones. */
  readonly allowedCidrs: readonly string[];
}

export type PortRange = readonly [from: number, to: number];

/** Where Lambda's runtime API has always listened: plain HTTP without a token, by which one can read and answer invocations. */
const RUNTIME_API_PORT = 9001;

const MAX_PORT = 65_535;

/** Labels of letters, digits, hyphens and underscores; URLs can hold others, which no resolver should be asked for. A final dot says that it is the whole name. */
const HOST_NAME = /^(?=.{1,253}\.?$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?$/;

/** Names of the own machine (RFC 6761, section 6.3), which need no resolver. */
const LOCALHOST = /^(.+\.)?localhost$/;

/** Reads rules from JSON; throws an error that says what is wrong with them. */
export function parseNetworkRules(text: string): NetworkRules {
  const rules: unknown = JSON.parse(text);
  if (typeof rules !== 'object' || rules === null) {
    throw new TypeError('network rules: expected an object');
  }
  const { allowHttp, ports, allowedHosts, deniedHosts, allowedCidrs } = rules as Partial<Record<keyof NetworkRules, unknown>>;
  if (typeof allowHttp !== 'boolean') {
    throw new TypeError('network rules: expected allowHttp to be true or false');
  }
  if (!Array.isArray(ports) || !ports.every(isPortRange)) {
    throw new TypeError('network rules: expected ports to be an array of pairs, first and last port');
  }
  if (allowedHosts !== undefined && !isArrayOf(allowedHosts, isHostPattern)) {
    throw new TypeError('network rules: expected allowedHosts, where given, to be an array of host patterns');
  }
  if (!isArrayOf(deniedHosts, isHostPattern)) {
    throw new TypeError('network rules: expected deniedHosts to be an array of host patterns');
  }
  if (!isArrayOf(allowedCidrs, isAllowableCidr)) {
    throw new TypeError('network rules: expected allowedCidrs to be an array of blocks of private addresses');
  }
  return { allowHttp, ports, allowedHosts, deniedHosts, allowedCidrs };
}

/** Whether a text is a pattern for {@link matchesHost}, in its only form: lower-case ASCII, no dot at the end, an address as URLs have it. */
export function isHostPattern(text: string): boolean {
  const host = text.replace(/^\*\./, 'x.');
  const isName = HOST_NAME.test(host) && !host.endsWith('.');
  return (isName || parseAddress(literalOf(host)) !== undefined) && URL.canParse(`https://${host}`) && new URL(`https://${host}`).hostname === host;
}

/** Whether a text is a block of addresses that rules can allow: a private one, see `isPrivateBlock`. */
export function isAllowableCidr(text: string): boolean {
  const block = parseBlock(text);
  return block !== undefined && isPrivateBlock(block);
}

/** Whether a block that rules can allow is one of the own machine, where no endpoint is on Lambda. */
export function isLoopbackCidr(text: string): boolean {
  const block = parseBlock(text);
  return block !== undefined && isLoopback(block);
}

/** Whether every host that a pattern fits is fitted by one of the others. */
export function isCovered(pattern: string, others: readonly string[]): boolean {
  return others.some((other) => (pattern.startsWith('*.')
    ? other.startsWith('*.') && pattern.slice(1).endsWith(other.slice(1))
    : matchesHost(other, pattern)));
}

/** Whether there can be a host that two patterns fit. */
export function haveHostsInCommon(pattern: string, other: string): boolean {
  return isCovered(pattern, [other]) || isCovered(other, [pattern]);
}

/**
 * Whether a host is what a pattern says: `api.example.com` itself, or `*.example.com` for every subdomain of example.com at any depth, but not
 * itself. Names are compared, not the addresses behind them.
 *
 * @param host as the `hostname` of a URL, which a dot at the end does not change
 */
export function matchesHost(pattern: string, host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) && name.length > pattern.length - 1 : name === pattern;
}

/**
 * What should have come in place of a URL that the rules refuse, or `undefined` if they allow it. A name is allowed here whatever is behind it;
 * that is for {@link AddressGuard} to say when it is known.
 */
export function urlRefusal(url: URL, rules: NetworkRules, guard: AddressGuard = new AddressGuard(rules)): string | undefined {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && rules.allowHttp)) {
    return rules.allowHttp ? 'an http or https URL' : 'an https URL; this scheduler calls no other';
  }
  if (url.username !== '' || url.password !== '') {
    return 'a URL without user name and password';
  }
  const port = portOf(url);
  if (!rules.ports.some(([from, to]) => port >= from && port <= to)) {
    return `a URL with a port that this scheduler calls: ${rules.ports.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(', ')}`;
  }
  const host = url.hostname;
  const literal = literalOf(host);
  const isAddress = parseAddress(literal) !== undefined;
  if (!isAddress && !HOST_NAME.test(host)) {
    return 'a URL with a host name of letters, digits and hyphens between dots, or an address';
  }
  const isOneOf = (patterns: readonly string[]) => patterns.some((pattern) => matchesHost(pattern, host));
  if (isOneOf(rules.deniedHosts) || (rules.allowedHosts && !isOneOf(rules.allowedHosts))) {
    return 'a URL with a host that the network policy of this scheduler allows';
  }
  const isAllowed = isAddress
    ? guard.allows(literal, port)
    : !LOCALHOST.test(host.replace(/\.$/, '')) || guard.allows('127.0.0.1', port) || guard.allows('::1', port);
  return isAllowed ? undefined : 'a URL with a public address, or a private one that the network policy of this scheduler allows';
}

/** The port that a URL leads to. */
export function portOf({ protocol, port }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** The host of a URL as it is connected to: an IPv6 address without its brackets. */
function literalOf(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/**
 * Says which addresses may be connected to: public ones, and private ones that the rules name; whatever they name, none of the link-local
 * services of AWS, and not the runtime API of Lambda. Anything that is no address is refused.
 */
export class AddressGuard {
  private readonly allowed: readonly Block[];
  private readonly runtimeApi?: { readonly address?: Address; readonly port: number };

  /** @param runtimeApi host and port of Lambda's runtime API, as its variable `AWS_LAMBDA_RUNTIME_API` has them; absent elsewhere */
  public constructor({ allowedCidrs }: NetworkRules, runtimeApi?: string) {
    this.allowed = allowedCidrs.flatMap((text) => parseBlock(text) ?? []);
    if (runtimeApi) {
      const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(runtimeApi) ?? [];
      this.runtimeApi = { address: parseAddress(literalOf(host)), port: Number(port ?? 80) };
    }
  }

  public allows(text: string, port: number): boolean {
    const address = parseAddress(text);
    if (!address || this.isRuntimeApi(address, port)) {
      return false;
    }
    return isPublic(address) || (isPrivate(address) && this.allowed.some((block) => isIn(address, block)));
  }

  private isRuntimeApi(address: Address, port: number): boolean {
    if (isLoopback(address)) {
      // On Lambda nothing on loopback is an endpoint; elsewhere there is no runtime API, but at its port nothing should take its place.
      return this.runtimeApi !== undefined || port === RUNTIME_API_PORT;
    }
    // Where it is known by a name, any address that is not public may be its own.
    return this.runtimeApi?.port === port && (this.runtimeApi.address ? this.runtimeApi.address.value === address.value : !isPublic(address));
  }
}

function isArrayOf(value: unknown, isOne: (text: string) => boolean): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && isOne(one));
}

function isPortRange(value: unknown): value is PortRange {
  const [from, to, ...rest] = Array.isArray(value) ? value as unknown[] : [];
  return rest.length === 0 && isPort(from) && isPort(to) && from <= to;
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_PORT;
}
