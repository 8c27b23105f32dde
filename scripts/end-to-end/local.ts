// The other half of the test's stack for a local engine, which runs a scheduler and nothing else: the receiver, its table, and the queue.
import { CreateTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { Arrivals, PARTITION_KEY, SORT_KEY } from './arrivals';
import { OutputsError } from './deployment';
import type { LocalOutputs } from './outputs';
import { receiverFor } from './receiver';
import type { Clients, Deployment } from './run';
import type { Cleanup } from '../support/cleanup';
import { subscribeQueue } from '../support/failure-queue';
import { FunctionUrl } from '../support/function-url';

export async function completeOnThisMachine(outputs: LocalOutputs, clients: Clients, cleanup: Cleanup): Promise<Deployment> {
  const { inputTopicArn, failureTopicArn, signingSecretArn } = outputs;
  if (!signingSecretArn) {
    throw new OutputsError('The scheduler that runs locally signs nothing, and the test verifies signatures: run the app of examples/typescript/local.');
  }
  // Of its own, so that the test can be run again on the same engine.
  const name = `end-to-end-${Date.now().toString(36)}`;
  const { dynamodb, sns, sqs } = clients;
  await dynamodb.send(new CreateTableCommand({
    TableName: name,
    KeySchema: [{ AttributeName: PARTITION_KEY, KeyType: 'HASH' }, { AttributeName: SORT_KEY, KeyType: 'RANGE' }],
    AttributeDefinitions: [PARTITION_KEY, SORT_KEY].map((key) => ({ AttributeName: key, AttributeType: 'S' as const })),
    BillingMode: 'PAY_PER_REQUEST',
  }));
  while ((await dynamodb.send(new DescribeTableCommand({ TableName: name }))).Table?.TableStatus !== 'ACTIVE') {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const receiver = await cleanup.open(() => FunctionUrl.start(receiverFor(new Arrivals(dynamodb, name))), (opened) => opened.close());
  const failureQueueUrl = await subscribeQueue(sns, sqs, failureTopicArn, name);
  return { inputTopicArn, signingSecretArn, receiverUrl: receiver.url, arrivalsTable: name, failureQueueUrl };
}
