// A receiver in a process of its own, so that its work and the sender's don't wait for each other.
import * as path from 'node:path';
import { Child } from './child';
import type { Behaviour } from './receiver';
import type { Arrival, ReceiverCommand, ReceiverReply } from './receiver-child';

export class ReceiverProcess {
  public static async start(behaviours: Readonly<Record<string, Behaviour>> = {}): Promise<ReceiverProcess> {
    const child = new Child<ReceiverCommand>(path.join(__dirname, 'receiver-child.ts'));
    const { url } = await child.ask<ReceiverReply>({ type: 'start', behaviours });
    return new ReceiverProcess(child, url as string);
  }

  private constructor(private readonly child: Child<ReceiverCommand>, public readonly url: string) {}

  public get pid(): number {
    return this.child.pid;
  }

  /** How many requests have come whose target starts with this. */
  public async count(prefix: string): Promise<number> {
    return (await this.child.ask<ReceiverReply>({ type: 'count', prefix })).count as number;
  }

  public async arrivals(prefix: string): Promise<readonly Arrival[]> {
    return (await this.child.ask<ReceiverReply>({ type: 'arrivals', prefix })).arrivals as readonly Arrival[];
  }

  public close(): Promise<void> {
    return this.child.close();
  }
}
