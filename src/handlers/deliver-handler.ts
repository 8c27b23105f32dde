// Fires webhooks: turns, off the delay queue, a few seconds before they are due; and outcomes that the table did not take at first.
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Environment, milliseconds, networkRules, noticeMs, positiveInteger, retryPlan, secretHeaderPlans, signingPlan, text, Variable } from './environment';
import { commonParts, flushing, Services } from './services';
import { answerBatch, readRecords } from './sqs-batch';
import { SqsRedelivery } from '../adapters/sqs-redelivery';
import { Credentials, NO_CREDENTIALS } from '../core/credentials';
import { Deliver } from '../core/deliver';
import { NetworkRules } from '../core/network';
import { HttpClient, SecretSource } from '../core/ports';
import { parseDelayMessage } from '../core/queue-message';
import { SecretCache } from '../core/secrets';

/** What the handler uses of Lambda's context. */
export type InvocationContext = Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>;

/** Makes the client that follows these rules. */
export type HttpClientFactory = (rules: NetworkRules) => HttpClient;

/** Makes the client for secrets; only called where there are any. */
export type SecretSourceFactory = () => Promise<SecretSource>;

export function createDeliverHandler(
  environment: Environment, services: Services, httpClient: HttpClientFactory, secretSource: SecretSourceFactory,
): (event: SQSEvent, context: InvocationContext) => Promise<SQSBatchResponse> {
  const { clock, log, random } = services;
  const { store, delayQueue, followUp, metrics } = commonParts(environment, services);
  const config = {
    requestTimeoutMs: milliseconds(environment, Variable.REQUEST_TIMEOUT_SECONDS),
    leaseBeyondMs: milliseconds(environment, Variable.LEASE_BEYOND_SECONDS),
    noticeMs: noticeMs(environment),
    turnsPerInvocation: positiveInteger(environment, Variable.TURNS_PER_INVOCATION),
    retry: retryPlan(environment),
  };
  const http = httpClient(networkRules(environment));
  const credentials = credentialsOf(environment, services, secretSource);
  const deliver = new Deliver(config, clock, store, delayQueue, http, credentials, followUp, log, metrics, random);
  const redelivery = new SqsRedelivery(services.sqs, text(environment, Variable.DELAY_QUEUE_URL), log);

  return (event, context) => flushing(metrics, async () => {
    const invocation = { id: context.awsRequestId, deadline: clock.now() + context.getRemainingTimeInMillis() };
    const { items, poison } = readRecords(event, ({ messageId, body, attributes }) => ({
      ...parseDelayMessage(body), receipt: messageId, receives: Number(attributes.ApproximateReceiveCount),
    }), log);
    const turns = items.flatMap((item) => ('turns' in item ? [item] : []));
    const outcomes = items.flatMap((item) => ('outcome' in item ? [item] : []));
    const [undelivered, unrecorded] = await Promise.all([deliver.deliver(turns, invocation), deliver.record(outcomes)]);
    return answerBatch(event, poison, [...undelivered, ...unrecorded], redelivery);
  });
}

function credentialsOf(environment: Environment, { clock, log }: Services, secretSource: SecretSourceFactory): Pick<Credentials, 'for'> {
  const plans = { signing: signingPlan(environment), headers: secretHeaderPlans(environment) };
  return plans.signing || plans.headers.length > 0
    ? new Credentials(plans, new SecretCache(secretSource(), clock, log), clock, log)
    : NO_CREDENTIALS;
}
