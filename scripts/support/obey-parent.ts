// What a child process does for its parent's `Child`.

/** Does what the parent asks, one thing after the other, and replies with what comes of it. Ends when the parent does, or where something fails. */
export function obeyParent<Command>(obey: (command: Command) => Promise<unknown>): void {
  let done = Promise.resolve();
  process.on('message', (command: Command) => {
    done = done.then(async () => {
      process.send?.(await obey(command) ?? null); // there has to be a reply
    });
  });
  process.on('disconnect', () => process.exit());
  // Ctrl-C reaches every process of a terminal; this one may still be asked for something before it ends.
  process.on('SIGINT', () => undefined);
}
