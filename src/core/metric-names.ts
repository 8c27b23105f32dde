// The custom metrics, under the names that both the functions that write them and the construct that reads them use.

/** CloudWatch namespace of all of them. */
export const METRIC_NAMESPACE = 'WebhookScheduler';

/**
 * The one dimension of each: the name of the scheduler's input topic, which is its own in its account and region, and known of imported
 * schedulers too. No dimension by URL, host or reason: each value of one would be a metric to pay for.
 */
export const METRIC_DIMENSION = 'InputTopic';

export const MetricName = {
  /** Messages that were valid, new ones each once: webhooks, and actions. */
  ACCEPTED: 'Accepted',
  /** Messages that were not valid. */
  INVALID: 'Invalid',
  /** Webhooks that were stored, each once. */
  SCHEDULED: 'Scheduled',
  /** Webhooks that ended with a 2xx answer. */
  DELIVERED: 'Delivered',
  /** Webhooks that ended without one. */
  FAILED: 'Failed',
  /** Attempts that failed and have another one to follow. */
  RETRIED: 'Retried',
  /** Webhooks that a cancel withdrew. */
  CANCELLED: 'Cancelled',
  /** Copies that SNS, SQS or a worker brought about, and that changed nothing. */
  DUPLICATES_STOPPED: 'DuplicatesStopped',
  /** Milliseconds between the instant of an attempt and the one its request was written. */
  LATENESS: 'Lateness',
  /** Milliseconds from writing a request to the status of its answer, or to its error. */
  ENDPOINT_DURATION: 'EndpointDuration',
  /** Milliseconds by which load is behind what it is to have loaded by now; it is still ahead of the webhooks' dates by its horizon, less this. */
  LOAD_LAG: 'LoadLag',
} as const;
export type MetricName = typeof MetricName[keyof typeof MetricName];
