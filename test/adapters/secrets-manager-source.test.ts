import { createServer, RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateSecretCommand, DeleteSecretCommand, PutSecretValueCommand, SecretsManagerClient, type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import { bounds } from '../../src/adapters/aws-clients';
import { SecretsManagerSource } from '../../src/adapters/secrets-manager-source';
import { SecretCache } from '../../src/core/secrets';
import { Cloud } from '../support/cloud';
import { FakeClock } from '../support/fake-clock';
import { RecordingLog } from '../support/recording-log';

const TIMEOUT_MS = 3_000;

let cloud: Cloud;
let source: SecretsManagerSource;

beforeAll(async () => {
  cloud = await Cloud.start();
  source = new SecretsManagerSource(cloud.secrets);
});
afterAll(() => cloud.stop());

const put = (SecretId: string, SecretString: string) => cloud.secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));

test('the current and the previous version, each with its value and when it was created', async () => {
  const before = Date.now();
  await cloud.secrets.send(new CreateSecretCommand({ Name: 'signing', SecretString: 'one' }));
  expect(await source.read('signing', 'AWSCURRENT', TIMEOUT_MS)).toMatchObject({ value: 'one' });
  expect(await source.read('signing', 'AWSPREVIOUS', TIMEOUT_MS)).toBeUndefined();

  const { ARN = '' } = await put('signing', 'two');
  const current = await source.read(ARN, 'AWSCURRENT', TIMEOUT_MS);
  const previous = await source.read(ARN, 'AWSPREVIOUS', TIMEOUT_MS);
  expect([current?.value, previous?.value]).toEqual(['two', 'one']);
  expect(previous!.createdAt).toBeGreaterThanOrEqual(before - 1);
  expect(current!.createdAt).toBeGreaterThanOrEqual(previous!.createdAt);
  expect(current!.createdAt).toBeLessThanOrEqual(Date.now() + 1);
});

test('bytes are a version without a value', async () => {
  await cloud.secrets.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary: Uint8Array.of(1, 2, 3) }));
  expect((await source.read('bytes', 'AWSCURRENT', TIMEOUT_MS))?.value).toBeUndefined();
});

test('a secret that is not there, has no value, or is to be deleted is refused', async () => {
  await cloud.secrets.send(new CreateSecretCommand({ Name: 'empty' }));
  await cloud.secrets.send(new CreateSecretCommand({ Name: 'deleted', SecretString: 'gone' }));
  await cloud.secrets.send(new DeleteSecretCommand({ SecretId: 'deleted' }));
  for (const [secretId, error] of [['nowhere', 'ResourceNotFoundException'], ['empty', 'ResourceNotFoundException'], ['deleted', 'InvalidRequestException']]) {
    await expect(source.read(secretId, 'AWSCURRENT', TIMEOUT_MS)).rejects.toMatchObject({
      code: 'ERR_SECRET_UNAVAILABLE', message: `secret ${secretId} is refused: ${error}`,
    });
  }
});

describe('a service', () => {
  const servers: Server[] = [];
  const clients: SecretsManagerClient[] = [];
  afterAll(() => {
    clients.forEach((client) => client.destroy());
    servers.forEach((server) => {
      server.close();
      server.closeAllConnections();
    });
  });

  /** A source whose service answers like this. */
  async function answering(answer: RequestListener): Promise<SecretsManagerSource> {
    const server = createServer(answer);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return sourceAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }
  function sourceAt(endpoint: string): SecretsManagerSource {
    const config: SecretsManagerClientConfig = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
    const client = new SecretsManagerClient({ ...config, ...bounds() });
    clients.push(client);
    return new SecretsManagerSource(client);
  }
  const answerWith = (status: number, body: string) => answering((_, response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(body);
  });
  const errorOf = (failing: SecretsManagerSource, timeoutMs = TIMEOUT_MS): Promise<unknown> => (
    failing.read('key', 'AWSCURRENT', timeoutMs).then(() => undefined, (error: unknown) => error)
  );

  // First, since the SDK's timers outlast a connection that is refused by a second, and would outlast the tests.
  test('that is not there is out of order', async () => {
    const error = await errorOf(sourceAt('http://127.0.0.1:1'), 500);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toHaveProperty('code', 'ERR_SECRET_UNAVAILABLE');
  });

  test.each([
    ['AccessDeniedException', 400], ['DecryptionFailure', 400],
  ])('that says %s refuses', async (name, status) => {
    const refusing = await answerWith(status, JSON.stringify({ __type: name, Message: 'no' }));
    await expect(refusing.read('key', 'AWSCURRENT', TIMEOUT_MS)).rejects.toMatchObject({ code: 'ERR_SECRET_UNAVAILABLE', message: `secret key is refused: ${name}` });
    await expect(refusing.read('key', 'AWSPREVIOUS', TIMEOUT_MS)).rejects.toMatchObject({ code: 'ERR_SECRET_UNAVAILABLE' });
  });

  test('that refuses the previous version alone keeps no request from being signed with the current one; one that fails to give it does', async () => {
    const answersPrevious = (name: string) => answering((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => { body += chunk.toString(); });
      request.on('end', () => {
        const refused = (JSON.parse(body) as { VersionStage: string }).VersionStage === 'AWSPREVIOUS';
        response.writeHead(refused ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' })
          .end(JSON.stringify(refused ? { __type: name, Message: 'no' } : { SecretString: 'new', CreatedDate: 1 }));
      });
    });
    const read = async (name: string) => (
      new SecretCache(answersPrevious(name), new FakeClock(2_000), new RecordingLog()).read('key', 86_400_000)
    );
    for (const name of ['AccessDeniedException', 'DecryptionFailure', 'InvalidRequestException']) {
      expect(await read(name)).toEqual({ current: { value: 'new', createdAt: 1_000 } });
    }
    await expect(read('ThrottlingException')).rejects.toMatchObject({ code: 'ERR_SECRET_UNAVAILABLE', message: 'secret key cannot be read' });
  });

  test.each([
    ['InternalServiceError', 500], ['ThrottlingException', 400],
  ])('that says %s is out of order, which is no refusal', async (name, status) => {
    const failing = await answerWith(status, JSON.stringify({ __type: name, Message: 'later' }));
    const error = await errorOf(failing, 500);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toHaveProperty('code', 'ERR_SECRET_UNAVAILABLE');
  });

  test('that does not answer is given up in time', async () => {
    const hanging = await answering(() => undefined);
    const start = Date.now();
    await expect(hanging.read('key', 'AWSCURRENT', 300)).rejects.toMatchObject({ name: 'AbortError' });
    expect(Date.now() - start).toBeLessThan(2_000);
    await expect(hanging.read('key', 'AWSCURRENT', -5)).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('whose answer cannot be read has it quoted in an error, and not in the log', async () => {
    const garbled = await answerWith(200, '{"SecretString":hush-hush}');
    expect(String(await errorOf(garbled))).toContain('hush');

    const log = new RecordingLog();
    const error = await new SecretCache(Promise.resolve(garbled), new FakeClock(0), log).read('key', 0).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'ERR_SECRET_UNAVAILABLE', message: 'secret key cannot be read' });
    expect(error).not.toHaveProperty('cause');
    expect(log.lines).toEqual([{ level: 'warn', message: 'secret not read', fields: { secretId: 'key', error: 'SyntaxError' } }]);
  });
});
