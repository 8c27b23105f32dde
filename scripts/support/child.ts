// A child process that does what it is told, one thing after the other.
import { ChildProcess, fork, ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';

interface Question {
  answered(reply: unknown): void;
  failed(error: Error): void;
}

/** Of what it wrote to stderr before it ended, at most this much is told. */
const LAST_WORDS_LENGTH = 1_000;

export class Child<Command extends object> {
  private readonly child: ChildProcess;
  /** Open questions; the child answers in their order. */
  private readonly questions: Question[] = [];
  private lastWords = '';
  private error?: Error;

  /**
   * @param script what it runs, which calls `obeyParent`
   * @param options by default it runs TypeScript, and writes where its parent does
   */
  public constructor(script: string, options: ForkOptions = { execArgv: ['--require', require.resolve('tsx/cjs')] }) {
    this.child = fork(script, [], options);
    // Output that nobody wants is read all the same: a child whose pipe is full would wait for that.
    this.child.stdout?.resume();
    this.child.stderr?.on('data', (chunk) => {
      this.lastWords = (this.lastWords + String(chunk)).slice(-LAST_WORDS_LENGTH);
    });
    this.child.on('message', (reply) => this.questions.shift()?.answered(reply));
    this.child.once('exit', (code, signal) => {
      this.error = new Error(`the process of ${path.basename(script)} ended with ${signal ?? `exit code ${code}`}${this.lastWords && `: ${this.lastWords}`}`);
      this.questions.splice(0).forEach((question) => question.failed(this.error as Error));
    });
  }

  public get pid(): number {
    return this.child.pid as number;
  }

  /** Resolves with the reply; rejects if the process ends before it. */
  public ask<Reply = unknown>(command: Command): Promise<Reply> {
    return new Promise((resolve, failed) => {
      if (this.error) {
        failed(this.error);
        return;
      }
      this.questions.push({ answered: (reply) => resolve(reply as Reply), failed });
      this.child.send(command, () => undefined); // a failed send means that the process has ended, which fails the question
    });
  }

  public async close(): Promise<void> {
    if (this.child.connected) {
      const exited = once(this.child, 'exit');
      this.child.disconnect();
      await exited;
    }
  }
}
