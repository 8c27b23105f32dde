// Takes a webhook if our scheduler has signed it, and puts it into the inbox, once.
import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';

/** After a rotation the scheduler signs with the old key, too, for a day: there is time to notice. */
const SECRET_AGE_MS = 5 * 60 * 1000;
/** How long we know a webhook that we have had. The default retry policy is through with one after somewhat more than three days. */
const REMEMBER_SECONDS = 14 * 24 * 60 * 60;

const dynamodb = new DynamoDBClient({});
const secrets = new SecretsManagerClient({});
let secret: { readonly value: string; readonly readAt: number } | undefined;

export async function handler(event: LambdaFunctionURLEvent): Promise<LambdaFunctionURLResult> {
  // The bytes as they came: a body that was parsed and written again has another signature.
  const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  const headers = event.headers as Record<string, string>;
  try {
    // Also refuses a timestamp that is more than five minutes off: what somebody has recorded is of no use to them later.
    new Webhook(await signingSecret()).verify(body, headers, { jsonParse: false });
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) {
      throw error; // ours: the scheduler will try again
    }
    console.warn(JSON.stringify({ refused: error.message }));
    return { statusCode: 401 };
  }
  await store(headers['webhook-id'], body.toString());
  return { statusCode: 204 };
}

/** Storing it is the one thing we do before we answer. Whoever works on it can take their time, and never sees it twice. */
async function store(id: string, body: string): Promise<void> {
  const now = Date.now();
  try {
    await dynamodb.send(new PutItemCommand({
      TableName: process.env.INBOX_TABLE,
      Item: {
        id: { S: id },
        receivedAt: { S: new Date(now).toISOString() },
        body: { S: body },
        expiresAt: { N: String(Math.floor(now / 1000) + REMEMBER_SECONDS) },
      },
      ConditionExpression: 'attribute_not_exists(id)',
    }));
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) {
      throw error;
    }
    // Repeated, by the scheduler or by somebody who has listened: a success, and nothing to do.
    console.info(JSON.stringify({ repeated: id }));
  }
}

async function signingSecret(): Promise<string> {
  if (!secret || Date.now() - secret.readAt > SECRET_AGE_MS) {
    const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: process.env.SIGNING_SECRET_ARN }));
    secret = { value: SecretString, readAt: Date.now() };
  }
  return secret.value;
}
