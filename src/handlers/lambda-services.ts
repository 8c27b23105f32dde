// The services as they are on Lambda.
import { Services } from './services';
import { dynamoDbClient, snsClient, sqsClient } from '../adapters/aws-clients';
import { createLog } from '../adapters/logger';
import { EmfMetrics } from '../adapters/metrics';
import { SystemClock } from '../core/clock';

export function lambdaServices(): Services {
  let sns: Services['sns'] | undefined;
  return {
    clock: new SystemClock(),
    dynamodb: dynamoDbClient(),
    sqs: sqsClient(),
    // Made once there is something to tell, which for most functions is never.
    sns: { send: ((...args: Parameters<Services['sns']['send']>) => (sns ??= snsClient()).send(...args)) as Services['sns']['send'] },
    log: createLog(),
    metrics: (inputTopicName) => new EmfMetrics(inputTopicName),
    random: Math.random,
  };
}
