// The floor: the same requests at the same instants, sent by the bare HTTP client in a process of its own, with no scheduler at all.
import * as path from 'node:path';
import type { FloorCommand } from './floor-child';
import type { PlannedWebhook, Sender } from './sender';
import { Child } from '../scripts/support/child';
import type { Cleanup } from '../scripts/support/cleanup';

/** To hand the webhooks over, with the time to spare that it takes for the process to come to rest. */
const AHEAD_MS = 2_000;

export class Floor implements Sender {
  public static async start(cleanup: Cleanup, url: string, sockets: number, warmUp: string): Promise<Floor> {
    const child = await cleanup.open(() => new Child<FloorCommand>(path.join(__dirname, 'floor-child.ts')), (opened) => opened.close());
    await child.ask({ type: 'open', url, sockets, warmUp });
    return new Floor(child, sockets);
  }

  public readonly aheadMs = AHEAD_MS;

  private constructor(private readonly child: Child<FloorCommand>, private readonly sockets: number) {}

  public get settings(): string {
    return `node:http in one process, ${this.sockets} connections, all open before the first date`;
  }

  public processes(): Readonly<Record<string, readonly number[]>> {
    return { sender: [this.child.pid] };
  }

  public async schedule(planned: readonly PlannedWebhook[]): Promise<void> {
    await this.child.ask({ type: 'schedule', planned });
  }
}
