// What workers say themselves of how late they were.
import { LOG_DELIVERED, LOG_FAILED } from '../src/core/log-events';
import type { EngineEvent } from '../src/local/engine';

/** Keeps when a request was written, in milliseconds after its date, by the id of its webhook, where an event is the log line of its end. */
export function keepLateness(event: EngineEvent, lateMs: Map<string, number>): void {
  const { message, webhookId, lateMs: late } = event.type === 'log' ? event.record ?? {} : {};
  if (message === LOG_DELIVERED || message === LOG_FAILED) {
    lateMs.set(String(webhookId), Number(late));
  }
}
