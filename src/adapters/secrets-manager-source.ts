// Reads secrets from Secrets Manager.
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { bounds } from './aws-clients';
import { SecretSource, SecretVersion } from '../core/ports';
import { SecretError } from '../core/secrets';

const NOT_FOUND = 'ResourceNotFoundException';

/**
 * What Secrets Manager answers where asking again soon changes nothing: no permission, no secret, one that is to be deleted, a key that cannot
 * be used. Whoever takes a secret away means it.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors
 */
const REFUSALS = ['AccessDeniedException', 'DecryptionFailure', 'InvalidParameterException', 'InvalidRequestException', NOT_FOUND];

export class SecretsManagerSource implements SecretSource {
  public constructor(private readonly client: Pick<SecretsManagerClient, 'send'>) {}

  public async read(secretId: string, stage: 'AWSCURRENT' | 'AWSPREVIOUS', timeoutMs: number): Promise<SecretVersion | undefined> {
    try {
      const { SecretString, CreatedDate } = await this.client.send(
        new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage }), { abortSignal: AbortSignal.timeout(Math.max(timeoutMs, 0)) },
      );
      return { value: SecretString, createdAt: CreatedDate?.getTime() ?? 0 };
    } catch (error) {
      const { name } = error as Error;
      if (name === NOT_FOUND && stage === 'AWSPREVIOUS') {
        return undefined; // as long as a secret has had one value
      }
      throw REFUSALS.includes(name) ? new SecretError('ERR_SECRET_UNAVAILABLE', `secret ${secretId} is refused: ${name}`) : error;
    }
  }
}

export function secretsManagerSource(): SecretSource {
  return new SecretsManagerSource(new SecretsManagerClient(bounds()));
}
