// Fires webhooks: keys, off the delay queue, a few seconds before they are due.
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { batchResponse, readRecords } from './batch-response';
import { milliseconds, text, Variable } from './environment';
import { dynamoDbClient, snsClient, sqsClient } from '../adapters/aws-clients';
import { DynamoDbStore } from '../adapters/dynamodb-store';
import { createLog } from '../adapters/logger';
import { NodeHttpClient } from '../adapters/node-http-client';
import { SnsFailureReporter } from '../adapters/sns-failure-reporter';
import { SqsDelayQueue } from '../adapters/sqs-delay-queue';
import { SystemClock } from '../core/clock';
import { Deliver } from '../core/deliver';
import { parseKey } from '../core/webhook';

const log = createLog();
const clock = new SystemClock();
const deliver = new Deliver(
  { requestTimeoutMs: milliseconds(Variable.REQUEST_TIMEOUT_SECONDS) },
  clock,
  new DynamoDbStore(dynamoDbClient(), { tableName: text(Variable.TABLE_NAME), retentionMs: milliseconds(Variable.RETENTION_SECONDS) }, clock),
  new SqsDelayQueue(sqsClient(), text(Variable.DELAY_QUEUE_URL), log),
  new NodeHttpClient(clock),
  new SnsFailureReporter(snsClient(), text(Variable.FAILURE_TOPIC_ARN)),
  log,
);

export async function handler(event: SQSEvent, context: Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>): Promise<SQSBatchResponse> {
  const invocation = { id: context.awsRequestId, deadline: clock.now() + context.getRemainingTimeInMillis() };
  const { items, poison } = readRecords(event, ({ messageId, body }) => ({ receipt: messageId, key: parseKey(body) }), log);
  return batchResponse([...poison, ...await deliver.deliver(items, invocation)]);
}
