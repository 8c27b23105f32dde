// The failure topic, and its subscriber: a producer that has what failed redriven now and then.
import type { PublishCommandInput } from '@aws-sdk/client-sns';
import { Resource } from './services';
import { Worker } from './worker';

const MAX_MESSAGE_BYTES = 256 * 1024;

export class FailureTopic implements Resource {
  public constructor(private readonly onNotice: (text: string, reason: string | undefined, by: Worker) => void) {}

  public execute(command: string, input: object, by: Worker): object {
    const { Message = '', MessageAttributes = {} } = input as PublishCommandInput;
    const attributes = Object.values(MessageAttributes);
    if (command !== 'PublishCommand' || Message === '' || Buffer.byteLength(Message) > MAX_MESSAGE_BYTES
      || attributes.some(({ DataType, StringValue }) => DataType !== 'String' || !StringValue)) {
      throw Object.assign(new Error(`not to be published: ${command} of ${Message}`), { name: 'InvalidParameterValue' });
    }
    this.onNotice(Message, MessageAttributes.reason?.StringValue, by);
    return { MessageId: 'notice' };
  }
}
