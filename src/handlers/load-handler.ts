// Each minute: sends what comes due to the delay queue, and reports what nobody could handle.
import { Environment, milliseconds, text, Variable } from './environment';
import { commonParts, flushing, Services } from './services';
import { SqsUnreportedQueue } from '../adapters/sqs-unreported-queue';
import { DeadLetters } from '../core/dead-letters';
import { PlainError, reportOf } from '../core/error-report';
import { Load } from '../core/load';
import { rejectionsOf } from '../core/rejections';

export function createLoadHandler(environment: Environment, services: Services): () => Promise<void> {
  const { clock, sqs, log } = services;
  const { store, delayQueue, failures, followUp, metrics } = commonParts(environment, services);
  const load = new Load(milliseconds(environment, Variable.LOAD_HORIZON_SECONDS), clock, store, delayQueue, log, metrics);
  const urlOf = (variable: Variable) => text(environment, variable);
  const deadLetters = new DeadLetters({
    ingest: new SqsUnreportedQueue(sqs, urlOf(Variable.INGEST_UNREPORTED_QUEUE_URL), urlOf(Variable.INGEST_DEAD_LETTER_QUEUE_URL)),
    delay: new SqsUnreportedQueue(sqs, urlOf(Variable.DELAY_UNREPORTED_QUEUE_URL), urlOf(Variable.DELAY_DEAD_LETTER_QUEUE_URL)),
  }, clock, store, delayQueue, followUp, failures, log, metrics);

  return () => flushing(metrics, async () => {
    // Neither waits for the other, and neither is kept from its work by the other's failure.
    const errors = rejectionsOf(await Promise.allSettled([load.run(), deadLetters.run()]));
    errors.forEach((error) => log.error('load failed', { error }));
    if (errors.length > 0) {
      // Lambda writes every property of an error that a function throws.
      throw new PlainError(errors.map((error) => reportOf(error)).map(({ name, message }) => message ?? name).join('; '));
    }
  });
}
