// A scheduler as tests run it in the local engine: with its endpoints on this machine, and without minutes of waiting.
import type { EngineEvent, LocalEngineOptions } from '../../src/local/engine';
import { NetworkPolicy } from 'cdk-webhook-scheduler';

/** To this machine too, where the receivers of tests are: plain HTTP, on any port. */
export const LOOPBACK_POLICY = NetworkPolicy.publicInternet({ allowHttp: true, allowedPorts: ['1-65535'], allowedCidrs: ['127.0.0.0/8'] });

/** Minutes as seconds: what is due later than 10 s after it is stored is left to load. */
export const MINUTES_AS_SECONDS: Pick<LocalEngineOptions, 'tickSeconds' | 'environment'> = {
  tickSeconds: 1,
  environment: { INGEST_HORIZON_SECONDS: '10', LOAD_HORIZON_SECONDS: '6' },
};

/** The lines that functions have logged under a message. */
export function recordsOf(events: readonly EngineEvent[], message: string): Record<string, unknown>[] {
  return events.flatMap((event) => (event.type === 'log' && event.record?.message === message ? [event.record] : []));
}
