// Accepts what producers published: SNS notifications, off the ingest queue.
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Environment, milliseconds, networkRules, noticeMs, positiveInteger, retryPlan, text, Variable } from './environment';
import { commonParts, flushing, Services } from './services';
import { answerBatch, readRecords } from './sqs-batch';
import { SqsRedelivery } from '../adapters/sqs-redelivery';
import { Actions } from '../core/actions';
import { Ingest } from '../core/ingest';
import { parseNotification } from '../core/queue-message';

export function createIngestHandler(environment: Environment, services: Services): (event: SQSEvent) => Promise<SQSBatchResponse> {
  const { clock, log } = services;
  const { store, delayQueue, failures, followUp, ingestHorizonMs, metrics } = commonParts(environment, services);
  const config = {
    ingestHorizonMs,
    noticeMs: noticeMs(environment),
    maxHorizonMs: milliseconds(environment, Variable.MAX_HORIZON_SECONDS),
    partitions: positiveInteger(environment, Variable.PARTITIONS),
    retry: retryPlan(environment),
    network: networkRules(environment),
  };
  const actions = new Actions(config, clock, store, followUp, failures, log, metrics);
  const ingest = new Ingest(config, clock, store, delayQueue, actions, failures, log, metrics);
  const redelivery = new SqsRedelivery(services.sqs, text(environment, Variable.INGEST_QUEUE_URL), log);

  return (event) => flushing(metrics, async () => {
    const { items, poison } = readRecords(event, ({ messageId, body, attributes }) => ({
      ...parseNotification(body), receipt: messageId, receivedAt: Number(attributes.ApproximateFirstReceiveTimestamp),
    }), log);
    return answerBatch(event, poison, await ingest.accept(items), redelivery);
  });
}
