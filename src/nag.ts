// Says in the template why something that cdk-nag asks about is as it is. By metadata, so that the package does not depend on cdk-nag.
import { CfnResource } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

const METADATA_KEY = 'cdk_nag';

/** As cdk-nag reads it: https://github.com/cdklabs/cdk-nag#suppressing-a-rule */
interface NagMetadata {
  readonly rules_to_suppress: readonly object[];
}

/**
 * Answers a rule of cdk-nag for one resource, which then is listed as suppressed, with the reason.
 *
 * @param construct the resource, or the construct that it is the default child of
 * @param id        of the rule, such as `AwsSolutions-IAM5`
 * @param findings  which findings of the rule: regular expressions between slashes, since the names in them are not known in every stack;
 *                  none: the rule has no findings to tell apart
 */
export function explain(construct: IConstruct, id: string, reason: string, ...findings: string[]): void {
  const resource = (construct.node.defaultChild ?? construct) as CfnResource;
  const { rules_to_suppress: others } = (resource.getMetadata(METADATA_KEY) ?? { rules_to_suppress: [] }) as NagMetadata;
  const rule = { id, reason, ...(findings.length > 0 ? { applies_to: findings.map((regex) => ({ regex })) } : {}) };
  const metadata: NagMetadata = { rules_to_suppress: [...others, rule] };
  resource.addMetadata(METADATA_KEY, metadata);
}
