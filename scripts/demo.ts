// The command `npm run demo`: schedules a few webhooks on this machine, watches them fire, and judges how they arrived.
import { setTimeout as delay } from 'node:timers/promises';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Progress } from './demo/progress';
import { DemoSettings, noticeText, settingsText, summaryText, webhookTable } from './demo/report';
import { templateValues } from './demo/template-values';
import { judge, Published, Seen } from './demo/verdict';
import { demoBehaviours, demoWebhooks, DemoWebhook, invalidMessage, Way } from './demo/webhooks';
import { Cleanup, runProgram } from './support/cleanup';
import { exampleAssembly } from './support/example';
import { subscribeQueue } from './support/failure-queue';
import { secretsClient, snsClient, sqsClient } from './support/local-clients';
import { pathOf, Receiver, ReceivedRequest } from './support/receiver';
import { paint } from './support/terminal';
import { LOG_ACTION, LOG_SCHEDULED } from '../src/core/log-events';
import { Variable } from '../src/handlers/environment';
import { EngineEvent, LocalEngine } from '../src/local/engine';
import { EXAMPLE_APP } from '../src/local/example-app';

const SETTINGS: DemoSettings = { tickSeconds: 2, ingestHorizonSeconds: 9, loadHorizonSeconds: 5 };
/** Too late for ingest, on a slow machine too, so that load sends it on. */
const LATER_MS = 17_000;
/** What has not come this long after the last date will not come. */
const PATIENCE_MS = 20_000;
/** A second copy would be on its heels. */
const COPY_MS = 1_500;
const POLL_MS = 50;

/** What the demo sees happen. */
class Observer implements Seen {
  public readonly requests: ReceivedRequest[] = [];
  public readonly ways = new Map<string, Way>();
  public readonly notices: string[] = [];
  public signingSecret = '';
  public progress?: Progress;
  private webhooks: readonly Published<DemoWebhook>[] = [];

  /** Names what is waited for; events before that are kept. */
  public watch(webhooks: readonly Published<DemoWebhook>[], progress: Progress): void {
    this.webhooks = webhooks;
    this.progress = progress;
    this.ways.forEach((way, id) => this.tellStored(id, way));
  }

  public readonly onRequest = (request: ReceivedRequest): void => {
    const isFirst = this.arrivals(request.target) === 0;
    this.requests.push(request);
    const webhook = this.webhooks.find(({ what }) => pathOf(what.request.target) === pathOf(request.target))?.what;
    const details = !isFirst ? ', once more' : webhook && !webhook.past ? `, ${request.arrivedAt - webhook.dueAt} ms late` : '';
    this.progress?.fire(webhook?.name ?? request.target, details);
  };

  public readonly onEvent = (event: EngineEvent): void => {
    if (event.type === 'log' && event.record?.message === LOG_SCHEDULED) {
      const [id, way] = [String(event.record.webhookId), event.record.owner as Way];
      this.ways.set(id, way);
      this.tellStored(id, way);
    } else if (event.type === 'log' && event.record?.message === LOG_ACTION) {
      this.progress?.tell('cancelled', String(event.record.webhookId));
    } else if (event.type === 'invocation' && event.error !== undefined) {
      this.progress?.tell('failed', `${event.functionName}: ${event.error}`);
    }
  };

  public readonly onNotice = (notice: string): void => {
    this.notices.push(notice);
    this.progress?.tell('reported', 'the invalid message');
  };

  public get complete(): boolean {
    return this.notices.length > 0 && this.webhooks.every(({ what, id }) =>
      this.ways.has(id) && this.arrivals(what.request.target) >= what.answers.length);
  }

  private arrivals(target: string): number {
    return this.requests.filter((request) => pathOf(request.target) === pathOf(target)).length;
  }

  private tellStored(id: string, way: Way): void {
    const webhook = this.webhooks.find((published) => published.id === id)?.what;
    if (webhook) {
      this.progress?.tell('stored', `${webhook.name}, ${way} sends it on`);
    }
  }
}

async function main(cleanup: Cleanup): Promise<number> {
  const started = Date.now();
  console.log(`\n  ${paint('bold', 'cdk-webhook-scheduler')}: a few webhooks, scheduled and fired on this machine\n`);

  const observer = new Observer();
  console.log('  Synthesizing the example app and starting the scheduler…\n');
  const receiverOptions = { onRequest: observer.onRequest, behaviours: demoBehaviours() };
  const receiver = await cleanup.open(() => Receiver.start(receiverOptions), (opened) => opened.close());
  const assembly = await exampleAssembly(cleanup);
  const engine = await cleanup.open(() => LocalEngine.start({
    assembly,
    tickSeconds: SETTINGS.tickSeconds,
    environment: {
      [Variable.INGEST_HORIZON_SECONDS]: String(SETTINGS.ingestHorizonSeconds),
      [Variable.LOAD_HORIZON_SECONDS]: String(SETTINGS.loadHorizonSeconds),
    },
    onEvent: observer.onEvent,
  }), (opened) => opened.stop());
  const [{ inputTopicArn, failureTopicArn, signingSecretArn }] = engine.schedulers;
  console.log([
    `  App        ${EXAMPLE_APP}`,
    `  SNS, SQS   ${engine.endpoints.sns}`,
    `  DynamoDB   ${engine.endpoints.dynamodb}`,
    `  Receiver   ${receiver.url}`,
    '',
    settingsText(SETTINGS, templateValues(assembly)),
    '',
  ].join('\n'));

  const [sns, sqs] = [await snsClient(engine, cleanup), await sqsClient(engine, cleanup)];
  observer.signingSecret = await readSecret(await secretsClient(engine, cleanup), signingSecretArn);
  const noticeQueue = await subscribeQueue(sns, sqs, failureTopicArn, 'demo-failure-notices');
  await cleanup.open(() => receiveNotices(sqs, noticeQueue, observer), (opened) => opened.stop());

  const webhooks: Published<DemoWebhook>[] = [];
  for (const webhook of demoWebhooks(receiver.url, Date.now(), LATER_MS)) {
    const messageId = await publish(sns, inputTopicArn, webhook.message);
    webhooks.push({ what: webhook, id: webhook.id ?? messageId });
  }
  const invalid = invalidMessage();
  const publishedInvalid = { what: invalid, id: await publish(sns, inputTopicArn, invalid.message) };
  const cancels = webhooks.filter(({ what }) => what.answers.length === 0);
  for (const { id } of cancels) {
    await publish(sns, inputTopicArn, JSON.stringify({ action: 'cancel', id }));
  }
  console.log(`  Published ${webhooks.length} webhooks, ${cancels.length} cancel and one invalid message to the input topic\n`);

  const awaited = webhooks.map(({ what }) => what).filter(({ answers }) => answers.length > 0);
  const progress = await cleanup.open(() => Progress.start(awaited), (opened) => opened.stop());
  observer.watch(webhooks, progress);
  const giveUpAt = Math.max(...webhooks.map(({ what }) => what.dueAt)) + PATIENCE_MS;
  while (!observer.complete && Date.now() < giveUpAt) {
    await delay(POLL_MS);
  }
  await delay(COPY_MS);
  progress.stop();

  const verdict = judge(webhooks, publishedInvalid, observer);
  console.log(`${process.stdout.isTTY ? '' : '\n'}${webhookTable(verdict)}\n`);
  console.log(`  ${paint('bold', 'The failure topic says of the invalid message')}\n`);
  console.log(`${observer.notices.map(noticeText).join('\n') || '  nothing'}\n`);
  console.log(`${summaryText(verdict, invalid.wrongFields.length, (Date.now() - started) / 1000)}\n`);
  return verdict.problems.length === 0 ? 0 : 1;
}

async function publish(sns: SNSClient, topicArn: string, message: string): Promise<string> {
  const { MessageId } = await sns.send(new PublishCommand({ TopicArn: topicArn, Message: message }));
  return MessageId as string;
}

/** As a receiver does that has been granted to. */
async function readSecret(secrets: SecretsManagerClient, secretArn: string | undefined): Promise<string> {
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: secretArn }));
  return SecretString as string;
}

/** Reads notices until it is stopped. */
function receiveNotices(sqs: SQSClient, queueUrl: string, observer: Observer): { stop(): Promise<void> } {
  let running = true;
  const reading = (async () => {
    while (running) {
      // Short polls: one that is under way when the demo ends holds nothing up.
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
      Messages.forEach(({ Body }) => observer.onNotice(Body ?? ''));
      await delay(POLL_MS);
    }
  })();
  reading.catch(() => undefined); // awaited by stop
  return {
    stop: () => {
      running = false;
      return reading;
    },
  };
}

void runProgram(main);
