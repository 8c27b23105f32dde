// Sends what comes due to the delay queue: invoked each minute.
import { milliseconds, positiveInteger, text, Variable } from './environment';
import { dynamoDbClient, sqsClient } from '../adapters/aws-clients';
import { DynamoDbStore } from '../adapters/dynamodb-store';
import { createLog } from '../adapters/logger';
import { SqsDelayQueue } from '../adapters/sqs-delay-queue';
import { SystemClock } from '../core/clock';
import { Load } from '../core/load';

const log = createLog();
const clock = new SystemClock();
const load = new Load(
  { horizonMs: milliseconds(Variable.LOAD_HORIZON_SECONDS), partitions: positiveInteger(Variable.PARTITIONS) },
  clock,
  new DynamoDbStore(dynamoDbClient(), { tableName: text(Variable.TABLE_NAME), retentionMs: milliseconds(Variable.RETENTION_SECONDS) }, clock),
  new SqsDelayQueue(sqsClient(), text(Variable.DELAY_QUEUE_URL), log),
  log,
);

export async function handler(): Promise<void> {
  await load.run();
}
