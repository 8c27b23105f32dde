// What a queue needs to get what a topic sends: a policy that lets SNS in. The local engine asks for it, as AWS does.

/** The `Policy` attribute of such a queue. */
export function deliveryPolicy(topicArn: string): string {
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
