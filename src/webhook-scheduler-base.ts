// What a scheduler is to those who use it, be it theirs or imported.
import { IResource, Resource } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { allowUse } from './encryption';

/** A scheduler of webhooks, owned or imported. */
export interface IWebhookScheduler extends IResource {
  /**
   * The topic that producers publish webhooks to.
   *
   * @attribute
   */
  readonly inputTopic: sns.ITopic;

  /**
   * Allows a principal to schedule webhooks: `sns:Publish` on the input topic.
   *
   * A principal of another account needs this grant on its own side too.
   */
  grantPublish(grantee: iam.IGrantable): iam.Grant;
}

/**
 * What owned and imported schedulers have in common.
 *
 * @internal
 */
export abstract class WebhookSchedulerBase extends Resource implements IWebhookScheduler {
  public abstract readonly inputTopic: sns.ITopic;

  public grantPublish(grantee: iam.IGrantable): iam.Grant {
    return allowPublishing(this.inputTopic, grantee);
  }
}

/** `sns:Publish`, and what SNS asks of who publishes to an encrypted topic: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html */
function allowPublishing(topic: sns.ITopic, grantee: iam.IGrantable): iam.Grant {
  const grant = iam.Grant.addToPrincipalOrResource({ grantee, actions: ['sns:Publish'], resourceArns: [topic.topicArn], resource: topic });
  const { masterKey, env: { region } } = topic;
  if (!masterKey) {
    return grant;
  }
  const actions = ['kms:Decrypt', 'kms:GenerateDataKey'];
  if (grant.resourceStatement) {
    // Another account has to be let in by the policy of the key, as by that of the topic.
    masterKey.addToResourcePolicy(new iam.PolicyStatement({
      principals: [new kms.ViaServicePrincipal(`sns.${region}.amazonaws.com`, grantee.grantPrincipal)], actions, resources: ['*'],
    }));
  }
  return grant.combine(allowUse(masterKey, grantee, region, 'sns', ...actions));
}
