// Where webhooks may go: over which protocols and ports, to which hosts and addresses.
import { isAllowableCidr, isCovered, NetworkRules, PortRange } from './core/network';
import { requireHostPatterns, requireTexts } from './validation';

/** What network policies have in common. All are optional. */
export interface NetworkPolicyOptions {
  /**
   * Hosts that no webhook goes to, allowed or not: `internal.example.com`, or `*.example.com` for every subdomain of example.com at any
   * depth, but not itself. Lower-case ASCII; names are compared, not the addresses behind them. An allowed host, or a host of `secretHeaders`, that
   * is denied altogether is an error.
   *
   * @default - none
   */
  readonly deniedHosts?: string[];

  /**
   * Blocks of private addresses to allow besides the public ones, for endpoints inside a VPC: `10.20.0.0/16`.
   *
   * Each has to lie in `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`, `100.64.0.0/10`, `198.18.0.0/15`, `fc00::/7` or, for the local engine,
   * `127.0.0.0/8` or `::1/128`. Nothing else that is not public can be allowed; nor, whatever is named here, the services that AWS has on
   * link-local addresses and `fd00::/16`, such as instance metadata, nor the runtime API of Lambda.
   *
   * Without a `vpc`, the function that sends webhooks reaches none of them: synthesis warns of that, but for the local engine's.
   *
   * @default - none: public addresses only
   */
  readonly allowedCidrs?: string[];

  /**
   * Ports that webhooks may go to, in place of the default: `8443`, or `8000-8999` for a range.
   *
   * @default - 443, and 80 where `allowHttp` is true
   */
  readonly allowedPorts?: string[];

  /**
   * Whether webhooks may go over plain HTTP too, which anyone on the way can read and change.
   *
   * @default false
   */
  readonly allowHttp?: boolean;
}

const HTTPS_PORT: PortRange = [443, 443];
const HTTP_PORT: PortRange = [80, 80];
const PORTS = /^[1-9]\d{0,4}(-[1-9]\d{0,4})?$/;
const MAX_PORT = 65_535;
/** All variables of a function together have 4 KB; ARNs, URLs and the other plans need up to half of that. */
const MAX_RULES_LENGTH = 2_000;

/**
 * Where webhooks may go. Producers write the URLs, and the requests are made from inside the account: what should not be called has to be
 * refused.
 *
 * A message with a URL that the policy refuses is a validation failure. Whatever its name has resolved to by then, a request is only ever
 * sent to an address that the policy allows: all addresses of the name are judged when the connection is made, and the one connected to is
 * judged again. An attempt that finds one refused has failed with the error `ERR_ADDRESS_NOT_ALLOWED`, and is made again as the retry policy
 * says. A webhook whose URL is refused since the policy has changed fails for good, with `ERR_URL_NOT_ALLOWED`.
 *
 * As JSON it may have 2,000 characters, some 80 hosts: it lies in a variable of the functions.
 *
 * @example
 *
 * declare const vpc: ec2.IVpc;
 *
 * new WebhookScheduler(this, 'Scheduler', {
 *   vpc,
 *   networkPolicy: NetworkPolicy.allowedHosts(['api.example.com', '*.internal.example.com'], { allowedCidrs: ['10.20.0.0/16'] }),
 * });
 */
export class NetworkPolicy {
  /** Every host, but only at public addresses, over `https`, and on port 443. Without options it is the default of a scheduler. */
  public static publicInternet(options: NetworkPolicyOptions = {}): NetworkPolicy {
    return new NetworkPolicy(options);
  }

  /**
   * These hosts only, and only at public addresses, over `https`, and on port 443, unless the options say otherwise.
   *
   * @param patterns `api.example.com`, or `*.example.com` for every subdomain of example.com at any depth, but not itself; at least one
   */
  public static allowedHosts(patterns: string[], options: NetworkPolicyOptions = {}): NetworkPolicy {
    if (patterns.length === 0) {
      throw new Error('patterns is empty, expected at least one host; every host is NetworkPolicy.publicInternet()');
    }
    return new NetworkPolicy(options, patterns);
  }

  private readonly rules: NetworkRules;

  private constructor(options: NetworkPolicyOptions, allowedHosts?: string[]) {
    const { deniedHosts = [], allowedCidrs = [], allowedPorts, allowHttp = false } = options;
    requireHostPatterns('patterns', allowedHosts ?? []);
    requireHostPatterns('deniedHosts', deniedHosts);
    requireTexts('patterns', allowedHosts ?? [], (pattern) => !isCovered(pattern, deniedHosts), 'a host that deniedHosts do not deny; leave it out here or there');
    requireTexts('allowedCidrs', allowedCidrs, isAllowableCidr,
      'a block of private addresses such as 10.20.0.0/16, with no bits set beyond its prefix; public addresses are allowed anyway');
    this.rules = {
      allowHttp,
      ports: allowedPorts ? portRanges(allowedPorts) : allowHttp ? [HTTPS_PORT, HTTP_PORT] : [HTTPS_PORT],
      ...(allowedHosts ? { allowedHosts } : {}),
      deniedHosts,
      allowedCidrs,
    };
    const { length } = JSON.stringify(this.rules);
    if (length > MAX_RULES_LENGTH) {
      throw new Error(`the network policy has ${length} characters as JSON, expected at most ${MAX_RULES_LENGTH}: name fewer hosts, or patterns of them`);
    }
  }

  /**
   * As the handlers read it.
   *
   * @internal
   */
  public _toRules(): NetworkRules {
    return this.rules;
  }
}

function portRanges(texts: readonly string[]): PortRange[] {
  if (texts.length === 0) {
    throw new Error('allowedPorts is empty, expected at least one port');
  }
  requireTexts('allowedPorts', texts, isPortRange, `a port from 1 to ${MAX_PORT} such as 443, or a range such as 8000-8999`);
  return texts.map(portRange);
}

function isPortRange(text: string): boolean {
  const [from, to] = portRange(text);
  return PORTS.test(text) && from <= to && to <= MAX_PORT;
}

function portRange(text: string): PortRange {
  const [from, to = from] = text.split('-').map(Number);
  return [from, to];
}
