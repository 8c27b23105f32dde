/** The same items, each read while the one before it is made use of. */
export async function* readAhead<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (;;) {
      // Not in the head of the loop: V8 would keep the first item and the one before for as long as this generator waits.
      const item = await next;
      if (item.done) {
        return;
      }
      next = iterator.next();
      next.catch(() => undefined); // it is found out when its turn comes
      yield item.value;
    }
  } finally {
    await next.catch(() => undefined); // whoever has enough of it leaves nothing going on behind
  }
}
