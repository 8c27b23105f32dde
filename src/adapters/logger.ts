// The one logger: structured JSON lines through Powertools for AWS Lambda.
import { Logger } from '@aws-lambda-powertools/logger';
import { Log } from '../core/ports';

export function createLog(): Log {
  return new Logger({ serviceName: 'webhook-scheduler' });
}
