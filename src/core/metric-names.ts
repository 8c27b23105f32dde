// The custom metrics, under the names that both the functions that write them and the construct that reads them use.

/** CloudWatch namespace of all of them. */
export const METRIC_NAMESPACE = 'WebhookScheduler';

/**
 * The one dimension of each: the name of the scheduler's input topic, which is its own in its account and region, and known of imported
 * schedulers too. No dimension by URL, host or reason: each value of one would be a metric to pay for.
 */
export const METRIC_DIMENSION = 'InputTopic';

export const MetricName = {
  /**
   * Valid messages, each once: webhooks that were stored for the first time, and actions that took effect or were refused. With what is
   * {@link INVALID}, that is all that producers have published; copies count in neither.
   */
  ACCEPTED: 'Accepted',
  /** Messages that were not valid, and were told so on the failure topic. */
  INVALID: 'Invalid',
  /** Webhooks that were stored for the first time. */
  SCHEDULED: 'Scheduled',
  /** Webhooks whose endpoint answered with a 2xx status. */
  DELIVERED: 'Delivered',
  /** Webhooks that ended without one, for whichever reason; one that is redriven and fails again counts again. */
  FAILED: 'Failed',
  /** Attempts that failed and have another one to follow. */
  RETRIED: 'Retried',
  /** Webhooks that a cancel withdrew. */
  CANCELLED: 'Cancelled',
  /**
   * Copies of messages and turns that SNS, SQS, a worker or a producer has brought about, each when it was dropped, having changed nothing.
   * Turns that an action has overtaken are none.
   */
  DUPLICATES_STOPPED: 'DuplicatesStopped',
  /**
   * Of each attempt, milliseconds between the instant it was to be made and the one its request was written. At notice of less than three
   * seconds, or after the date, they are counted from three seconds after the publication: nothing earlier was promised. With a batching window
   * of ingest these are 23 seconds.
   */
  LATENESS: 'Lateness',
  /** Of each request that was written, milliseconds from then to the status of its answer, or to its error. */
  ENDPOINT_DURATION: 'EndpointDuration',
  /**
   * Milliseconds by which a run of load ended behind its horizon, in the partition that is farthest behind: what the run took, where all went
   * well. Webhooks are late once it nears the horizon, five minutes. Of a run that finds nothing, and is not behind, nothing is written.
   */
  LOAD_LAG: 'LoadLag',
} as const;
export type MetricName = typeof MetricName[keyof typeof MetricName];

/** Those that are milliseconds, one value each; of all others there is a number, and their sum counts. */
export const DURATION_METRICS = [MetricName.LATENESS, MetricName.ENDPOINT_DURATION, MetricName.LOAD_LAG] as const;
export type DurationMetric = typeof DURATION_METRICS[number];
export type CountMetric = Exclude<MetricName, DurationMetric>;
