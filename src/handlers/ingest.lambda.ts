// Accepts what producers published: SNS notifications, off the ingest queue.
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { batchResponse, readRecords } from './batch-response';
import { milliseconds, positiveInteger, text, Variable } from './environment';
import { dynamoDbClient, snsClient, sqsClient } from '../adapters/aws-clients';
import { DynamoDbStore } from '../adapters/dynamodb-store';
import { createLog } from '../adapters/logger';
import { SnsFailureReporter } from '../adapters/sns-failure-reporter';
import { SqsDelayQueue } from '../adapters/sqs-delay-queue';
import { SystemClock } from '../core/clock';
import { Ingest, ReceivedMessage } from '../core/ingest';

const log = createLog();
const clock = new SystemClock();
const ingest = new Ingest(
  {
    ingestHorizonMs: milliseconds(Variable.INGEST_HORIZON_SECONDS),
    maxHorizonMs: milliseconds(Variable.MAX_HORIZON_SECONDS),
    partitions: positiveInteger(Variable.PARTITIONS),
  },
  clock,
  new DynamoDbStore(dynamoDbClient(), { tableName: text(Variable.TABLE_NAME), retentionMs: milliseconds(Variable.RETENTION_SECONDS) }, clock),
  new SqsDelayQueue(sqsClient(), text(Variable.DELAY_QUEUE_URL), log),
  new SnsFailureReporter(snsClient(), text(Variable.FAILURE_TOPIC_ARN)),
  log,
);

export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  const { items, poison } = readRecords(event, readNotification, log);
  return batchResponse([...poison, ...await ingest.accept(items)]);
}

/** The envelope that SNS puts around a message on its way to SQS. */
function readNotification(record: SQSRecord): ReceivedMessage {
  const { MessageId: messageId, Message: message } = JSON.parse(record.body) as { MessageId?: unknown; Message?: unknown };
  if (typeof messageId !== 'string' || typeof message !== 'string') {
    throw new TypeError('not an SNS notification: expected a JSON object with MessageId and Message');
  }
  return { receipt: record.messageId, messageId, text: message };
}
