// A receiver in a process of its own, so that its work and the sender's don't wait for each other.
import { ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import type { Behaviour } from './receiver';
import type { Arrival, ReceiverCommand, ReceiverReply } from './receiver-child';

interface Question {
  answered(reply: ReceiverReply): void;
  failed(error: Error): void;
}

export class ReceiverProcess {
  public static async start(behaviours: Readonly<Record<string, Behaviour>> = {}): Promise<ReceiverProcess> {
    const receiver = new ReceiverProcess();
    const { url } = await receiver.ask({ type: 'start', behaviours });
    receiver.url = url as string;
    return receiver;
  }

  public url = '';
  private readonly child: ChildProcess = fork(path.join(__dirname, 'receiver-child.ts'), [], {
    execArgv: ['--require', require.resolve('tsx/cjs')],
  });
  /** Open questions; the child answers in their order. */
  private readonly questions: Question[] = [];

  private constructor() {
    this.child.on('message', (reply) => this.questions.shift()?.answered(reply as ReceiverReply));
    this.child.once('exit', (code, signal) => {
      const error = new Error(`the receiver's process ended with ${signal ?? `exit code ${code}`}`);
      this.questions.splice(0).forEach((question) => question.failed(error));
    });
  }

  public get pid(): number {
    return this.child.pid as number;
  }

  /** How many requests have come whose target starts with this. */
  public async count(prefix: string): Promise<number> {
    return (await this.ask({ type: 'count', prefix })).count as number;
  }

  public async arrivals(prefix: string): Promise<readonly Arrival[]> {
    return (await this.ask({ type: 'arrivals', prefix })).arrivals as readonly Arrival[];
  }

  public async close(): Promise<void> {
    if (this.child.connected) {
      const exited = once(this.child, 'exit');
      this.child.disconnect();
      await exited;
    }
  }

  private ask(command: ReceiverCommand): Promise<ReceiverReply> {
    return new Promise((answered, failed) => {
      if (!this.child.connected) {
        failed(new Error('the receiver\'s process has ended'));
        return;
      }
      this.questions.push({ answered, failed });
      this.child.send(command, () => undefined); // a failed send means that the process has ended, which fails the question
    });
  }
}
