/** Waits until `find` gives something; fails with `what` when it takes too long even for a slow machine. */
export async function until<T>(what: string, find: () => T | undefined | false | Promise<T | undefined | false>, seconds = 30): Promise<T> {
  const giveUp = Date.now() + seconds * 1000;
  for (;;) {
    const result = await find();
    if (result !== undefined && result !== false) {
      return result;
    }
    if (Date.now() > giveUp) {
      throw new Error(`Waited ${seconds} s in vain for ${what}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
