// The one logger: structured JSON lines through Powertools for AWS Lambda.
import { Logger } from '@aws-lambda-powertools/logger';
import { reportOf } from '../core/error-report';
import { Log, LogFields } from '../core/ports';

export function createLog(): Log {
  const logger = new Logger({ serviceName: 'webhook-scheduler' });
  return {
    info: (message, fields) => logger.info(message, loggable(fields)),
    warn: (message, fields) => logger.warn(message, loggable(fields)),
    error: (message, fields) => logger.error(message, loggable(fields)),
  };
}

/** Powertools writes every property of an error, and the AWS SDK's and Node.js's hold requests, responses and URLs. */
function loggable(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, Array.isArray(value) ? value.map(plain) : plain(value)]));
}

function plain(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? reportOf(value) : value;
}
