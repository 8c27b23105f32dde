// Lambda events as the event source mappings of SQS queues make them.
import type { SQSEvent, SQSRecord } from 'aws-lambda';

let count = 0;

export function sqsEvent(...bodies: string[]): SQSEvent {
  return sqsEventReceivedAt(Date.now(), ...bodies);
}

/** The same, of messages that have been received so often, this time included. */
export function sqsEventReceived(receives: number, ...bodies: string[]): SQSEvent {
  const event = sqsEvent(...bodies);
  event.Records.forEach(({ attributes }) => { attributes.ApproximateReceiveCount = String(receives); });
  return event;
}

/** @param receivedAt when the messages first came off the queue, in milliseconds since the epoch */
export function sqsEventReceivedAt(receivedAt: number, ...bodies: string[]): SQSEvent {
  return {
    Records: bodies.map((body): SQSRecord => ({
      messageId: `queue-message-${++count}`,
      receiptHandle: 'receipt',
      body,
      attributes: {
        ApproximateReceiveCount: '1', SentTimestamp: '0', SenderId: 'sender', ApproximateFirstReceiveTimestamp: String(receivedAt),
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:Queue',
      awsRegion: 'us-east-1',
    })),
  };
}

/** The envelope that SNS puts around a message for a queue. */
export function notification(message: unknown, messageId = `sns-message-${++count}`, publishedAt = Date.now()): string {
  return JSON.stringify({
    Type: 'Notification',
    MessageId: messageId,
    TopicArn: 'arn:aws:sns:us-east-1:000000000000:Input',
    Message: typeof message === 'string' ? message : JSON.stringify(message),
    Timestamp: new Date(publishedAt).toISOString(),
  });
}
