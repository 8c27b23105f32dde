// `AbortSignal.timeout` runs on real time. While a simulation runs, it makes signals that the simulated services read their timeout from.

const timeouts = new WeakMap<AbortSignal, number>();

/** The timeout of a signal, in milliseconds. */
export function timeoutOfSignal(signal: AbortSignal): number {
  const ms = timeouts.get(signal);
  if (ms === undefined) {
    throw new Error('the simulation knows no signals but those of AbortSignal.timeout');
  }
  return ms;
}

/** Has `AbortSignal.timeout` make such signals until the function that it returns is called. */
export function useVirtualTimeouts(): () => void {
  const real = AbortSignal.timeout;
  AbortSignal.timeout = (ms) => {
    const { signal } = new AbortController();
    timeouts.set(signal, ms);
    return signal;
  };
  return () => {
    AbortSignal.timeout = real;
  };
}
