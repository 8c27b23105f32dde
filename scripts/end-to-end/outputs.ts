// Finds what is deployed: from the outputs of a stack, in a file that CDK wrote or from CloudFormation, or from the file of `npm run local`.
import { readFileSync } from 'node:fs';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { deploymentOf, OUTPUTS, Outputs, OutputsError } from './deployment';
import type { Deployment } from './run';
import type { Endpoints } from '../../src/local/emulators';

/** What `npm run local -- --outputs-file F` writes. */
export interface LocalOutputs {
  readonly region: string;
  readonly inputTopicArn: string;
  readonly failureTopicArn: string;
  readonly signingSecretArn?: string;
  readonly endpoints: Endpoints;
}

/** The file of `cdk deploy --outputs-file` or of `npm run local -- --outputs-file`. */
export function readOutputs(file: string): Deployment | LocalOutputs {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new OutputsError(`${file} cannot be read as JSON: ${(error as Error).message}`);
  }
  const outputs = json as LocalOutputs | Record<string, Outputs>;
  if ('endpoints' in outputs) {
    return outputs as LocalOutputs;
  }
  const stacks = Object.values(outputs).filter((stack) => typeof stack === 'object');
  return deploymentOf(stacks.find((stack) => OUTPUTS.every((name) => name in stack)) ?? Object.assign({}, ...stacks) as Outputs);
}

export function isLocal(outputs: Deployment | LocalOutputs): outputs is LocalOutputs {
  return 'endpoints' in outputs;
}

export async function describeOutputs(stackName: string): Promise<Deployment> {
  const client = new CloudFormationClient({});
  try {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
    return deploymentOf(Object.fromEntries((stack?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue])));
  } finally {
    client.destroy();
  }
}
