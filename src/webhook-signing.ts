// How endpoints can tell that a request comes from this scheduler.
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { SigningPlan } from './core/signing';
import { explain } from './nag';
import { requireField } from './secret-access';
import { requireBetween } from './validation';

/** Properties of {@link WebhookSigning.generated}. All are optional. */
export interface WebhookSigningOptions {
  /**
   * How long the previous version of the secret signs too, from when the current one was created, which is not when it became `AWSCURRENT`: 2 hours
   * to 30 days. Within that, receivers have to change over.
   *
   * @default Duration.hours(24)
   */
  readonly overlap?: Duration;
}

/** Properties of {@link WebhookSigning.fromSecret}. All are optional. */
export interface SecretSigningOptions extends WebhookSigningOptions {
  /**
   * Field of the secret that holds the keys, where its string is a JSON object.
   *
   * @default - the whole string is keys
   */
  readonly field?: string;
}

const DEFAULT_OVERLAP = Duration.hours(24);
/** Well above the hour for which a worker may use the secret it has while Secrets Manager is out of order. */
const MIN_OVERLAP = Duration.hours(2);
const MAX_OVERLAP = Duration.days(30);
/** Letters and digits only, a multiple of four: base64 of 48 bytes, whatever they are, with 381 random bits. */
const GENERATED_LENGTH = 64;

/**
 * Signs every request as Standard Webhooks defines it, in the header `webhook-signature`, so that a receiver can tell who sent it, that nobody
 * has changed its body, and that it is not an old one sent again. Public libraries verify it in a few lines.
 *
 * Signed are `webhook-id`, `webhook-timestamp` and the body, separated by full stops. Neither the URL nor other headers are: endpoints that
 * must not mistake each other's webhooks for their own need schedulers with secrets of their own.
 *
 * **Keys** are in Secrets Manager, one or more in a secret, separated by white space; each of them signs:
 *
 * - `whsec_` and base64 of 24 to 64 bytes, or the base64 alone: HMAC-SHA256, signatures `v1,…`. The receiver has the same key.
 * - `whsk_` and base64 of an ed25519 key (its 32 bytes, or these and the 32 of the public key): signatures `v1a,…`. The receiver has the public key.
 *
 * **Rotation without a gap.** Put a new value:
 *
 *     aws secretsmanager put-secret-value --secret-id <ARN> --secret-string "whsec_$(openssl rand -base64 32)"
 *
 * Within five minutes both sign, the new version and the one before, until the new one is as old as the `overlap`; then the new one alone. A
 * receiver that accepts either never refuses a request. One that holds a single key changes over later than an hour after the value was put
 * (workers may go on with what they have for an hour, while Secrets Manager is out of order) and earlier than the overlap ends. Let
 * one overlap end before the next rotation begins. To go back, put the old value again, as a new version. To be done with a stolen key in
 * five minutes, without an overlap, put the new value twice.
 *
 * The overlap counts from when a version is created, not from when it becomes `AWSCURRENT`. So put a value as `AWSCURRENT`, as the command above
 * does, and hand it to receivers during the overlap; or, if a rotation function has it wait as `AWSPENDING`, then by hours less than the
 * overlap. After a longer wait the old key signs no more once the new one is current, and who has only that refuses every request.
 *
 * Where the secret cannot be read, or is malformed, no request is sent unsigned: the attempt has failed, with the error
 * `ERR_SECRET_UNAVAILABLE` or `ERR_SECRET_INVALID`, and is made again as the retry policy says.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @example
 *
 * declare const receiver: lambda.Function;
 *
 * const scheduler = new WebhookScheduler(this, 'Scheduler', { signing: WebhookSigning.generated() });
 * scheduler.grantReadSigningSecret(receiver);
 */
export class WebhookSigning {
  /** A new secret with a random key for HMAC-SHA256, as base64. It costs what Secrets Manager asks for a secret, $0.40 a month. */
  public static generated(options: WebhookSigningOptions = {}): WebhookSigning {
    return new WebhookSigning(undefined, options);
  }

  /**
   * An existing secret.
   *
   * The deliver function is allowed to read it, and to use its key where the app knows that: import a secret that is encrypted with a key of
   * your own by `secretsmanager.Secret.fromSecretAttributes` with `encryptionKey`.
   */
  public static fromSecret(secret: secretsmanager.ISecret, options: SecretSigningOptions = {}): WebhookSigning {
    return new WebhookSigning(secret, options);
  }

  private readonly overlapMs: number;
  private readonly field?: string;

  private constructor(private readonly secret: secretsmanager.ISecret | undefined, { overlap = DEFAULT_OVERLAP, field }: SecretSigningOptions) {
    requireBetween('overlap', overlap, MIN_OVERLAP, MAX_OVERLAP);
    requireField('field', field);
    this.overlapMs = overlap.toMilliseconds();
    this.field = field;
  }

  /**
   * The secret, which is created in `scope` where there is none, and what the deliver function has to know.
   *
   * @internal
   */
  public _bind(scope: Construct, removalPolicy: RemovalPolicy, encryptionKey?: kms.IKey): { secret: secretsmanager.ISecret; plan: SigningPlan } {
    const secret = this.secret ?? generateSecret(scope, removalPolicy, encryptionKey);
    return { secret, plan: { secretId: secret.secretArn, field: this.field, overlapMs: this.overlapMs } };
  }
}

function generateSecret(scope: Construct, removalPolicy: RemovalPolicy, encryptionKey?: kms.IKey): secretsmanager.Secret {
  const secret = new secretsmanager.Secret(scope, 'SigningSecret', {
    description: `Signs the webhooks of ${scope.node.path}`,
    generateSecretString: { passwordLength: GENERATED_LENGTH, excludePunctuation: true },
    encryptionKey,
    removalPolicy,
  });
  explain(secret, 'AwsSolutions-SMG4', 'Receivers verify with the same key, so only who hands it to them can say when it changes: by putting a new version, '
    + 'after which both sign for the overlap.');
  return secret;
}
