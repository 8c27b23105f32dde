// Where the webhooks of tests may go.
import { NetworkRules } from '../../src/core/network';

/** The default of the construct. */
export const PUBLIC_INTERNET: NetworkRules = { allowHttp: false, ports: [[443, 443]], deniedHosts: [], allowedCidrs: [] };

/** To this machine too, where the endpoints of tests are: plain HTTP, on any port. */
export const LOOPBACK_TOO: NetworkRules = { allowHttp: true, ports: [[1, 65_535]], deniedHosts: [], allowedCidrs: ['127.0.0.0/8', '::1/128'] };
