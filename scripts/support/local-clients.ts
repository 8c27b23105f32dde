// The SDK's clients, talking to a local engine as any producer or subscriber would.
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Cleanup } from './cleanup';
import { LOCAL_CREDENTIALS } from '../../src/local/emulators';
import type { LocalEngine } from '../../src/local/engine';

export async function snsClient({ region, endpoints }: LocalEngine, cleanup: Cleanup): Promise<SNSClient> {
  return cleanup.open(() => new SNSClient({ region, endpoint: endpoints.sns, credentials: LOCAL_CREDENTIALS }), (client) => client.destroy());
}

export async function sqsClient({ region, endpoints }: LocalEngine, cleanup: Cleanup): Promise<SQSClient> {
  return cleanup.open(() => new SQSClient({ region, endpoint: endpoints.sqs, credentials: LOCAL_CREDENTIALS }), (client) => client.destroy());
}

export async function secretsClient({ region, endpoints }: LocalEngine, cleanup: Cleanup): Promise<SecretsManagerClient> {
  return cleanup.open(
    () => new SecretsManagerClient({ region, endpoint: endpoints.secretsmanager, credentials: LOCAL_CREDENTIALS }), (client) => client.destroy(),
  );
}
