// A child process of the bench that does what it is told, one thing after the other.
import { ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';

export class Child<Command extends object> {
  private readonly child: ChildProcess;
  private readonly ended: Promise<never>;

  /** @param script TypeScript, which replies to each command with one message */
  public constructor(script: string) {
    this.child = fork(script, [], { execArgv: ['--require', require.resolve('tsx/cjs')] });
    this.ended = once(this.child, 'exit').then(([code, signal]) => {
      throw new Error(`the process of ${path.basename(script)} ended with ${String(signal ?? code)}`);
    });
    this.ended.catch(() => undefined); // where nobody asks any more, it may
  }

  public get pid(): number {
    return this.child.pid as number;
  }

  /** Resolves with the reply; not to be called again before that. */
  public async ask<Reply = unknown>(command: Command): Promise<Reply> {
    const replied = once(this.child, 'message');
    this.child.send(command, () => undefined); // a failed send means that the process has ended
    const [reply] = await Promise.race([replied, this.ended]) as [Reply];
    return reply;
  }

  public async close(): Promise<void> {
    if (this.child.connected) {
      this.child.disconnect();
      await this.ended.catch(() => undefined);
    }
  }
}
