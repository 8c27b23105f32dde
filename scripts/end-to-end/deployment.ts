// The outputs of the end-to-end test's stack: what they are called, and what they say. Functions read it too, so it knows nothing of CDK.
import type { Deployment } from './run';

export const OUTPUTS = ['InputTopicArn', 'FailureQueueUrl', 'ReceiverUrl', 'ArrivalsTable', 'SigningSecretArn'] as const;

export type Outputs = Readonly<Record<string, string>>;

/** Variable that tells a function of them, as JSON. */
export const PROBE_OUTPUTS = 'OUTPUTS';

/** Thrown with a message that says what to do. */
export class OutputsError extends Error {}

export function deploymentOf(outputs: Outputs): Deployment {
  const missing = OUTPUTS.filter((name) => !outputs[name]);
  if (missing.length > 0) {
    throw new OutputsError(`The stack has no output ${missing.join(', ')}: it is not that of scripts/end-to-end/app.ts.`);
  }
  return {
    inputTopicArn: outputs.InputTopicArn,
    failureQueueUrl: outputs.FailureQueueUrl,
    receiverUrl: outputs.ReceiverUrl.replace(/\/$/, ''),
    arrivalsTable: outputs.ArrivalsTable,
    signingSecretArn: outputs.SigningSecretArn,
  };
}
