// What a work of the bench is: webhooks with their dates, and how the endpoint takes them.
import type { Behaviour } from '../scripts/support/receiver';

export interface Work {
  readonly description: string;
  /** When each webhook is due, in milliseconds after the first. */
  readonly dueMs: readonly number[];
  /** Messages to a PublishBatch, at most ten. */
  readonly batchSize: number;
  /** How the endpoint answers. */
  readonly endpoint: Behaviour;
}

/** Webhooks at even distances, as a steady day brings them. */
function steady300(): Work {
  return {
    description: '300 webhooks spread over 30 s, published in batches of 10',
    dueMs: Array.from({ length: 300 }, (_, i) => i * 100),
    batchSize: 10,
    endpoint: {},
  };
}

/** All works by their names. */
export const WORKS: Readonly<Record<string, () => Work>> = { 'steady-300': steady300 };
