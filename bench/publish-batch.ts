// Publishes as producers do.
import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';

/** PublishBatch takes at most this many messages. */
export const MAX_PUBLISHED = 10;

/** Publishes messages at once, at most {@link MAX_PUBLISHED}; resolves with their MessageIds, in their order. Rejects if any was refused. */
export async function publishBatch(sns: SNSClient, topicArn: string, messages: readonly string[]): Promise<readonly string[]> {
  const { Successful = [], Failed = [] } = await sns.send(new PublishBatchCommand({
    TopicArn: topicArn, PublishBatchRequestEntries: messages.map((text, i) => ({ Id: String(i), Message: text })),
  }));
  if (Failed.length > 0) {
    throw new Error(`${Failed.length} of ${messages.length} messages could not be published: ${Failed[0].Message ?? Failed[0].Code}`);
  }
  const ids = new Map(Successful.map(({ Id, MessageId }) => [Id, MessageId as string]));
  return messages.map((_, i) => ids.get(String(i)) as string);
}
