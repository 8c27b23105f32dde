// A small Secrets Manager: secrets in memory, behind its JSON API, with the staging labels moving as on AWS.
// What each call does and answers: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html

import { createHash, randomInt, randomUUID } from 'node:crypto';

type Input = Readonly<Record<string, unknown>>;

interface Version {
  readonly id: string;
  readonly string?: string;
  /** Base64. */
  readonly binary?: string;
  readonly createdAt: number;
  readonly stages: Set<string>;
}

interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly description?: string;
  readonly kmsKeyId?: string;
  readonly createdAt: number;
  changedAt: number;
  deletedAt?: number;
  readonly versions: Map<string, Version>;
}

/** A refusal, as the service words it. */
export class SecretsManagerError extends Error {
  constructor(public readonly code: string, message: string) {
    super(message);
  }
}

const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';
const SUFFIX_LENGTH = 6;
const DEFAULT_PASSWORD_LENGTH = 32;
const RECOVERY_DAYS = 30;
const DAY_MS = 86_400_000;

const LOWERCASE = 'abcdefghijklmnopqrstuvwxyz';
const UPPERCASE = LOWERCASE.toUpperCase();
const DIGITS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/**
 * The ARN of a secret. AWS ends it with six random characters; here they follow from the name, so that whoever reads a template knows the
 * ARN before the secret is there.
 */
export function secretArn(region: string, account: string, name: string): string {
  const letters = LOWERCASE + UPPERCASE + DIGITS;
  const hash = createHash('sha256').update(name).digest();
  const suffix = [...hash.subarray(0, SUFFIX_LENGTH)].map(byte => letters[byte % letters.length]).join('');
  return `arn:aws:secretsmanager:${region}:${account}:secret:${name}-${suffix}`;
}

export class SecretsManager {
  private readonly secrets = new Map<string, Secret>();

  constructor(private readonly account: string) {}

  /** Answers one call. Throws {@link SecretsManagerError} for what AWS refuses. */
  public call(operation: string, input: Input, region: string): object {
    switch (operation) {
      case 'CreateSecret': return this.create(input, region);
      case 'GetSecretValue': return this.value(input, region);
      case 'PutSecretValue': return this.put(input, region);
      case 'DescribeSecret': return this.describe(input, region);
      case 'DeleteSecret': return this.delete(input, region);
      case 'GetRandomPassword': return { RandomPassword: randomPassword(input) };
      default: throw new SecretsManagerError('UnknownOperationException', `${operation} is not an operation that runs here.`);
    }
  }

  /** The ARN that a SecretId stands for, be there such a secret or not. */
  public arnOf(secretId: unknown, region: string): string {
    const id = String(secretId);
    return this.find(id, region)?.arn ?? (id.startsWith('arn:') ? id : secretArn(region, this.account, id));
  }

  private create(input: Input, region: string): object {
    const name = required(input, 'Name');
    const arn = secretArn(region, this.account, name);
    if (this.secrets.has(arn)) {
      throw new SecretsManagerError('ResourceExistsException', `The operation failed because the secret ${name} already exists.`);
    }
    const now = Date.now();
    const secret: Secret = {
      name, arn, description: optional(input, 'Description'), kmsKeyId: optional(input, 'KmsKeyId'), createdAt: now, changedAt: now, versions: new Map(),
    };
    this.secrets.set(arn, secret);
    if (input.SecretString === undefined && input.SecretBinary === undefined) return { ARN: arn, Name: name };
    return { ARN: arn, Name: name, VersionId: addVersion(secret, input).id };
  }

  private put(input: Input, region: string): object {
    const secret = this.live(input, region);
    const { id, stages } = addVersion(secret, input);
    return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: [...stages] };
  }

  private value(input: Input, region: string): object {
    const secret = this.live(input, region);
    const [id, stage] = [optional(input, 'VersionId'), optional(input, 'VersionStage')];
    const version = id === undefined
      ? [...secret.versions.values()].find(({ stages }) => stages.has(stage ?? CURRENT))
      : secret.versions.get(id);
    if (!version) {
      throw new SecretsManagerError('ResourceNotFoundException', 'Secrets Manager can\'t find the specified secret value for '
        + (id === undefined ? `staging label: ${stage ?? CURRENT}` : `VersionId: ${id}`));
    }
    if (stage !== undefined && !version.stages.has(stage)) {
      throw new SecretsManagerError('InvalidRequestException', 'You provided a VersionStage that is not associated to the provided VersionId.');
    }
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: version.id,
      SecretString: version.string,
      SecretBinary: version.binary,
      VersionStages: [...version.stages],
      CreatedDate: seconds(version.createdAt),
    };
  }

  private describe(input: Input, region: string): object {
    const secret = this.existing(input, region);
    return {
      ARN: secret.arn,
      Name: secret.name,
      Description: secret.description,
      KmsKeyId: secret.kmsKeyId,
      CreatedDate: seconds(secret.createdAt),
      LastChangedDate: seconds(secret.changedAt),
      DeletedDate: secret.deletedAt === undefined ? undefined : seconds(secret.deletedAt),
      VersionIdsToStages: Object.fromEntries(
        [...secret.versions.values()].filter(({ stages }) => stages.size > 0).map(({ id, stages }) => [id, [...stages]]),
      ),
    };
  }

  private delete(input: Input, region: string): object {
    const secret = this.existing(input, region);
    const now = Date.now();
    if (input.ForceDeleteWithoutRecovery === true) this.secrets.delete(secret.arn);
    secret.deletedAt = now;
    const days = input.ForceDeleteWithoutRecovery === true ? 0 : Number(input.RecoveryWindowInDays ?? RECOVERY_DAYS);
    return { ARN: secret.arn, Name: secret.name, DeletionDate: seconds(now + days * DAY_MS) };
  }

  private live(input: Input, region: string): Secret {
    const secret = this.existing(input, region);
    if (secret.deletedAt !== undefined) {
      throw new SecretsManagerError('InvalidRequestException',
        'You can\'t perform this operation on the secret because it was marked for deletion.');
    }
    return secret;
  }

  private existing(input: Input, region: string): Secret {
    const secret = this.find(required(input, 'SecretId'), region);
    if (!secret) throw new SecretsManagerError('ResourceNotFoundException', 'Secrets Manager can\'t find the specified secret.');
    return secret;
  }

  /** By its name, its ARN, or its ARN without the six characters at the end. */
  private find(id: string, region: string): Secret | undefined {
    return this.secrets.get(id) ?? this.secrets.get(secretArn(region, this.account, id))
      ?? [...this.secrets.values()].find(({ arn }) => arn.slice(0, -(SUFFIX_LENGTH + 1)) === id);
  }
}

/** A new version: the labels that it gets leave the version that had them; the one that was current becomes the previous one. */
function addVersion(secret: Secret, input: Input): Version {
  const [string, binary] = [optional(input, 'SecretString'), optional(input, 'SecretBinary')];
  if ((string === undefined) === (binary === undefined)) {
    throw new SecretsManagerError('InvalidParameterException', 'You must provide either SecretString or SecretBinary.');
  }
  const id = optional(input, 'ClientRequestToken') ?? randomUUID();
  const same = secret.versions.get(id);
  if (same) {
    // A client that repeats its call means the version that it made.
    if (same.string === string && same.binary === binary) return same;
    throw new SecretsManagerError('ResourceExistsException', 'You can\'t use ClientRequestToken '
      + `${id} because that value is already in use for a version of secret ${secret.arn}.`);
  }
  const stages = new Set(Array.isArray(input.VersionStages) ? input.VersionStages.map(String) : [CURRENT]);
  if (secret.versions.size === 0) stages.add(CURRENT);
  const all = [...secret.versions.values()];
  if (stages.has(CURRENT)) {
    const current = all.find(version => version.stages.has(CURRENT));
    if (current) {
      all.forEach(version => version.stages.delete(PREVIOUS));
      current.stages.add(PREVIOUS);
    }
  }
  for (const stage of stages) all.forEach(version => version.stages.delete(stage));
  const version: Version = { id, string, binary, createdAt: Date.now(), stages };
  secret.versions.set(id, version);
  secret.changedAt = version.createdAt;
  return version;
}

function randomPassword(input: Input): string {
  const length = Number(input.PasswordLength ?? DEFAULT_PASSWORD_LENGTH);
  const excluded = optional(input, 'ExcludeCharacters') ?? '';
  const types = [
    input.ExcludeLowercase === true ? '' : LOWERCASE,
    input.ExcludeUppercase === true ? '' : UPPERCASE,
    input.ExcludeNumbers === true ? '' : DIGITS,
    input.ExcludePunctuation === true ? '' : PUNCTUATION,
    input.IncludeSpace === true ? ' ' : '',
  ].map(type => [...type].filter(character => !excluded.includes(character))).filter(type => type.length > 0);
  const all = types.flat();
  const each = input.RequireEachIncludedType !== false;
  if (!Number.isInteger(length) || length < 1 || length > 4096 || all.length === 0 || (each && length < types.length)) {
    throw new SecretsManagerError('InvalidParameterException', `The password cannot be generated: PasswordLength is ${length}, `
      + `with ${types.length} types of characters left; expected a length from 1 to 4096 that has room for one of each.`);
  }
  const pick = (characters: readonly string[]): string => characters[randomInt(characters.length)];
  const password = [...(each ? types.map(pick) : [])];
  while (password.length < length) password.splice(randomInt(password.length + 1), 0, pick(all));
  return password.join('');
}

function required(input: Input, field: string): string {
  const value = optional(input, field);
  if (value === undefined || value === '') throw new SecretsManagerError('InvalidParameterException', `You must provide a value for the ${field} parameter.`);
  return value;
}

function optional(input: Input, field: string): string | undefined {
  const value = input[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new SecretsManagerError('InvalidParameterException', `The ${field} parameter must be a string.`);
  return value;
}

/** Dates travel as seconds since the epoch. */
function seconds(instant: number): number {
  return instant / 1000;
}
