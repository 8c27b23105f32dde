// How a producer finds the topic to publish to: by an environment variable.
import { Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import { requireKnown } from './validation';

const DEFAULT_VARIABLE = 'WEBHOOK_SCHEDULER_TOPIC_ARN';

/** As Lambda takes them: https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html */
const VARIABLE = /^[A-Za-z][A-Za-z0-9_]+$/;

/** What has been given to which function: a second topic under the same name would take the place of the first without a word. */
const connected = new WeakMap<lambda.Function, Map<string, sns.ITopic>>();

/** Gives a function the ARN of a topic in an environment variable. */
export function nameTopic(producer: lambda.Function, topic: sns.ITopic, variable: string = DEFAULT_VARIABLE): void {
  requireKnown('environmentVariable', Token.isUnresolved(variable), 'string');
  if (!VARIABLE.test(variable)) {
    throw new Error(`environmentVariable is ${JSON.stringify(variable)}, expected a letter, followed by letters, digits and underscores`);
  }
  const topics = connected.get(producer) ?? new Map<string, sns.ITopic>();
  connected.set(producer, topics);
  const other = topics.get(variable);
  if (other && other !== topic) {
    throw new Error(`${producer.node.path} has the topic ${other.node.path} in its variable ${variable} already: pass environmentVariable, `
      + 'with another name for each scheduler');
  }
  topics.set(variable, topic);
  producer.addEnvironment(variable, topic.topicArn);
}
