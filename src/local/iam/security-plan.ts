// What the engine has to know to judge requests. Plain data: the process of the emulators gets it as a message.

import { createHash } from 'node:crypto';
import type { Policy } from './policy';

export interface SecurityPlan {
  readonly policies: readonly Policy[];
  /** Who signs with an access key id. Any other id is that of the administrator. */
  readonly credentials: Readonly<Record<string, Caller>>;
  /** ARN of the key that a queue, topic, table, secret or log group is encrypted with, by the ARN of that. */
  readonly keys: Readonly<Record<string, string>>;
  /** Name of the attribute that is the partition key of a table, by the table's ARN. */
  readonly partitionKeys: Readonly<Record<string, string>>;
}

/** A role in the hands of a function, or of Lambda on its behalf. */
export interface Caller {
  readonly roleArn: string;
  readonly session: string;
  /**
   * ARN of the function whose code calls; absent where Lambda does.
   * https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
   */
  readonly functionArn?: string;
}

/** The access key id by which the code of a function, or Lambda on its behalf, is recognised. */
export function accessKeyId(functionArn: string, caller: 'code' | 'lambda'): string {
  // Temporary credentials begin so: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
  return `ASIA${createHash('sha256').update(`${caller} ${functionArn}`).digest('hex').slice(0, 16).toUpperCase()}`;
}
