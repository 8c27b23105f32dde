// The bare HTTP client: Node.js's own, with a pool of connections that stay open, and nothing around it. The floor sends with it, and so does
// the peer's worker.
import { Agent, request } from 'node:http';

export class BareClient {
  private readonly agent: Agent;

  /** @param sockets connections at one time at most; what is beyond waits for the next one that is free */
  public constructor(private readonly url: string, private readonly sockets: number) {
    this.agent = new Agent({ keepAlive: true, maxSockets: sockets, maxFreeSockets: sockets });
  }

  /** Opens every connection, and runs the code. The path has to take its time to answer: one that is answered at once is taken again. */
  public async warmUp(target: string): Promise<void> {
    await Promise.all(Array.from({ length: this.sockets }, () => this.send(target)));
  }

  /** Sends what a webhook of the bench is; resolves with the status once the answer is read. */
  public send(target: string): Promise<number> {
    const body = JSON.stringify({ target });
    return new Promise((resolve, reject) => {
      const sent = request(this.url + target, {
        agent: this.agent,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'user-agent': 'bare', 'webhook-id': target },
      }, (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
        answer.once('error', reject);
      });
      sent.once('error', reject);
      sent.end(body);
    });
  }
}
