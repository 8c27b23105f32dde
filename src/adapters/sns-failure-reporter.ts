// Publishes failure notices to the failure topic.
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { Failure, noticeText } from '../core/failure-notice';
import { FailureReporter } from '../core/ports';

export class SnsFailureReporter implements FailureReporter {
  public constructor(private readonly client: Pick<SNSClient, 'send'>, private readonly topicArn: string) {}

  public async report(failure: Failure): Promise<void> {
    const { reason, refusal, action, queue } = failure;
    const attributes = Object.entries({ reason, refusal, action, queue }).filter(([, value]) => value !== undefined);
    await this.client.send(new PublishCommand({
      TopicArn: this.topicArn,
      Message: noticeText(failure),
      MessageAttributes: Object.fromEntries(attributes.map(([name, value]) => [name, { DataType: 'String', StringValue: value }])),
    }));
  }
}
