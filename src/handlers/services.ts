// What the handlers stand on: the services they call, and what a simulation puts in their place.
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { Environment, milliseconds, text, turnsPerMessage, Variable } from './environment';
import { DynamoDbStore } from '../adapters/dynamodb-store';
import { SnsFailureReporter } from '../adapters/sns-failure-reporter';
import { SqsDelayQueue } from '../adapters/sqs-delay-queue';
import { Clock } from '../core/clock';
import { FollowUp } from '../core/follow-up';
import { Log, Metrics } from '../core/ports';

export interface Services {
  readonly clock: Clock;
  readonly dynamodb: Pick<DynamoDBClient, 'send'>;
  readonly sqs: Pick<SQSClient, 'send'>;
  readonly sns: Pick<SNSClient, 'send'>;
  readonly log: Log;
  readonly metrics: MetricsFactory;
  /** From 0 to 1, as `Math.random`. */
  readonly random: () => number;
}

/** Makes the metrics of a scheduler, by the name of its input topic. */
export type MetricsFactory = (inputTopicName: string) => Metrics;

/** Runs an invocation, and writes its metrics when it ends, well or not. */
export async function flushing<T>(metrics: Pick<Metrics, 'flush'>, invocation: () => Promise<T>): Promise<T> {
  try {
    return await invocation();
  } finally {
    metrics.flush();
  }
}

/** What every handler needs: the table, the delay queue, the failure topic, the metrics, and what follows from a state. */
export function commonParts(environment: Environment, { clock, dynamodb, sqs, sns, log, metrics: createMetrics }: Services) {
  const store = new DynamoDbStore(
    dynamodb, { tableName: text(environment, Variable.TABLE_NAME), retentionMs: milliseconds(environment, Variable.RETENTION_SECONDS) }, clock, log,
  );
  const delayQueue = new SqsDelayQueue(sqs, text(environment, Variable.DELAY_QUEUE_URL), turnsPerMessage(environment), clock, log);
  const failures = new SnsFailureReporter(sns, text(environment, Variable.FAILURE_TOPIC_ARN));
  const ingestHorizonMs = milliseconds(environment, Variable.INGEST_HORIZON_SECONDS);
  const followUp = new FollowUp({ ingestHorizonMs }, clock, store, delayQueue, failures);
  const metrics = createMetrics(text(environment, Variable.INPUT_TOPIC_NAME));
  return { store, delayQueue, failures, followUp, ingestHorizonMs, metrics };
}
