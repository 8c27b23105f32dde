// Schedules a reminder two days before a trial ends, and takes it back when the customer has subscribed.
import { setTimeout as delay } from 'node:timers/promises';
import { BatchResultErrorEntry, PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';

export interface TrialsEvent {
  /** Trials that have begun. `endsAt` is ISO 8601. */
  readonly started?: readonly { readonly customer: string; readonly endsAt: string }[];
  /** Customers who need no reminder any more. */
  readonly subscribed?: readonly string[];
}

/** A message for the scheduler: a webhook, or an action on one. */
interface Message {
  /** Ours, so that publishing again is harmless: the same id with the same content is accepted once. */
  readonly id: string;
  readonly [field: string]: unknown;
}

const REMIND_BEFORE_MS = 2 * 24 * 60 * 60 * 1000;
/** The most that PublishBatch takes. Together they may have 256 KiB, which ten reminders are far from. */
const BATCH_SIZE = 10;
const MAX_TRIES = 4;
const FIRST_PAUSE_MS = 100;

const sns = new SNSClient({});

export async function handler({ started = [], subscribed = [] }: TrialsEvent): Promise<{ published: number }> {
  const messages: Message[] = [
    ...started.map(({ customer, endsAt }) => ({
      id: reminderOf(customer),
      // One that is past by now fires at once.
      date: new Date(Date.parse(endsAt) - REMIND_BEFORE_MS).toISOString(),
      url: required('REMINDER_URL'),
      method: 'POST',
      payload: { customer, endsAt },
    })),
    ...subscribed.map((customer) => ({ id: reminderOf(customer), action: 'cancel' })),
  ];
  for (let i = 0; i < messages.length; i += BATCH_SIZE) {
    await publish(messages.slice(i, i + BATCH_SIZE));
  }
  return { published: messages.length };
}

/**
 * A call can succeed and still leave messages behind: these are sent again, unless SNS says that it is their own fault. A call that fails as
 * a whole is repeated by the SDK. What is left in the end fails the invocation, so that whoever invoked us can try again.
 */
async function publish(batch: readonly Message[]): Promise<void> {
  let left = batch;
  for (let tries = 1; ; tries++) {
    const { Failed = [] } = await sns.send(new PublishBatchCommand({
      TopicArn: required('WEBHOOK_SCHEDULER_TOPIC_ARN'),
      PublishBatchRequestEntries: left.map((message, index) => ({ Id: String(index), Message: JSON.stringify(message) })),
    }));
    if (Failed.length === 0) {
      return;
    }
    if (tries === MAX_TRIES || Failed.some(({ SenderFault }) => SenderFault)) {
      throw new Error(`SNS did not take ${Failed.map((entry) => why(entry, left)).join(', ')}`);
    }
    const remaining = left;
    left = Failed.map(({ Id }) => remaining[Number(Id)]);
    await delay(FIRST_PAUSE_MS * 2 ** (tries - 1) * (1 + Math.random()));
  }
}

function why({ Id, Code, Message: text }: BatchResultErrorEntry, batch: readonly Message[]): string {
  return `${batch[Number(Id)].id} (${[Code, text].filter(Boolean).join(': ')})`;
}

function reminderOf(customer: string): string {
  return `trial-${customer}`;
}

function required(variable: string): string {
  const value = process.env[variable];
  if (!value) {
    throw new Error(`the environment variable ${variable} is not set`);
  }
  return value;
}
