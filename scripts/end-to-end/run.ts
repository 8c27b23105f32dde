// One run of the end-to-end test: publishes, looks at what has arrived, and judges it. All it knows is in the table, so that another process,
// or another invocation of a function, can go on with a run.
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Arrivals } from './arrivals';
import { EndToEndWebhook, endToEndWebhooks } from './webhooks';
import { judge, Notice, Published, WebhookVerdict } from '../demo/verdict';
import { InvalidMessage, invalidMessage } from '../demo/webhooks';

/** What there has to be, in an account or in an emulator of one. */
export interface Deployment {
  readonly inputTopicArn: string;
  /** A queue that the failure topic delivers to, raw. */
  readonly failureQueueUrl: string;
  /** Where the receiver is, without a slash at the end. */
  readonly receiverUrl: string;
  readonly arrivalsTable: string;
  readonly signingSecretArn: string;
}

export interface Clients {
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
  readonly dynamodb: DynamoDBClient;
  readonly secrets: SecretsManagerClient;
}

export interface RunOptions {
  /** How late a webhook may arrive, in milliseconds. */
  readonly maxLateMs: number;
  /** How far the clock that arrivals are written down by may be behind that of the workers, in milliseconds. */
  readonly clockToleranceMs: number;
  /** How long after the last date to wait for what has not come, in milliseconds. */
  readonly patienceMs: number;
}

export interface RunResult {
  /** Whether there is nothing left to wait for. */
  readonly complete: boolean;
  readonly webhooks: readonly WebhookVerdict[];
  /** All that is wrong, each in a sentence. */
  readonly problems: readonly string[];
}

/** What has to be kept of a run: the rest follows from it. */
interface RunRecord {
  readonly run: string;
  readonly now: number;
  /** Of the webhooks, in their order. */
  readonly ids: readonly string[];
  readonly invalidId: string;
}

/** A second copy would be on the heels of the first. */
const COPY_MS = 3_000;
const [RUN, LATEST, NOTICE] = ['run', 'latest', 'notice'];

export class Run {
  private readonly arrivals: Arrivals;

  constructor(private readonly clients: Clients, private readonly deployment: Deployment, private readonly options: RunOptions) {
    this.arrivals = new Arrivals(clients.dynamodb, deployment.arrivalsTable);
  }

  /** Begins a run, which takes the place of any before it. Returns how many messages were published. */
  public async publish(): Promise<number> {
    const now = Date.now();
    const run = `e2e-${now.toString(36)}`;
    const webhooks = endToEndWebhooks(this.deployment.receiverUrl, now, run);
    const ids: string[] = [];
    let published = 0;
    const publish = (message: string): Promise<string> => {
      published++;
      return this.publishOne(message);
    };
    for (const { message, id, copies } of webhooks) {
      const messageIds = await Promise.all(Array.from({ length: copies }, () => publish(message)));
      ids.push(id ?? messageIds[0]);
    }
    for (const { id } of webhooks.filter(({ answers }) => answers.length === 0)) {
      await publish(JSON.stringify({ action: 'cancel', id }));
    }
    const invalidId = await publish(invalidMessage().message);
    const record: RunRecord = { run, now, ids, invalidId };
    await this.arrivals.keep(RUN, LATEST, LATEST, JSON.stringify(record));
    return published;
  }

  /** What has become of the latest run so far. */
  public async look(): Promise<RunResult> {
    const [text] = await this.arrivals.kept(RUN, LATEST);
    if (text === undefined) {
      throw new Error('nothing has been published yet');
    }
    const { run, now, ids, invalidId } = JSON.parse(text) as RunRecord;
    const webhooks = endToEndWebhooks(this.deployment.receiverUrl, now, run).map((what, i): Published<EndToEndWebhook> => ({ what, id: ids[i] }));
    await this.collectNotices();
    const requests = (await Promise.all(ids.map((id) => this.arrivals.requests(id)))).flat();
    const noticesOf = async (id: string): Promise<string[]> => this.arrivals.kept(NOTICE, id);
    const invalid: Published<InvalidMessage> = { what: invalidMessage(), id: invalidId };
    const verdict = judge(webhooks, invalid, {
      requests,
      notices: await noticesOf(invalidId),
      signingSecret: await this.signingSecret(),
      clockToleranceMs: this.options.clockToleranceMs,
    });
    const problems = [
      ...verdict.problems,
      ...verdict.webhooks.flatMap((webhook) => this.lateProblems(webhook)),
      ...(await Promise.all(webhooks.map(async ({ what, id }) => noticeProblems(what, await noticesOf(id))))).flat(),
    ];
    const lastDueAt = Math.max(...webhooks.map(({ what }) => what.dueAt));
    return {
      complete: Date.now() > lastDueAt + (problems.length === 0 ? COPY_MS : this.options.patienceMs),
      webhooks: verdict.webhooks,
      problems,
    };
  }

  private async publishOne(message: string): Promise<string> {
    const { MessageId } = await this.clients.sns.send(new PublishCommand({ TopicArn: this.deployment.inputTopicArn, Message: message }));
    return MessageId as string;
  }

  /** Moves what the failure topic has told from the queue into the table. */
  private async collectNotices(): Promise<void> {
    const QueueUrl = this.deployment.failureQueueUrl;
    const { Messages = [] } = await this.clients.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    for (const { MessageId, Body = '' } of Messages) {
      await this.arrivals.keep(NOTICE, String((JSON.parse(Body) as Notice).id), MessageId as string, Body);
    }
    if (Messages.length > 0) {
      await this.clients.sqs.send(new DeleteMessageBatchCommand({
        QueueUrl, Entries: Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle })),
      }));
    }
  }

  private async signingSecret(): Promise<string> {
    const { SecretString = '' } = await this.clients.secrets.send(new GetSecretValueCommand({ SecretId: this.deployment.signingSecretArn }));
    return SecretString;
  }

  private lateProblems({ webhook, arrivals: [first] }: WebhookVerdict): string[] {
    const late = first ? first.arrivedAt - webhook.dueAt : 0;
    return !webhook.past && late > this.options.maxLateMs ? [`${webhook.name}: arrived ${late} ms late, more than ${this.options.maxLateMs}.`] : [];
  }
}

/** The failure topic has to tell of what fails for good, once, and of nothing else that was valid. */
function noticeProblems({ name, failsWith }: EndToEndWebhook, texts: readonly string[]): string[] {
  const expected = failsWith === undefined ? 0 : 1;
  if (texts.length !== expected) {
    return [`${name}: the failure topic carried ${texts.length} notices, not ${expected}.`];
  }
  return texts.flatMap((text) => {
    const { reason, attempts } = JSON.parse(text) as { reason?: unknown; attempts?: readonly { status?: unknown }[] };
    const statuses = attempts?.map(({ status }) => status);
    return reason === 'permanent' && statuses?.length === 1 && statuses[0] === failsWith
      ? []
      : [`${name}: the failure notice says ${JSON.stringify({ reason, statuses })}, not "permanent" and ${failsWith}.`];
  });
}
