// Schedulers as an app may have them, planned as the local engine would run them.
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { FunctionName } from './bundles';
import { WebhookScheduler, WebhookSchedulerProps, WebhookSigning } from '../../src';
import { readAssembly } from '../../src/local/assembly';
import { EnginePlan, FunctionPlan, planAssembly } from '../../src/local/plan';

/** Everything that has permissions or statements of its own. */
export const everything = (stack: Stack): WebhookSchedulerProps => ({
  encryptionKey: new kms.Key(stack, 'Key', { enableKeyRotation: true }),
  vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }),
  signing: WebhookSigning.generated(),
  secretHeaders: [{ header: 'authorization', secret: new secretsmanager.Secret(stack, 'ApiKey'), hosts: ['api.example.com'] }],
});

/**
 * Plans a stack with one scheduler.
 *
 * @param outdir an empty directory, for its assembly
 */
export function planScheduler(outdir: string, props: (stack: Stack) => WebhookSchedulerProps = () => ({})): EnginePlan {
  const app = new App({ outdir, analyticsReporting: false });
  const stack = new Stack(app, 'Stack');
  new WebhookScheduler(stack, 'Scheduler', props(stack));
  app.synth();
  return planAssembly(readAssembly(outdir), 'http://127.0.0.1');
}

export function functionsOf({ functions, schedulers: [{ functions: names }] }: EnginePlan): Record<FunctionName, FunctionPlan> {
  const planOf = (name: FunctionName) => functions.find((plan) => plan.name === names[name]) as FunctionPlan;
  return { ingest: planOf('ingest'), load: planOf('load'), deliver: planOf('deliver') };
}
