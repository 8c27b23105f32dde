// What a scheduler is to those who use it, be it theirs or imported.
import { IResource, Resource, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import { nameTopic } from './connection';
import { METRIC_DIMENSION, METRIC_NAMESPACE, MetricName } from './core/metric-names';
import { grantUse } from './encryption';
import { grantOn } from './grants';

/** Options of {@link IWebhookScheduler.connect}. All are optional. */
export interface ConnectOptions {
  /**
   * Name of the environment variable of the producer that gets the ARN of the input topic: letters, digits and underscores, a letter first.
   * A function that publishes to several schedulers needs a name for each.
   *
   * @default WEBHOOK_SCHEDULER_TOPIC_ARN
   */
  readonly environmentVariable?: string;
}

/** A scheduler of webhooks, owned or imported. */
export interface IWebhookScheduler extends IResource {
  /**
   * The topic that producers publish webhooks to.
   *
   * @attribute
   */
  readonly inputTopic: sns.ITopic;

  /**
   * Allows a principal to schedule webhooks: `sns:Publish` on the input topic, and, where the topic is encrypted with a key, `kms:Decrypt` and
   * `kms:GenerateDataKey` by way of SNS.
   *
   * For a principal that the app has in another account or region, the scheduler needs an `inputTopicName`. One of another account is let in by
   * the policies of the topic and of its key too. Of a function, role or user that the app creates in that account, they name the account: so
   * stacks can be deployed in any order.
   *
   * What the app does not create it cannot change: a principal that is known by its ARN needs the permission on its own side as well, and the
   * policies of an imported topic and its key are for their owner to change.
   */
  grantPublish(grantee: iam.IGrantable): iam.Grant;

  /**
   * Makes a function a producer: it is granted to publish, and finds the ARN of the input topic in an environment variable.
   *
   * @throws Error if `environmentVariable` is no name of a variable, and if the variable has the topic of another scheduler already
   */
  connect(producer: lambda.Function, options?: ConnectOptions): iam.Grant;

  /**
   * A metric of this scheduler, by its name: one that it writes, in the namespace `WebhookScheduler`, with the name of the input topic as the
   * only dimension.
   *
   * It has no data points for times at which there was nothing to count. What the parts say of themselves, such as `AWS/Lambda` and `AWS/SQS`,
   * is at these.
   *
   * @default - average over 5 minutes
   * @see https://github.com/cdk-webhook-scheduler/cdk-webhook-scheduler/blob/main/docs/monitoring.md
   */
  metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Messages that were valid: webhooks that were stored, each of a list by itself and once, however often its copies came, and actions (cancel, reschedule, redrive) that
   * took effect or were refused. A copy of a refused action is refused, and counted, again.
   *
   * Not what was published: what is still in the queue, or not valid, is not in it. Nor the number of webhooks, which `metricScheduled` is.
   *
   * Unit: count.
   *
   * @default - sum over 5 minutes
   */
  metricAccepted(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Messages, and webhooks of lists, that were not valid: told on the failure topic with the reason `validation`, and not tried.
   *
   * Not refused actions. It may count one twice, where a function died after it had told of it.
   *
   * Unit: count.
   *
   * @default - sum over 5 minutes
   */
  metricInvalid(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Webhooks that were stored, each once, when they were: not when they are due, and not what is waiting at the time.
   *
   * Unit: count.
   *
   * @default - sum over 5 minutes
   */
  metricScheduled(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Webhooks that ended with a 2xx answer.
   *
   * It says nothing of what the endpoint made of the request, nor whether it was the first attempt.
   *
   * Unit: count.
   *
   * @default - sum over 5 minutes
   */
  metricDelivered(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Webhooks that ended without a 2xx answer, for whichever reason: told on the failure topic.
   *
   * Not attempts that failed and have another one to follow, which `metricRetried` counts. Not messages that were not valid: these never were
   * webhooks. A webhook that is redriven and fails again counts again.
   *
   * Unit: count.
   *
   * @default - sum over 5 minutes
   */
  metricFailed(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Attempts that failed and have another one to follow. An endpoint that is out of order shows here first, hours or days before its webhooks
   * have failed.
   *
   * Not webhooks: one of them may count several times, and may still be delivered.
   *
   * Unit: count.
   *
   * @default - sum over 5 minutes
   */
  metricRetried(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Webhooks that a cancel withdrew.
   *
   * Not cancels that were published: those that were refused, since they came too late for example, are told on the failure topic.
   *
   * Unit: count.
   *
   * @default - sum over 5 minutes
   */
  metricCancelled(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * Copies of messages that changed nothing, since their webhook was known, or was being delivered or done: SNS and SQS deliver at least once, and
   * a worker that died leaves its messages to another.
   *
   * No sign of trouble by itself, and not the number of requests that endpoints got twice, which nothing here can see.
   *
   * Unit: count.
   *
   * @default - sum over 5 minutes
   */
  metricDuplicatesStopped(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * How late requests were: from the instant of an attempt to the one at which its request was written, for each attempt, by the clock of the
   * worker. What is published less than three seconds ahead, or after its date, is counted from three seconds after it was published: nothing
   * earlier is promised. With an `ingestBatchingWindow` these are 23 seconds.
   *
   * Not when requests arrived: the network is not in it. Nor is what was never attempted: where the deliver function does not run, there is nothing
   * to measure.
   *
   * Unit: milliseconds.
   *
   * @default - 99th percentile over 5 minutes
   */
  metricLateness(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * How long endpoints took: from writing a request to the status of its answer, or to the error, for each attempt.
   *
   * Of all endpoints together, so that a slow one can hide behind many that are fast; log lines have the host. Without looking the name up and
   * connecting, which is done before, and without the body of the answer.
   *
   * Unit: milliseconds.
   *
   * @default - 99th percentile over 5 minutes
   */
  metricEndpointDuration(options?: cloudwatch.MetricOptions): cloudwatch.Metric;

  /**
   * How far the load function is behind what it is to have loaded when a run ends, in the partition of the table that is farthest behind: as long
   * as the run took, where all is well. It loads five minutes ahead, so that webhooks are late once the lag comes near that.
   *
   * Not how late webhooks are. It has no data points for runs that find nothing to load and are not behind, nor where the function does not run at
   * all; `AWS/Lambda` `Invocations` says that.
   *
   * Unit: milliseconds.
   *
   * @default - maximum over 5 minutes
   */
  metricLoadLag(options?: cloudwatch.MetricOptions): cloudwatch.Metric;
}

/**
 * What owned and imported schedulers have in common.
 *
 * @internal
 */
export abstract class WebhookSchedulerBase extends Resource implements IWebhookScheduler {
  public abstract readonly inputTopic: sns.ITopic;

  public grantPublish(grantee: iam.IGrantable): iam.Grant {
    const { topicArn, masterKey, env: { region } } = this.inputTopic;
    const grant = grantOn(this.inputTopic, grantee, { actions: ['sns:Publish'], resourceArns: [topicArn] });
    // What SNS asks of who publishes to an encrypted topic: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    return masterKey ? grant.combine(grantUse(masterKey, grantee, region, 'sns', 'kms:Decrypt', 'kms:GenerateDataKey')) : grant;
  }

  public connect(producer: lambda.Function, options: ConnectOptions = {}): iam.Grant {
    nameTopic(producer, this.inputTopic, options.environmentVariable);
    return this.grantPublish(producer);
  }

  public metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    // Not by `attachTo`: that takes the environment of the stack, which is not that of a scheduler that is imported from elsewhere.
    const known = (value: string) => (Token.isUnresolved(value) ? undefined : value);
    return new cloudwatch.Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      dimensionsMap: { [METRIC_DIMENSION]: this.inputTopic.topicName },
      stackAccount: known(this.env.account),
      stackRegion: known(this.env.region),
      ...options,
    });
  }

  public metricAccepted(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.ACCEPTED, { statistic: cloudwatch.Stats.SUM, ...options });
  }

  public metricInvalid(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.INVALID, { statistic: cloudwatch.Stats.SUM, ...options });
  }

  public metricScheduled(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.SCHEDULED, { statistic: cloudwatch.Stats.SUM, ...options });
  }

  public metricDelivered(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.DELIVERED, { statistic: cloudwatch.Stats.SUM, ...options });
  }

  public metricFailed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.FAILED, { statistic: cloudwatch.Stats.SUM, ...options });
  }

  public metricRetried(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.RETRIED, { statistic: cloudwatch.Stats.SUM, ...options });
  }

  public metricCancelled(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.CANCELLED, { statistic: cloudwatch.Stats.SUM, ...options });
  }

  public metricDuplicatesStopped(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.DUPLICATES_STOPPED, { statistic: cloudwatch.Stats.SUM, ...options });
  }

  public metricLateness(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.LATENESS, { statistic: cloudwatch.Stats.p(99), ...options });
  }

  public metricEndpointDuration(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.ENDPOINT_DURATION, { statistic: cloudwatch.Stats.p(99), ...options });
  }

  public metricLoadLag(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.LOAD_LAG, { statistic: cloudwatch.Stats.MAXIMUM, ...options });
  }
}
