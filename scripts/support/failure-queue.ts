// Hears of failures as an operator would: by a queue of one's own, subscribed to the failure topic.
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';

/** Returns the URL of the queue, which gets notices as they are. */
export async function subscribeQueue(sns: SNSClient, sqs: SQSClient, topicArn: string, queueName: string): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: queueName, Attributes: { Policy: deliveryPolicy(topicArn) } }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  await sns.send(new SubscribeCommand({
    TopicArn: topicArn, Protocol: 'sqs', Endpoint: Attributes?.QueueArn, Attributes: { RawMessageDelivery: 'true' },
  }));
  return QueueUrl as string;
}

/** What the queue needs to get what the topic sends: a policy that lets SNS in. The local engine asks for it, as AWS does. */
function deliveryPolicy(topicArn: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: '*',
      Condition: { ArnEquals: { 'aws:SourceArn': topicArn } },
    }],
  });
}
