// A credential for endpoints that does not travel in messages.
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';

/**
 * A header whose value is a secret: an API key, a bearer token. It is read when a webhook is fired, and added to requests to the hosts that it
 * is for, over https only. It takes the place of a header of that name in a message, and is never in a message, the table, a notice or a log.
 *
 * Where the secret cannot be read, or holds nothing that can be a header, the request is not sent: the attempt has failed, with the error
 * `ERR_SECRET_UNAVAILABLE` or `ERR_SECRET_INVALID`, and is made again as the retry policy says. A new version of the secret takes effect within
 * five minutes.
 *
 * Whoever may publish webhooks can have any request sent to these hosts with the header. Name as few hosts as can be.
 *
 * @example
 *
 * declare const apiKeys: secretsmanager.ISecret; // {"crm": "Bearer …", "billing": "…"}
 *
 * new WebhookScheduler(this, 'Scheduler', {
 *   secretHeaders: [{ header: 'authorization', secret: apiKeys, field: 'crm', hosts: ['crm.example.com'] }],
 * });
 */
export interface SecretHeader {
  /** Name of the header, in any case. Not `cookie`, nor one that a message cannot set either: `host`, `content-length`, `webhook-…`. */
  readonly header: string;

  /**
   * The secret that holds its value: visible characters, spaces and tabs of Latin-1, at most 8,000 of them, without a line break at the end.
   *
   * The deliver function is allowed to read it, and to use its key where the app knows that: import a secret that is encrypted with a key of
   * your own by `secretsmanager.Secret.fromSecretAttributes` with `encryptionKey`.
   */
  readonly secret: secretsmanager.ISecret;

  /**
   * Field of the secret that holds the value, where its string is a JSON object.
   *
   * @default - the whole string is the value
   */
  readonly field?: string;

  /**
   * Hosts that the header is for: `api.example.com`, or `*.example.com` for every subdomain of example.com at any depth, but not itself; on
   * any port. Name subdomains only where nobody else can have one: not those of a cloud's services. At least one, at most 20.
   * Where several entries have the same header and fit the same host, the first one counts. A host that `networkPolicy` lets no webhook go to is an
   * error.
   */
  readonly hosts: string[];
}
