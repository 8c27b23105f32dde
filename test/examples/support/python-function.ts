// A function of a Python example, in a process of its own.
import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import { EXAMPLES_DIRECTORY } from './examples';

interface Answer {
  readonly result?: unknown;
  readonly error?: string;
}

export class PythonFunction {
  private readonly child: ChildProcess;
  private readonly waiting: ((answer: Answer) => void)[] = [];
  private log = '';

  /**
   * @param directory of the function, below `examples/python`
   * @param module    that has the handler
   */
  constructor(python: string, directory: string, module: string, env: NodeJS.ProcessEnv) {
    const child = spawn(python, [path.join(__dirname, 'invoke.py'), path.join(EXAMPLES_DIRECTORY, 'python', directory), module], {
      env: { ...process.env, ...env }, stdio: 'pipe',
    });
    this.child = child;
    child.stderr.on('data', (chunk) => { this.log += String(chunk); });
    createInterface({ input: child.stdout }).on('line', (line) => this.waiting.shift()?.(JSON.parse(line) as Answer));
    child.once('exit', () => this.waiting.splice(0).forEach((answered) => answered({ error: `the process ended: ${this.log}` })));
  }

  public readonly invoke = async (event: object): Promise<unknown> => {
    const answer = new Promise<Answer>((resolve) => this.waiting.push(resolve));
    this.child.stdin?.write(`${JSON.stringify(event)}\n`);
    const { result, error } = await answer;
    if (error !== undefined) {
      throw new Error(error);
    }
    return result;
  };

  public async close(): Promise<void> {
    if (this.child.exitCode === null) {
      const exited = once(this.child, 'exit');
      this.child.stdin?.end();
      await exited;
    }
  }
}
