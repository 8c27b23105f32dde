/** The same items, each read while the one before it is made use of. */
export async function* readAhead<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (let item = await next; !item.done; item = await next) {
      next = iterator.next();
      next.catch(() => undefined); // it is found out when its turn comes
      yield item.value;
    }
  } finally {
    await next.catch(() => undefined); // whoever has enough of it leaves nothing going on behind
  }
}
