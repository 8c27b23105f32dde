// What happened, in order: one line an event, only written where someone will read it.

export class Trace {
  public readonly lines: string[] = [];

  public constructor(private readonly now: () => number, public readonly on: boolean) {}

  /** `what` is only called where the trace is kept. */
  public add(actor: string, what: () => string): void {
    if (this.on) {
      this.lines.push(`${new Date(this.now()).toISOString().replace('T', ' ').slice(0, 23)}  ${actor.padEnd(12)} ${what()}`);
    }
  }
}

/** A value as a short text. */
export function short(value: unknown, length = 400): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value, (_, member: unknown) => (member instanceof Uint8Array ? `${member.length} bytes` : member));
  return text !== undefined && text.length > length ? `${text.slice(0, length)}…` : String(text);
}
