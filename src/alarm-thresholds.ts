// When alarms go off by default, and where the dashboard draws its lines.
import { Duration } from 'aws-cdk-lib';

export const DEFAULT_THRESHOLDS = {
  loadLag: Duration.minutes(2),
  lateness: Duration.seconds(5),
  ingestAge: Duration.minutes(5),
  failureRatio: 0.1,
  failureRatioMinimumWebhooks: 20,
  throttles: 1,
  errors: 1,
} as const;

/** How far ahead load works: from here on, its lag makes webhooks late. */
export const LOAD_HORIZON = Duration.minutes(5);
