// Which headers a request may carry besides the sender's own.

/** `token` of RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** `field-value` of RFC 9110, section 5.5: visible characters, spaces and tabs, Latin-1. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The HTTP client's own: what frames a request (RFC 9112), and what is for the next hop only (RFC 9110, section 7.6.1; `http2-settings` of RFC
 * 7540, section 3.2.1; the `proxy-` ones of RFC 2616, section 13.5.1). Set by others they would corrupt the request, or smuggle another.
 */
const RESERVED = [
  'connection', 'content-length', 'expect', 'host', 'http2-settings', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection',
  'te', 'trailer', 'transfer-encoding', 'upgrade',
];
/** The names that Standard Webhooks gives to the sender. */
const RESERVED_PREFIX = 'webhook-';

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * What two names have in common that a receiver may take for one: they have no case, and servers that hand headers on as variables (CGI,
 * WSGI, PHP) take `webhook_id` for `webhook-id`, lighttpd `webhook.id` and `webhook+id` too: every character but letters and digits.
 */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

/** Whether the name is one that only the sender itself sets, or may be taken for one. */
export function isReserved(name: string): boolean {
  const canonical = canonicalName(name);
  return RESERVED.includes(canonical) || canonical.startsWith(RESERVED_PREFIX);
}

/** Whether a text can be the value of a header as it is. */
export function isHeaderValue(text: string): boolean {
  return VALUE.test(text);
}
