// Stacks with one scheduler each, as an app may configure it, that run on a small machine within seconds.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { App, CfnResource, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { IConstruct } from 'constructs';
import { LOOPBACK_POLICY } from '../support/local-scheduler';
import { RetryPolicy, WebhookScheduler, WebhookSchedulerProps, WebhookSigning } from 'cdk-webhook-scheduler';

/** The host of the secret header. Nothing has to listen there: the secret is read before the connection is made. */
export const SECRET_HOST = 'localhost';

const key = (stack: Stack): WebhookSchedulerProps => ({ encryptionKey: new kms.Key(stack, 'Key', { enableKeyRotation: true }) });
const network = (stack: Stack): WebhookSchedulerProps => ({ vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }) });
const secrets = (stack: Stack): WebhookSchedulerProps => ({
  signing: WebhookSigning.generated(),
  secretHeaders: [{ header: 'authorization', secret: new secretsmanager.Secret(stack, 'ApiKey'), hosts: [SECRET_HOST] }],
});

/** Props by the name of what they configure. */
export const STACKS: Readonly<Record<string, (stack: Stack) => WebhookSchedulerProps>> = {
  'the defaults': () => ({}),
  'a key': key,
  'a VPC, signing and a secret header': (stack) => ({ ...network(stack), ...secrets(stack) }),
  'everything at once': (stack) => ({ ...key(stack), ...network(stack), ...secrets(stack) }),
};

const directories: string[] = [];

/** A directory that {@link removeAssemblies} removes. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'least-privilege-'));
  directories.push(directory);
  return directory;
}

export function removeAssemblies(): void {
  directories.splice(0).forEach((directory) => rmSync(directory, { recursive: true, force: true }));
}

/** Seconds after which a failed attempt is made again: once by way of the delay queue, once by way of the table. */
export const RETRY_SECONDS = [1, 5] as const;

/** Synthesizes a stack with a scheduler, and what else an app adds, and returns the directory of the assembly. */
export function synthesize(props: (stack: Stack) => WebhookSchedulerProps, extend: (scheduler: WebhookScheduler) => void = () => undefined): string {
  const outdir = temporaryDirectory();
  const app = new App({ outdir, analyticsReporting: false });
  const stack = new Stack(app, 'Stack');
  const scheduler = new WebhookScheduler(stack, 'Scheduler', {
    requestTimeout: Duration.seconds(3),
    retryPolicy: RetryPolicy.fixed(RETRY_SECONDS.map((seconds) => Duration.seconds(seconds)), { jitter: 0 }),
    networkPolicy: LOOPBACK_POLICY,
    ...props(stack),
  });
  const override = (construct: IConstruct, property: string, value: number) => (
    (construct.node.defaultChild as CfnResource).addPropertyOverride(property, value)
  );
  for (const source of ['IngestSource', 'DeliverSource']) {
    override(scheduler.node.findChild(source), 'ScalingConfig.MaximumConcurrency', 2);
  }
  for (const queue of [scheduler.ingestQueue, scheduler.delayQueue]) {
    override(queue, 'RedrivePolicy.maxReceiveCount', 2);
  }
  extend(scheduler);
  app.synth();
  return outdir;
}

interface PolicyResource {
  Type: string;
  Properties: { [property: string]: { Statement: { Action: string | string[] }[] } };
}

/**
 * Takes statements out of the template of an assembly: those of the resource whose logical id begins so that name the action. Where a statement
 * names others too, they stay. Throws if there is none.
 */
export function removeAction(assembly: string, logicalId: string, action: string, property = 'PolicyDocument'): void {
  editTemplate(assembly, logicalId, ({ Properties }) => {
    const statements = Properties[property].Statement;
    const left = statements.flatMap((statement) => {
      const actions = [statement.Action].flat();
      const others = actions.filter((name) => name !== action);
      return others.length === actions.length ? [statement] : others.length === 0 ? [] : [{ ...statement, Action: others }];
    });
    if (JSON.stringify(left) === JSON.stringify(statements)) {
      throw new Error(`no statement of ${logicalId} allows ${action}`);
    }
    Properties[property].Statement = left;
  });
}

/** Takes a resource out of the template of an assembly: the one whose logical id begins so. */
export function removeResource(assembly: string, logicalId: string): void {
  editTemplate(assembly, logicalId, () => undefined, true);
}

function editTemplate(assembly: string, logicalId: string, edit: (resource: PolicyResource) => void, remove = false): void {
  const file = path.join(assembly, 'Stack.template.json');
  const template = JSON.parse(readFileSync(file, 'utf8')) as { Resources: Record<string, PolicyResource> };
  const found = Object.keys(template.Resources).filter((id) => new RegExp(`^${logicalId}[0-9A-F]{8,16}$`).test(id));
  if (found.length !== 1) {
    throw new Error(`${found.length} resources have a logical id that begins with ${logicalId}, expected 1`);
  }
  if (remove) {
    delete template.Resources[found[0]];
  } else {
    edit(template.Resources[found[0]]);
  }
  writeFileSync(file, JSON.stringify(template));
}
