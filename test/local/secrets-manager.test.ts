import {
  CreateSecretCommand, DeleteSecretCommand, DescribeSecretCommand, GetRandomPasswordCommand, type GetRandomPasswordCommandInput,
  GetSecretValueCommand, PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { Cloud } from '../support/cloud';

let cloud: Cloud;
let client: SecretsManagerClient;

beforeAll(async () => {
  cloud = await Cloud.start();
  client = cloud.secrets;
});
afterAll(() => cloud.stop());

const create = (Name: string, SecretString?: string) => client.send(new CreateSecretCommand({ Name, SecretString }));
const put = (SecretId: string, SecretString: string, more: { ClientRequestToken?: string; VersionStages?: string[] } = {}) => (
  client.send(new PutSecretValueCommand({ SecretId, SecretString, ...more }))
);
const read = (SecretId: string, which: { VersionStage?: string; VersionId?: string } = {}) => (
  client.send(new GetSecretValueCommand({ SecretId, ...which }))
);

test('a secret is found by its name, its ARN and its ARN without the characters at the end', async () => {
  const before = Date.now();
  const { ARN = '', Name, VersionId } = await create('app/found', 'hush');
  expect(Name).toBe('app/found');
  expect(ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:app\/found-[A-Za-z0-9]{6}$/);
  for (const id of ['app/found', ARN, ARN.slice(0, -7)]) {
    const secret = await read(id);
    expect(secret).toMatchObject({ ARN, Name, VersionId, SecretString: 'hush', VersionStages: ['AWSCURRENT'] });
    expect(secret.SecretBinary).toBeUndefined();
    expect(secret.CreatedDate?.getTime()).toBeGreaterThanOrEqual(before - 1);
    expect(secret.CreatedDate?.getTime()).toBeLessThanOrEqual(Date.now() + 1);
  }
});

test('a secret of bytes comes back as bytes', async () => {
  await client.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary: Uint8Array.of(0, 255, 7) }));
  const { SecretBinary, SecretString } = await read('bytes');
  expect([...SecretBinary ?? []]).toEqual([0, 255, 7]);
  expect(SecretString).toBeUndefined();
});

test('a new value becomes the current one, the current one the previous one, and that one has no label any more', async () => {
  const { VersionId: first } = await create('rotated', 'one');
  const { VersionId: second } = await put('rotated', 'two');
  expect((await read('rotated')).SecretString).toBe('two');
  expect(await read('rotated', { VersionStage: 'AWSPREVIOUS' })).toMatchObject({ SecretString: 'one', VersionId: first, VersionStages: ['AWSPREVIOUS'] });
  const { VersionId: third } = await put('rotated', 'three');
  expect((await read('rotated', { VersionStage: 'AWSPREVIOUS' })).SecretString).toBe('two');
  expect((await read('rotated', { VersionId: first })).VersionStages ?? []).toEqual([]);
  const { VersionIdsToStages, LastChangedDate, CreatedDate } = await client.send(new DescribeSecretCommand({ SecretId: 'rotated' }));
  expect(VersionIdsToStages).toEqual({ [String(second)]: ['AWSPREVIOUS'], [String(third)]: ['AWSCURRENT'] });
  expect(LastChangedDate!.getTime()).toBeGreaterThanOrEqual(CreatedDate!.getTime());
});

test('a value that is only pending leaves the current one alone', async () => {
  await create('pending', 'now');
  await put('pending', 'soon', { VersionStages: ['AWSPENDING'] });
  expect((await read('pending')).SecretString).toBe('now');
  expect((await read('pending', { VersionStage: 'AWSPENDING' })).SecretString).toBe('soon');
  await expect(read('pending', { VersionStage: 'AWSPREVIOUS' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('a call that is repeated makes one version, and one with another value is refused', async () => {
  await create('repeated', 'old');
  const ClientRequestToken = 'e5f7c9b0-0000-4000-8000-000000000001';
  expect((await put('repeated', 'new', { ClientRequestToken })).VersionId).toBe(ClientRequestToken);
  await put('repeated', 'new', { ClientRequestToken });
  expect((await read('repeated', { VersionStage: 'AWSPREVIOUS' })).SecretString).toBe('old');
  await expect(put('repeated', 'other', { ClientRequestToken })).rejects.toMatchObject({ name: 'ResourceExistsException' });
});

test('what is not there, no value yet, there already, or deleted is refused as on AWS', async () => {
  await expect(read('nowhere')).rejects.toMatchObject({
    name: 'ResourceNotFoundException', message: 'Secrets Manager can\'t find the specified secret.', $metadata: { httpStatusCode: 400 },
  });
  await create('empty');
  await expect(read('empty')).rejects.toMatchObject({
    name: 'ResourceNotFoundException', message: 'Secrets Manager can\'t find the specified secret value for staging label: AWSCURRENT',
  });
  await expect(create('empty')).rejects.toMatchObject({ name: 'ResourceExistsException' });
  await create('gone', 'x');
  await client.send(new DeleteSecretCommand({ SecretId: 'gone' }));
  await expect(read('gone')).rejects.toMatchObject({ name: 'InvalidRequestException' });
  await client.send(new DeleteSecretCommand({ SecretId: 'gone', ForceDeleteWithoutRecovery: true }));
  await expect(read('gone')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('a random password has the length and the characters that are asked for', async () => {
  const password = async (input: GetRandomPasswordCommandInput) => (
    (await client.send(new GetRandomPasswordCommand(input))).RandomPassword ?? ''
  );
  expect(await password({})).toHaveLength(32);
  expect(await password({})).not.toBe(await password({}));
  for (let i = 0; i < 20; i++) {
    expect(await password({ PasswordLength: 4 })).toMatch(/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[^a-zA-Z\d])/);
  }
  expect(await password({ PasswordLength: 200, ExcludePunctuation: true, ExcludeUppercase: true, ExcludeCharacters: 'abc012' })).toMatch(/^[d-z3-9]{200}$/);
  expect(await password({ PasswordLength: 200, ExcludePunctuation: true, ExcludeLowercase: true, ExcludeNumbers: true, IncludeSpace: true }))
    .toMatch(/^[A-Z ]{200}$/);
  await expect(password({ PasswordLength: 2 })).rejects.toMatchObject({ name: 'InvalidParameterException' });
});
