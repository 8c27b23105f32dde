// Synthesizes what the bill is measured by: a scheduler as the example app has it, and what a work asks for of its ingest.
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Work } from './metered';
import type { Cleanup } from '../../scripts/support/cleanup';
import { temporaryDirectory } from '../../scripts/support/temporary-directory';
import { NetworkPolicy, WebhookScheduler, WebhookSigning } from '../../src';

/** Returns the directory of the assembly; `cleanup` removes it. */
export async function billedAssembly({ windowSeconds, pollers }: Pick<Work, 'windowSeconds' | 'pollers'>, cleanup: Cleanup): Promise<string> {
  const outdir = await temporaryDirectory(cleanup, 'bill');
  const app = new App({ outdir, analyticsReporting: false });
  new WebhookScheduler(new Stack(app, 'Bill'), 'Scheduler', {
    networkPolicy: NetworkPolicy.publicInternet({ allowHttp: true, allowedCidrs: ['127.0.0.0/8', '::1/128'], allowedPorts: ['1-65535'] }),
    signing: WebhookSigning.generated(),
    removalPolicy: RemovalPolicy.DESTROY,
    ingestBatchingWindow: windowSeconds === undefined ? undefined : Duration.seconds(windowSeconds),
    ingestPollers: pollers === undefined ? undefined : { minimum: pollers, maximum: pollers },
  });
  app.synth();
  return outdir;
}
