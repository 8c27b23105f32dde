// Secrets that attempts need: read through a cache, so that a burst reads each one once, and an outage of their store is ridden out.
import { Clock } from './clock';
import { Log, SecretSource, SecretVersion } from './ports';

/**
 * Why a request cannot be sent with its secrets: their store does not give them, or they are none that can be used. Either can be mended,
 * so the attempt is made again.
 */
export type SecretErrorCode = 'ERR_SECRET_UNAVAILABLE' | 'ERR_SECRET_INVALID';

/** The message holds nothing of a secret's value. */
export class SecretError extends Error {
  public constructor(public readonly code: SecretErrorCode, message: string) {
    super(message);
  }
}

/** The versions of a secret that count. */
export interface SecretVersions {
  readonly current: SecretVersion;
  readonly previous?: SecretVersion;
}

/** How long a secret is used without a look at its store: within this a new version takes effect everywhere. */
export const MAX_SECRET_AGE_MS = 5 * 60_000;

/**
 * A younger version is looked at again when it is twice as old, but not sooner than this. The store is eventually consistent: it may show a new
 * current version while it still shows the one before the previous one.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
 */
const MIN_SECRET_AGE_MS = 10_000;

/** How long after it was read a secret is used while its store is out of order; not if the store refuses it. */
export const MAX_STALE_SECRET_MS = 60 * 60_000;

/** A secret that has not come after this has failed the attempt. */
const READ_TIMEOUT_MS = 3_000;
/** The same where there is a value to go on with: shorter than a webhook is held, so that none becomes late. */
const REFRESH_TIMEOUT_MS = 1_000;
/** How long after such a failure the value at hand is used without another try. */
const REFRESH_PAUSE_MS = 10_000;

/** A read under way. */
interface Reading {
  readonly since: number;
  readonly versions: Promise<SecretVersions>;
}

/** What is known of a secret. */
interface Entry {
  versions?: SecretVersions;
  /** When `versions` was asked for. */
  readAt: number;
  /** Until when `versions` is used without asking again. */
  freshUntil: number;
  reading?: Reading;
}

export class SecretCache {
  /** As many as the variables of the function name. */
  private readonly entries = new Map<string, Entry>();

  public constructor(private readonly source: Promise<SecretSource>, private readonly clock: Clock, private readonly log: Log) {}

  /**
   * A secret as its store had it at most {@link MAX_SECRET_AGE_MS} ago, or {@link MAX_STALE_SECRET_MS} while the store is out of order. Who
   * asks while it is being read gets the same answer.
   *
   * @param overlapMs the previous version is read too, where there is one, if the current one is younger than this
   * @throws SecretError if there is no value to be had
   */
  public async read(secretId: string, overlapMs: number): Promise<SecretVersions> {
    const entry = this.entryOf(`${overlapMs} ${secretId}`);
    const now = this.clock.now();
    if (entry.versions && now < entry.freshUntil) {
      return entry.versions;
    }
    const timeoutMs = isUsable(entry, now) ? REFRESH_TIMEOUT_MS : READ_TIMEOUT_MS;
    // A worker may have been frozen for hours in the middle of a read: that one is not waited for.
    if (!entry.reading || now - entry.reading.since > timeoutMs) {
      this.begin(entry, { since: now, versions: this.refresh(entry, secretId, overlapMs, now, timeoutMs) });
    }
    return (entry.reading as Reading).versions;
  }

  private entryOf(key: string): Entry {
    const entry = this.entries.get(key) ?? { readAt: 0, freshUntil: 0 };
    this.entries.set(key, entry);
    return entry;
  }

  private begin(entry: Entry, reading: Reading): void {
    entry.reading = reading;
    const end = () => {
      if (entry.reading === reading) {
        entry.reading = undefined;
      }
    };
    reading.versions.then(end, end);
  }

  private async refresh(entry: Entry, secretId: string, overlapMs: number, since: number, timeoutMs: number): Promise<SecretVersions> {
    try {
      const versions = await this.readVersions(secretId, overlapMs, since + timeoutMs);
      if (since >= entry.readAt) {
        const age = Math.max(since - versions.current.createdAt, MIN_SECRET_AGE_MS);
        Object.assign(entry, { versions, readAt: since, freshUntil: since + Math.min(age, MAX_SECRET_AGE_MS) });
      }
      return versions;
    } catch (error) {
      // Of other errors the name alone: an answer that cannot be read is quoted in the message.
      this.log.warn('secret not read', { secretId, error: error instanceof SecretError ? error.message : (error as Error).name });
      if (error instanceof SecretError) {
        entry.versions = undefined;
        throw error;
      }
      const now = this.clock.now();
      if (entry.versions && isUsable(entry, now)) {
        entry.freshUntil = now + REFRESH_PAUSE_MS;
        return entry.versions;
      }
      throw new SecretError('ERR_SECRET_UNAVAILABLE', `secret ${secretId} cannot be read`);
    }
  }

  /**
   * One version after the other, the current one first: if it is replaced in between, it is found again as the previous one. The other way
   * round, one that was current a moment ago could be missing from both.
   */
  private async readVersions(secretId: string, overlapMs: number, deadline: number): Promise<SecretVersions> {
    const source = await this.source;
    const current = await source.read(secretId, 'AWSCURRENT', deadline - this.clock.now());
    if (!current) {
      throw new SecretError('ERR_SECRET_UNAVAILABLE', `secret ${secretId} is not there, or has no value yet`);
    }
    if (current.createdAt + overlapMs <= this.clock.now()) {
      return { current };
    }
    return { current, previous: await this.readPrevious(source, secretId, deadline - this.clock.now()) };
  }

  /** One that is refused is none: whoever withdraws it means it, and the current version is not to suffer for that. */
  private async readPrevious(source: SecretSource, secretId: string, timeoutMs: number): Promise<SecretVersion | undefined> {
    try {
      return await source.read(secretId, 'AWSPREVIOUS', timeoutMs);
    } catch (error) {
      if (!(error instanceof SecretError)) {
        throw error;
      }
      this.log.warn('previous version of a secret not read', { secretId, error: error.message });
      return undefined;
    }
  }
}

function isUsable({ versions, readAt }: Entry, now: number): boolean {
  return versions !== undefined && now < readAt + MAX_STALE_SECRET_MS;
}

/**
 * The text that a version of a secret holds: its string, or a field of it.
 *
 * @throws SecretError if there is none
 */
export function textOf({ value }: SecretVersion, secretId: string, field: string | undefined): string {
  const invalid = (expected: string) => new SecretError('ERR_SECRET_INVALID', `secret ${secretId}: expected ${expected}`);
  if (value === undefined) {
    throw invalid('a string, not bytes');
  }
  if (field === undefined) {
    return value;
  }
  const text = fieldsOf(value)?.[field];
  if (typeof text !== 'string') {
    throw invalid(`a JSON object with a string in its field ${JSON.stringify(field)}`);
  }
  return text;
}

function fieldsOf(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined; // its error would quote the secret
  }
}
