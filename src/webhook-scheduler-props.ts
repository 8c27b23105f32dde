// What a WebhookScheduler can be given, and the defaults.
import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { NetworkPolicy } from './network-policy';
import { RetryPolicy } from './retry-policy';
import { SecretHeader } from './secret-header';
import { WebhookSigning } from './webhook-signing';

/**
 * How many pollers Lambda keeps ready for a queue: each brings about up to 10 invocations at a time, and makes up to 10 calls of ReceiveMessage a
 * second, which bring up to ten messages each, or takes 1 MB a second, whichever is reached first.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
 */
export interface ProvisionedPollers {
  /**
   * How many are always there, and paid for: 2 to 200.
   *
   * @default 2
   */
  readonly minimum?: number;

  /**
   * How many there may be: 2 to 2,000, and no fewer than `minimum`. It bounds what a burst, or endpoints that hang, can take of the account's
   * concurrency: ten invocations for each.
   *
   * @default - 10, or `minimum` where that is more
   */
  readonly maximum?: number;
}

/** Properties of a {@link WebhookScheduler}. All are optional. */
export interface WebhookSchedulerProps {
  /**
   * How far ahead the date of a webhook may lie: whole seconds, from a minute to 3,660 days. A message with a later date is a validation failure.
   *
   * @default Duration.days(366)
   */
  readonly maxHorizon?: Duration;

  /**
   * How long an endpoint may take to answer, connecting included: whole seconds from 1 to 840.
   *
   * The default is the lower end of what Standard Webhooks recommends (15 to 30 seconds). The timeout of the deliver function and the
   * visibility timeout of the delay queue follow it.
   *
   * @default Duration.seconds(15)
   */
  readonly requestTimeout?: Duration;

  /**
   * When a failed attempt is made again.
   *
   * @default RetryPolicy.standardWebhooks() - ten attempts in somewhat more than three days
   */
  readonly retryPolicy?: RetryPolicy;

  /**
   * Where webhooks may go.
   *
   * @default NetworkPolicy.publicInternet() - every host, but only at public addresses, over https, and on port 443
   */
  readonly networkPolicy?: NetworkPolicy;

  /**
   * Whether requests are signed, and with which secret: Standard Webhooks, which public libraries verify in most languages.
   *
   * @default - they are not; `webhook-id` and `webhook-timestamp` are sent all the same
   */
  readonly signing?: WebhookSigning;

  /**
   * Headers whose values are secrets, for certain hosts: credentials of endpoints, which then need not travel in messages.
   *
   * Together with the network policy they may have 2,900 characters as JSON, with the ARNs of the secrets in it, not their values: the variables
   * of a function have no more room.
   *
   * @default - none
   */
  readonly secretHeaders?: SecretHeader[];

  /**
   * How many invocations at a time SQS may bring about of the ingest function, and as many of the deliver function: 2 to 1,000. How many
   * webhooks one invocation of deliver holds follows from `deliverMemory`.
   *
   * A bound keeps a burst, or endpoints that hang, from taking all the concurrency that the account has (1,000 by default), and other functions
   * need. What exceeds it waits, and is late. Where a queue has provisioned pollers, their maximum is its bound instead: not together with both
   * `ingestPollers` and `deliverPollers`.
   *
   * @default 100 - where deliver has 512 MiB, 10,000 webhooks at a time
   */
  readonly maxConcurrency?: number;

  /**
   * Provisioned pollers for the queue of the ingest function: for many messages that are published one by one.
   *
   * They call SQS up to ten times a second each, and no more often, so that messages come by several where more than that are published: with two
   * of them and 10,000 webhooks a minute, eight at a time, for a quarter less of the bill and without the notice that `ingestBatchingWindow` asks for.
   * Have one for each 5,000 messages a minute; each takes 100 messages a second at most, or 1 MB where that is less, and what exceeds that waits. They
   * are paid for by the hour, be there work or not.
   *
   * To take them away again, deploy only after
   * `aws lambda update-event-source-mapping --uuid … --provisioned-poller-config '{}'`: CloudFormation alone leaves them there, or fails.
   *
   * @see https://github.com/cdk-webhook-scheduler/cdk-webhook-scheduler/blob/main/docs/cost.md#published-one-by-one
   * @default - none: Lambda has readers of its own, five at first
   */
  readonly ingestPollers?: ProvisionedPollers;

  /**
   * Provisioned pollers for the queue of the deliver function: for many webhooks that are due at one instant.
   *
   * Without them Lambda begins with five invocations at a time and adds five a second; with them, with ten for each poller. They are paid for
   * by the hour, be there work or not.
   *
   * To take them away again, deploy only after
   * `aws lambda update-event-source-mapping --uuid … --provisioned-poller-config '{}'`: CloudFormation alone leaves them there, or fails.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
   * @default - none: Lambda has readers of its own, five at first
   */
  readonly deliverPollers?: ProvisionedPollers;

  /**
   * How long Lambda may gather messages before it invokes the ingest function with up to a hundred of them: whole seconds from 1 to 20.
   *
   * For many messages that are published one by one: fewer invocations and fewer requests of SQS make about a fifth less of the bill. Messages are
   * stored later by up to the window and, where there is little traffic, by up to 20 seconds however short it is. Webhooks then have to be published
   * 23 seconds ahead in place of three, and actions take effect as much later: nothing for a scheduler whose webhooks are due in a moment.
   *
   * @see https://github.com/cdk-webhook-scheduler/cdk-webhook-scheduler/blob/main/docs/cost.md#published-one-by-one
   * @default - none: each message is taken at once
   */
  readonly ingestBatchingWindow?: Duration;

  /**
   * Memory of the deliver function: 256 to 10,240 MiB. Lambda gives processor time in proportion, so that this is also how many webhooks one
   * invocation can make ready at a time: one for each 5 MiB, in ten queue messages of `deliverMemory / 51 MiB` webhooks each, 500 at most. Above
   * 1,769 MiB, a whole processor, the one thread that Node.js has gets no faster.
   *
   * An invocation begins some two seconds before the instant of its webhooks and is billed for that, by its memory.
   *
   * @default Size.mebibytes(512) - 100 webhooks an invocation
   */
  readonly deliverMemory?: Size;

  /**
   * Memory of the ingest function: 256 to 10,240 MiB. Lambda gives processor time in proportion: with more, a burst of messages is stored sooner.
   *
   * @default Size.mebibytes(512)
   */
  readonly ingestMemory?: Size;

  /**
   * Memory of the load function: 256 to 10,240 MiB. Lambda gives processor time in proportion: with more, a minute with very many webhooks is
   * loaded sooner.
   *
   * @default Size.mebibytes(512)
   */
  readonly loadMemory?: Size;

  /**
   * Into how many partitions of the table the webhooks of one minute are spread: 1 to 256. One takes 1,000 new webhooks a second.
   *
   * It can be changed at any time. What lies in partitions that a lower number leaves out is still loaded; looking for it goes on, at about a cent
   * a month each.
   *
   * @default 16
   */
  readonly partitions?: number;

  /**
   * Name of the input topic: up to 256 letters, digits, hyphens and underscores. With one, stacks of the app for other accounts and regions can
   * refer to the scheduler, which the CDK refuses otherwise, and its metrics have a name that reads well.
   *
   * Decide before the first deployment: to give it a name, another one, or none later replaces the topic, and what is published to the old one
   * meanwhile may be lost.
   *
   * @default - CloudFormation makes one up
   */
  readonly inputTopicName?: string;

  /**
   * An existing topic to publish failure notices to: a standard topic of the same region, of this or of another account.
   *
   * The functions are allowed to publish by policies of their own roles, and to use the topic's key where the app knows it. For an
   * imported topic that is encrypted with a key, that takes `sns.Topic.fromTopicAttributes` with `topicArn` and `keyArn`. A topic of
   * another account, and its key, have to allow this account on their side too. It has to take messages of 256 KiB, as topics do by
   * default.
   *
   * @default - the scheduler creates one
   */
  readonly failureTopic?: sns.ITopic;

  /**
   * How long the table keeps a webhook and its outcome after its date: whole seconds, at most 3,660 days; at least 29 days, since a message may
   * wait 14 days in a queue and 14 more as a dead letter, and has to be recognised when it is moved back; and at least 15 days longer than the
   * retry policy may take.
   *
   * DynamoDB deletes expired rows at no cost, within a few days.
   *
   * @default Duration.days(30)
   */
  readonly retention?: Duration;

  /**
   * How long the log groups of the functions keep their lines.
   *
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Whether the functions send traces to AWS X-Ray. With `ACTIVE` the input topic does so too, for messages that come with a sampled trace; with
   * `PASS_THROUGH` the functions do for these only.
   *
   * The roles of the functions may then `xray:PutTraceSegments` and `xray:PutTelemetryRecords`. SNS needs the permission of the account, by a
   * resource policy of X-Ray, of which an account has five at most and which is therefore not made here: without it, traces lack the topic.
   *
   * @see https://github.com/cdk-webhook-scheduler/cdk-webhook-scheduler/blob/main/docs/monitoring.md#traces
   * @default lambda.Tracing.DISABLED - traces cost by their number
   */
  readonly tracing?: lambda.Tracing;

  /**
   * What becomes of the table, the log groups and a generated signing secret when they leave the stack.
   *
   * @default RemovalPolicy.RETAIN - scheduled webhooks are not deleted with the stack
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Whether DynamoDB refuses to delete the table, whoever asks.
   *
   * @default - true, or false where `removalPolicy` is `DESTROY`, which would fail otherwise
   */
  readonly deletionProtection?: boolean;

  /**
   * Whether the table can be restored to any second of the last 35 days.
   *
   * @default true
   */
  readonly pointInTimeRecovery?: boolean;

  /**
   * A symmetric key of AWS KMS to encrypt all that is kept with: both topics (a `failureTopic` that is passed in keeps its own), all queues,
   * the table, the log groups and the generated signing secret.
   *
   * Its policy gets what SNS and CloudWatch Logs need, and has to let this account decide by IAM policies who else may use it, as the policy
   * of every `kms.Key` does. An imported key cannot be changed from here, and synthesis warns of what its owner has to do: allow `kms:Decrypt`
   * and `kms:GenerateDataKey` to `sns.amazonaws.com`, without which published messages are lost, and what CloudWatch Logs asks for to
   * `logs.<region>.amazonaws.com`. Not an alias.
   *
   * The variables of the functions, which hold names and settings but no secrets, stay encrypted with AWS's own key.
   *
   * Producers that are granted to publish may use the key too. So may, after `grantRead` and `grantRedrive`, who has these.
   *
   * @default - keys that SNS, SQS, DynamoDB and CloudWatch Logs own: encrypted at rest, at no cost, without a policy of your own
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * VPC that webhooks are sent from, to reach endpoints inside it. Only the deliver function is placed there.
   *
   * Its subnets need a way to DynamoDB, SQS, SNS and, where there are secrets, Secrets Manager: a NAT gateway or VPC endpoints. To call
   * private addresses, `networkPolicy` has to allow them, too. Where the VPC has DNS servers of its own, see `securityGroups`.
   *
   * Lambda takes the network from a function that is idle for weeks, and the next webhook would be minutes late: so the function is invoked once a
   * day, with nothing to do.
   *
   * @default - none: the function has Lambda's own network, which reaches public addresses only
   */
  readonly vpc?: ec2.IVpc;

  /**
   * Subnets of the VPC to send webhooks from: private ones. Synthesis warns of isolated ones, from which no webhook reaches the internet, and which
   * need VPC endpoints for AWS.
   *
   * @default - the private subnets with a way out
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Security groups of the function that sends webhooks, in the VPC.
   *
   * They say nothing of what is asked of Amazon's DNS server, which a VPC has by default. Where its DHCP options name others, the function finds no
   * host, not even those of AWS, unless a group lets DNS out to them: UDP and TCP, port 53. Pass one that does, or have the new one do it, by
   * `deliverFunction.connections.allowTo`.
   *
   * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
   * @default - a new one that lets nothing in, and out what `networkPolicy` allows (by ports), and HTTPS to AWS
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
}
