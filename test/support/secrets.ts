// Secrets of the emulated Secrets Manager, on the clock of a test.
import { CreateSecretCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { TestScheduler } from './test-scheduler';
import { SecretsManagerSource } from '../../src/adapters/secrets-manager-source';
import { SecretSource } from '../../src/core/ports';

export class TestSecrets {
  /** How often a version was asked for. */
  public reads = 0;
  /** Rejects every read instead of making it, where it is set. */
  public fault?: Error;
  private readonly createdAt = new Map<string, number>();

  public constructor(private readonly scheduler: TestScheduler) {
    const { cloud } = scheduler;
    const source = new SecretsManagerSource(cloud.secrets);
    const read: SecretSource['read'] = async (...which) => {
      this.reads++;
      if (this.fault) {
        throw this.fault;
      }
      const version = await source.read(...which);
      // The emulator's clock is not the test's.
      return version && { ...version, createdAt: this.createdAt.get(version.value ?? '') ?? version.createdAt };
    };
    scheduler.secretSource = { read };
  }

  public async create(name: string, value: string): Promise<void> {
    this.createdAt.set(value, this.scheduler.clock.now());
    await this.scheduler.cloud.secrets.send(new CreateSecretCommand({ Name: name, SecretString: value }));
  }

  public async rotate(name: string, value: string): Promise<void> {
    this.createdAt.set(value, this.scheduler.clock.now());
    await this.scheduler.cloud.secrets.send(new PutSecretValueCommand({ SecretId: name, SecretString: value }));
  }
}
