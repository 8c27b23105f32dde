// Shows what happens while the demo waits: one line that keeps changing on a terminal, a line for each event elsewhere.
import { paint } from '../support/terminal';

/** Something that is waited for. */
export interface Awaited {
  readonly name: string;
  /** When it is to happen, in milliseconds since the epoch. */
  readonly dueAt: number;
}

const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
const FRAME_MS = 80;
const BAR_WIDTH = 24;
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_LINE = '\r\x1b[2K';

export class Progress {
  public static start(webhooks: readonly Awaited[]): Progress {
    const progress = new Progress(webhooks);
    if (progress.live) {
      process.stdout.write(HIDE_CURSOR);
      progress.timer = setInterval(() => progress.draw(), FRAME_MS);
    }
    return progress;
  }

  private readonly fired = new Set<string>();
  private readonly live = process.stdout.isTTY;
  private timer?: NodeJS.Timeout;
  private last = '';

  private constructor(private readonly webhooks: readonly Awaited[]) {}

  /** Tells of an event; `what` is a word such as `stored`. */
  public tell(what: string, about: string): void {
    this.last = `${about} ${what}`;
    if (!this.live) {
      console.log(`  ${new Date().toISOString().slice(11, 23)}  ${what.padEnd(9)}  ${about}`);
    }
  }

  public fire(name: string, details: string): void {
    this.fired.add(name);
    this.tell('fired', `${name}${details}`);
  }

  /** Leaves no trace on a terminal. May be called again. */
  public stop(): void {
    if (this.timer) {
      clearInterval(this.timer);
      this.timer = undefined;
      process.stdout.write(CLEAR_LINE + SHOW_CURSOR);
    }
  }

  private draw(): void {
    const now = Date.now();
    const done = Math.round(BAR_WIDTH * this.fired.size / this.webhooks.length);
    const bar = paint('green', '━'.repeat(done)) + paint('dim', '━'.repeat(BAR_WIDTH - done));
    const [next] = this.webhooks.filter(({ name, dueAt }) => !this.fired.has(name) && dueAt > now).sort((a, b) => a.dueAt - b.dueAt);
    const outlook = next ? `next: ${next.name} in ${((next.dueAt - now) / 1000).toFixed(1)} s` : this.last;
    const frame = paint('cyan', FRAMES[Math.floor(now / FRAME_MS) % FRAMES.length]);
    process.stdout.write(`${CLEAR_LINE}  ${frame} ${bar}  ${this.fired.size} of ${this.webhooks.length} fired  ${paint('dim', outlook)}`);
  }
}
