// Publishes failure notices to the failure topic.
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { Failure, noticeText } from '../core/failure-notice';
import { FailureReporter } from '../core/ports';

export class SnsFailureReporter implements FailureReporter {
  public constructor(private readonly client: SNSClient, private readonly topicArn: string) {}

  public async report(failure: Failure): Promise<void> {
    await this.client.send(new PublishCommand({
      TopicArn: this.topicArn,
      Message: noticeText(failure),
      MessageAttributes: { reason: { DataType: 'String', StringValue: failure.reason } },
    }));
  }
}
