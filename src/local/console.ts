// What the command line shows: how to use the engine that runs, and one line for what happens to each webhook.

import type { EngineEvent, LocalEngine, LocalScheduler } from './engine';
import {
  LOG_ACTION, LOG_DEAD_LETTER, LOG_DELIVERED, LOG_FAILED, LOG_REFUSED, LOG_REJECTED, LOG_RETRYING, LOG_SCHEDULED,
} from '../core/log-events';

/** Where the `aws` command and boto3 ask for credentials, these do: all but those of the functions are the administrator's. */
const CREDENTIALS = 'local';
const SAMPLE_URL = 'https://example.com/';
const SAMPLE_SECONDS = 30;

/** The block that is printed once everything is ready. */
export function readyBlock(engine: LocalEngine): string {
  const [first] = engine.schedulers;
  return [
    '',
    'The scheduler is running on this machine.',
    '',
    ...engine.schedulers.flatMap(scheduler => schedulerLines(engine, scheduler)),
    `  Endpoint      ${engine.endpoints.sns}  (SNS and SQS)`,
    `                ${engine.endpoints.dynamodb}  (DynamoDB)`,
    `                ${engine.endpoints.secretsmanager}  (Secrets Manager)`,
    `  Region        ${engine.region}`,
    `  Credentials   any, such as AWS_ACCESS_KEY_ID=${CREDENTIALS} AWS_SECRET_ACCESS_KEY=${CREDENTIALS}`,
    '',
    ...ignoredLines(engine),
    'Schedule a webhook with the AWS command line (a date that is past fires at once):',
    '',
    awsCommand(engine, first),
    '',
    'or with Python:',
    '',
    botoLines(engine, first),
    '',
    'Ctrl+C stops it.',
    '',
  ].join('\n');
}

/** The line for an event; `undefined` where there is nothing to show. */
export function eventLine(event: EngineEvent, roleOf: (functionName: string) => string): string | undefined {
  if (event.type === 'denied') return line('DENIED', event.message);
  const role = roleOf(event.functionName);
  if (event.type === 'invocation') {
    return event.error === undefined ? undefined : line('ERROR', `function ${role} failed: ${event.error}`);
  }
  const { record } = event;
  if (!record) return line('output', `${role}: ${event.line}`);
  const request = `${text(record.method)} ${text(record.host)}`;
  switch (record.message) {
    case LOG_SCHEDULED: return line('scheduled', `${request}  due ${text(record.due)}, ${text(record.owner)} sends it on`, record);
    case LOG_DELIVERED: return line('delivered', `${request}  ${text(record.lateMs)} ms late  ${outcome(record)}`, record);
    case LOG_RETRYING: return line('retrying', `${request}  ${outcome(record)}, again at ${text(record.nextAt)}`, record);
    case LOG_FAILED: return line('failed', `${request}  ${text(record.reason)}${attempted(record) ? `: ${outcome(record)}` : ''}`, record);
    case LOG_ACTION: return line('changed', text(record.action), record);
    case LOG_REFUSED: return line('refused', `${text(record.action)}: ${text(record.refusal)}`, record);
    case LOG_DEAD_LETTER: return line('dead', `a message of the ${text(record.queue)} queue could not be handled, and was put aside`, record);
    case LOG_REJECTED: return line('rejected', `wrong: ${Array.isArray(record.fields) ? record.fields.join(', ') : text(record.fields)}`, record);
    default: return isSevere(record.level) ? line(text(record.level), `${role}: ${text(record.message)}`) : undefined;
  }
}

/** Names a function by its part in the scheduler, where it has one. */
export function roles(schedulers: readonly LocalScheduler[]): (functionName: string) => string {
  const names = new Map(schedulers.flatMap(({ functions }) => Object.entries(functions).map(([role, name]) => [name, role])));
  return functionName => names.get(functionName) ?? functionName;
}

function schedulerLines(engine: LocalEngine, scheduler: LocalScheduler): string[] {
  const names = Object.values(scheduler.functions);
  const ticks = engine.ticks.filter(tick => names.includes(tick.functionName));
  return [
    `  Stack         ${scheduler.stack}`,
    `  Functions     ${Object.entries(scheduler.functions).map(([role, name]) => `${role} (${name})`).join('\n                ')}`,
    `  Tick          ${ticks.map(tick => `${roles([scheduler])(tick.functionName)} every ${tick.seconds} s`).join(', ') || 'none'}`,
    `  Input topic   ${scheduler.inputTopicArn}`,
    `  Failure topic ${scheduler.failureTopicArn}`,
    `  Table         ${scheduler.tableName}`,
    ...(scheduler.signingSecretArn === undefined ? [] : [`  Signed with   ${scheduler.signingSecretArn}`]),
    '',
  ];
}

function ignoredLines({ ignored }: LocalEngine): string[] {
  if (ignored.length === 0) return [];
  return ['Not run, since no scheduler needs it:', ...ignored.map(({ stack, type, logicalId }) => `  ${type}  ${logicalId}  (${stack})`), ''];
}

function awsCommand(engine: LocalEngine, { inputTopicArn }: LocalScheduler): string {
  const message = JSON.stringify({ date: new Date(Date.now() + SAMPLE_SECONDS * 1000).toISOString(), url: SAMPLE_URL, method: 'GET' });
  return `AWS_ACCESS_KEY_ID=${CREDENTIALS} AWS_SECRET_ACCESS_KEY=${CREDENTIALS} aws sns publish --endpoint-url ${engine.endpoints.sns} `
    + `--region ${engine.region} --topic-arn ${inputTopicArn} --message '${message}'`;
}

function botoLines(engine: LocalEngine, { inputTopicArn }: LocalScheduler): string {
  return [
    'import boto3, datetime, json',
    `sns = boto3.client('sns', endpoint_url='${engine.endpoints.sns}', region_name='${engine.region}',`,
    `                   aws_access_key_id='${CREDENTIALS}', aws_secret_access_key='${CREDENTIALS}')`,
    `date = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=${SAMPLE_SECONDS})`,
    `sns.publish(TopicArn='${inputTopicArn}',`,
    `            Message=json.dumps({'date': date.isoformat(), 'url': '${SAMPLE_URL}', 'method': 'get'}))`,
  ].join('\n');
}

/** Whether it was an attempt that the record tells of. */
function attempted(record: Record<string, unknown>): boolean {
  return record.status !== undefined || record.error !== undefined;
}

function outcome(record: Record<string, unknown>): string {
  const result = record.status === undefined ? text(record.error) : `status ${text(record.status)}`;
  return record.durationMs === undefined ? result : `${result} in ${text(record.durationMs)} ms`;
}

function line(what: string, detail: string, record?: Record<string, unknown>): string {
  const time = new Date().toISOString().slice(11, 23);
  return `${time}  ${what.padEnd(9)}  ${detail}${record?.webhookId === undefined ? '' : `  ${text(record.webhookId)}`}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value) ?? '?';
}

function isSevere(level: unknown): boolean {
  return typeof level === 'string' && ['WARN', 'ERROR', 'CRITICAL', 'FATAL'].includes(level.toUpperCase());
}
