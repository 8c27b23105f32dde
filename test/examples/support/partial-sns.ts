// An SNS that takes only the first message of each batch, and says of the others that they have failed: as it may on a bad day.
import { once } from 'node:events';
import { createServer, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface PartialSnsOptions {
  /** Whether what it does not take is the sender's own fault. */
  readonly senderFault: boolean;
}

export class PartialSns {
  public static async start(options: PartialSnsOptions): Promise<PartialSns> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PartialSns(server, options);
  }

  public readonly url: string;
  /** What it has taken, in that order. */
  public readonly taken: string[] = [];
  /** How many messages each call had. */
  public readonly calls: number[] = [];

  private constructor(private readonly server: Server, { senderFault }: PartialSnsOptions) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', async (request, response) => {
      const form = new URLSearchParams(await text(request));
      const entry = (n: number, field: string): string | null => form.get(`PublishBatchRequestEntries.member.${n}.${field}`);
      const ids: string[] = [];
      for (let n = 1; entry(n, 'Id') !== null; n++) {
        ids.push(entry(n, 'Id') as string);
      }
      this.calls.push(ids.length);
      this.taken.push(entry(1, 'Message') as string);
      const failed = ids.slice(1).map((id) => (
        `<member><Id>${id}</Id><Code>InternalFailure</Code><Message>a bad day</Message><SenderFault>${senderFault}</SenderFault></member>`
      ));
      response.setHeader('content-type', 'text/xml');
      response.end(`<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>
        <Successful><member><Id>${ids[0]}</Id><MessageId>taken</MessageId></member></Successful><Failed>${failed.join('')}</Failed>
        </PublishBatchResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishBatchResponse>`);
    });
  }

  public async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}
