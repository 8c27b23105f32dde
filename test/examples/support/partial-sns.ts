// An SNS that takes only the first message of each batch, and says of the others that they have failed: as it may on a bad day.
import { FunctionUrl } from '../../../scripts/support/function-url';

export interface PartialSnsOptions {
  /** Whether what it does not take is the sender's own fault. */
  readonly senderFault: boolean;
}

export class PartialSns {
  public static async start({ senderFault }: PartialSnsOptions): Promise<PartialSns> {
    const taken: string[] = [];
    const calls: number[] = [];
    const server = await FunctionUrl.start(async ({ body }) => {
      const form = new URLSearchParams(body);
      const entry = (n: number, field: string): string | null => form.get(`PublishBatchRequestEntries.member.${n}.${field}`);
      const ids: string[] = [];
      for (let n = 1; entry(n, 'Id') !== null; n++) {
        ids.push(entry(n, 'Id') as string);
      }
      calls.push(ids.length);
      taken.push(entry(1, 'Message') as string);
      const failed = ids.slice(1).map((id) => (
        `<member><Id>${id}</Id><Code>InternalFailure</Code><Message>a bad day</Message><SenderFault>${senderFault}</SenderFault></member>`
      ));
      return {
        headers: { 'content-type': 'text/xml' },
        body: `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>
        <Successful><member><Id>${ids[0]}</Id><MessageId>taken</MessageId></member></Successful><Failed>${failed.join('')}</Failed>
        </PublishBatchResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishBatchResponse>`,
      };
    });
    return new PartialSns(server, taken, calls);
  }

  public readonly url: string;

  /**
   * @param taken what it has taken, in that order
   * @param calls how many messages each call had
   */
  private constructor(private readonly server: FunctionUrl, public readonly taken: readonly string[], public readonly calls: readonly number[]) {
    this.url = server.url;
  }

  public async close(): Promise<void> {
    await this.server.close();
  }
}
