// How tools find a scheduler in a synthesized template: metadata on its input topic that names its parts.

/** Key of the manifest in the `Metadata` of the input topic's CloudFormation resource. */
export const MANIFEST_KEY = 'cdk-webhook-scheduler';

/** The parts of one scheduler, each by the logical id of its resource in the same template. */
export interface SchedulerManifest {
  readonly inputTopic: string;
  /** Absent where the topic is none of the template; the functions' variable `FAILURE_TOPIC_ARN` names it all the same. */
  readonly failureTopic?: string;
  readonly table: string;
  readonly ingestQueue: string;
  readonly delayQueue: string;
  readonly ingestFunction: string;
  readonly loadFunction: string;
  readonly deliverFunction: string;
}
