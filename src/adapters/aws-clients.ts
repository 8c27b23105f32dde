// AWS SDK clients with bounds: the SDK's own default is to wait for an answer as long as it takes.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';

/** Each call may be tried four times within a function's 30 s. */
const BOUNDS = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 4_000, throwOnRequestTimeout: true, httpsAgent: { keepAlive: true, maxSockets: 128 } },
};

export const dynamoDbClient = (): DynamoDBClient => new DynamoDBClient(BOUNDS);
export const snsClient = (): SNSClient => new SNSClient(BOUNDS);
export const sqsClient = (): SQSClient => new SQSClient(BOUNDS);
