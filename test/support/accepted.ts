// A webhook as ingest reads it from a message.
import { RETRY_PLAN } from './cloud';
import { LOOPBACK_TOO } from './network';
import { parseMessage } from '../../src/core/message';
import { Webhook } from '../../src/core/webhook';

/**
 * @param id the SNS MessageId
 * @param message what was published
 */
export function accepted(id: string, message: object, partitions = 16): Webhook {
  const parsed = parseMessage(JSON.stringify(message), {
    defaultId: id, now: 0, maxHorizonMs: Infinity, partitions, retry: RETRY_PLAN, network: LOOPBACK_TOO,
  });
  if (!('webhook' in parsed)) {
    throw new Error(`not a valid webhook: ${JSON.stringify(parsed)}`);
  }
  return parsed.webhook;
}
