// The end-to-end test as a function, for the integration test: its assertions can call functions, but cannot know what time it is.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { deploymentOf, PROBE_OUTPUTS } from './deployment';
import { DEPLOYED } from './options';
import { Run } from './run';

let run: Run | undefined;

/** What `look` answers; `publish` says how many messages there were. */
export interface ProbeAnswer {
  readonly published?: number;
  readonly complete?: boolean;
  readonly problems?: readonly string[];
  /** Milliseconds, by the names of the webhooks. */
  readonly late?: Readonly<Record<string, number>>;
}

/** `publish` begins a run, `look` says what has become of it. */
export async function handler({ action }: { action: 'publish' | 'look' }): Promise<ProbeAnswer> {
  run ??= new Run(
    { sns: new SNSClient({}), sqs: new SQSClient({}), dynamodb: new DynamoDBClient({}), secrets: new SecretsManagerClient({}) },
    deploymentOf(JSON.parse(process.env[PROBE_OUTPUTS] as string) as Record<string, string>),
    DEPLOYED,
  );
  if (action === 'publish') {
    return { published: await run.publish() };
  }
  const { complete, webhooks, problems } = await run.look();
  const late = Object.fromEntries(webhooks.flatMap(({ webhook: { name, dueAt, past }, arrivals: [first] }) => (
    first && !past ? [[name, first.arrivedAt - dueAt]] : []
  )));
  return { complete, problems, late };
}
