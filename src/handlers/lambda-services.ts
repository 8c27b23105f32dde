// The services as they are on Lambda.
import { Services } from './services';
import { dynamoDbClient, snsClient, sqsClient } from '../adapters/aws-clients';
import { createLog } from '../adapters/logger';
import { SystemClock } from '../core/clock';

export function lambdaServices(): Services {
  return { clock: new SystemClock(), dynamodb: dynamoDbClient(), sqs: sqsClient(), sns: snsClient(), log: createLog(), random: Math.random };
}
