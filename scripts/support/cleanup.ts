// Runs a command-line program so that whatever ends it, also Ctrl-C, closes what it opened.
import { constants } from 'node:os';

export class Cleanup {
  private readonly closes: (() => Promise<void>)[] = [];
  private closing = false;

  /** Opens something that {@link run} closes, also if it is called while it is being opened. The last one opened is closed first. */
  public async open<T>(open: () => T | Promise<T>, close: (opened: T) => void | Promise<void>): Promise<T> {
    if (this.closing) {
      throw new Error('interrupted');
    }
    const opening = (async () => open())();
    this.closes.unshift(() => opening.then(close, () => undefined)); // who opens it gets the error
    return opening;
  }

  /** Runs something that opens what is closed when it ends, or when this is run before that. */
  public async scope<T>(use: (inner: Cleanup) => Promise<T>): Promise<T> {
    const inner = await this.open(() => new Cleanup(), (opened) => opened.run());
    try {
      return await use(inner);
    } finally {
      await inner.run();
    }
  }

  /** Closes everything; nothing more can be opened. */
  public async run(): Promise<void> {
    this.closing = true;
    for (const close of this.closes.splice(0)) {
      await close();
    }
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs `main` and ends the process with the exit code that it returns, or with 1 and its error's message if it fails. */
export async function runProgram(main: (cleanup: Cleanup) => Promise<number>): Promise<void> {
  // The documented switch: which Node.js this is, and for how long the SDK supports it, is no news here.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

  const cleanup = new Cleanup();
  let ending: Promise<never> | undefined;
  const end = (code: number): Promise<never> => {
    ending ??= cleanup.run().then(() => process.exit(code), (error: unknown) => {
      console.error(error);
      process.exit(1);
    });
    return ending;
  };
  for (const signal of SIGNALS) {
    process.on(signal, () => void end(128 + constants.signals[signal]));
  }
  try {
    await end(await main(cleanup));
  } catch (error) {
    if (!ending) { // otherwise it failed because everything under it is being closed
      console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    }
    await end(1);
  }
}
