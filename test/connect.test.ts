// A function that is made a producer: what it may do, and how it finds the topic.
import { App, Lazy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { WebhookScheduler } from '../src';

const TOPIC_ARN = 'arn:aws:sns:eu-west-1:111122223333:Input';

function newStack() {
  return new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
}

function producerIn(stack: Stack, id = 'Producer') {
  return new lambda.Function(stack, id, {
    runtime: lambda.Runtime.PYTHON_3_13, handler: 'index.handler', code: lambda.Code.fromInline('def handler(event, context): pass'),
  });
}

function variablesOf(stack: Stack, id = 'Producer'): unknown {
  const functions = Object.entries(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  const [[, { Properties }]] = functions.filter(([logicalId]) => logicalId.startsWith(id));
  return (Properties as { Environment?: { Variables: unknown } }).Environment?.Variables;
}

/** What the role of the producer may do with a topic. */
function allowedOn(stack: Stack, topic: unknown): unknown[] {
  const policies = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter(([id]) => id.startsWith('Producer'))
    .map(([, { Properties }]) => Properties as { PolicyDocument: { Statement: { Resource: unknown; Action: unknown }[] } });
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    .filter(({ Resource }) => JSON.stringify(Resource) === JSON.stringify(topic)).map(({ Action }) => Action);
}

test('a producer of the same stack may publish, and has the ARN of the topic', () => {
  const stack = newStack();
  const scheduler = new WebhookScheduler(stack, 'Sched');
  const grant = scheduler.connect(producerIn(stack));
  grant.assertSuccess();
  const topicArn = stack.resolve(scheduler.inputTopic.topicArn) as unknown;
  expect(topicArn).toEqual({ Ref: expect.stringMatching(/^SchedInputTopic/) });
  expect(variablesOf(stack)).toEqual({ WEBHOOK_SCHEDULER_TOPIC_ARN: topicArn });
  expect(allowedOn(stack, topicArn)).toEqual(['sns:Publish']);
});

test('a producer of an imported scheduler', () => {
  const stack = newStack();
  WebhookScheduler.fromInputTopicArn(stack, 'Sched', TOPIC_ARN).connect(producerIn(stack)).assertSuccess();
  expect(variablesOf(stack)).toEqual({ WEBHOOK_SCHEDULER_TOPIC_ARN: TOPIC_ARN });
  expect(allowedOn(stack, TOPIC_ARN)).toEqual(['sns:Publish']);
});

test('a producer of two schedulers has a variable for each', () => {
  const stack = newStack();
  const producer = producerIn(stack);
  const [reminders, expiries] = [new WebhookScheduler(stack, 'Reminders'), new WebhookScheduler(stack, 'Expiries')];
  reminders.connect(producer);
  expiries.connect(producer, { environmentVariable: 'EXPIRIES_TOPIC_ARN' });
  expect(variablesOf(stack)).toEqual({
    WEBHOOK_SCHEDULER_TOPIC_ARN: stack.resolve(reminders.inputTopic.topicArn) as unknown,
    EXPIRIES_TOPIC_ARN: stack.resolve(expiries.inputTopic.topicArn) as unknown,
  });
});

test('two schedulers in one variable are an error, and the same one twice is none', () => {
  const stack = newStack();
  const producer = producerIn(stack);
  const scheduler = new WebhookScheduler(stack, 'Reminders');
  scheduler.connect(producer);
  expect(() => scheduler.connect(producer)).not.toThrow();
  expect(() => new WebhookScheduler(stack, 'Expiries').connect(producer)).toThrow(
    'Stack/Producer has the topic Stack/Reminders/InputTopic in its variable WEBHOOK_SCHEDULER_TOPIC_ARN already: pass environmentVariable',
  );
});

test.each([
  ['', 'environmentVariable is "", expected a letter'],
  ['1ST', 'environmentVariable is "1ST", expected a letter'],
  ['TOPIC-ARN', 'environmentVariable is "TOPIC-ARN", expected a letter'],
  [Lazy.string({ produce: () => 'later' }), 'environmentVariable has to be known at synthesis, and is a token; pass a literal string'],
])('the name %j is refused', (environmentVariable, message) => {
  const stack = newStack();
  expect(() => new WebhookScheduler(stack, 'Sched').connect(producerIn(stack), { environmentVariable })).toThrow(message);
});
