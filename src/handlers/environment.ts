// The variables a handler is configured by: their names, for handlers and construct alike, and the one place that reads them.
import { NetworkRules, parseNetworkRules } from '../core/network';
import { parseRetryPlan, RetryPlan } from '../core/retry';
import { parseSecretHeaderPlans, parseSigningPlan, SecretHeaderPlan, SigningPlan } from '../core/signing';
import { MAX_TURNS_PER_MESSAGE, NOTICE_MS } from '../core/timing';

export enum Variable {
  TABLE_NAME = 'TABLE_NAME',
  INGEST_QUEUE_URL = 'INGEST_QUEUE_URL',
  DELAY_QUEUE_URL = 'DELAY_QUEUE_URL',
  /** Where SQS puts what could not be handled, until load has reported it. */
  INGEST_UNREPORTED_QUEUE_URL = 'INGEST_UNREPORTED_QUEUE_URL',
  DELAY_UNREPORTED_QUEUE_URL = 'DELAY_UNREPORTED_QUEUE_URL',
  /** Where it stays after that. */
  INGEST_DEAD_LETTER_QUEUE_URL = 'INGEST_DEAD_LETTER_QUEUE_URL',
  DELAY_DEAD_LETTER_QUEUE_URL = 'DELAY_DEAD_LETTER_QUEUE_URL',
  FAILURE_TOPIC_ARN = 'FAILURE_TOPIC_ARN',
  /** What metrics are told apart by. */
  INPUT_TOPIC_NAME = 'INPUT_TOPIC_NAME',
  /** Number of partitions of a minute. */
  PARTITIONS = 'PARTITIONS',
  /** Turns that one message of the delay queue may hold in a dense second. */
  TURNS_PER_MESSAGE = 'TURNS_PER_MESSAGE',
  /** Turns that an invocation delivers. */
  TURNS_PER_INVOCATION = 'TURNS_PER_INVOCATION',
  /** Due within this: ingest sends it. */
  INGEST_HORIZON_SECONDS = 'INGEST_HORIZON_SECONDS',
  /** Due within this of a tick: load sends it. */
  LOAD_HORIZON_SECONDS = 'LOAD_HORIZON_SECONDS',
  /** How far ahead a date may lie. */
  MAX_HORIZON_SECONDS = 'MAX_HORIZON_SECONDS',
  /** How long before its date a webhook is to be published; absent where ingest gets its messages at once. */
  NOTICE_SECONDS = 'NOTICE_SECONDS',
  /** How long rows stay. */
  RETENTION_SECONDS = 'RETENTION_SECONDS',
  /** How long an endpoint may take. */
  REQUEST_TIMEOUT_SECONDS = 'REQUEST_TIMEOUT_SECONDS',
  /** How long a claim outlasts its invocation. */
  LEASE_BEYOND_SECONDS = 'LEASE_BEYOND_SECONDS',
  /** The retry plan, as JSON. */
  RETRY_POLICY = 'RETRY_POLICY',
  /** Where webhooks may go: the network rules, as JSON. */
  NETWORK_POLICY = 'NETWORK_POLICY',
  /** How requests are signed, as JSON; absent where they are not. */
  SIGNING = 'SIGNING',
  /** Headers whose values are secrets, as JSON; absent where there are none. */
  SECRET_HEADERS = 'SECRET_HEADERS',
}

/** The variables of a function, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

export function text(environment: Environment, variable: Variable): string {
  const value = environment[variable];
  if (!value) {
    throw new Error(`environment variable ${variable} is not set`);
  }
  return value;
}

export function positiveInteger(environment: Environment, variable: Variable): number {
  const value = Number(text(environment, variable));
  if (!Number.isInteger(value) || value < 1) {
    throw new Error(`environment variable ${variable} is ${JSON.stringify(text(environment, variable))}, expected a whole number above 0`);
  }
  return value;
}

export function turnsPerMessage(environment: Environment): number {
  const value = positiveInteger(environment, Variable.TURNS_PER_MESSAGE);
  if (value > MAX_TURNS_PER_MESSAGE) {
    throw new Error(`environment variable ${Variable.TURNS_PER_MESSAGE} is ${value}, expected at most ${MAX_TURNS_PER_MESSAGE}`);
  }
  return value;
}

/** A variable in seconds, as milliseconds. */
export function milliseconds(environment: Environment, variable: Variable): number {
  return positiveInteger(environment, variable) * 1000;
}

/** {@link NOTICE_MS} unless the deployment says otherwise. */
export function noticeMs(environment: Environment): number {
  return Variable.NOTICE_SECONDS in environment ? milliseconds(environment, Variable.NOTICE_SECONDS) : NOTICE_MS;
}

export function retryPlan(environment: Environment): RetryPlan {
  return parsed(environment, Variable.RETRY_POLICY, parseRetryPlan);
}

export function networkRules(environment: Environment): NetworkRules {
  return parsed(environment, Variable.NETWORK_POLICY, parseNetworkRules);
}

/** `undefined` where requests are not signed. */
export function signingPlan(environment: Environment): SigningPlan | undefined {
  return Variable.SIGNING in environment ? parsed(environment, Variable.SIGNING, parseSigningPlan) : undefined;
}

export function secretHeaderPlans(environment: Environment): readonly SecretHeaderPlan[] {
  return Variable.SECRET_HEADERS in environment ? parsed(environment, Variable.SECRET_HEADERS, parseSecretHeaderPlans) : [];
}

function parsed<T>(environment: Environment, variable: Variable, parse: (value: string) => T): T {
  try {
    return parse(text(environment, variable));
  } catch (error) {
    throw new Error(`environment variable ${variable}: ${(error as Error).message}`);
  }
}
