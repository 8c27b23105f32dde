/** Why those of `Promise.allSettled` that failed did. */
export function rejectionsOf(results: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
}

/**
 * As `Promise.all`, but all come to their end before the first error, if there is one, is thrown: a function that has answered must not have
 * anything going on behind it.
 */
export async function allEnded<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) {
    throw failed.reason;
  }
  return Promise.all(promises);
}
