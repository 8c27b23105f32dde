// Stands between a client and an emulator, and does to requests what networks and throttled services do.
import { once } from 'node:events';
import { createServer, IncomingMessage, request, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `pass` it on; `throttle` it, unseen by the service; `lose` its answer once the service has done it. */
export type Fate = 'pass' | 'throttle' | 'lose';

export class FlakyProxy {
  public static async start(target: string): Promise<FlakyProxy> {
    const proxy = new FlakyProxy(target);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  /** Milliseconds each request takes at least. */
  public delayMs = 0;
  /** Most requests that were under way at once. */
  public mostAtOnce = 0;
  private underWay = 0;
  private readonly server: Server;

  private constructor(private readonly target: string) {
    this.server = createServer((incoming, outgoing) => {
      this.underWay++;
      this.mostAtOnce = Math.max(this.mostAtOnce, this.underWay);
      outgoing.once('close', () => this.underWay--);
      setTimeout(() => this.handle(incoming, outgoing), this.delayMs);
    });
  }

  /** Decides over each request, by its operation (`UpdateItem`…) and by how often the client has tried it, from 1. */
  public fateOf: (operation: string, attempt: number) => Fate = () => 'pass';

  public get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  public close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const operation = String(incoming.headers['x-amz-target']).split('.')[1];
    const attempt = Number(/attempt=(\d+)/.exec(String(incoming.headers['amz-sdk-request']))?.[1]);
    const fate = this.fateOf(operation, attempt);
    if (fate === 'throttle') {
      incoming.resume();
      outgoing.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      outgoing.end(JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException', message: 'Rate exceeded' }));
      return;
    }
    const passed = request(`${this.target}${incoming.url ?? ''}`, { method: incoming.method, headers: incoming.headers }, (answer) => {
      if (fate === 'lose') {
        answer.resume();
        answer.once('end', () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(passed);
  }
}
