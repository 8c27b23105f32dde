// Where the webhooks of the end-to-end test go: a function URL that writes down what comes, and answers as the test wants.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { Arrivals } from './arrivals';
import { answerTo } from './webhooks';

export function receiverFor(arrivals: Arrivals): (event: LambdaFunctionURLEvent) => Promise<LambdaFunctionURLResult> {
  return async (event) => answerTo(event.rawPath, await arrivals.record(event));
}

let deployed: ReturnType<typeof receiverFor> | undefined;

/** What Lambda runs. */
export function handler(event: LambdaFunctionURLEvent): Promise<LambdaFunctionURLResult> {
  deployed ??= receiverFor(new Arrivals(new DynamoDBClient({}), process.env.ARRIVALS_TABLE as string));
  return deployed(event);
}
