// AWS SDK clients with the bounds of this product: on time, or failed soon enough to be tried again.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { RetryErrorInfo, RetryStrategyV2, RetryToken } from '@smithy/types';
import pLimit from 'p-limit';

/** A function may have 1,024 files open; most of them are for webhooks. */
const MAX_IN_FLIGHT = 100;

/**
 * Lets at most {@link MAX_IN_FLIGHT} requests of a client out at once, the others wait for their turn. Without it they wait inside the
 * HTTP agent, where waiting counts against their timeouts: a burst on a slow table would fail instead of being slow.
 */
class BoundedHttpHandler extends NodeHttpHandler {
  private readonly limit = pLimit(MAX_IN_FLIGHT);

  public constructor() {
    const agent = { keepAlive: true, maxSockets: MAX_IN_FLIGHT };
    // The SDK's own default is to wait for an answer as long as it takes.
    super({ connectionTimeout: 1_000, requestTimeout: 4_000, throwOnRequestTimeout: true, httpAgent: agent, httpsAgent: agent });
  }

  public handle(...args: Parameters<NodeHttpHandler['handle']>): ReturnType<NodeHttpHandler['handle']> {
    const signal = args[1]?.abortSignal as AbortSignal | undefined;
    const answer = this.limit(() => (signal?.aborted ? Promise.reject(aborted()) : super.handle(...args)));
    return signal ? unlessAborted(answer, signal) : answer;
  }
}

/** Who is given up while waiting for a turn does not wait for it any more. */
async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  let giveUp: () => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = () => reject(aborted());
  });
  signal.addEventListener('abort', giveUp);
  try {
    return await Promise.race([answer, givenUp]);
  } finally {
    signal.removeEventListener('abort', giveUp); // tries of one request share the signal
  }
}

/** As the SDK's own handler says it. */
function aborted(): Error {
  return Object.assign(new Error('Request aborted'), { name: 'AbortError' });
}

const MAX_ATTEMPTS = 8;
/** Of a service that hangs: nothing is tried again this long after the first failure, so that it costs a function 12 s and not all its time. */
const MAX_PATIENCE_MS = 6_000;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 1_000;

/**
 * Tries what was throttled or interrupted again, up to 8 times, with full jitter: in about 2 seconds where the refusals are quick. The
 * SDK's own strategy shares a quota among all requests of a client: of a burst that meets a throttled table it lets some 100 try again and
 * fails the others, which would come back late.
 */
class PatientRetryStrategy implements RetryStrategyV2 {
  public async acquireInitialRetryToken(): Promise<RetryToken> {
    return new PatientRetryToken(undefined, 0, 0);
  }

  public async refreshRetryTokenForRetry(token: RetryToken, { errorType }: RetryErrorInfo): Promise<RetryToken> {
    const { failedAt = Date.now() } = token as PatientRetryToken;
    const retries = token.getRetryCount() + 1;
    const isHanging = errorType === 'TRANSIENT' && Date.now() - failedAt > MAX_PATIENCE_MS;
    if (errorType === 'CLIENT_ERROR' || retries >= MAX_ATTEMPTS || isHanging) {
      throw new Error(`not to be tried again: ${errorType}, attempt ${retries}`); // the SDK rejects with the error of the request
    }
    return new PatientRetryToken(failedAt, retries, Math.random() * Math.min(FIRST_BACKOFF_MS * 2 ** (retries - 1), MAX_BACKOFF_MS));
  }

  public recordSuccess(): void {
    // There is no quota to give back to.
  }
}

class PatientRetryToken implements RetryToken {
  /** @param failedAt when the first try failed, in milliseconds since the epoch */
  public constructor(public readonly failedAt: number | undefined, private readonly retries: number, private readonly delayMs: number) {}

  public getRetryCount(): number {
    return this.retries;
  }

  public getRetryDelay(): number {
    return this.delayMs;
  }
}

/** What every client is made with. */
export const bounds = () => ({ requestHandler: new BoundedHttpHandler(), retryStrategy: new PatientRetryStrategy() });

export const dynamoDbClient = (): DynamoDBClient => new DynamoDBClient(bounds());
export const snsClient = (): SNSClient => new SNSClient(bounds());
export const sqsClient = (): SQSClient => new SQSClient(bounds());
