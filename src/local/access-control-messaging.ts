// Puts access control before the SNS and SQS emulator, and between its topics and its queues.

import type { IncomingHttpHeaders } from 'node:http';
import { callOf, snsError, snsRefusal, sqsRefusal } from './access-control-http';
import { type HttpAnswer, AWS_JSON } from './emulator-calls';
import type { AccessControl } from './iam/access-control';
import { type Call, queueKeyRequests, snsRequests, sqsRequests } from './iam/calls';
import { readStatements } from './iam/policy';
import type { Json } from './json';
import { LOCAL_ACCOUNT } from './local-account';

export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly endpoint: string;
  readonly attributes: Readonly<Record<string, string>>;
}

interface Queues<Q> {
  getQueue(url: string): Q | undefined;
  getQueueByArn(arn: string): Q | undefined;
}

type Input = Readonly<Record<string, unknown>>;

/** The answer to a call of SQS or SNS that is denied; `undefined` for any other. */
export function messagingRefusal(
  control: AccessControl,
  queues: Queues<{ readonly arn: string }>,
  { headers, body }: { readonly headers: IncomingHttpHeaders; readonly body: unknown },
): HttpAnswer | undefined {
  const input = (body ?? {}) as Input;
  const target = headers['x-amz-target'];
  const call = callOf(control.plan, headers, target === undefined ? String(input.Action) : String(target).split('.')[1], input);
  if (!call) return unsigned(target === undefined);
  if (target === undefined) {
    const denial = control.firstDenial(snsRequests(control.plan, call, topicArn(call)));
    return denial && snsRefusal(denial);
  }
  const queueArn = arnOfQueue(queues, call);
  const denial = control.firstDenial(sqsRequests(control.plan, call, queueArn));
  return denial ? sqsRefusal(denial) : setQueuePolicy(control, input, queueArn);
}

/** Nobody is nobody: a call without a signature is not the administrator's. */
function unsigned(isSns: boolean): HttpAnswer {
  const [code, message] = ['MissingAuthenticationToken', 'Request is missing Authentication Token'];
  return isSns ? snsError(code, message, 403) : {
    status: 403,
    headers: { 'content-type': AWS_JSON, 'x-amzn-query-error': `${code};Sender` },
    body: JSON.stringify({ __type: `com.amazon.coral.service#${code}Exception`, message }),
  };
}

/**
 * Lets SNS deliver to a queue only if the queue's policy, and that of its key, lets it; else to the subscription's dead-letter queue, likewise.
 * `onDelivery` is told of each message that goes into a queue.
 */
export function guardDeliveries<Q>(
  topics: { getSubscription(arn: string): Subscription | undefined }, queues: Queues<Q>, control: () => AccessControl | undefined,
  onDelivery: (queueArn: string) => void,
): void {
  // A publication looks up a subscription, and at once the queue of it. Whatever looks up a queue later is no delivery.
  let delivering: Subscription | undefined;
  const getSubscription = topics.getSubscription.bind(topics);
  topics.getSubscription = arn => {
    delivering = getSubscription(arn);
    queueMicrotask(() => { delivering = undefined; });
    return delivering;
  };
  const getQueueByArn = queues.getQueueByArn.bind(queues);
  queues.getQueueByArn = arn => {
    const subscription = delivering?.endpoint === arn ? delivering : undefined;
    delivering = undefined;
    const judge = control();
    if (!subscription || !judge) return getQueueByArn(arn);
    // A refusal is not tried again: https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
    const target = [arn, deadLetterQueueArn(subscription)]
      .find(queueArn => queueArn !== undefined && mayDeliver(judge, subscription.topicArn, queueArn));
    if (target === undefined) return undefined;
    onDelivery(target);
    return getQueueByArn(target);
  };
}

function mayDeliver(control: AccessControl, topic: string, queueArn: string): boolean {
  const region = topic.split(':')[3];
  const principal = { kind: 'service', service: 'sns.amazonaws.com' } as const;
  const context = {
    'aws:securetransport': 'true',
    'aws:requestedregion': region,
    'aws:resourceaccount': LOCAL_ACCOUNT,
    'aws:sourcearn': topic,
    'aws:sourceaccount': LOCAL_ACCOUNT,
  };
  return control.allows(
    { principal, action: 'sqs:SendMessage', resource: queueArn, context },
    ...queueKeyRequests(control.plan, { principal, context, region: queueArn.split(':')[3] }, 'SendMessage', queueArn),
  );
}

function deadLetterQueueArn({ attributes }: Subscription): string | undefined {
  return (JSON.parse(attributes.RedrivePolicy ?? '{}') as { deadLetterTargetArn?: string }).deadLetterTargetArn;
}

function arnOfQueue(queues: Queues<{ readonly arn: string }>, { input, region }: Call): string {
  const { QueueUrl, QueueName, SourceArn, TaskHandle } = input;
  const source = SourceArn ?? sourceOfTask(TaskHandle);
  if (source !== undefined) return String(source);
  const known = typeof QueueUrl === 'string' ? queues.getQueue(QueueUrl) : undefined;
  const name = typeof QueueUrl === 'string' ? QueueUrl.split('/').at(-1) : QueueName;
  return known?.arn ?? (name === undefined ? '*' : `arn:aws:sqs:${region}:${LOCAL_ACCOUNT}:${String(name)}`);
}

/** The handle of a task that moves messages names the queue that it takes them from. */
function sourceOfTask(handle: unknown): unknown {
  try {
    return (JSON.parse(Buffer.from(String(handle), 'base64').toString()) as { sourceArn?: string }).sourceArn;
  } catch {
    return undefined;
  }
}

function topicArn({ input, region }: Call): string {
  const { TopicArn, TargetArn, SubscriptionArn, ResourceArn, Name } = input;
  const given = TopicArn ?? TargetArn ?? ResourceArn;
  if (given !== undefined) return String(given);
  // The ARN of a subscription is that of its topic, and an id.
  if (SubscriptionArn !== undefined) return String(SubscriptionArn).split(':').slice(0, 6).join(':');
  return Name === undefined ? '*' : `arn:aws:sns:${region}:${LOCAL_ACCOUNT}:${String(Name)}`;
}

/** A policy that is set by the API counts from now on, as that of a template does. */
function setQueuePolicy(control: AccessControl, { Attributes }: Input, queueArn: string): HttpAnswer | undefined {
  const policy = (Attributes as { Policy?: string } | undefined)?.Policy;
  if (policy === undefined) return undefined;
  try {
    control.authorizer.setResourcePolicy(queueArn, policy === '' ? [] : readStatements(JSON.parse(policy) as Json, 'resource'));
    return undefined;
  } catch (error) {
    return {
      status: 400,
      headers: { 'content-type': AWS_JSON, 'x-amzn-query-error': 'InvalidAttributeValue;Sender' },
      body: JSON.stringify({
        __type: 'com.amazonaws.sqs#InvalidAttributeValue', message: `Invalid value for the parameter Policy. Reason: ${(error as Error).message}`,
      }),
    };
  }
}
