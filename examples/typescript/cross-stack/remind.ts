// Schedules the reminder of an invoice for the moment it is overdue.
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';

export interface Invoice {
  readonly number: string;
  /** ISO 8601. */
  readonly payableUntil: string;
}

const sns = new SNSClient({});

export async function handler({ number, payableUntil }: Invoice): Promise<{ id: string }> {
  const id = `invoice-${number}`;
  await sns.send(new PublishCommand({
    TopicArn: process.env.WEBHOOK_SCHEDULER_TOPIC_ARN,
    Message: JSON.stringify({ id, date: payableUntil, url: process.env.REMINDER_URL, method: 'POST', payload: { number } }),
  }));
  return { id };
}
