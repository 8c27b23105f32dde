// One scheduler through the local engine, from the topic to every end that a webhook or a message can have.
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { SECRET_HOST } from './scheduler-stacks';
import { subscribeQueue } from '../../scripts/support/failure-queue';
import { Behaviour, Receiver } from '../../scripts/support/receiver';
import { turnOfRow } from '../../src/adapters/table-schema';
import { LOG_DEAD_LETTER, LOG_SCHEDULED } from '../../src/core/log-events';
import { delayMessageText } from '../../src/core/queue-message';
import { LOCAL_CREDENTIALS } from '../../src/local/emulators';
import { EngineEvent, Judgement, LocalEngine } from '../../src/local/engine';
import { until } from '../support/until';

const TICK_SECONDS = 1.5;
const INGEST_HORIZON_SECONDS = 3;
const LOAD_HORIZON_SECONDS = 2;

export class Scenario {
  /** Runs the scheduler of an assembly. */
  public static async start(assembly: string): Promise<Scenario> {
    const events: EngineEvent[] = [];
    const judgements: Judgement[] = [];
    const engine = await LocalEngine.start({
      assembly,
      tickSeconds: TICK_SECONDS,
      environment: { INGEST_HORIZON_SECONDS: String(INGEST_HORIZON_SECONDS), LOAD_HORIZON_SECONDS: String(LOAD_HORIZON_SECONDS) },
      onEvent: (event) => events.push(event),
      onJudgement: (judgement) => judgements.push(judgement),
    });
    const behaviours: Record<string, Behaviour> = {};
    return new Scenario(engine, events, judgements, await Receiver.start({ behaviours }), behaviours);
  }

  private readonly sns: SNSClient;
  private readonly sqs: SQSClient;
  private readonly dynamodb: DynamoDBClient;
  private readonly told: Record<string, unknown>[] = [];

  private constructor(
    public readonly engine: LocalEngine,
    public readonly events: readonly EngineEvent[],
    /** What has been judged so far, once each. */
    public readonly judgements: readonly Judgement[],
    private readonly receiver: Receiver,
    private readonly behaviours: Record<string, Behaviour>,
  ) {
    const client = (endpoint: string) => ({ endpoint, region: engine.region, credentials: LOCAL_CREDENTIALS });
    this.sns = new SNSClient(client(engine.endpoints.sns));
    this.sqs = new SQSClient(client(engine.endpoints.sqs));
    this.dynamodb = new DynamoDBClient(client(engine.endpoints.dynamodb));
  }

  public async stop(): Promise<void> {
    await this.engine.stop();
    [this.sns, this.sqs, this.dynamodb].forEach((client) => client.destroy());
    await this.receiver.close();
  }

  /** What was denied, as `who action`. */
  public get denials(): readonly string[] {
    return this.events.flatMap((event) => (event.type === 'denied' ? [`${event.principal.split('/').at(-1)} ${event.action}`] : []));
  }

  public get records(): readonly Record<string, unknown>[] {
    return this.events.flatMap((event) => (event.type === 'log' && event.record ? [event.record] : []));
  }

  public requests(id: string): number {
    return this.receiver.requests.filter(({ target }) => target === `/${id}`).length;
  }

  public async publish(message: object): Promise<void> {
    await this.sns.send(new PublishCommand({ TopicArn: this.scheduler.inputTopicArn, Message: JSON.stringify(message) }));
  }

  /** Publishes a webhook that is due in some seconds; its id is also its path. */
  public async webhook(id: string, inSeconds: number, behaviour: Behaviour = {}, fields: object = {}): Promise<object> {
    this.behaviours[`/${id}`] = behaviour;
    const date = new Date(Date.now() + inSeconds * 1000).toISOString();
    const message = { id, date, url: `${this.receiver.url}/${id}`, method: 'post', payload: { id }, ...fields };
    await this.publish(message);
    return message;
  }

  /** What the failure topic has told. */
  public async notices(): Promise<readonly Record<string, unknown>[]> {
    const { Messages = [] } = await this.sqs.send(new ReceiveMessageCommand({ QueueUrl: this.queueUrl('notices'), MaxNumberOfMessages: 10 }));
    this.told.push(...Messages.map(({ Body = '' }) => JSON.parse(Body) as Record<string, unknown>));
    return this.told;
  }

  public async whenTold(reason: string, count = 1): Promise<void> {
    await until(`${count} notices of ${reason}`, async () => (await this.notices()).filter((notice) => notice.reason === reason).length >= count);
  }

  public async hearNotices(): Promise<void> {
    await subscribeQueue(this.sns, this.sqs, this.scheduler.failureTopicArn, 'notices');
  }

  /** Everything that a scheduler does; resolves when all of it has come to its end. */
  public async run(): Promise<void> {
    await this.hearNotices();
    await Promise.all([
      this.delivered(), this.retried(), this.changed(), this.refusals(), this.deadLetters(), this.secretHeader(), this.plainText(),
      this.pairsUntil(() => this.judged('Deliver', 'dynamodb:PartiQLInsert')),
    ]);
  }

  /** Delivers two webhooks at a time, which may be claimed by one request, until they have been. */
  public async pairsUntil(isOver: () => boolean): Promise<void> {
    for (let tries = 1; !isOver(); tries++) {
      const pair = [`one-${tries}`, `other-${tries}`];
      await Promise.all(pair.map((id) => this.webhook(id, 3)));
      await Promise.all(pair.map((id) => this.whenRequested(id)));
    }
  }

  private get scheduler() {
    return this.engine.schedulers[0];
  }

  /** Soon, at once, and by way of the table; and copies of what is done. */
  private async delivered(): Promise<void> {
    const now = await this.webhook('now', -1);
    await this.whenRequested('now');
    const later = await this.byWayOfTheTable();
    await this.publish(now);
    await this.send(this.scheduler.delayQueueUrl, await this.turnOf('now'));
    await this.whenRequested(later);
    await until('the copy to be dropped', () => this.judged('Deliver', 'dynamodb:GetItem'));
  }

  /** Publishes webhooks until one is left to load; where ingest is late, it sends them itself. */
  private async byWayOfTheTable(): Promise<string> {
    for (let tries = 1; ; tries++) {
      const id = `later-${tries}`;
      await this.webhook(id, INGEST_HORIZON_SECONDS + 2 + tries);
      await this.whenAccepted(id);
      if (this.records.some(({ webhookId, owner }) => webhookId === id && owner === 'load')) {
        return id;
      }
    }
  }

  private async retried(): Promise<void> {
    await this.webhook('retried', 0, { first: [{ status: 500 }, { status: 500 }] });
    await this.whenRequested('retried', 3);
  }

  /** Cancelled, rescheduled, and redriven once it has failed. */
  private async changed(): Promise<void> {
    await Promise.all([this.webhook('cancelled', 60), this.webhook('moved', 60), this.webhook('failed', 0, { first: [{ status: 404 }] })]);
    await this.whenAccepted('cancelled');
    await this.publish({ action: 'cancel', id: 'cancelled' });
    await this.whenAccepted('moved');
    await this.publish({ action: 'reschedule', id: 'moved', date: new Date().toISOString() });
    await this.whenTold('permanent');
    await this.publish({ action: 'redrive', id: 'failed' });
    await this.whenRequested('failed', 2);
    await this.whenRequested('moved');
  }

  private async refusals(): Promise<void> {
    await this.publish({ date: 'tomorrow' });
    await this.publish({ action: 'cancel', id: 'retried', date: 1 });
    await this.whenTold('validation', 2);
  }

  /** What no function can read, and a turn that none could fire. */
  private async deadLetters(): Promise<void> {
    const { ingestQueueUrl, delayQueueUrl } = this.scheduler;
    await Promise.all([ingestQueueUrl, delayQueueUrl].map((queueUrl) => this.send(queueUrl, 'unreadable')));
    await this.webhook('stuck', 3600);
    await this.whenAccepted('stuck');
    await this.send(await this.behind(delayQueueUrl), await this.turnOf('stuck'));
    await this.whenTold('dead-letter', 3);
    await until('the dead letters', () => this.records.filter(({ message }) => message === LOG_DEAD_LETTER).length === 3);
  }

  /** Over https, since a secret travels over nothing else; nobody listens there. */
  private async secretHeader(): Promise<void> {
    await this.webhook('secret', 0, {}, { url: `https://${SECRET_HOST}:1/`, retry: { maxAttempts: 1 } });
    await this.whenTold('exhausted');
  }

  /** Clients that come without TLS, to every queue and topic. */
  private async plainText(): Promise<void> {
    const clients = {
      sqs: new SQSClient({ endpoint: this.engine.endpoints.sqs, region: this.engine.region, credentials: LOCAL_CREDENTIALS }),
      sns: new SNSClient({ endpoint: this.engine.endpoints.sns, region: this.engine.region, credentials: LOCAL_CREDENTIALS }),
    };
    for (const { middlewareStack } of [clients.sqs, clients.sns as unknown as SQSClient]) {
      middlewareStack.add((next) => async (args) => {
        (args.request as { headers: Record<string, string> }).headers['x-forwarded-proto'] = 'http';
        return next(args);
      }, { step: 'build' });
    }
    const { ingestQueueUrl, delayQueueUrl, inputTopicArn, failureTopicArn } = this.scheduler;
    const queues = (await Promise.all([ingestQueueUrl, delayQueueUrl].map(async (queue) => {
      const unreported = await this.behind(queue);
      return [queue, unreported, await this.behind(unreported)];
    }))).flat();
    const calls = [
      ...queues.map((QueueUrl) => clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))),
      ...[inputTopicArn, failureTopicArn].map((TopicArn) => clients.sns.send(new PublishCommand({ TopicArn, Message: 'x' }))),
    ];
    const results = await Promise.allSettled(calls);
    Object.values(clients).forEach((client) => client.destroy());
    const allowed = results.filter(({ status }) => status === 'fulfilled').length;
    if (allowed > 0) {
      throw new Error(`${allowed} of ${calls.length} calls without TLS were allowed`);
    }
  }

  private async whenRequested(id: string, count = 1): Promise<void> {
    await until(`request ${count} of ${id}`, () => this.requests(id) >= count);
  }

  private async whenAccepted(id: string): Promise<void> {
    await until(`${id} to be accepted`, () => this.records.some(({ message, webhookId }) => message === LOG_SCHEDULED && webhookId === id));
  }

  /** Whether a function has asked for something. */
  private judged(functionName: string, action: string): boolean {
    return this.judgements.some(({ request }) => (
      request.action === action && request.principal.kind === 'role' && request.principal.session.includes(functionName)
    ));
  }

  /** The queue message by which a webhook is fired for the first time. */
  private async turnOf(id: string): Promise<string> {
    const { Items = [] } = await this.dynamodb.send(new ScanCommand({ TableName: this.scheduler.tableName, ConsistentRead: true }));
    const row = Items.find(({ sk }) => /^\d+#/.test(sk.S ?? '') && sk.S?.endsWith(`#.${id}`));
    if (!row) {
      throw new Error(`there is no row of ${id}`);
    }
    return delayMessageText({ turns: [turnOfRow(row, Number(row.pk.S?.split('#')[1]))] });
  }

  private async send(queueUrl: string, body: string): Promise<void> {
    await this.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
  }

  /** The queue into which SQS puts what a queue cannot get rid of. */
  private async behind(queueUrl: string): Promise<string> {
    const { Attributes } = await this.sqs.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['RedrivePolicy'] }));
    return this.queueUrl((JSON.parse(Attributes?.RedrivePolicy ?? '{}') as { deadLetterTargetArn: string }).deadLetterTargetArn.split(':')[5]);
  }

  private queueUrl(name: string): string {
    return `${this.engine.endpoints.sqs}/000000000000/${name}`;
  }
}
