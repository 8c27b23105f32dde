// How a log line names a webhook.
import type { WebhookLogFields } from './log-events';
import { publicId, Webhook } from './webhook';

export function webhookFields(webhook: Webhook): WebhookLogFields {
  return {
    webhookId: publicId(webhook.id),
    method: webhook.method,
    host: new URL(webhook.url).host,
    due: new Date(webhook.dueAt).toISOString(),
  };
}
